-- case: a number, a text, a truth
local count = 1
count()
^^^^^ warning call-non-callable: `count` may be `1`, which cannot be called
local text = "x"
text()
^^^^ warning call-non-callable: `text` may be `"x"`, which cannot be called
local flag = true
flag();
^^^^ warning call-non-callable: `flag` may be `true`, which cannot be called
(1)();
^^^ warning call-non-callable: `(1)` may be `1`, which cannot be called
("x")();
^^^^^ warning call-non-callable: `("x")` may be `"x"`, which cannot be called

-- case: one of several
---@type function|integer
local either
      ^^^^^^ warning never-set: `either` is never given a value: it is always nil
either()
^^^^^^ warning call-non-callable: `either` may be `integer`, which cannot be called
---@type function?
local maybe
      ^^^^^ warning never-set: `maybe` is never given a value: it is always nil
if maybe then maybe() end

-- case: what can be called
---@class Callable
---@overload fun(x: string): string
local Callable = {}
print(Callable("x"))
---@class Other
---@operator call(string): integer

---@type Other
local other
      ^^^^^ warning never-set: `other` is never given a value: it is always nil
print(other("x"))
---@overload fun(): string
local odd = 5
print(odd())
local thing = setmetatable({}, { __call = print })
thing()

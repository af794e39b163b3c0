-- case: a literal of another type
---@param count number
local function take(count) return count end
take(true)
     ^^^^ warning param-type-mismatch: `count` takes `number`, not `true`
take("4")
     ^^^ warning param-type-mismatch: `count` takes `number`, not `"4"`
take(4)

-- case: a class that is not the one that is wanted, and one that inherits from it
---@class Shape
---@class Circle : Shape
---@class Colour

---@param shape Shape
local function draw(shape) return shape end
---@type Circle
local circle
      ^^^^^^ warning never-set: `circle` is never given a value: it is always nil
---@type Colour
local colour
      ^^^^^^ warning never-set: `colour` is never given a value: it is always nil
draw(circle)
draw(colour)
     ^^^^^^ warning param-type-mismatch: `shape` takes `Shape`, not `Colour`

-- case: one of several types
---@alias Text string|boolean
---@param text Text
local function say(text) return text end
---@type string|boolean
local either
      ^^^^^^ warning never-set: `either` is never given a value: it is always nil
---@type string|number
local other
      ^^^^^ warning never-set: `other` is never given a value: it is always nil
say(either)
say(other)
    ^^^^^ warning param-type-mismatch: `text` takes `Text`, not `string|number`

-- case: the values of an enum, and its keys
---@enum Level
local Level = { low = 1, high = 2 }
---@enum (key) Name
local Name = { first = 1, ["second"] = 2 }
---@param level Level
local function set(level) return level end
---@param name Name
local function call(name) return name end
set(Level.low)
set(1)
set(3)
    ^ warning param-type-mismatch: `level` takes `Level`, not `3`
set(Level)
    ^^^^^ warning param-type-mismatch: `level` takes `Level`, not `enum Level`
call("first")
call("third")
     ^^^^^^^ warning param-type-mismatch: `name` takes `Name`, not `"third"`
print(Name)

-- case: a generic name that has to be one of some types
---@generic T: string | boolean
---@param value T
---@return T
local function same(value) return value end
same("x")
same(1)
     ^ warning param-type-mismatch: `value` takes `string|boolean`, not `1`

-- case: what may be nil where it must not be, and what was tested
---@param name string
local function greet(name) return name end
---@type string?
local name
      ^^^^ warning never-set: `name` is never given a value: it is always nil
greet(name)
      ^^^^ warning param-type-mismatch: `name` takes `string`, not `string?`
if name then greet(name) end

-- case: records
---@param options { a: number, b: number }
local function open(options) return options end
---@param given { a: number, b: number }
---@param other { c: number }
local function pass(given, other)
  open(given)
  open(other)
       ^^^^^ warning param-type-mismatch: `options` takes `{a: number, b: number}`, not `{c: number}`
end
pass(...)

-- case: a literal that is not among those that are allowed
---@param mode "read"|"write"
local function use(mode) return mode end
use("read")
use("reed")
    ^^^^^^ warning param-type-mismatch: `mode` takes `"read"|"write"`, not `"reed"`
---@type string
local any_text
      ^^^^^^^^ warning never-set: `any_text` is never given a value: it is always nil
use(any_text)

-- case: functions of the standard library convert numbers and texts, but nothing else
print(string.rep("ab", "3"), ("x"):rep(2), math.floor("3.7"), table.concat({}, 1))
print(string.rep({}, 3))
                 ^^ warning param-type-mismatch: `s` takes `string`, not `table`
print(ipairs(nil))
             ^^^ warning param-type-mismatch: `t` takes `table`, not `nil`
io.open("x", "q")
             ^^^ warning param-type-mismatch: `mode` takes `"r"|"w"|"a"|"r+"|"w+"|"a+"|"rb"|"wb"|"ab"|"r+b"|"w+b"|"a+b"|nil`, not `"q"`

-- case: unknown types fit everything
---@param value number
local function take(value) return value end
take(unknown_function())
     ^^^^^^^^^^^^^^^^ error undefined-global: Undefined global `unknown_function`
take(...)
---@type Undeclared
         ^^^^^^^^^^ warning doc-undefined-type: Nobody declares a type `Undeclared`
local mine
      ^^^^ warning never-set: `mine` is never given a value: it is always nil
take(mine)

-- case: more arguments of the same type
---@param ... number
local function add(...) return ... end
add(1, 2, "three")
          ^^^^^^^ warning param-type-mismatch: `...` takes `number?`, not `"three"`
add(nil)

-- case: what a union was narrowed to
---@param value integer|string
local function show(value)
  ---@param text string
  local function say(text) return text end
  if type(value) == "string" then say(value) else say(value) end
                                                      ^^^^^ warning param-type-mismatch: `text` takes `string`, not `integer`
  if type(value) ~= "string" then return end
  say(value)
end
show(1)

-- case: overloads
---@param x string
---@overload fun(x: boolean)
local function put(x) return x end
put("x")
put(true)
put(1)
    ^ warning param-type-mismatch: `x` takes `string|boolean`, not `1`

-- case: what the colon gives, and what pcall passes on
---@class Tool2
local Tool2 = {}
---@param name string
function Tool2.named(name) return name end
Tool2:named()
     ^ warning param-type-mismatch: `name` takes `string`, not `Tool2`, which the colon gives it
Tool2.named("x")
print(pcall(string.rep, "a", "w"), pcall(string.rep, "a", 3), pcall(string.rep, "a", "3"))
                             ^^^ warning param-type-mismatch: `n` takes `integer`, not `"w"`

-- case: the standard library takes any value for a boolean
local text = tostring(os.time())
print(string.find(text, "1", 1, 1), text:find("1", 1, "plain"))

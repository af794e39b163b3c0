-- case: not equal
local a, b = 1, 2
if a != b then print(a) end
     ^^ error non-lua-symbol: Lua writes `~=` for `!=`
        fix: if a ~= b then print(a) end

-- case: not
local a = true
if !a then print(a) end
   ^ error non-lua-symbol: Lua writes `not` for `!`
     fix: if not a then print(a) end

-- case: and
local a, b = 1, 2
if a && b then print(a) end
     ^^ error non-lua-symbol: Lua writes `and` for `&&`
        fix: if a and b then print(a) end

-- case: or
local a, b = 1, 2
if a || b then print(a) end
     ^^ error non-lua-symbol: Lua writes `or` for `||`
        fix: if a or b then print(a) end

-- case: a comment of C
// a comment
^^ error non-lua-symbol: Comments begin with `--` in Lua
   fix: -- a comment

-- case: an assignment in a condition
local a = 1
if a = 2 then print(a) end
     ^ error non-lua-symbol: `=` assigns; a comparison is `==`
       fix: if a == 2 then print(a) end

-- case: compound assignment
local n = 1
n += 1
^^^^ error compound-operator: Lua has no `+=`: write `n = n + …`
     fix: n = n + 1

-- case: compound assignment of an expression is not rewritten
local n = 1
n *= n + 1
^^^^ error compound-operator: Lua has no `*=`: write `n = n * …`

-- case: increment
local n = 1
n++
^^^ error non-lua-symbol: Lua has no `++`: write `n = n + …`
    fix: n = n + 1

-- case: continue
for i = 1, 3 do
  if i == 2 then
    continue
    ^^^^^^^^ error non-lua-symbol: Lua has no `continue`: write `goto continue` and put `::continue::` at the loop's end
  end
end

-- case: else if of other languages
local a = 1
if a then
elsif a then
^^^^^ error non-lua-symbol: Lua writes `elseif` for `elsif`
      fix: elseif a then
end

-- case: a declaration of other languages
let x = 1
^^^ error non-lua-symbol: Lua writes `local` for `let`
    fix: local x = 1

-- case: a function of other languages
def f() end
^^^ error non-lua-symbol: Lua writes `function` for `def`
    fix: function f() end

-- case: words and forms of other languages, 1
switch x
^^^^^^ error non-lua-symbol: Lua has no `switch`: write `if … elseif … end`, or look the value up in a table

-- case: words and forms of other languages, 2
import x
^^^^^^ error non-lua-symbol: Lua has no `import`: write `local name = require("name")`

-- case: words and forms of other languages, 3
class A {}
^^^^^ error non-lua-symbol: Lua has no `class`: a class is a table with `__index`

-- case: words and forms of other languages, 4
function f() { return 1 }
             ^ error non-lua-symbol: Lua has no braces around blocks: they end with `end`

-- case: words and forms of other languages, 5
for (i = 0; i < 3; i++) { }
    ^ error non-lua-symbol: A `for` has no parentheses: `for i = 1, 10 do` or `for key, value in pairs(t) do`

-- case: words and forms of other languages, 6
local x: number = 1
       ^ error syntax-error: Lua has no types in its code: a comment `---@type …` above says them

-- case: words and forms of other languages, 7
if x then y() else if z then w() end
              ^^^^^^^ error non-lua-symbol: `else if` opens a second block, which has no `end`: write `elseif`
                      fix: if x then y() elseif z then w() end

-- case: words and forms of other languages, 8
foreach x in y do end
^^^^^^^ error non-lua-symbol: Lua has no `foreach`: write `for key, value in pairs(t) do`

-- case: words and forms of other languages, 9
async function f() end
^^^^^ error non-lua-symbol: Lua has no `async`: what waits is a coroutine

-- case: words and forms of other languages, 10
if x then
  print(x)
else if z then
^^^^^^^ error non-lua-symbol: `else if` opens a second block, which has no `end`: write `elseif`
        related: `if` is opened here, line 1
        fix: elseif z then
  print(z)
end

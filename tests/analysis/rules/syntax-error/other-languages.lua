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

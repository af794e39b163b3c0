-- case: each of them
local n = 1
n += 1
^^^^ error compound-operator: Lua has no `+=`: write `n = n + …`
     fix: n = n + 1

-- case: a longer right side may need parentheses
local n = 1
n *= 1 + 2
^^^^ error compound-operator: Lua has no `*=`: write `n = n * …`

-- case: fields
local t = { n = 1 }
t.n += 1
^^^^^^ error compound-operator: Lua has no `+=`: write `t.n = t.n + …`
       fix: t.n = t.n + 1

-- case: texts
local s = ""
s ..= "x"
^^^^^ error compound-operator: Lua has no `..=`: write `s = s .. …`
      fix: s = s .. "x"

-- case: these are Lua
local n, s = 1, ""
n = n + 1
s = s .. "x"
print(n == 1, n ~= 1, n <= 1, n >= 1, s)

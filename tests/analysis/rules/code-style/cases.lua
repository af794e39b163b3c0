-- case: operators, commas, brackets
local a=1
       ^ hint code-style: Blanks around `=`
         fix: local a = 1
local b = a+2 .. "x"
           ^ hint code-style: Blanks around `+`
             fix: local b = a + 2 .. "x"
print(a ,b)
        ^ hint code-style: No blank before `,`, one after it
          fix: print(a, b)
print( a, b )
      ^ hint code-style: No blank inside of brackets
        fix: print(a, b )
           ^ hint code-style: No blank inside of brackets
             fix: print( a, b)
local c = { a,b }
             ^ hint code-style: No blank before `,`, one after it
               fix: local c = { a, b }
print(c[ 1 ])
        ^ hint code-style: No blank inside of brackets
          fix: print(c[1 ])
          ^ hint code-style: No blank inside of brackets
            fix: print(c[ 1])

-- case: as it should be
local a <const>, b <close> = -1, nil
local c = a - -1 + #"x" ^ 2 .. "x"
for i = 10, 1, -1 do print(i, c, not b) end
print(
  a,
  c
)
local t = { [ [[x]] ] = 1, -2, { -3 } }
return -a, t

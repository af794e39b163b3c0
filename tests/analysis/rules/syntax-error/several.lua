-- case: mistakes with a sure fix
local a, b, n = 1, 2, 0
if a != b && n then
     ^^ error non-lua-symbol: Lua writes `~=` for `!=`
        fix: if a ~= b && n then
          ^^ error non-lua-symbol: Lua writes `and` for `&&`
             fix: if a != b and n then
  n += 1
  ^^^^ error compound-operator: Lua has no `+=`: write `n = n + …`
       fix: n = n + 1
end
while a = b do n++ end
        ^ error non-lua-symbol: `=` assigns; a comparison is `==`
          fix: while a == b do n++ end
               ^^^ error non-lua-symbol: Lua has no `++`: write `n = n + …`
                   fix: while a = b do n = n + 1 end
x = a ? b : n
      ^ error non-lua-symbol: Lua has no `? :`: write `condition and value or other`
y = 1

-- case: what other words can stand for
goto nowhere
     ^^^^^^^ error goto-no-visible-label: No visible label `nowhere` for `goto`
break
^^^^^ error break-outside-loop: Break outside loop
local c <const> = 1
c = 2
^ error assign-const: Attempt to assign to const variable `c`
local s, t = "a\qb", "\400"
               ^^ error bad-escape: Invalid escape sequence near `"a\qb"`
                     ^^^^^^ error bad-escape: Decimal escape too large near `"\400"`
local n = 0x1g + 3x
          ^^^^ error malformed-number: Malformed number near `0x1g`
                 ^^ error malformed-number: Malformed number near `3x`
local d <readonly> = 2
         ^^^^^^^^ error unknown-attribute: Unknown attribute `readonly`
local function f() return ... end
                          ^^^ error vararg-outside: Cannot use `...` outside a vararg function near `...`
::here::
::here::
  ^^^^ error redefined-label: Label `here` already defined on line 10

-- case: whole statements
local x = = 3
          ^ error syntax-error: A value is missing after `=`
local y = 4
print(x y)
        ^ error syntax-error: A comma is missing after `x`
          fix: print(x, y)
z = )
    ^ error syntax-error: A value is missing after `=`
print(y
      ^ error syntax-error: `)` expected at the end of the file

-- case: heads of blocks
if x = = 3 then
     ^ error non-lua-symbol: `=` assigns; a comparison is `==`
       fix: if x == = 3 then
  local goto = 1
        ^^^^ error syntax-error: `goto` is a word of Lua and no name
end
while x do
  y(1,)
      ^ error syntax-error: A value is missing after `,`
end
for i = , 2 do
  print(i i)
end
function f(a, b c)
  return a b
end

-- case: a statement of several lines is left alone, and what follows with it
local t = {
  a = = 1,
      ^ error syntax-error: A value is missing after `=`
  b = 2,
}
local x = = 2

-- case: a block that is not closed hides what follows
local function f()
  if true then
end
local x = 3
          ^ error syntax-error: `end` expected at the end of the file, to close `function` of line 1
            related: `function` is opened here, line 1

-- case: nothing is said after an unfinished string
local s = [[ abc
          ^^^^^^ error syntax-error: Unfinished long string (starting at line 1) at the end of the file
local x = = 3

-- case: after a statement that may go on in the next line
local x = = 3
          ^ error syntax-error: A value is missing after `=`
(f or g)()
local y = = 3

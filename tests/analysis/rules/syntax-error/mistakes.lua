-- case: a statement behind return, 1
return 1
print(1)
^^^^^ error syntax-error: `return` is the last statement of a block: nothing may follow it
      related: `return` stands here, line 1

-- case: a statement behind return, 2
local function f() return 1 print(2) end
                            ^^^^^ error syntax-error: `return` is the last statement of a block: nothing may follow it
                                  related: `return` stands here, line 1

-- case: parameters after the dots, 1
function f(..., a) end
              ^ error syntax-error: `...` is the last parameter

-- case: parameters after the dots, 2
local f = function(a, ..., b) end
                         ^ error syntax-error: `...` is the last parameter

-- case: branches after else, 1
if a then else b() elseif c then d() end
                   ^^^^^^ error syntax-error: `elseif` after `else`, or where no `if` is open

-- case: branches after else, 2
if a then else x() else y() end
                   ^^^^ error syntax-error: `else` after `else`, or where no `if` is open

-- case: an assignment where a comparison is meant, 1
if a = 1 then end
     ^ error non-lua-symbol: `=` assigns; a comparison is `==`
       fix: if a == 1 then end

-- case: an assignment where a comparison is meant, 2
while a = 1 do end
        ^ error non-lua-symbol: `=` assigns; a comparison is `==`
          fix: while a == 1 do end

-- case: an assignment where a comparison is meant, 3
return a = 1
         ^ error non-lua-symbol: `=` assigns; a comparison is `==`
           fix: return a == 1

-- case: an assignment where a comparison is meant, 4
repeat until a = 2
               ^ error non-lua-symbol: `=` assigns; a comparison is `==`
                 fix: repeat until a == 2

-- case: comments of C, 1
// comment
^^ error non-lua-symbol: Comments begin with `--` in Lua
   fix: -- comment
local x

-- case: comments of C, 2
local x = 1 // comment here
            ^^ error non-lua-symbol: Comments begin with `--` in Lua
               fix: local x = 1 -- comment here
print(x)

-- case: long comments of C, 1
/* comment */ local x
^^ error non-lua-symbol: Comments begin with `--` in Lua; a long one is `--[[ … ]]`
   fix: --[[ comment ]] local x

-- case: long comments of C, 2
/*
^^ error non-lua-symbol: Comments begin with `--` in Lua; a long one is `--[[ … ]]`
   fix: --[[
 comment
*/

-- case: do for then, 1
if a do b() end
     ^^ error non-lua-symbol: The branch of an `if` begins with `then`
        fix: if a then b() end

-- case: do for then, 2
if a then b() elseif c do d() end
                       ^^ error non-lua-symbol: The branch of an `if` begins with `then`
                          fix: if a then b() elseif c then d() end

-- case: a comparison where an assignment is meant, 1
a == 1
  ^^ error non-lua-symbol: `==` compares; an assignment is `=`
     fix: a = 1

-- case: a comparison where an assignment is meant, 2
a.b == 2
    ^^ error non-lua-symbol: `==` compares; an assignment is `=`
       fix: a.b = 2

-- case: a comparison where an assignment is meant, 3
local x == 1
        ^^ error non-lua-symbol: `==` compares; an assignment is `=`
           fix: local x = 1

-- case: then for do, 1
while a then b() end
        ^^^^ error non-lua-symbol: The body of a loop begins with `do`
             fix: while a do b() end

-- case: then for do, 2
for i = 1, 2 then b() end
             ^^^^ error non-lua-symbol: The body of a loop begins with `do`
                  fix: for i = 1, 2 do b() end

-- case: values that are no statements, 1
a
^ error syntax-error: A value alone is no statement: call it, or give it to a variable

-- case: values that are no statements, 2
a.b
^^^ error syntax-error: A value alone is no statement: call it, or give it to a variable

-- case: values that are no statements, 3
1
^ error syntax-error: A value alone is no statement: call it, or give it to a variable

-- case: values that are no statements, 4
a + b
^ error syntax-error: A value alone is no statement: call it, or give it to a variable

-- case: values that are no statements, 5
"x"
^^^ error syntax-error: A value alone is no statement: call it, or give it to a variable

-- case: values that are no statements, 6
f() + 1
    ^ error syntax-error: Unexpected symbol near `+`

-- case: values that are no statements, 7
x and y()
^ error syntax-error: A value alone is no statement: call it, or give it to a variable

-- case: values that are no statements, 8
{}
^ error syntax-error: Unexpected symbol near `{`

-- case: brackets in the name of a function, 1
function t[1]() end
          ^ error syntax-error: A function's name has no brackets: write `t[key] = function(…) … end`

-- case: brackets in the name of a function, 2
function t['x']() end
          ^ error syntax-error: A function's name has no brackets: write `t[key] = function(…) … end`

-- case: words of Lua as names, 1
local end = 1
      ^^^ error syntax-error: `end` is a word of Lua and no name

-- case: words of Lua as names, 2
local function f(if) end
                 ^^ error syntax-error: `if` is a word of Lua and no name

-- case: words of Lua as names, 3
t.end = 1
  ^^^ error syntax-error: `end` is a word of Lua and no name: write `["end"]`

-- case: words of Lua as names, 4
x = t.end
      ^^^ error syntax-error: `end` is a word of Lua and no name: write `["end"]`

-- case: words of Lua as names, 5
for end = 1, 2 do end
    ^^^ error syntax-error: `end` is a word of Lua and no name

-- case: words of Lua as names, 6
function nil() end
         ^^^ error syntax-error: `nil` is a word of Lua and no name

-- case: words of Lua as names, 7
local true = 1
      ^^^^ error syntax-error: `true` is a word of Lua and no name

-- case: values that are missing, 1
x =
  ^ error syntax-error: A value is missing after `=`

-- case: values that are missing, 2
x = 1 +
      ^ error syntax-error: A value is missing after `+`

-- case: values that are missing, 3
f(1, )
     ^ error syntax-error: A value is missing after `,`

-- case: values that are missing, 4
return 1,
        ^ error syntax-error: A value is missing after `,`

-- case: values that are missing, 5
x = (
    ^ error syntax-error: The parenthesis is not closed

-- case: values that are missing, 6
if then end
   ^^^^ error syntax-error: A value is missing after `if`

-- case: values that are missing, 7
x = not
    ^^^ error syntax-error: A value is missing after `not`

-- case: values that are missing, 8
t[]=1
  ^ error syntax-error: A key is missing between the brackets

-- case: values that are missing, 9
local x =
        ^ error syntax-error: A value is missing after `=`

-- case: the name of a field is missing, 1
x = a.
     ^ error syntax-error: The name of a field is missing after `.`

-- case: the name of a field is missing, 3
x = t.1
     ^^ error syntax-error: Unexpected symbol near `.1`

-- case: a loop without a limit, 1
for i = 1 do end
          ^^ error syntax-error: A `for` with `=` counts up to something: `for i = 1, 10 do`

-- case: a loop without a start, 1
for i = do end
        ^^ error syntax-error: A value is missing after `=`

-- case: a loop without a start, 2
for i in do end
         ^^ error syntax-error: A value is missing after `in`

-- case: methods without a call, 1
x = a:
     ^ error syntax-error: The name of a method is missing after `:`

-- case: methods without a call, 2
a:b
  ^ error syntax-error: A method is only called: write `:b(…)`, or `.` for a field

-- case: methods without a call, 3
a:b.c()
   ^ error syntax-error: A method is only called: write `:b(…)`, or `.` for a field

-- case: methods without a call, 4
x = a:b
      ^ error syntax-error: A method is only called: write `:b(…)`, or `.` for a field

-- case: names that are missing, 1
local = 1
      ^ error syntax-error: A name is missing after `local`

-- case: names that are missing, 2
function() end
        ^ error syntax-error: A function without a name is a value: give it a name, or assign it

-- case: names that are missing, 3
local function() end
              ^ error syntax-error: A function without a name is a value: give it a name, or assign it

-- case: names that are missing, 4
goto
^^^^ error syntax-error: A label is missing after `goto`

-- case: names that are missing, 5
for = 1, 2 do end
    ^ error syntax-error: The name of the loop's variable is missing after `for`

-- case: names that are missing, 6
local x, = 1
         ^ error syntax-error: A name is missing after `,`

-- case: names that are missing, 7
::
^^ error syntax-error: The name of the label is missing after `::`

-- case: fields without a comma, 1
x = {1 2}
       ^ error syntax-error: A comma is missing after `1`
         fix: x = {1, 2}

-- case: fields without a comma, 2
x = {a = 1 b = 2}
           ^ error syntax-error: A comma is missing after `1`
             fix: x = {a = 1, b = 2}

-- case: fields without a comma, 3
x = { a = 1
 b = 2
 ^ error syntax-error: A comma is missing after `1`
   related: `{` is opened here, line 1
   fix: b = 2
}

-- case: symbols that run together, 1
x = 1local y = 2
    ^^^^^^ error malformed-number: Malformed number near `1local`

-- case: symbols that run together, 2
local x <const>= 1
              ^^ error syntax-error: `>=` is one symbol: put a blank between `>` and `=`
                 fix: local x <const> = 1

-- case: brackets and words that are missing, 1
f(
 ^ error syntax-error: The parenthesis is not closed

-- case: brackets and words that are missing, 2
x = (1
     ^ error syntax-error: `)` expected at the end of the file

-- case: brackets and words that are missing, 3
x = {1
     ^ error syntax-error: `}` expected at the end of the file

-- case: brackets and words that are missing, 4
a[1
  ^ error syntax-error: `]` expected at the end of the file

-- case: brackets and words that are missing, 5
x = "abc
    ^^^^ error syntax-error: Unfinished string at the end of the file

-- case: brackets and words that are missing, 6
if a b() end
     ^ error syntax-error: `then` expected near `b`

-- case: brackets and words that are missing, 7
for i = 1, 2 print(i) end
             ^^^^^ error syntax-error: `do` expected near `print`

-- case: brackets and words that are missing, 8
x = [[abc
    ^^^^^ error syntax-error: Unfinished long string (starting at line 1) at the end of the file

-- case: brackets and words that are missing, 9
f(1
  ^ error syntax-error: `)` expected at the end of the file

-- case: brackets and words that are missing, 10
x = 'a
    ^^ error syntax-error: Unfinished string at the end of the file

-- case: brackets and words that are missing, 11
--[[ x
^^^^^^ error syntax-error: Unfinished long comment (starting at line 1) at the end of the file

-- case: literals without parentheses, 1
x = "a":upper()
    ^^^ error syntax-error: A literal needs parentheses before its methods and fields
        fix: x = ("a"):upper()

-- case: literals without parentheses, 2
print({}:gsub())
       ^ error syntax-error: A literal needs parentheses before its methods and fields

-- case: literals without parentheses, 3
function() end()
        ^ error syntax-error: A function without a name is a value: give it a name, or assign it

-- case: long brackets in long brackets, 1
x = [[ [[ ]] ]]
             ^^ error syntax-error: The long text ended at the first `]]`: write `[=[ … ]=]` around it
                related: the text begins here, line 1

-- case: values with a name, 1
x = function f() end
             ^ error syntax-error: A function that is a value has no name
               fix: x = function () end

-- case: values with a name, 2
f(function g() end)
           ^ error syntax-error: A function that is a value has no name
             fix: f(function () end)

-- case: local functions with a path, 1
local function a.b() end
                ^ error syntax-error: The name of a local function has no fields: leave `local` out

-- case: local functions with a path, 2
local function a:b() end
                ^ error syntax-error: The name of a local function has no fields: leave `local` out

-- case: symbols out of place, 1
x = )
    ^ error syntax-error: A value is missing after `=`

-- case: symbols out of place, 2
end
^^^ error syntax-error: No block is open here that `end` could belong to

-- case: symbols out of place, 3
else
^^^^ error syntax-error: No block is open here that `else` could belong to

-- case: symbols out of place, 4
x = 1 )
      ^ error syntax-error: Unexpected symbol near `)`

-- case: symbols out of place, 5
elseif x then
^^^^^^ error syntax-error: No block is open here that `elseif` could belong to

-- case: symbols out of place, 6
until x
^^^^^ error syntax-error: No block is open here that `until` could belong to

-- case: symbols out of place, 7
then
^^^^ error syntax-error: Unexpected symbol near `then`

-- case: symbols out of place, 8
x = 1 ]
      ^ error syntax-error: Unexpected symbol near `]`

-- case: symbols out of place, 9
}
^ error syntax-error: Unexpected symbol near `}`

-- case: symbols out of place, 10
x = @
    ^ error non-lua-symbol: Lua has no `@`

-- case: symbols out of place, 11
x = $a
    ^ error non-lua-symbol: Lua has no `$`: names have letters, digits and `_`

-- case: symbols out of place, 12
a ? b : c
  ^ error non-lua-symbol: Lua has no `? :`: write `condition and value or other`

-- case: symbols out of place, 13
x = a ? b : c
      ^ error non-lua-symbol: Lua has no `? :`: write `condition and value or other`

-- case: letters that names do not have, 1
local ü = 1
      ^ error syntax-error: `ü` cannot stand here: names in Lua are ASCII letters, digits and `_`

-- case: letters that names do not have, 2
x = naïve
    ^^^^^ error syntax-error: `naïve` cannot stand here: names in Lua are ASCII letters, digits and `_`

-- case: letters that names do not have, 3
print(变量)
      ^^ error syntax-error: `变量` cannot stand here: names in Lua are ASCII letters, digits and `_`

-- case: symbols of other languages, 1
x = a ?? b
      ^^ error non-lua-symbol: Lua writes `or` for `??`
         fix: x = a or b

-- case: symbols of other languages, 2
x -> y
  ^^ error non-lua-symbol: Lua has no `->`: a field is `a.b`, a method `a:b()`, a function `function(…) … end`

-- case: symbols of other languages, 3
x => y
  ^^ error non-lua-symbol: Lua has no `=>`: a function is `function(…) … end`, a field `key = value`

-- case: symbols of other languages, 4
x ~= 1
^ error syntax-error: A value alone is no statement: call it, or give it to a variable

-- case: symbols of other languages, 5
a <> b
  ^^ error non-lua-symbol: Lua writes `~=` for `<>`
     fix: a ~= b

-- case: symbols of other languages, 6
if a <> b then end
     ^^ error non-lua-symbol: Lua writes `~=` for `<>`
        fix: if a ~= b then end

-- case: symbols of other languages, 7
x := 1
  ^^ error non-lua-symbol: Lua writes `=` for `:=`
     fix: x = 1

-- case: symbols of other languages, 8
x === 1
  ^^^ error non-lua-symbol: Lua assigns with `=`, and compares with `==`
      fix: x = 1

-- case: symbols of other languages, 9
if a === 1 then end
     ^^^ error non-lua-symbol: Lua writes `==` for `===`
         fix: if a == 1 then end

-- case: symbols of other languages, 10
if a !== 1 then end
     ^^^ error non-lua-symbol: Lua writes `~=` for `!==`
         fix: if a ~= 1 then end

-- case: dots with a name, 1
function f(...args) end
              ^^^^ error syntax-error: `...` has no name in Lua: `local list = { ... }` gives it one

-- case: symbols that Lua does not have, 1
x = 1 ¿
      ^ error syntax-error: `¿` cannot stand here: names in Lua are ASCII letters, digits and `_`

-- case: symbols that Lua does not have, 2
x = `a`
    ^ error syntax-error: Unexpected symbol near ```

-- case: symbols that Lua does not have, 4
x = \
    ^ error syntax-error: Unexpected symbol near `\`

-- case: a doubled operator
local x = = 3
          ^ error syntax-error: A value is missing after `=`

-- case: of two equal tokens the one the compiler stopped at
local a = 1 local b = 2 ) local c = (3 )
                        ^ error syntax-error: Unexpected symbol near `)`

-- case: a block that is not closed
local function f()
  if true then
    print(1)
end
^^^ error syntax-error: `end` expected at the end of the file, to close `function` of line 1
    related: `function` is opened here, line 1

-- case: a call that is not closed
print("a"
      ^^^ error syntax-error: `)` expected at the end of the file

-- case: a bracket that another line opened
local t = {
  1, 2
local y = 3
^^^^^ error syntax-error: `}` expected near `local`, to close `{` of line 1
      related: `{` is opened here, line 1

-- case: a statement after return
do
  return 1
  print(2)
  ^^^^^ error syntax-error: `return` is the last statement of a block: nothing may follow it
        related: `return` stands here, line 2
end

-- case: an expression that is no statement
local a = 1
a
^ error syntax-error: A value alone is no statement: call it, or give it to a variable

-- case: an unfinished string
local s = 'abc
          ^^^^ error syntax-error: Unfinished string near `'abc`
print(s)

-- case: an unfinished long string
local s = [[abc
          ^^^^^ error syntax-error: Unfinished long string (starting at line 1) at the end of the file
print(undefined)

-- case: an unfinished long comment
print(1)
--[[ abc
^^^^^^^^ error syntax-error: Unfinished long comment (starting at line 2) at the end of the file

-- case: a letter that no name may have
local é = 1
      ^ error syntax-error: `é` cannot stand here: names in Lua are ASCII letters, digits and `_`

-- case: a stray character
local x = @
          ^ error non-lua-symbol: Lua has no `@`

-- case: break outside a loop
if true then
  break
  ^^^^^ error break-outside-loop: Break outside loop
end

-- case: goto without a label
goto done
     ^^^^ error goto-no-visible-label: No visible label `done` for `goto`

-- case: goto into the scope of a local
do
  goto skip
       ^^^^ error goto-no-visible-label: `goto skip` jumps into the scope of local `a`
  local a = 1
  ::skip::
  print(a)
end

-- case: a label twice
::top::
::top::
  ^^^ error redefined-label: Label `top` already defined on line 2

-- case: dots in a function that has none
local function f()
  return ...
         ^^^ error vararg-outside: Cannot use `...` outside a vararg function near `...`
end

-- case: a constant assigned
local x <const> = 1
x = 2
^ error assign-const: Attempt to assign to const variable `x`

-- case: a constant assigned among others
local x <const>, y = 1, 2
y, x = 3, 4
   ^ error assign-const: Attempt to assign to const variable `x`

-- case: an attribute Lua does not have
local x <readonly> = 1
         ^^^^^^^^ error unknown-attribute: Unknown attribute `readonly`

-- case: two to-be-closed locals in one list
local a <close>, b <close> = nil, nil
                    ^^^^^ error unknown-attribute: Multiple to-be-closed variables in local list

-- case: an escape that Lua does not have
local s = "a\qb"
            ^^ error bad-escape: Invalid escape sequence near `"a\qb"`

-- case: an escape that is too large
local s = "\300"
          ^^^^^^ error bad-escape: Decimal escape too large near `"\300"`

-- case: a malformed number
local n = 3x4
          ^^^ error malformed-number: Malformed number near `3x4`

-- case: what tree-sitter accepts and Lua refuses
for i = 1 do end
          ^^ error syntax-error: A `for` with `=` counts up to something: `for i = 1, 10 do`

-- case: a shebang line keeps line numbers
#!/usr/bin/env llmspell
local x = = 1
          ^ error syntax-error: A value is missing after `=`

-- case: nothing is wrong
local t <const> = { 1, 2; a = 3, ["b"] = 4 }
for i = 1, #t do goto continue ::continue:: end
print(t, 0x.1p4, 1e10, 3 // 2, 5 & 3, ~0, "\u{1F600}\z
  x", [==[ ]] ]==])

-- case: after the mistake the rest of its line says nothing
foo(bar baz)
        ^^^ error syntax-error: A comma is missing after `bar`
            fix: foo(bar, baz)

-- case: nothing but an unfinished comment
--[[ abc
^^^^^^^^ error syntax-error: Unfinished long comment (starting at line 1) at the end of the file

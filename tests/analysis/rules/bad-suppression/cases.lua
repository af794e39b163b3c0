-- case: codes that nobody knows
---@diagnostic disable-next-line: undefined-globl
                                  ^^^^^^^^^^^^^^^ warning bad-suppression: There is no diagnostic `undefined-globl`: did you mean `undefined-global`?
                                                  fix: ---@diagnostic disable-next-line: undefined-global
print(1)
---@diagnostic disable: unused-local, no-such-code, unused_variable
                                      ^^^^^^^^^^^^ warning bad-suppression: There is no diagnostic `no-such-code`
-- selene: allow(unused_varable)
                 ^^^^^^^^^^^^^^ warning bad-suppression: There is no diagnostic `unused_varable`: did you mean `unused_variable`?
                                fix: -- selene: allow(unused_variable)
local x = 1
print(x)

-- case: an action that nobody knows
---@diagnostic disable-nextline: unused-local
               ^^^^^^^^^^^^^^^^ warning bad-suppression: `disable-nextline` is none of `disable`, `enable`, `disable-line`, `disable-next-line`: did you mean `disable-next-line`?
                                fix: ---@diagnostic disable-next-line: unused-local
local x = 1
print(x)

-- case: codes of the tools and of ours
---@diagnostic disable: unused-local, unused, undefined-global, codestyle-check, unknown-tool, luadoc-miss-type-name
---@diagnostic disable
---@diagnostic enable
-- selene: allow(unused_variable, shadowing), deny(divide_by_zero)
local x = 1
print(x)

-- case: remarks behind the codes
---@diagnostic disable-next-line: unused-local, unused since it is made for others
local x = 1 ---@diagnostic disable-line: unused-local - for a reason
---@diagnostic disable
print(x)

-- case: luacheck's push and pop
-- luacheck: push
-- luacheck: push ignore 211
-- luacheck: pop
-- luacheck: pop
-- luacheck: pop
^^^^^^^^^^^^^^^^ warning bad-suppression: This `pop` has no `push`
print(1)
-- luacheck: push
^^^^^^^^^^^^^^^^^ warning bad-suppression: This `push` has no `pop`

-- case: options that luacheck does not have
-- luacheck: ignre 211
^^^^^^^^^^^^^^^^^^^^^^ warning bad-suppression: luacheck has no option `ignre 211`
-- luacheck:
^^^^^^^^^^^^ warning bad-suppression: There is no option in this comment
-- luacheck: no unused, , no redefined
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning bad-suppression: An option is missing between the commas
-- luacheck: std
^^^^^^^^^^^^^^^^ warning bad-suppression: `std` needs an argument
-- luacheck: std lua51 + lua52
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning bad-suppression: `std` takes one argument, not 3
-- luacheck: no unused very much
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning bad-suppression: `no unused` takes no argument, not 2
-- luacheck: no ignore
^^^^^^^^^^^^^^^^^^^^^^ warning bad-suppression: luacheck has no option `no ignore`
print(1)

-- case: options that luacheck has
-- luacheck: ignore, no unused args (they are wanted), no_unused_args
-- luacheck: globals a b, read globals c, new_globals d, not globals e, std max, only 1, enable 2
-- luacheck: max line length 100, no max code line length, allow defined top, no self, compat, module
print(1)

-- case: a filter for the file is at its beginning
--# selene: allow(unused_variable)
local x = 1
--# selene: allow(shadowing)
^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning bad-suppression: A filter for the whole file stands before its first statement
print(x)

-- case: in texts they are no comments
print("---@diagnostic disable: nonsense", [[
-- luacheck: nonsense
]])

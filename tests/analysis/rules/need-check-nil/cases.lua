-- case: a field of what may be nil
---@type string?
local name
print(name:upper())
      ^^^^ warning need-check-nil: `name` may be nil: taking a field of it raises then
      ^^^^ warning uninitialized-access: `name` has no value yet: it is nil here, whatever happened before
           related: declared here without a value, line 2
if name then print(name:upper()) end
   ^^^^ warning uninitialized-access: `name` has no value yet: it is nil here, whatever happened before
        related: declared here without a value, line 2
                   ^^^^ warning uninitialized-access: `name` has no value yet: it is nil here, whatever happened before
                        related: declared here without a value, line 2
if not name then name = "" end
       ^^^^ warning uninitialized-access: `name` has no value yet: it is nil here, whatever happened before
            related: declared here without a value, line 2
print(name:upper())

-- case: a call, and a key
---@type fun()?
local callback
      ^^^^^^^^ warning never-set: `callback` is never given a value: it is always nil
callback()
^^^^^^^^ warning need-check-nil: `callback` may be nil: calling it raises then
---@type integer?
local index
      ^^^^^ warning never-set: `index` is never given a value: it is always nil
local list = {}
list[index] = 1
     ^^^^^ warning need-check-nil: `index` may be nil: a field with such a key raises then
print(list)

-- case: parameters
---@class Options
---@field size number

---@param options? Options
local function open(options)
  print(options.size)
        ^^^^^^^ warning need-check-nil: `options` may be nil: taking a field of it raises then
  options = options or { size = 1 }
  print(options.size)
end
---@param options? Options
local function early(options)
  if options == nil then return end
  print(options.size)
end
---@param options Options?
local function asserted(options)
  assert(options)
  print(options.size)
end
---@param options Options?
local function combined(options)
  return options and options.size or (not options or options.size > 1)
end
open()
early()
asserted()
combined()

-- case: results
local file = io.open("x")
print(file:read("a"))
      ^^^^ warning need-check-nil: `file` may be nil: taking a field of it raises then
local other, message = io.open("y")
if not other then error(message) end
print(other:read("a"))
local third, why = io.open("z")
if why then return end
print(third:read("a"))

-- case: a field that may be nil
---@class Node
---@field next? Node

---@param node Node
local function walk(node)
  print(node.next.next)
        ^^^^^^^^^ warning need-check-nil: `node.next` may be nil: taking a field of it raises then
  if node.next then print(node.next.next) end
  while node.next do node = node.next end
end
walk({})

-- case: set in a loop, by a call, by another function, or somewhere else
local found
for _, each in ipairs({ 1, 2 }) do
  if each > 1 then found = { each = each } end
end
print(found.each)
---@type string?
local text
local function set() text = "x" end
set()
print(text:len())
      ^^^^ warning need-check-nil: `text` may be nil: taking a field of it raises then
---@type string?
local checked
      ^^^^^^^ warning never-set: `checked` is never given a value: it is always nil
local is_there = checked ~= nil
if is_there then print(checked:len()) end
---@param value string?
local function must(value) if not value then die("nothing") end print(value:len()) end
                                             ^^^ error undefined-global: Undefined global `die`
must("x")

-- case: until it is there
---@type string?
local line
repeat line = next_line() until line
              ^^^^^^^^^ error undefined-global: Undefined global `next_line`
print(line:len())
---@type string?
local word
while not word do word = next_word() end
                         ^^^^^^^^^ error undefined-global: Undefined global `next_word`
print(word:len())

-- case: in functions that are made when it is there
---@param options? table
return function(options)
  options = options or {}
  return function() return options.size end
end

-- case: what one result says of another
local file, message = io.open("x")
if file then file:close() else print(message:upper()) end

-- case: a field of an answer, and one of which another field says whether it is there
local answer = Tool.execute("calculator", { operation = "evaluate", input = "1" })
print(answer.error.code)
---@class Outcome
---@field ok boolean
---@field problem? { text: string }

---@param outcome Outcome
local function show(outcome)
  if not outcome.ok then print(outcome.problem.text) end
end
show({ ok = true })

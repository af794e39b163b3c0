-- case: Lua's and LLMSpell's
print = nil
^^^^^ warning readonly-global: `print` is a global of Lua or LLMSpell: all code that uses it gets this instead
math.pi = 3
     ^^ warning readonly-global: `math.pi` is Lua's or LLMSpell's: all code that uses it gets this instead
function Tool.execute() end
              ^^^^^^^ warning readonly-global: `Tool.execute` is Lua's or LLMSpell's: all code that uses it gets this instead
function tostring(x) return x end
         ^^^^^^^^ warning readonly-global: `tostring` is a global of Lua or LLMSpell: all code that uses it gets this instead

-- case: wrapped, given where missing, or open
local old = print
print = function(...) old("now", ...); return print end
unpack = unpack or table.unpack
table.pack = table.pack or function(...) return { ... } end
package.path = "./?.lua"
if not string.trim then string.trim = old end
local string = {}
string.format = old
return string

-- case: definitions for editors
---@meta
string = {}
function string.format() end

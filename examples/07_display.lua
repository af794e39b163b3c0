-- Rich output: in a notebook tables, bars and Markdown, in a terminal their text.
-- Run it:   llmspell run examples/07_display.lua
-- Debug it: stop at the line `progress:advance()` and look at `menu`; the debug console has the text too.

local drinks = { "tea", "coffee", "cocoa" }
local menu = {}
local progress <close> = Display.progress({ total = #drinks, label = "brewing" })
for i, drink in ipairs(drinks) do
  menu[i] = { drink = drink, price = 2.5 + i }
  progress:advance()
end

Display.markdown("**" .. #menu .. "** drinks")
Display.table(menu, { columns = { "drink", "price" }, caption = "menu" })

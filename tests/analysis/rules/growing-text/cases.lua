-- case: a text that grows
local text = ""
for _, part in ipairs(ARGS) do
  text = text .. part
  ^^^^^^^^^^^^^^^^^^^ hint growing-text: `text` is copied in each round: collect the parts in a table and join them with `table.concat`
  text = text .. ", " .. part
  ^^^^^^^^^^^^^^^^^^^^^^^^^^^ hint growing-text: `text` is copied in each round: collect the parts in a table and join them with `table.concat`
end
print(text)

-- case: a local of the round
for _, part in ipairs(ARGS) do
  local text = part
  text = text .. "!"
  local part = part .. "?"
  print(text, part)
end

-- case: few rounds
local text = ""
for i = 1, 10 do text = text .. i end
print(text)

-- case: another text
local text, other = "", ""
while #text < 3 do text = other .. "x" end
print(text)

-- case: a function in a loop is called by somebody else
local text = ""
for _, part in ipairs(ARGS) do
  Hook.register("ToolError", function() text = text .. part end)
end
print(text)

-- case: a text that begins again in each round
local text = ""
for _, part in ipairs(ARGS) do
  text = part
  text = text .. "!"
  print(text)
end

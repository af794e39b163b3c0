-- Strings: words counted, reversed and joined.
local function count_words(text, counts)
  for word in text:gmatch("%a+") do
    if #word > 100 then
      error("a word too long") -- unreached
    end
    word = word:lower()
    counts[word] = (counts[word] or 0) + 1
  end
  return counts
end

local text = "The quick brown fox jumps over the lazy dog and then the dog sleeps while the Fox runs on "
local counts, parts = {}, {}
for round = 1, 28000 do
  count_words(text, counts)
  parts[#parts + 1] = text:sub(round % 40 + 1, round % 40 + 10):reverse()
end
assert(counts.the == 4 * 28000 and #table.concat(parts) == 280000)

-- case: in a loop within a loop
local sum = 0
for a = 1, 1000 do
  for b = 1, 1000 do
    sum = sum + math.max(a, b) + math.min(a, b)
                ^^^^ hint global-in-loop: The global `math` is looked up in each round: keep what you need in a local
    print(sum)
    ^^^^^ hint global-in-loop: The global `print` is looked up in each round: keep what you need in a local
  end
end

-- case: in a local, or few rounds
local max, sum = math.max, 0
for a = 1, 1000 do
  print(a)
  for b = 1, 1000 do sum = sum + max(a, b) end
  for b = 1, 3 do print(a, b) end
end

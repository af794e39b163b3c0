local function double(number)
  return number * 2
end

print(double(1),double(2))

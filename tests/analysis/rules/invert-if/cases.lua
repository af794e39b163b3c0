-- case: the other branch only leaves
local function f(list)
  for _, x in ipairs(list) do
    if x then
    ^^ hint invert-if: Test the opposite and leave first: what is in this branch can then stand outside of it
      print(x)
      print(x)
    else
      break
    end
  end
  if list then
  ^^ hint invert-if: Test the opposite and leave first: what is in this branch can then stand outside of it
    print(1)
    print(2)
  else
    return
  end
end
f({})

-- case: nested deeply
local function f(a, b, c, d, e)
  if a then
    if b then
      if c then
        if d then
          if e then
          ^^ hint invert-if: An `if` in 4 others: leave early for the simple cases
            print(1)
          end
        end
      end
    end
  end
  return function()
    if a then print(1) end
  end
end
f()

-- case: short, with a value, or of more branches
local function f(a, b)
  if a then
    print(1)
  else
    return
  end
  if b then
    print(1)
    print(2)
  else
    return 1
  end
  if a then
    print(1)
    print(2)
  elseif b then
    print(2)
  else
    return
  end
end
f()

-- case: at the end
local function f(x)
  print(x)
  return
  ^^^^^^ hint redundant-return: A function returns at its end by itself
         fix: 
end
f(1)

-- case: not at the end, or with a value
local function f(x)
  if x then return end
  print(x)
  return nil
end
local function g() return end
                   ^^^^^^ hint redundant-return: A function returns at its end by itself
                          fix: local function g()  end
f(g)

-- case: alone
local function f()
  return
  ^^^^^^ hint redundant-return: A function returns at its end by itself
         fix: 
end
f(function() return end)
  ^^^^^^^^^^^^^^^^^^^^^ warning redundant-parameter: `f` takes no argument, not 1
             ^^^^^^ hint redundant-return: A function returns at its end by itself
                    fix: f(function()  end)

-- case: no goto
::top::
  ^^^ hint unused-label: No `goto` goes to the label `top`
print(1)
do
  ::inner::
    ^^^^^ hint unused-label: No `goto` goes to the label `inner`
end

-- case: with goto
for i = 1, 3 do
  if i == 2 then goto continue end
  print(i)
  ::continue::
end
do goto out end
::out::

-- case: one of the same name in another function or block is meant
local function f()
  ::here::
    ^^^^ hint unused-label: No `goto` goes to the label `here`
end
local function g()
  ::here::
  goto here
end
do
  goto there
  ::there::
end
do
  ::there::
    ^^^^^ hint unused-label: No `goto` goes to the label `there`
end
f(g)
  ^ warning redundant-parameter: `f` takes no argument, not 1

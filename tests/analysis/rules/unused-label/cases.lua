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

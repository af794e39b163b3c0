-- case: what the loop counts by
for i = 1, 10 do
  if i == 5 then i = 7 end
                 ^ warning iter-variable-reassign: `i` is what the loop counts by: assigning to it does not change the loop
end
for k, v in pairs({}) do k = tostring(k); print(k, v) end
                         ^ warning iter-variable-reassign: `k` is what the loop counts by: assigning to it does not change the loop

-- case: the values
for k, v in pairs({}) do v = tostring(v); print(k, v) end
for i = 1, 10 do local j = i; j = j + 1; print(j) end

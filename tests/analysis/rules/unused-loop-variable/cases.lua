-- case: not used
for i = 1, 3 do print() end
    ^ hint unused-loop-variable: Loop variable `i` is never used
      fix: for _i = 1, 3 do print() end
for k, v in pairs({}) do print(k) end
       ^ hint unused-loop-variable: Loop variable `v` is never used
         fix: for k, _v in pairs({}) do print(k) end

-- case: used or named so
for _ = 1, 3 do print() end
for _, v in ipairs({}) do print(v) end
for _k in pairs({}) do print() end

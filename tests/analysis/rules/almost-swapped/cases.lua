-- case: one after the other
local a, b = ...
do
  a = b
  ^^^^^ warning almost-swapped: This does not swap: both end as `b`
        fix: a, b = b, a
  b = a
  a.x = b[1]; b[1] = a.x
  ^^^^^^^^^^^^^^^^^^^^^^ warning almost-swapped: This does not swap: both end as `b[1]`
                         fix: a.x, b[1] = b[1], a.x
end

-- case: among the statements of the file
local a, b = ...
a = b
^^^^^ warning almost-swapped: This does not swap: both end as `b`
      fix: a, b = b, a
b = a

-- case: a swap, or something between
local a, b, t = ...
do
  a, b = b, a
  t = a
  a = b
  b = t
  a = a.f(b)
  a.f(b).x = a
end

-- case: pairs, ipairs and next
local stuff = ...
local a = {}
for key, value in pairs(stuff) do
^^^ hint manual-table-clone: This loop copies a table into `a`: a function for that has a name that says so
    related: made here, line 2
  a[key] = value
end
local b = {}
for key, value in ipairs(stuff) do
^^^ hint manual-table-clone: This loop copies a table into `b`: a function for that has a name that says so
    related: made here, line 6
  b[key] = value
end
local function f()
  local c = {}
  for key, value in next, stuff do
  ^^^ hint manual-table-clone: This loop copies a table into `c`: a function for that has a name that says so
      related: made here, line 11
    c[key] = value
  end
  return c
end
print(a, b, f)

-- case: more is done, or the table is not new
local stuff = ...
local a = {}
for key, value in pairs(stuff) do
  if key then a[key] = value end
end
local b = { x = 1 }
for key, value in pairs(stuff) do
  b[key] = value
end
local c = {}
c.x = 1
for key, value in pairs(stuff) do
  c[key] = value
end
local d = {}
print(d)
for key, value in pairs(stuff) do
  d[key] = value
end
print(a, b, c)

-- case: one table takes several
local stuff = ...
local function f()
  local all = {}
  for i = 1, 2 do
    for key, value in pairs(stuff[i]) do
      all[key] = value
    end
  end
  return all
end
f()

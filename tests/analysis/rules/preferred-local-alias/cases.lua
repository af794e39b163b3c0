-- case: functions of libraries and fields of locals
local insert = table.insert
local config = { inner = { level = 1 } }
local level = config.inner.level
local list = {}
insert(list, level)
table.insert(list, config.inner.level)
^^^^^^^^^^^^ hint preferred-local-alias: `insert` is a local name for this
             related: named here, line 1
             fix: insert(list, config.inner.level)
                   ^^^^^^^^^^^^^^^^^^ hint preferred-local-alias: `level` is a local name for this
                                      related: named here, line 3
                                      fix: table.insert(list, level)
local function f() table.insert(list, 2) end
                   ^^^^^^^^^^^^ hint preferred-local-alias: `insert` is a local name for this
                                related: named here, line 1
                                fix: local function f() insert(list, 2) end
f()

-- case: the local is another one there
local insert = table.insert
local function f(insert) return insert, table.insert end
print(f, insert)

-- case: the local or the field is changed
local insert = table.insert
insert = print
table.insert({}, 1)
local config = { level = 1 }
local level = config.level
config.level = 2
print(config.level, level, insert)

-- case: the table is another one there
local config = { level = 1 }
local level = config.level
local function f(config) return config.level end
print(level, f)

-- case: before the local
local t = { a = 1 }
print(t.a)
local a = t.a
print(a)

-- What may follow what was typed so far: names that a frame sees, fields, keys of tables. Nothing of the script runs.
-- Returns the commands of clients.
local library, presentation, frames, evaluation, state = ...

local type, next, rawget, pcall = library.type, library.next, library.rawget, library.pcall
local find, sub = library.string.find, library.string.sub
local sort, unpack = library.table.sort, library.table.unpack
local getmetatable, getupvalue = library.debug.getmetatable, library.debug.getupvalue
local frame_or_top, hovered, names_of = evaluation.frame_or_top, evaluation.hovered, evaluation.names_of
local frame_environment = evaluation.frame_environment
local environment_table, is_name, globals = frames.environment_table, presentation.is_name, library.globals

local MAX_LINKS <const> = 100 -- of a chain of __index tables
local MAX_COMPLETIONS <const> = 1000
local MAX_VISITED <const> = 1000000
local MAX_KEY <const> = 200

local commands = {}

local function kind_of(value, otherwise)
  local kind = type(value)
  return kind == "function" and "function" or kind == "table" and "module" or otherwise
end

-- What may stand behind a separator: a name, the name of a method, a key that a text can be written for as it is.
local function may_follow(separator, key, item)
  if separator == "[" then return type(key) == "string" and #key <= MAX_KEY and not find(key, "[%c\"'\\]") end
  return is_name(key) and (separator ~= ":" or type(item) == "function")
end

-- What may follow a name, a chain of fields, or the bracket behind one: {label, kind}, in order.
function commands.completions(base, separator, prefix, frame)
  local seen, list, visited = {}, {}, 0
  local function take(name, kind)
    if seen[name] or sub(name, 1, #prefix) ~= prefix then return end
    seen[name] = true
    list[#list + 1] = { label = name, kind = kind }
  end
  local function take_fields(value, otherwise)
    for _ = 1, MAX_LINKS do
      if type(value) == "table" then
        for key, item in next, value do
          visited = visited + 1
          if visited > MAX_VISITED then break end
          if may_follow(separator, key, item) then take(key, kind_of(item, otherwise)) end
        end
      end
      local metatable = getmetatable(value)
      value = type(metatable) == "table" and rawget(metatable, "__index") or nil
      if type(value) ~= "table" then break end
    end
  end

  if base ~= "" then
    local names = names_of(frame)
    if frame == 0 and state.stop then
      local thread, level, info = frames.top_frame()
      local environment = frame_environment(thread, level, info, true, true)
      names = function(name) return environment[name] end
    end
    local ok, value = pcall(hovered, names, base)
    if ok then take_fields(value, "field") end
  else
    local environment = globals
    if frame ~= 0 or state.stop then
      local thread, level, info = frame_or_top(frame)
      for _, one in library.ipairs(frames.list_locals(thread, level)) do take(one.name, kind_of(one.value, "variable")) end
      for i = 1, info.nups do
        local name, value = getupvalue(info.func, i)
        if name ~= "_ENV" and is_name(name) then take(name, kind_of(value, "variable")) end
      end
      if info.what ~= "C" then
        for _, one in library.ipairs(frames.text_of_frame(info).folded or {}) do take(one.name, "variable") end
      end
      environment = environment_table(thread, level, info)
    end
    take_fields(environment, "variable")
    for word in next, presentation.RESERVED do take(word, "keyword") end
  end
  sort(list, function(a, b) return a.label < b.label end)
  return { unpack(list, 1, #list < MAX_COMPLETIONS and #list or MAX_COMPLETIONS) }
end

return { commands = commands }

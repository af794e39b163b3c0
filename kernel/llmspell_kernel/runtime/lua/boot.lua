-- Builds the state that scripts see, and keeps the originals that the rest of the runtime needs.
-- Invariant: the Python functions below are upvalues of closures in chunks named =[llmspell]; no script reaches them.
-- Called with Python functions; returns the library (never given to scripts) and the functions Python calls.
local enter, push_page, pull_page, send_output, real_path, leave, values_chunk, page_size, allow_processes, has_input,
  path_refusal, is_visible_variable = ...

local library = {
  assert = assert, error = error, getmetatable = getmetatable, ipairs = ipairs, load = load, next = next,
  pairs = pairs, pcall = pcall, rawequal = rawequal, rawget = rawget, rawlen = rawlen, rawset = rawset,
  select = select, setmetatable = setmetatable, tonumber = tonumber, tostring = tostring, type = type,
  xpcall = xpcall, collectgarbage = collectgarbage,
}
for _, name in ipairs { "string", "table", "math", "os", "io", "coroutine", "utf8", "debug" } do
  local copy = {}
  for key, value in pairs(_G[name]) do copy[key] = value end
  library[name] = copy
end

local raw_load, type, tostring, select, error, pcall, xpcall = load, type, tostring, select, error, pcall, xpcall
local rawget, rawequal, setmetatable, getmetatable = rawget, rawequal, setmetatable, getmetatable
local concat, unpack = table.concat, table.unpack
local sub, find, gsub, format, byte = string.sub, string.find, string.gsub, string.format, string.byte
local getinfo, native_traceback = debug.getinfo, debug.traceback
local native_io, native_os, open, searchpath = library.io, library.os, io.open, package.searchpath
local globals, package = _G, package

local INTERNAL <const> = "=[llmspell"
local function is_internal(source) return sub(source, 1, 10) == INTERNAL end

-- Errors -------------------------------------------------------------------------------------------------------

-- Where the script is, as getinfo says it, whatever depth of ours lies above it; nil where none of it runs.
local function place()
  for level = 3, 64 do
    local info = getinfo(level, "Sl")
    if not info then break end
    if info.currentline > 0 and not is_internal(info.source) then return info end
  end
end

-- The same as errors begin, "file:line: ".
local function position()
  local info = place()
  return info and format("%s:%d: ", info.short_src, info.currentline) or ""
end

-- Where a text was written is asked for only while a debugger's client wants to know.
local function write(name, data)
  if not send_output(name, data) then return end
  local info = place()
  send_output(name, data, info and info.source or "", info and info.currentline or 0)
end

local function raise(message) error(position() .. message, 0) end

local function bad_argument(index, name, expected, value)
  local given = type(value)
  if value == nil then given = "no value" end
  raise(format("bad argument #%d to '%s' (%s expected, got %s)", index, name, expected, given))
end

library.raise, library.bad_argument, library.is_internal, library.write = raise, bad_argument, is_internal, write

-- What is told of errors before the stack unwinds (debugger/lua/exceptions.lua); nil while no exception stops a script.
-- `catching`: the same, nil while only those do that nothing catches.
local exceptions, catching

-- The gate -----------------------------------------------------------------------------------------------------

local flatten, rebuild = values_chunk(library)
library.flatten, library.rebuild = flatten, rebuild

local function receive(ok, shape, page, ...)
  if ok == nil then
    library.hook()
    error(library.interrupted, 0)
  end
  if not ok then
    if exceptions then exceptions.host_failed(shape) end
    raise(shape)
  end
  if shape == "s" then return (...) end
  if shape == "n" then return nil end
  if not page then return rebuild(shape, { ... }) end
  local scalars, count = {}, 0
  repeat
    local part = { pull_page(page, count) }
    for i = 1, #part do scalars[count + i] = part[i] end
    count = count + #part
  until #part < page_size
  return rebuild(shape, scalars)
end

local is_scalar <const> = { string = true, number = true, boolean = true }

local function host(name, ...)
  local n = select("#", ...)
  if n == 0 then return receive(enter(name, "", nil)) end
  if n <= 2 then -- most calls
    local first, second = ...
    if is_scalar[type(first)] then
      if n == 1 then return receive(enter(name, "s", nil, first)) end
      if is_scalar[type(second)] then return receive(enter(name, "ss", nil, first, second)) end
    end
  end
  local shape, scalars, count = flatten(n, ...)
  if not shape then raise(format("bad argument #%d to '%s' (%s)", count, name, scalars)) end
  if count <= page_size then return receive(enter(name, shape, nil, unpack(scalars, 1, count))) end
  local page
  for start = 1, count, page_size do
    page = push_page(page, unpack(scalars, start, start + page_size - 1 < count and start + page_size - 1 or count))
  end
  return receive(enter(name, shape, page))
end

-- Loading text -------------------------------------------------------------------------------------------------

-- The debugger's part, set by library.set_preparation: prepare(chunk name, text) -> instrumented text or nil, and what
-- keep(…, function) knows the load by; prepared(chunk name, whether the instrumented text was accepted).
-- updated() tells the Lua half of new probes; Python may not, since it is called from Lua here, maybe in a coroutine.
local prepare, prepared, updated, keep
function library.set_preparation(before, after, update, known)
  prepare, prepared, updated, keep = before, after, update, known
end

local function load_prepared(text, name, environment, instrumented, number, ...)
  local chunk, message
  if instrumented then
    updated()
    chunk = raw_load(instrumented, name, "t", environment)
    prepared(name, chunk ~= nil)
  end
  if not chunk then chunk, message = raw_load(text, name, "t", environment) end
  if chunk and number then keep(number, chunk, ...) end
  return chunk, message
end

local load_text
function load_text(text, name, ...)
  if select("#", ...) == 0 then return load_text(text, name, globals) end
  local chunk, message
  if prepare then
    chunk, message = load_prepared(text, name, (...), prepare(name, text))
  else
    chunk, message = raw_load(text, name, "t", ...)
  end
  if chunk then return chunk end
  if exceptions then exceptions.not_compiled(message) end
  return nil, message
end

-- A byte order mark and a first line that starts with # are skipped as luaL_loadfilex does; the line is kept empty.
local function file_text(text)
  if sub(text, 1, 3) == "\xEF\xBB\xBF" then text = sub(text, 4) end
  if byte(text, 1) == 35 then return sub(text, find(text, "\n", 1, true) or #text + 1) end
  return text
end

local function read_file(path)
  local file, message = open(path, "rb")
  if not file then return nil, message end
  local text, failure = file:read("a")
  file:close()
  if not text then return nil, format("%s: %s", path, failure) end
  return file_text(text)
end

-- Why a file may not be loaded; set below where the policy restricts files.
local may_load = function() return nil end

local function load_file(path, ...)
  local refusal = may_load(path)
  if refusal then return nil, "cannot open " .. refusal end
  local text, message = read_file(path)
  if not text then return nil, "cannot open " .. message end
  return load_text(text, "@" .. real_path(path), ...)
end

function globals.load(chunk, name, mode, ...)
  local text = chunk
  if type(chunk) == "function" then
    local parts, count = {}, 0
    while true do
      local piece = chunk()
      if piece == nil or piece == "" then break end
      if type(piece) ~= "string" then return nil, "reader function must return a string" end
      count = count + 1
      parts[count] = piece
    end
    text = concat(parts)
    if name == nil then name = "=(load)" end
  elseif type(chunk) ~= "string" then
    if type(chunk) ~= "number" then bad_argument(1, "load", "function", chunk) end
    text = tostring(chunk)
  end
  if name == nil then name = text elseif type(name) ~= "string" then bad_argument(2, "load", "string", name) end
  if mode ~= nil and not find(tostring(mode), "t", 1, true) then
    return nil, format("attempt to load a text chunk (mode is '%s')", tostring(mode))
  end
  return load_text(text, name, ...)
end

function globals.loadfile(path, mode, ...)
  if type(path) ~= "string" then bad_argument(1, "loadfile", "string", path) end
  if mode ~= nil and not find(tostring(mode), "t", 1, true) then
    return nil, format("attempt to load a text chunk (mode is '%s')", tostring(mode))
  end
  return load_file(path, ...)
end

function globals.dofile(path)
  if type(path) ~= "string" then bad_argument(1, "dofile", "string", path) end
  local chunk, message = load_file(path)
  if not chunk then error(message, 0) end
  return chunk()
end

local function search_file(name)
  local path, message = searchpath(name, package.path)
  if not path then return message end
  local chunk, failure = load_file(path)
  if not chunk then error(format("error loading module '%s' from file '%s':\n\t%s", name, path, failure), 0) end
  return chunk, path
end

package.searchers[2] = search_file
package.searchers[4], package.searchers[3] = nil, nil
package.cpath = ""
package.loadlib = nil

-- Output and input ---------------------------------------------------------------------------------------------

function globals.print(...)
  local n = select("#", ...)
  if n == 1 then
    write("stdout", tostring((...)) .. "\n")
    return
  end
  local parts = { ... }
  for i = 1, n do parts[i] = tostring(parts[i]) end
  write("stdout", concat(parts, "\t", 1, n) .. "\n")
end

local warnings = false
function globals.warn(first, ...)
  local parts = { first, ... }
  for i = 1, select("#", ...) + 1 do
    if type(parts[i]) ~= "string" and type(parts[i]) ~= "number" then bad_argument(i, "warn", "string", parts[i]) end
  end
  local message = concat(parts)
  if #parts == 1 and byte(message, 1) == 64 then
    if message == "@on" then warnings = true elseif message == "@off" then warnings = false end
  elseif warnings then
    write("stderr", "Lua warning: " .. message .. "\n")
  end
end

local streams = setmetatable({}, { __mode = "k" })
local stream_methods = {}

local function write_items(stream, name, ...)
  for i = 1, select("#", ...) do
    local item = select(i, ...)
    local kind = type(item)
    if kind ~= "string" and kind ~= "number" then bad_argument(i, name, "string", item) end
    write(streams[stream], kind == "string" and item or tostring(item))
  end
  return stream
end

function stream_methods.write(self, ...)
  if not streams[self] then bad_argument(1, "write", "FILE*", self) end
  return write_items(self, "write", ...)
end
function stream_methods.flush(self) return self end
function stream_methods.setvbuf() return true end
function stream_methods.close() return nil, "cannot close standard file" end
function stream_methods.seek() return nil, "Illegal seek", 29 end
function stream_methods.read() return nil, "Bad file descriptor", 9 end
function stream_methods.lines() raise("standard output cannot be read") end

local function new_stream(name)
  local stream = setmetatable({}, {
    __name = "FILE*", __index = stream_methods, __metatable = false,
    __tostring = function() return "file (" .. name .. ")" end,
  })
  streams[stream] = name
  return stream
end

local stdout, stderr = new_stream("stdout"), new_stream("stderr")
local default_output = stdout
local io_table = {}
for key, value in next, native_io do io_table[key] = value end
globals.io, package.loaded.io = io_table, io_table
io_table.stdout, io_table.stderr = stdout, stderr

function io_table.write(...)
  if streams[default_output] then return write_items(default_output, "write", ...) end
  return default_output:write(...)
end

function io_table.output(file)
  if type(file) == "string" then
    local opened, message = open(file, "w")
    if not opened then raise(message) end
    default_output = opened
  elseif file ~= nil then
    if not streams[file] and native_io.type(file) ~= "file" then bad_argument(1, "output", "FILE*", file) end
    default_output = file
  end
  return default_output
end

function io_table.close(file)
  if file == nil then file = default_output end
  return file:close()
end

function io_table.type(value)
  if streams[value] then return "file" end
  return native_io.type(value)
end

-- A read that a signal ends is an interrupt, not the end of the input.
if has_input then
  local EINTR <const> = 4
  local function unless_interrupted(...)
    local first, _, code = ...
    if first == nil and code == EINTR then error(library.interrupted, 0) end
    return ...
  end
  io_table.read = function(...) return unless_interrupted(native_io.read(...)) end
end

-- A session reads lines from the client that runs it: what is not taken of a line waits in `buffer`.
if not has_input then
  local buffer, redirected = "", false

  -- Adds a line to the buffer; false at the end of the input, which a client may send any number of times.
  local function fill()
    local line = host("Input.read_line")
    if line == nil then return false end
    buffer = buffer .. line .. "\n"
    return true
  end

  local function take(count)
    local taken = sub(buffer, 1, count)
    buffer = sub(buffer, count + 1)
    return taken
  end

  local readers = {}

  function readers.L()
    while true do
      local newline = find(buffer, "\n", 1, true)
      if newline then return take(newline) end
      if not fill() then return buffer ~= "" and take(#buffer) or nil end
    end
  end

  function readers.l()
    local line = readers.L()
    return line and (gsub(line, "\n$", ""))
  end

  function readers.a()
    while fill() do end
    return take(#buffer)
  end

  function readers.n()
    while true do
      buffer = gsub(buffer, "^%s+", "")
      if buffer ~= "" or not fill() then break end
    end
    local _, last = find(buffer, "^[+-]?0[xX]%x*%.?%x*")
    if last then
      last = select(2, find(buffer, "^[pP][+-]?%d+", last + 1)) or last
    else
      _, last = find(buffer, "^[+-]?%d*%.?%d*")
      last = select(2, find(buffer, "^[eE][+-]?%d+", last + 1)) or last
    end
    return library.tonumber(take(last))
  end

  local function read_count(count)
    while #buffer < count or buffer == "" do
      if not fill() then break end
    end
    if buffer == "" then return nil end
    return take(count)
  end

  local function read_format(name, index, wanted)
    if library.math.type(wanted) == "integer" then return read_count(wanted) end
    local reader = type(wanted) == "string" and readers[sub(gsub(wanted, "^%*", ""), 1, 1)]
    if not reader then raise(format("bad argument #%d to '%s' (invalid format)", index, name)) end
    return reader()
  end

  local function read_formats(name, ...)
    local count = select("#", ...)
    if count == 0 then return readers.l() end
    local results = {}
    for i = 1, count do
      results[i] = read_format(name, i, (select(i, ...)))
      if results[i] == nil then return unpack(results, 1, i) end
    end
    return unpack(results, 1, count)
  end

  local function lines_of(name, ...)
    local count, formats = select("#", ...), { ... }
    return function() return read_formats(name, unpack(formats, 1, count)) end
  end

  local stdin = new_stream("stdin")
  local stdin_methods = setmetatable({
    read = function(_, ...) return read_formats("read", ...) end,
    lines = function(_, ...) return lines_of("lines", ...) end,
    write = function() return nil, "Bad file descriptor", 9 end,
  }, { __index = stream_methods })
  library.debug.getmetatable(stdin).__index = stdin_methods
  io_table.stdin = stdin

  io_table.read = function(...)
    if not redirected then return read_formats("read", ...) end
    return native_io.read(...)
  end
  io_table.lines = function(name, ...)
    if name == nil and not redirected then return lines_of("lines", ...) end
    return native_io.lines(name, ...)
  end
  io_table.input = function(file)
    if file == stdin then
      redirected = false
    elseif file ~= nil then
      native_io.input(file)
      redirected = true
    end
    return redirected and native_io.input() or stdin
  end
end

-- Processes ----------------------------------------------------------------------------------------------------

local os_table = {}
for key, value in next, native_os do os_table[key] = value end
globals.os, package.loaded.os = os_table, os_table

function os_table.exit(code)
  if code == nil or code == true then code = 0 elseif code == false then code = 1 end
  local number = library.math.tointeger(code)
  if not number then bad_argument(1, "exit", "integer", code) end
  leave(number)
end

-- Hooks hear of what the policy refuses; there are none while this chunk runs.
local function violated(operation, reason)
  if library.tell_hooks then
    library.tell_hooks("SecurityViolation", "security", operation, { operation = operation, reason = reason })
  end
end

if not allow_processes then
  local function refused(name)
    return function()
      local message = name .. " is off: set allow_processes = true under [security] in llmspell.toml to allow it"
      violated(name, message)
      raise(message)
    end
  end
  os_table.execute = refused("os.execute")
  io_table.popen = refused("io.popen")
else
  -- lupa's Lua is built without POSIX and gives the status as wait() does, with the exit code above 255
  function os_table.execute(...)
    local ok, what, code = native_os.execute(...)
    if code and code > 255 then code = code // 256 end
    return ok, what, code
  end
end

-- Files and environment ----------------------------------------------------------------------------------------

if path_refusal then
  local EACCES <const> = 13

  -- Why the path may not be used; nil where it may.
  local function refusal(operation, path)
    local message = path_refusal(path)
    if message == true then message = "the path could not be checked" end
    if message then violated(operation, message) end
    return message
  end

  local function text(index, name, value)
    if type(value) == "number" then return tostring(value) end
    if type(value) ~= "string" then bad_argument(index, name, "string", value) end
    return value
  end

  may_load = function(path) return refusal("load", path) end

  function io_table.open(path, ...)
    path = text(1, "open", path)
    local message = refusal("io.open", path)
    if message then return nil, message, EACCES end
    return open(path, ...)
  end

  -- Functions of io that take the name of a file, or what is open already.
  for _, name in library.ipairs { "lines", "input", "output" } do
    local allowed = io_table[name]
    io_table[name] = function(file, ...)
      if type(file) == "number" then file = tostring(file) end
      if type(file) == "string" then
        local message = refusal("io." .. name, file)
        if message then raise(message) end
      end
      return allowed(file, ...)
    end
  end

  function os_table.remove(path)
    path = text(1, "remove", path)
    local message = refusal("os.remove", path)
    if message then return nil, message, EACCES end
    return native_os.remove(path)
  end

  function os_table.rename(from, to)
    from, to = text(1, "rename", from), text(2, "rename", to)
    local message = refusal("os.rename", from) or refusal("os.rename", to)
    if message then return nil, message, EACCES end
    return native_os.rename(from, to)
  end

  local function off(name)
    return function()
      local message = name .. " is off: it would make a file outside of the allowed folders"
      violated(name, message)
      raise(message)
    end
  end
  os_table.tmpname, io_table.tmpfile = off("os.tmpname"), off("io.tmpfile")

  function package.searchpath(name, path, ...)
    for template in library.string.gmatch(tostring(path), "[^;]+") do
      local message = refusal("package.searchpath", (gsub(template, "%?", (gsub(tostring(name), "%%", "%%%%")))))
      if message then return nil, message end
    end
    return searchpath(name, path, ...)
  end
end

if is_visible_variable then
  function os_table.getenv(name)
    if type(name) ~= "string" then bad_argument(1, "getenv", "string", name) end
    if is_visible_variable(name) ~= true then
      violated("os.getenv", "the variable may not be read")
      return nil
    end
    return native_os.getenv(name)
  end
  -- it would change the whole process
  function os_table.setlocale(locale, ...)
    if locale ~= nil then
      violated("os.setlocale", "it may be asked, not set")
      return nil
    end
    return native_os.setlocale(nil, ...)
  end
end

-- Interrupts ---------------------------------------------------------------------------------------------------

library.interrupted = setmetatable({}, { __tostring = function() return "interrupted" end, __metatable = false })
library.terminated = setmetatable({}, { __tostring = function() return "terminated" end, __metatable = false })
-- Ends one coroutine as the others end the script: who has resumed it gets an error.
library.thread_terminated = setmetatable({}, { __tostring = function() return "terminated" end, __metatable = false })

-- Ends one callback whose time limit is over (deadline.lua).
library.expired = setmetatable({}, { __tostring = function() return "time limit exceeded" end, __metatable = false })

-- Ends what stands above a frame that is to begin again (debugger/lua/restarts.lua).
library.restarted = setmetatable({}, { __tostring = function() return "restarted" end, __metatable = false })

local function is_interrupt(value)
  return rawequal(value, library.interrupted) or rawequal(value, library.terminated)
    or rawequal(value, library.thread_terminated) or rawequal(value, library.expired)
    or rawequal(value, library.restarted)
end
library.is_interrupt = is_interrupt

-- An interrupt is not an error of the script: pcall and xpcall let it pass, as KeyboardInterrupt passes Python's
-- `except Exception`. Otherwise a loop around pcall could not be ended.
local function pass_interrupt(value)
  if is_interrupt(value) then error(value, 0) end
end
library.pass_interrupt = pass_interrupt

local function passed(ok, ...)
  if not ok then
    pass_interrupt((...))
    if catching then catching.past((...)) end
  end
  return ok, ...
end

function library.set_exceptions(part, of_caught) exceptions, catching = part, of_caught and part or nil end

-- Both calls stand at the same level and on the same line: scripts see these in errors.
function globals.pcall(...)
  if catching and select("#", ...) > 0 then
    return catching.settled(
      xpcall(catching.guarded(...))) end return passed(pcall(...))
end

function globals.xpcall(chunk, handler, ...)
  if type(handler) ~= "function" then return passed(xpcall(chunk, handler, ...)) end
  local interruption
  local function handle(value, ...)
    if is_interrupt(value) then
      interruption = value
      return value
    end
    if catching then catching.raised(value, "caught") end
    return handler(value, ...)
  end
  local function finish(...)
    if interruption then error(interruption, 0) end
    if catching then return catching.settled(...) end
    return ...
  end
  if catching then catching.begin() end
  return finish(xpcall(chunk, handle, ...))
end

-- Coroutines ---------------------------------------------------------------------------------------------------

local native_coroutine = library.coroutine
local create, resume, close, status = native_coroutine.create, native_coroutine.resume, native_coroutine.close,
  native_coroutine.status

-- What runtime/interrupt.py reads and writes from its own thread: whether an action waits (1) or not (0), and how often
-- a coroutine was entered or left. A coroutine that is given a hook from there is not let go meanwhile: whoever has
-- resumed it waits in `library.synchronise`.
local pending, switches = 0, 0
function library.switch_state(first, second)
  pending, switches = first, second
  return pending, switches
end

function library.action_waits() return pending ~= 0 end

local function entering()
  if pending ~= 0 then library.safe_point() end
  switches = switches + 1
end

local function left()
  switches = switches + 1
  if pending ~= 0 then library.synchronise() end
end

-- A coroutine inherits the events of a hook which waits for an action, and not what they call.
local sethook = debug.sethook
local function create_unhooked(chunk)
  local thread = create(chunk)
  if pending ~= 0 then sethook(thread) end
  return thread
end

-- Our own coroutines are not counted; the last ones are kept instead.
local last_made, made = {}, 0
local LAST_MADE <const> = 256
function native_coroutine.create(chunk)
  local thread = create_unhooked(chunk)
  made = made % LAST_MADE + 1
  last_made[made] = thread
  return thread
end

local coroutine_table = {}
for key, value in next, native_coroutine do coroutine_table[key] = value end
globals.coroutine, package.loaded.coroutine = coroutine_table, coroutine_table

-- Those that scripts have made and that still exist: a hook has to reach them all.
local coroutines = setmetatable({}, { __mode = "k" })
library.coroutines = coroutines

function coroutine_table.create(chunk)
  if type(chunk) ~= "function" then bad_argument(1, "create", "function", chunk) end
  local thread = create_unhooked(chunk)
  coroutines[thread] = true
  library.inherit(thread)
  return thread
end

-- The coroutine of coroutine.wrap that has died last: its error as it was passed on, the place where that was raised,
-- and what the stack was. The error of an earlier one is not kept alive for that.
local death = setmetatable({ chunk_name = "", line = 0, stack = "" }, { __mode = "v" })

-- The topmost place of a script on a stack.
local function place_on(thread)
  for level = 0, 64 do
    local info = getinfo(thread, level, "Sl")
    if not info then break end
    if info.currentline > 0 and not is_internal(info.source) then return info.source, info.currentline end
  end
  return "", 0
end

-- The lines of a stack below the call of a coroutine that has died, which the error passes.
local function below(stack)
  return (gsub(stack, "^\nstack traceback:\n\t%[C%]: in function 'error'\n[^\n]+\n\t%(%.%.%.tail calls%.%.%.%)", ""))
end

-- The error of a coroutine that was ended alone, when its variables are closed.
local function ended(thread)
  local _, value = close(thread)
  if rawequal(value, library.thread_terminated) then return "terminated" end
  return value
end

-- What coroutine.wrap of Lua does with an error (auxwrap of lcorolib.c): it closes the coroutine and passes the error
-- on, with the place of the call before a text. That function is not used: it says nothing before the stack is gone.
local function unwrapped(thread, ok, ...)
  left()
  if ok then return ... end
  local value = ...
  if rawequal(value, library.restarted) and library.begins_again(thread) then
    local _, last = close(thread)
    if rawequal(last, value) then return library.begin_again() end
    value = last
  end
  if rawequal(value, library.thread_terminated) then value = ended(thread) end
  if getinfo(thread, 0, "") and status(thread) == "dead" then
    if exceptions then exceptions.died(thread, value) end
    local chunk_name, line, stack = death.chunk_name, death.line, native_traceback(thread, "")
    if death.value ~= nil and rawequal(death.value, value) then
      stack = death.stack .. below(stack)
    else
      chunk_name, line = place_on(thread)
    end
    local _, last = close(thread)
    local same = rawequal(last, value)
    value = last
    if type(value) == "string" and value ~= "not enough memory" then
      local info = getinfo(2, "Sl")
      if info and info.currentline > 0 then value = format("%s:%d: %s", info.short_src, info.currentline, value) end
    end
    if same then
      death.value, death.chunk_name, death.line, death.stack = value, chunk_name, line, stack
      if exceptions then exceptions.passes_on(value) end
    end
  elseif type(value) == "string" then
    local info = getinfo(2, "Sl")
    if info and info.currentline > 0 then value = format("%s:%d: %s", info.short_src, info.currentline, value) end
  end
  error(value, 0)
end

function coroutine_table.wrap(chunk)
  if type(chunk) ~= "function" then bad_argument(1, "wrap", "function", chunk) end
  local thread, entered = create_unhooked(chunk), 0
  coroutines[thread] = true
  library.inherit(thread)
  return function(...)
    entering()
    entered = entered + 1
    return unwrapped(thread, resume(thread, ...))
  end
end

local function resumed(thread, ok, ...)
  left()
  if not ok then
    if rawequal((...), library.thread_terminated) then
      local value = ended(thread)
      pass_interrupt(value)
      return false, value
    end
    pass_interrupt((...))
    if catching then catching.died(thread, (...), "caught") end
  end
  return ok, ...
end

-- As pcall: an interrupt ends the coroutine and passes.
function coroutine_table.resume(thread, ...)
  if type(thread) ~= "thread" then bad_argument(1, "resume", "coroutine", thread) end
  entering()
  return resumed(thread, resume(thread, ...))
end
library.resume = coroutine_table.resume

local function closed(thread, condition, ok, ...)
  left()
  if not ok then
    pass_interrupt((...))
    if catching and condition == "suspended" then catching.past((...)) end
  end
  return ok, ...
end

function coroutine_table.close(thread)
  if type(thread) ~= "thread" then bad_argument(1, "close", "coroutine", thread) end
  local condition = status(thread)
  if condition ~= "suspended" and condition ~= "dead" then raise(format("cannot close a %s coroutine", condition)) end
  entering()
  return closed(thread, condition, close(thread))
end

-- What scripts must not have -----------------------------------------------------------------------------------

for _, name in library.ipairs { "python", "debug" } do
  globals[name] = nil
  package.loaded[name] = nil
end

-- What Python calls --------------------------------------------------------------------------------------------

local function text_of(value)
  local ok, text = pcall(tostring, value)
  if not ok then pass_interrupt(text) end
  if ok and type(text) == "string" then return text end
  return format("(error object is a %s value)", type(value))
end
library.text_of = text_of

-- A traceback as Lua writes it, without our own frames and without what lies below the chunk. `above` are those of
-- coroutines whose error the chunk got.
local function traceback(level, above)
  local kept, count, stack = {}, 0, native_traceback("", level + 1)
  if above then stack = above .. below(stack) end
  for line in library.string.gmatch(stack, "[^\n]+") do
    if not find(line, "[llmspell", 1, true) then
      count = count + 1
      kept[count] = gsub(line, "in upvalue '(x?pcall)'$", "in function '%1'")
    end
  end
  -- below the chunk lies only what called it
  while count > 0 and (sub(kept[count], 1, 5) == "\t[C]:" or kept[count] == "\t(...tail calls...)") do count = count - 1 end
  return count > 1 and concat(kept, "\n", 1, count) or ""
end

-- The error that leaves a script: kind, message, traceback, chunk name, line.
local function on_error(value)
  if rawequal(value, library.restarted) then return value end
  if exceptions then exceptions.raised(value, "uncaught") end
  local chunk_name, line, above = "", 0, nil
  for level = 2, 64 do
    local info = getinfo(level, "Sl")
    if not info then break end
    if info.currentline > 0 and not is_internal(info.source) then
      chunk_name, line = info.source, info.currentline
      break
    end
  end
  local kind = "error"
  if value == library.interrupted then kind = "interrupted" elseif value == library.terminated then kind = "terminated" end
  local message = text_of(value)
  if value == nil or type(value) ~= "string" and type(value) ~= "number"
    and message == format("%s: %p", type(value), value) then
    message = format("(error object is a %s value)", type(value))
  end
  if death.value ~= nil and rawequal(death.value, value) then
    chunk_name, line, above = death.chunk_name, death.line, death.stack
    death.value = nil
  end
  return { kind, message, traceback(2, above), chunk_name, line }
end

local function finish(ok, ...)
  if ok then return true, select("#", ...), ... end
  local failure = ...
  if rawequal(failure, library.restarted) then return library.begin_again() end
  if type(failure) ~= "table" then
    -- the handler itself failed (a C stack overflow): LUA_ERRERR gives a plain value
    return false, "error", text_of(failure), "", "", 0
  end
  return false, unpack(failure, 1, 5)
end

-- run(chunk, …) -> true, n, results… | false, kind, message, traceback, chunk name, line
local function run(chunk, ...) return finish(xpcall(chunk, on_error, ...)) end
library.run = run

local literal = nil
function library.set_literal(chunk) literal = chunk end

-- What nobody wants to see as a cell's value: the handle of what the cell has shown already.
local unshown, raw_metatable = setmetatable({}, { __mode = "k" }), library.debug.getmetatable
library.unshown = unshown

local function texts_of(results, skip)
  local texts = {}
  for i = skip + 1, results[2] do texts[i - skip] = literal(results[i + 2]) end
  return concat(texts, "\t")
end

local function shows_itself(value)
  local metatable = type(value) == "table" and raw_metatable(value)
  return metatable and rawget(metatable, "__mimebundle") ~= nil
end

-- The text and the JSON of what a value's __mimebundle gives, nil when that is nil.
local function bundle_of(value)
  local data, metadata = rawget(raw_metatable(value), "__mimebundle")(value)
  if data == nil then return nil end
  local answer = host("Display.result", data, metadata, literal(value))
  return answer[1], answer[2]
end

-- Showing runs the script's __tostring and __mimebundle: what they raise, or an interrupt meanwhile, is an error of
-- the script.
local function run_displayed(chunk, skip, ...)
  local results = { run(chunk, ...) }
  if not results[1] then return unpack(results, 1, 6) end
  if results[2] == skip + 1 then
    local value = results[skip + 3]
    -- io.write gives its file, for chains of calls; nobody wants to see it
    if streams[value] or unshown[value] then return true, "" end
    if shows_itself(value) then
      local bundle = { run(bundle_of, value) }
      if not bundle[1] then return unpack(bundle, 1, 6) end
      if bundle[3] ~= nil then return true, bundle[3], bundle[4] end
    end
  end
  local shown = { run(texts_of, results, skip) }
  if not shown[1] then return unpack(shown, 1, 6) end
  return true, shown[3]
end

-- A cell: an expression gives its values, statements run. The first value nil keeps a call in the expression from
-- being a tail call, which would lose the cell's line from errors.
local function execute(code, name)
  local indent, values = library.string.match(code, "^(%s*)return%s(.*)$")
  local expression = (indent or "") .. "return nil, " .. (values or code)
  if (raw_load("return " .. code, name, "t") or raw_load(code, name, "t")) and raw_load(expression, name, "t") then
    return run_displayed(load_text(expression, name), 1)
  end
  local chunk, message = load_text(code, name)
  if not chunk then return false, "syntax", message, "", name, 0 end
  return run_displayed(chunk, 0)
end

local given = { n = 0 } -- the arguments of the script, which are those of its chunk too, as with lua

local function execute_file(path, before)
  local text, message = read_file(path)
  if not text then return false, "missing", message, "", "", 0 end
  local chunk, failure = load_text(text, "@" .. real_path(path))
  if not chunk then return false, "syntax", failure, "", "@" .. real_path(path), 0 end
  if before then before() end
  return run_displayed(chunk, 0, unpack(given, 1, given.n))
end

local function completeness(code)
  local expression, expression_message = raw_load("return " .. code, "=cell", "t")
  if expression then return true end
  local chunk, message = raw_load(code, "=cell", "t")
  if chunk then return true end
  return false, find(expression_message, "<eof>", -5, true) and expression_message or message
end

local function set_arguments(script, count, ...)
  given = { n = count, ... }
  local arguments, named = { [0] = script }, { [0] = script }
  for i = 1, count do
    local value = select(i, ...)
    arguments[i] = value
  end
  local positional, i = 0, 1
  while i <= count do
    local value = arguments[i]
    local key, inline = library.string.match(value, "^%-%-([^=]+)=(.*)$")
    if key then
      named[key] = inline
    elseif find(value, "^%-%-.") then
      local following = arguments[i + 1]
      if following and not find(following, "^%-%-.") then
        named[sub(value, 3)] = following
        i = i + 1
      else
        named[sub(value, 3)] = "true"
      end
    else
      positional = positional + 1
      named[positional] = value
    end
    i = i + 1
  end
  globals.ARGS, globals.arg = named, arguments
end

local function define(name, chunk) globals[name] = chunk(host, library) end
local function set_path(path) package.path = path end

-- lupa looks up `debug` among the registry's globals at each call from Python, outside of any protection: a script's
-- __index on _G would end the process. So those globals are a table of ours, and scripts get theirs as an argument.
library.globals = globals
library.debug.getregistry()[2] = {
  debug = { traceback = native_traceback }, string = library.string, coroutine = library.coroutine,
}

return library, execute, execute_file, completeness, set_arguments, define, set_path, host

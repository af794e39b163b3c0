-- The global Comm, and the comms it gives: their callbacks live here, which of them are open is known to globals/comm.py.
-- Invariant: a comm's callbacks run at top level, between a session's requests, and never inside a call of Comm.
local host, library = ...
local type, setmetatable, unpack = library.type, library.setmetatable, library.table.unpack
local raise, bad_argument, run, format = library.raise, library.bad_argument, library.run, library.string.format

local Comm, comm_methods = {}, {}
local comm_metatable = { __name = "CommInstance", __index = comm_methods, __metatable = false }

local targets = {} -- target -> function(comm, data, metadata)
local open_comms = {} -- id -> comm
local states = setmetatable({}, { __mode = "k" }) -- comm -> { id, target, on_message, on_close }

local function check_target(name, target)
  if type(target) ~= "string" then bad_argument(1, name, "string", target) end
  if target == "" then raise(name .. ": the target's name is empty") end
  return target
end

local function check_function(index, name, value)
  if type(value) ~= "function" then bad_argument(index, name, "function", value) end
  return value
end

local function check_table(index, name, value)
  if value ~= nil and type(value) ~= "table" then bad_argument(index, name, "table", value) end
  return value
end

local function check_state(self, method)
  local state = states[self]
  if not state then raise(format("'%s' of a comm needs a colon: comm:%s(…), not comm.%s(…)", method, method, method)) end
  return state
end

local function new_comm(id, target)
  local comm = setmetatable({ id = id, target = target }, comm_metatable)
  states[comm], open_comms[id] = { id = id, target = target }, comm
  return comm
end

function comm_metatable.__tostring(self) return format("comm '%s' (%s)", states[self].target, states[self].id) end

function Comm.register(target, callback)
  check_target("Comm.register", target)
  check_function(2, "Comm.register", callback)
  targets[target] = callback -- first: an interrupt may come between the two
  host("Comm.register", target)
end

function Comm.unregister(target)
  host("Comm.unregister", check_target("Comm.unregister", target))
  targets[target] = nil
end

function Comm.open(target, data, metadata)
  check_target("Comm.open", target)
  check_table(2, "Comm.open", data)
  check_table(3, "Comm.open", metadata)
  return new_comm(host("Comm.open", target, data or {}, metadata), target)
end

function comm_methods.send(self, data, metadata)
  local state = check_state(self, "send")
  if type(data) ~= "table" then bad_argument(1, "send", "table", data) end
  check_table(2, "send", metadata)
  if not open_comms[state.id] then raise(format("'send': the comm '%s' is closed", state.target)) end
  host("Comm.send", data, metadata, state.id)
end

function comm_methods.on_message(self, callback)
  check_state(self, "on_message").on_message = check_function(1, "on_message", callback)
end

function comm_methods.on_close(self, callback)
  check_state(self, "on_close").on_close = check_function(1, "on_close", callback)
end

function comm_methods.close(self, data)
  local state = check_state(self, "close")
  check_table(1, "close", data)
  if not open_comms[state.id] then return end
  host("Comm.close", data or {}, state.id)
  open_comms[state.id] = nil
end

-- What a client sent -------------------------------------------------------------------------------------------

-- Its calls are tail calls, so that tracebacks do not name a callback after what it is called here.
local function on_arrival(arrival)
  local message = host("Comm.receive")
  if message.type == "comm_open" then
    arrival.opening = message.id
    return targets[message.target](new_comm(message.id, message.target), message.data, message.metadata)
  end
  local comm = open_comms[message.id]
  if not comm then return end -- an interrupt came while it was opened
  local state = states[comm]
  if message.type == "comm_close" then open_comms[message.id] = nil end
  local callback = message.type == "comm_close" and state.on_close or message.type == "comm_msg" and state.on_message
  if callback then return callback(message.data, comm) end
end

-- Called by Runtime.deliver_comm for what globals/comm.py has taken. A comm whose opening fails is closed.
function library.deliver_comm()
  local arrival = {} -- opening: the id of a comm that a client opens
  local outcome = { run(on_arrival, arrival) }
  if outcome[1] then return true, "" end
  local comm = arrival.opening and open_comms[arrival.opening]
  if comm then run(comm_methods.close, comm) end
  return unpack(outcome, 1, 6)
end

return Comm

---@meta

---Messages in both directions between a script and a front-end, as Jupyter's comms.
---
---Callbacks run in the session between its cells, never while one runs. Only in a session of a kernel: `llmspell run` has no front-end.
---
---```lua
---Comm.register("counter", function(comm, data)
---  comm:on_message(function(message) comm:send({ count = message.count + 1 }) end)
---end)
---```
---@class llmspell.Comm
Comm = {}

---Open a comm to what the front-end has registered under a name.
---@param target string Name that the front-end knows.
---@param data? table First data. Default: `{}`.
---@param metadata? table Metadata of the message.
---@return CommInstance
function Comm.open(target, data, metadata) end

---Let front-ends open comms under a name; an earlier function of that name is replaced.
---
---A comm is closed when the function raises an error.
---@param target string Name that the front-end uses.
---@param callback fun(comm: CommInstance, data: any, metadata: any) Called with each comm that is opened.
function Comm.register(target, callback) end

---Let no more comms be opened under a name; open ones stay.
---@param target string Name.
function Comm.unregister(target) end

---One comm.
---@class CommInstance
---@field id string Id of the comm.
---@field target string Name of its target.
local CommInstance = {}

---Send data to the front-end; raises an error when the comm is closed.
---@param data table Data.
---@param metadata? table Metadata of the message.
function CommInstance:send(data, metadata) end

---Set the function that is called with each message.
---@param callback fun(data: any, comm: CommInstance) Called with the data.
function CommInstance:on_message(callback) end

---Set the function that is called when the front-end closes the comm.
---@param callback fun(data: any, comm: CommInstance) Called with the last data.
function CommInstance:on_close(callback) end

---Close the comm; a second call does nothing.
---@param data? table Last data. Default: `{}`.
function CommInstance:close(data) end

-- A small DAP client over stdio for Neovim. It is not nvim-dap, which no package registry has: it sends what nvim-dap
-- sends, in its order, so that the adapter is tried with that conversation. With it a test asks and waits.
local Client = {}
Client.__index = Client
local LIMIT = 15000

function Client.start(command, cwd)
  local client = setmetatable({ seq = 0, buffer = "", answers = {}, events = {}, errors = {} }, Client)
  client.process = vim.system({ command }, {
    cwd = cwd,
    stdin = true,
    stdout = function(failure, data)
      if failure then
        table.insert(client.errors, failure)
      elseif data then
        client:receive(data)
      end
    end,
  }, function(result)
    client.ended = result
  end)
  return client
end

function Client:receive(data)
  self.buffer = self.buffer .. data
  while true do
    local _, stop, length = self.buffer:find("^Content%-Length: (%d+)\r\n\r\n")
    if not stop or #self.buffer < stop + tonumber(length) then
      return
    end
    local message = vim.json.decode(self.buffer:sub(stop + 1, stop + tonumber(length)), { luanil = { object = true } })
    self.buffer = self.buffer:sub(stop + tonumber(length) + 1)
    if message.type == "response" then
      self.answers[message.request_seq] = message
    elseif message.type == "event" then
      table.insert(self.events, message)
    end
  end
end

function Client:await(what, condition)
  local found
  local passed = vim.wait(LIMIT, function()
    found = condition()
    return found ~= nil
  end, 5)
  if not passed then
    error(("waited %d s in vain for %s; heard %s"):format(LIMIT / 1000, what, vim.inspect(self.events)), 2)
  end
  return found
end

function Client:send(command, arguments)
  self.seq = self.seq + 1
  local body = vim.json.encode({ seq = self.seq, type = "request", command = command, arguments = arguments })
  self.process:write(("Content-Length: %d\r\n\r\n%s"):format(#body, body))
  return self.seq
end

function Client:answer(seq, command)
  return self:await("the answer to " .. command, function()
    return self.answers[seq]
  end)
end

--- The answer's body; an error when the adapter refuses.
function Client:request(command, arguments)
  local answer = self:answer(self:send(command, arguments), command)
  assert(answer.success, ("%s: %s"):format(command, answer.message))
  return answer.body or {}
end

--- The body of the `count`th event of that name.
function Client:event(name, count)
  return self:await(("event %s (number %d)"):format(name, count or 1), function()
    local left = count or 1
    for _, event in ipairs(self.events) do
      left = event.event == name and left - 1 or left
      if left == 0 then
        return event.body or {}
      end
    end
  end)
end

function Client:output(category)
  local pieces = {}
  for _, event in ipairs(self.events) do
    if event.event == "output" and event.body.category == category then
      table.insert(pieces, event.body.output)
    end
  end
  return table.concat(pieces)
end

--- What nvim-dap does on `dap.run`: initialize, the request of the configuration without awaiting its answer, and
--- behind `initialized` the breakpoints, the adapter's default exception filters and configurationDone.
function Client:run(configuration, breakpoints)
  self.capabilities = self:request("initialize", {
    clientID = "neovim",
    clientName = "neovim",
    adapterID = "nvim-dap",
    pathFormat = "path",
    columnsStartAt1 = true,
    linesStartAt1 = true,
    supportsRunInTerminalRequest = true,
    supportsVariableType = true,
    supportsProgressReporting = true,
    supportsStartDebuggingRequest = true,
    locale = os.getenv("LANG") or "en_US",
  })
  local begun = self:send(configuration.request, configuration)
  self:event("initialized")
  self:set_breakpoints(configuration.program, breakpoints)
  local filters = {}
  for _, filter in ipairs(self.capabilities.exceptionBreakpointFilters or {}) do
    if filter.default then
      table.insert(filters, filter.filter)
    end
  end
  self:request("setExceptionBreakpoints", { filters = filters })
  self:request("configurationDone", vim.empty_dict())
  local answer = self:answer(begun, configuration.request)
  assert(answer.success, answer.message)
end

function Client:set_breakpoints(path, breakpoints)
  local lines = vim.tbl_map(function(breakpoint)
    return breakpoint.line
  end, breakpoints)
  local body = self:request("setBreakpoints", {
    source = { path = path, name = vim.fn.fnamemodify(path, ":t") },
    sourceModified = false,
    breakpoints = breakpoints,
    lines = lines,
  })
  for _, breakpoint in ipairs(body.breakpoints) do
    assert(breakpoint.verified, breakpoint.message)
  end
end

--- What nvim-dap asks at a stop: threads, the stack, the top frame's scopes and their variables, by name.
function Client:stopped(count)
  local body = self:event("stopped", count)
  self:request("threads")
  local frames = self:request("stackTrace", { threadId = body.threadId, startFrame = 0, levels = 20 }).stackFrames
  local scopes = self:request("scopes", { frameId = frames[1].id }).scopes
  local variables = {}
  for _, scope in ipairs(scopes) do
    if not scope.expensive then
      for _, variable in ipairs(self:request("variables", { variablesReference = scope.variablesReference }).variables) do
        variables[variable.name] = variables[variable.name] or variable
      end
    end
  end
  return { reason = body.reason, thread = body.threadId, frames = frames, variables = variables }
end

function Client:finish()
  if not self.ended then
    self:request("disconnect", { restart = false, terminateDebuggee = true })
    self:await("the adapter's end", function()
      return self.ended
    end)
  end
  assert(#self.errors == 0, vim.inspect(self.errors))
  assert(self.ended.code == 0, "the adapter ended with exit code " .. self.ended.code)
end

return Client

-- Tools that run beside the script, pauses, and branches that go on whenever something of theirs is done.
-- Invariants: Lua code, callbacks included, runs on the script's thread, one branch at a time; a branch gives way only
-- while it waits for a tool or a pause; what is waited for no more is cancelled, also when an interrupt ends the waiting.
local host, library = ...
local setmetatable, next, ipairs = library.setmetatable, library.next, library.ipairs
local running, yield, native_close = library.coroutine.running, library.coroutine.yield, library.coroutine.close
local create, resume, status = library.globals.coroutine.create, library.resume, library.coroutine.status
local correlation = library.correlation

local WAITING <const> = {} -- what a branch yields first, then the numbers of the jobs that it waits for
local branch_threads = setmetatable({}, { __mode = "k" })

-- Asks the host until it has an answer; it has none when somebody wants something of the script, such as a pause, which
-- stops here, at the call of the script that waits.
function library.wait_for(name, ...)
  local answer = host(name, ...)
  while not answer do
    library.safe_point()
    answer = host(name, ...)
  end
  return answer
end

local function await(numbers)
  if branch_threads[running()] then return yield(WAITING, numbers) end
  local answer = library.wait_for("Job.wait", numbers)
  return answer.id, answer.outcome
end

local job_metatable = { __metatable = false }
function job_metatable.__close(jobs)
  if #jobs > 0 then host("Job.cancel", jobs) end
end

local function await_one(number)
  local jobs <close> = setmetatable({ number }, job_metatable)
  local _, outcome = await({ number })
  jobs[1] = nil
  return outcome
end

library.await_job = await_one

-- Tools that are run in Lua, by name: run(parameters, timeout_ms) -> output (agents that are wrapped as tools).
library.script_tools = {}

local function run_script_tool(run, tool, parameters, timeout_ms)
  parameters = host("Tool.enter", tool, parameters)
  local ended <close> = setmetatable({ "abandoned", "" }, {
    __metatable = false, __close = function(outcome) host("Tool.leave", tool, outcome[1], outcome[2]) end,
  })
  local ok, output = library.pcall(run, parameters, timeout_ms)
  if ok then
    ended[1] = "succeeded"
    return output
  end
  if not library.is_interrupt(output) then ended[1], ended[2] = "failed", library.text_of(output) end
  library.error(output, 0)
end

function library.pause(milliseconds)
  if milliseconds > 0 then await_one(host("Job.pause", milliseconds)) end
end

-- {output, duration_ms} or {error, duration_ms}.
function library.run_tool_job(tool, parameters, timeout_ms)
  local own = library.script_tools[tool]
  if own then return { output = run_script_tool(own, tool, parameters, timeout_ms) } end
  local is_alone = not branch_threads[running()]
  local started = host("Tool.start", tool, parameters, timeout_ms,
    { id = correlation.id(), path = correlation.path() }, is_alone)
  return started.outcome or await_one(started.job)
end

-- Runs the functions, at most `concurrency` at a time, each in a coroutine. finished(index, ok, result) is told of each
-- that has ended; when it gives true, those that run are ended and the others not begun.
function library.run_branches(calls, concurrency, finished)
  local waiting = {} -- job -> branch
  local active, begun, is_stopped = {}, 0, false
  local count = 0
  local clean_up <close> = setmetatable({}, {
    __close = function()
      local jobs = {}
      for number in next, waiting do jobs[#jobs + 1] = number end
      if #jobs > 0 then host("Job.cancel", jobs) end
      for branch in next, active do
        if status(branch.thread) == "suspended" then native_close(branch.thread) end
      end
    end,
  })

  local function ended(branch, ok, result)
    active[branch] = nil
    count = count - 1
    if finished(branch.index, ok, result) then is_stopped = true end
  end

  local function settle(branch, ok, first, numbers)
    if not ok then return ended(branch, false, first) end
    if status(branch.thread) == "dead" then return ended(branch, true, first) end
    if first ~= WAITING then
      native_close(branch.thread)
      return ended(branch, false, "a function that a parallel workflow calls cannot yield")
    end
    for _, number in ipairs(numbers) do waiting[number] = branch end
  end

  local function go_on(branch, ...) return settle(branch, resume(branch.thread, ...)) end

  while not is_stopped do
    while count < concurrency and begun < #calls and not is_stopped do
      begun = begun + 1
      local branch = { index = begun, thread = create(calls[begun]) }
      branch_threads[branch.thread] = true
      active[branch] = true
      count = count + 1
      go_on(branch)
    end
    if count == 0 or is_stopped then break end
    local numbers = {}
    for number in next, waiting do numbers[#numbers + 1] = number end
    local number, outcome = await(numbers)
    local branch = waiting[number]
    for other, owner in next, waiting do
      if owner == branch then waiting[other] = nil end
    end
    go_on(branch, number, outcome)
  end
end

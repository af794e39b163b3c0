-- The debug adapter in Neovim, headless. usage: nvim --headless -u NONE -l dap.lua ADAPTER PROJECT
-- With LLMSPELL_NVIM_DAP=<folder of nvim-dap's source> the client is nvim-dap, else dap_client.lua, and the results
-- say which. Each goes as one line of JSON to the file that LLMSPELL_TEST_REPORT names.
local adapter, project = arg[1], arg[2]
local here = vim.fs.dirname(arg[0])
local report = assert(io.open(assert(os.getenv("LLMSPELL_TEST_REPORT")), "a"))
local program = project .. "/stock.lua"
local source = vim.env.LLMSPELL_NVIM_DAP
local label = source and "neovim with nvim-dap: " or "neovim with a client of ours: "

local function test(name, body)
  local started = vim.uv.hrtime()
  local passed, reason = xpcall(body, debug.traceback)
  local result = { test = label .. name, passed = passed, milliseconds = math.floor((vim.uv.hrtime() - started) / 1e6) }
  if not passed then
    result.error = reason
  end
  report:write(vim.json.encode(result), "\n")
  report:flush()
end

local function line_of(text)
  for number, line in ipairs(vim.fn.readfile(program)) do
    if line:find(text, 1, true) then
      return number
    end
  end
  error(program .. " does not hold " .. text)
end

local function same(found, expected, what)
  assert(vim.deep_equal(found, expected), ("%s: %s instead of %s"):format(what, vim.inspect(found), vim.inspect(expected)))
end

if source then
  vim.opt.runtimepath:prepend(source)
  dofile(here .. "/nvim_dap.lua")({ adapter = adapter, program = program, test = test, line_of = line_of, same = same })
  report:close()
  return
end

local Client = dofile(here .. "/dap_client.lua")

local function debugged(configuration, breakpoints, body)
  local client = Client.start(adapter, project)
  local passed, reason = xpcall(function()
    local defaults = { type = "llmspell", request = "launch", name = "LLMSpell", program = program }
    client:run(vim.tbl_extend("force", defaults, configuration), breakpoints)
    body(client)
    client:finish()
  end, debug.traceback)
  if not passed then
    client.process:kill("sigterm")
    error(reason, 0)
  end
end

local function at(stop, text)
  same({ stop.frames[1].source.path, stop.frames[1].line }, { program, line_of(text) }, "the stop's place")
end

test("stops at a breakpoint and shows stack and variables", function()
  debugged({}, { { line = line_of("local left = stock") } }, function(client)
    local stop = client:stopped()
    same(stop.reason, "breakpoint", "the reason")
    at(stop, "local left = stock")
    same(stop.frames[1].name, "sell", "the frame")
    same(stop.variables.kind.value, '"apples"', "kind")
    local members = client:request("variables", { variablesReference = stop.variables.stock.variablesReference }).variables
    same(#members, 2, "the members of stock")
  end)
end)

test("steps over, in and out", function()
  debugged({}, { { line = line_of("history[#history") } }, function(client)
    local thread = client:stopped().thread
    for count, step in ipairs({ { "stepIn", "return kind .." }, { "stepOut", "history[#history" }, { "next", "return left" } }) do
      client:request(step[1], { threadId = thread, granularity = "statement" })
      local stop = client:stopped(count + 1)
      same(stop.reason, "step", "the reason")
      at(stop, step[2])
    end
  end)
end)

test("stops at a condition, evaluates, sets a variable, and continues to the end", function()
  debugged({ args = { "plums" } }, { { line = line_of("stock[kind] = left"), condition = "count == 3" } }, function(client)
    local stop = client:stopped()
    same(stop.variables.count.value, "3", "count")
    local frame = stop.frames[1]
    same(client:request("evaluate", { expression = "left + 42", frameId = frame.id, context = "repl" }).result, "42", "left + 42")
    local scope = client:request("scopes", { frameId = frame.id }).scopes[1]
    client:request("setVariable", { variablesReference = scope.variablesReference, name = "left", value = "7" })
    client:request("continue", { threadId = stop.thread })
    same(client:event("exited").exitCode, 0, "the exit code")
    client:event("terminated")
    assert(client:output("stdout"):find("sold\t3\t7\n", 1, true), client:output("stdout"))
    assert(client:output("stdout"):find("asked for\tplums\n", 1, true), client:output("stdout"))
  end)
end)

test("a log point writes and does not stop", function()
  debugged({}, { { line = line_of("local left = stock"), logMessage = "sells {count}" } }, function(client)
    client:event("terminated")
    local written = client:output("console") .. client:output("stdout")
    assert(written:find("sells 3", 1, true), written)
  end)
end)

test("the adapter's default filters stop at an error that ends the script", function()
  debugged({ args = { "a fight" } }, {}, function(client)
    local stop = client:stopped()
    same(stop.reason, "exception", "the reason")
    at(stop, "assert(ARGS")
    assert(client:request("exceptionInfo", { threadId = stop.thread }).description:find("no fights", 1, true))
  end)
end)

test("terminate ends a script that waits at a stop", function()
  debugged({ stopOnEntry = true }, {}, function(client)
    same(client:stopped().reason, "entry", "the reason")
    client:request("terminate", { restart = false })
    client:event("terminated")
    same(client:output("stdout"), "", "the output")
  end)
end)

report:close()

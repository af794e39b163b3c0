-- The same with the real nvim-dap, for machines that have its source; dap.lua calls it.
local LIMIT = 15000

return function(bed)
  local dap = require("dap")
  local stops, ended = 0, false
  dap.listeners.after.event_stopped.llmspell = function()
    stops = stops + 1
  end
  dap.listeners.after.event_terminated.llmspell = function()
    ended = true
  end
  dap.adapters.llmspell = { type = "executable", command = bed.adapter }

  local function await(what, condition)
    if not vim.wait(LIMIT, condition, 10) then
      error(("waited %d s in vain for %s"):format(LIMIT / 1000, what), 2)
    end
  end

  local function await_stop(count, text)
    await("a stop at " .. text, function()
      local session = dap.session()
      local frame = session and session.current_frame
      return stops == count and frame and frame.line == bed.line_of(text)
    end)
    return dap.session().current_frame
  end

  bed.test("stops at a breakpoint and shows the variables", function()
    vim.cmd.edit(bed.program)
    vim.api.nvim_win_set_cursor(0, { bed.line_of("local left = stock"), 0 })
    dap.set_breakpoint()
    dap.run({ type = "llmspell", request = "launch", name = "LLMSpell", program = bed.program })
    local frame = await_stop(1, "local left = stock")
    bed.same(frame.name, "sell", "the frame")
    await("the variables", function()
      local scope = frame.scopes and frame.scopes[1]
      return scope and scope.variables and #scope.variables > 0
    end)
  end)

  bed.test("steps over a line", function()
    dap.step_over()
    await_stop(2, "stock[kind] = left")
  end)

  bed.test("continues to the end", function()
    dap.clear_breakpoints()
    dap.continue()
    await("the end", function()
      return ended
    end)
  end)
end

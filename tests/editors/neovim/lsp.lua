-- The language server in Neovim's own client, headless. usage: nvim --headless -u NONE -l lsp.lua SERVER PROJECT
-- Each result goes as one line of JSON to the file that LLMSPELL_TEST_REPORT names.
local server, project = arg[1], arg[2]
local report = assert(io.open(assert(os.getenv("LLMSPELL_TEST_REPORT")), "a"))
local LIMIT = 15000

local function test(name, body)
  local started = vim.uv.hrtime()
  local passed, reason = xpcall(body, debug.traceback)
  local result = { test = name, passed = passed, milliseconds = math.floor((vim.uv.hrtime() - started) / 1e6) }
  if not passed then
    result.error = reason
  end
  report:write(vim.json.encode(result), "\n")
  report:flush()
end

local function await(what, condition)
  if not vim.wait(LIMIT, condition, 20) then
    error(("waited %d s in vain for %s"):format(LIMIT / 1000, what), 2)
  end
end

local function client()
  return vim.lsp.get_clients({ bufnr = 0, name = "llmspell" })[1]
end

local function request(method, row, column)
  local params = vim.lsp.util.make_position_params(0, client().offset_encoding)
  params.position = { line = row, character = column }
  local answer = assert(client():request_sync(method, params, LIMIT, 0))
  assert(not answer.err, vim.inspect(answer.err))
  return answer.result
end

-- 0-based row and the column behind the first occurrence of text
local function behind(text)
  for row, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, true)) do
    local _, column = line:find(text, 1, true)
    if column then
      return row - 1, column
    end
  end
  error("the buffer does not hold " .. text)
end

vim.filetype.add({ extension = { lua = "lua" } })
vim.lsp.config("llmspell", { cmd = { server, "--stdio" }, filetypes = { "lua" }, root_markers = { "llmspell.toml" } })
vim.lsp.enable("llmspell")

test("neovim: starts the server for a script of the project", function()
  vim.cmd.edit(project .. "/mistakes.lua")
  vim.bo.filetype = "lua"
  await("the client", function()
    return client() and client().initialized
  end)
  assert(vim.fs.normalize(client().config.root_dir) == vim.fs.normalize(project), client().config.root_dir)
end)

test("neovim: shows the diagnostics", function()
  await("two diagnostics", function()
    return #vim.diagnostic.get(0) == 2
  end)
  local messages = vim.tbl_map(function(diagnostic)
    return diagnostic.message
  end, vim.diagnostic.get(0))
  assert(table.concat(messages, "\n"):find("pritn", 1, true), vim.inspect(messages))
  assert(table.concat(messages, "\n"):find("uuid-generatr", 1, true), vim.inspect(messages))
end)

test("neovim: takes a diagnostic back when the mistake is corrected", function()
  local row, column = behind("pritn")
  vim.api.nvim_buf_set_text(0, row, column - 5, row, column, { "print" })
  await("one diagnostic", function()
    return #vim.diagnostic.get(0) == 1
  end)
end)

test("neovim: explains what is under the cursor", function()
  local hover = request("textDocument/hover", behind("Tool.exec"))
  local text = type(hover.contents) == "table" and hover.contents.value or hover.contents
  assert(text:find("Tool.execute", 1, true), vim.inspect(hover))
end)

test("neovim: completes members and tool names", function()
  vim.cmd.edit(project .. "/tools.lua")
  vim.bo.filetype = "lua"
  await("the client", function()
    return client() and client().initialized
  end)
  for place, expected in pairs({ ["Tool."] = "execute", ['Tool.execute("'] = "uuid-generator" }) do
    local list = request("textDocument/completion", behind(place))
    local labels = vim.tbl_map(function(item)
      return item.label
    end, list.items or list)
    assert(vim.tbl_contains(labels, expected), ("%s is not completed behind %s: %s"):format(expected, place, vim.inspect(labels)))
  end
end)

test("neovim: the server ends when it is told to", function()
  local id = client().id
  vim.lsp.enable("llmspell", false)
  client():stop()
  await("the server's end", function()
    return vim.lsp.get_client_by_id(id) == nil
  end)
end)

report:close()

-- Writes code from a description: first what it has to do, then the code, then tests.
local host, library = ...
local format = library.string.format
local ENDINGS <const> = {
  rust = "rs", python = "py", javascript = "js", typescript = "ts", go = "go", java = "java", cpp = "cpp", lua = "lua",
}

return function(run)
  local params = run.parameters
  local language, ending = params.language, ENDINGS[params.language]
  local specification = run:ask(format("Write a short specification of this %s program: inputs, outputs, errors, edge "
    .. "cases.\n\n%s", language, params.description), { system = "You specify programs precisely and briefly." })
  local code = run:code_of(run:ask(format("Write the %s code for this specification. Answer with one block of code.\n\n%s\n\n%s",
    language, params.description, specification), { system = format("You write clear and correct %s.", language) }))
  run:add_artifact("generated." .. ending, code, "text/plain")
  local result = { specification = specification, code = code, language = language }
  if params.include_tests then
    result.tests = run:code_of(run:ask(format("Write tests for this %s code. Answer with one block of code.\n\n%s", language,
      code), { system = format("You test %s code thoroughly.", language) }))
    run:add_artifact("generated_test." .. ending, result.tests, "text/plain")
  end
  return "structured", result
end

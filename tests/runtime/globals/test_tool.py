"""The global Tool and its handles."""

import pytest
from llmspell_kernel.runtime.tools import registered


def test_list_gives_what_is_registered(script):
    tools = script.value("Tool.list()")
    assert [tool["name"] for tool in tools] == list(registered())
    assert all(set(tool) == {"name", "description", "version"} for tool in tools)


def test_exists_tells_tools_from_other_names(script):
    assert script.run("print(Tool.exists('calculator'), Tool.exists('execute'))") == "true\tfalse"


def test_categories_are_distinct(script):
    assert script.value("Tool.categories()") == ["api", "data", "filesystem", "media", "system", "utility", "web"]


def test_discover_filters_by_category(script):
    found = [tool["name"] for tool in script.value("Tool.discover({category = 'system'})")]
    assert found == ["environment-reader", "process-executor", "service-checker", "system-monitor"]


def test_discover_filters_by_tag(script):
    assert [tool["name"] for tool in script.value("Tool.discover({tag = 'uuid'})")] == ["uuid-generator"]


def test_discover_without_a_filter_gives_all(script):
    assert len(script.value("Tool.discover()")) == len(registered())


def test_a_handle_has_its_facts(script):
    code = """
        local tool = Tool.get("calculator")
        print(tool.name, tool.version, #tool.description > 0, tool:getSchema() == tool.schema)
        for _, parameter in ipairs(tool.schema.parameters) do
          print(parameter.name, parameter.type, parameter.required, parameter.default)
        end
    """
    lines = script.run(code).splitlines()
    assert lines[0] == "calculator\t1.0.0\ttrue\ttrue"
    assert lines[1] == "operation\tstring\tfalse\tevaluate"
    assert lines[2] == "input\tstring\tfalse\tnil"


def test_a_handle_is_a_plain_table(script):
    assert script.run("print(getmetatable(Tool.get('calculator')), type(Tool.get('calculator')))") == "nil\ttable"


def test_a_handle_runs_its_tool(script):
    assert script.run("print(Tool.get('calculator'):execute({input = '6 * 7'}).result.result)") == "42"


def test_a_tool_is_found_by_index(script):
    assert script.run("print(Tool['calculator']:execute({input = '1 + 1'}).result.result, Tool.nothing)") == "2\tnil"


def test_a_missing_tool_is_nil(script):
    assert script.run("print(Tool.get('no-such-tool'))") == "nil"


def test_a_dot_call_says_what_is_wrong(script):
    message = script.error("Tool.get('calculator').execute({input = '1'})")
    assert message == "cell:1: a tool's 'execute' needs a colon: tool:execute(…), not tool.execute(…)"


def test_an_unknown_tool_raises_at_the_scripts_line(script):
    message = script.error("local x = 1\nTool.execute('uuid_generator', {})")
    assert message == "cell:2: Tool 'uuid_generator' not found; did you mean 'uuid-generator'?"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("Tool.execute('calculator')", "bad argument #2 to 'Tool.execute' (table expected, got no value)"),
        ("Tool.execute('calculator', 'x')", "bad argument #2 to 'Tool.execute' (table expected, got string)"),
        ("Tool.execute(1, {})", "bad argument #1 to 'Tool.execute' (string expected, got number)"),
        ("Tool.get()", "bad argument #1 to 'Tool.get' (string expected, got no value)"),
        ("Tool.get('calculator'):execute()", "bad argument #1 to 'execute' (table expected, got no value)"),
        ("Tool.execute('calculator', {1, 2})", "parameters are given by name"),
        ("Tool.execute('calculator', {input = print})", "a function cannot be passed (at .input)"),
        ("Tool.discover('x')", "bad argument #1 to 'Tool.discover' (table expected, got string)"),
    ],
)
def test_wrong_arguments_are_named(script, call, message):
    assert message in script.error(call)


def test_binary_text_passes_through_a_tool(script):
    code = """
        local all = {} for byte = 0, 255 do all[#all + 1] = string.char(byte) end
        local text = table.concat(all)
        local encoded = Tool.execute("base64-encoder", {operation = "encode", input = text}).result.output
        print(Tool.execute("base64-encoder", {operation = "decode", input = encoded}).result.output == text)
    """
    assert script.run(code) == "true"


def test_binary_text_passes_through_a_file(script):
    path = script.runtime.host.context.project_root / "binary"
    code = f"""
        local text = "\\0\\xff\\r\\n\\x80"
        Tool.execute("file-operations", {{operation = "write", path = "{path}", input = text}})
        print(Tool.execute("file-operations", {{operation = "read", path = "{path}"}}).text == text)
    """
    assert script.run(code) == "true"
    assert path.read_bytes() == b"\0\xff\r\n\x80"


def test_binary_text_names_a_uuid(script):
    call = 'Tool.execute("uuid-generator", {operation = "deterministic", name = "\\xff"}).result.id'
    assert script.run(f"print({call})") == "7680c4bb-03cb-5bd6-8ac3-ba1563b46575"


def test_a_tool_can_be_called_from_a_coroutine(script):
    code = """
        local co = coroutine.wrap(function()
          for i = 1, 2 do coroutine.yield(Tool.execute("calculator", {input = i .. " * 10"}).result.result) end
        end)
        print(co(), co())
    """
    assert script.run(code) == "10\t20"


def test_the_global_cannot_lose_its_metatable(script):
    assert script.run("print(getmetatable(Tool), pcall(setmetatable, Tool, nil))").startswith("false\tfalse")

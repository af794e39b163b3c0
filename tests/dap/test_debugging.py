"""Debugging a script as an editor does it: the real adapter, a real kernel, a real worker."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llmspell_kernel.client import KernelClient, find_project_kernel, start_kernel

Write = Callable[..., Path]
Start = Callable[..., Any]

SUMS = """\
local function add(a, b)
  local sum = a + b
  return sum
end
local total = 0
for i = 1, 10 do
  total = add(total, i)
end
print("total", total)
"""

FOREVER = """\
local n = 0
print("started")
while true do
  n = n + 1
end
"""


def connect_to_the_kernel() -> KernelClient:
    info = find_project_kernel(None)
    assert info is not None
    return KernelClient.connect(info)


def sessions_of_the_kernel() -> dict[str, int | None]:
    with connect_to_the_kernel() as client:
        return {each.session: each.pid for each in client.list_sessions()}


def wait_for_output(adapter: Any, text: str) -> None:
    while text not in adapter.output():
        adapter.event("output")


# -- running -----------------------------------------------------------------------------------------------


def test_script_runs_and_its_output_exit_and_end_come_in_order(adapter: Any, script: Write) -> None:
    adapter.launch(script(SUMS))
    adapter.event("terminated")
    assert adapter.output() == "total\t55\n"
    assert adapter.outline()[-3:] == ["output", "exited", "terminated"]


def test_output_tells_where_it_was_written(adapter: Any, script: Write) -> None:
    script("return function(text)\n  print(text)\nend", "said.lua")
    main = script("local say = require('said')\nio.write('one')\nprint(' two')\nsay('three')\nload('print(4)')()")
    adapter.launch(main)
    adapter.event("terminated")
    told = [row["msg"]["body"] for row in adapter.conversation if row["msg"].get("event") == "output"]
    places = [(each["output"], each["source"]["name"], each["line"]) for each in told if each["category"] == "stdout"]
    assert places[:3] == [("one", "script.lua", 2), (" two\n", "script.lua", 3), ("three\n", "said.lua", 2)]
    assert places[3][0] == "4\n"
    assert places[3][2] == 1
    assert told[-1]["source"]["sourceReference"] > 0


def test_exit_code_of_a_script_that_ends_well_is_0(adapter: Any, script: Write) -> None:
    adapter.launch(script("print('x')"))
    assert adapter.event("exited") == {"exitCode": 0}


def test_script_that_raises_shows_its_error_once_with_file_and_line(adapter: Any, script: Write) -> None:
    adapter.launch(script("local x = 1\nerror('boom')\n"))
    assert adapter.event("exited") == {"exitCode": 1}
    adapter.event("terminated")
    assert adapter.output("stderr").count("boom") == 1
    assert "script.lua:2" in adapter.output("stderr")


def test_script_with_a_syntax_error_shows_it_with_file_and_line(adapter: Any, script: Write) -> None:
    adapter.launch(script("local x = 1\nlocal = 2\n"))
    assert adapter.event("exited") == {"exitCode": 1}
    adapter.event("terminated")
    assert "script.lua:2:" in adapter.output("stderr")


def test_large_output_comes_whole_and_before_the_end(adapter: Any, script: Write) -> None:
    adapter.launch(script("for i = 1, 20000 do print(i) end"))
    adapter.event("terminated")
    assert adapter.output() == "".join(f"{i}\n" for i in range(1, 20_001))


def test_script_gets_its_arguments(adapter: Any, script: Write) -> None:
    adapter.launch(script("print(ARGS[1], ARGS[2], #ARGS, ...)"), args=["one", "zwei ü"])
    adapter.event("terminated")
    assert adapter.output() == "one\tzwei ü\t2\tone\tzwei ü\n"


def test_script_runs_in_the_folder_of_the_configuration(adapter: Any, script: Write, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "note.txt").write_text("found")
    program = script("""
local result = Tool.execute("file-operations", {operation = "read", path = "note.txt"})
print(JSON.stringify(result))
""")
    adapter.launch(program, cwd=str(tmp_path / "folder"))
    adapter.event("terminated")
    assert "found" in adapter.output() + adapter.output("stderr")


def test_script_belongs_to_the_project_of_its_folder(adapter: Any, script: Write, tmp_path: Path) -> None:
    for folder in ("lib", "scripts"):
        (tmp_path / folder).mkdir()
    script("", "llmspell.toml")
    script("return 'from the project'", "lib/found.lua")
    adapter.launch(script("local found = require('lib.found') print(found)", "scripts/main.lua"))
    adapter.event("terminated")
    assert adapter.output() == "from the project\n"


def test_launch_in_a_project_with_a_faulty_configuration_is_refused_with_the_mistake(
    adapter: Any, script: Write
) -> None:
    script("[securty]", "llmspell.toml")
    adapter.initialize()
    answer = adapter.response(adapter.send("launch", program=str(script("print('never')"))))
    assert not answer["success"]
    assert "llmspell.toml: securty: there is no such setting; did you mean 'security'?" in answer["message"]
    assert adapter.output() == ""


def test_environment_is_set_for_the_script_and_null_removes_a_variable(adapter: Any, script: Write) -> None:
    # These are names that a script may read.
    program = script("""
for _, name in ipairs({"LANG", "SHELL"}) do
  print(Tool.execute("environment-reader", {operation = "get", variable_name = name}).result.value)
end
""")
    adapter.launch(program, env={"LANG": "tlh_QO.UTF-8", "SHELL": None})
    adapter.event("terminated")
    assert adapter.output() == "tlh_QO.UTF-8\nnil\n"


def test_without_debugging_no_breakpoint_stops(adapter: Any, script: Write) -> None:
    [shown] = adapter.launch(script(SUMS), lines=(2,), noDebug=True)
    assert shown["verified"] is False
    adapter.event("terminated")
    assert "stopped" not in adapter.outline()


# -- breakpoints -------------------------------------------------------------------------------------------


def test_breakpoint_stops_and_is_named(adapter: Any, script: Write) -> None:
    [shown] = adapter.launch(script(SUMS), lines=(2,))
    assert shown["verified"] is True
    stopped = adapter.event("stopped")
    assert (stopped["reason"], stopped["hitBreakpointIds"]) == ("breakpoint", [shown["id"]])
    assert stopped["allThreadsStopped"] is True


def test_condition_decides_whether_a_breakpoint_stops(adapter: Any, script: Write) -> None:
    adapter.launch(script(SUMS), lines=({"line": 2, "condition": "b == 7"},))
    frame = adapter.top_frame(adapter.event("stopped")["threadId"])
    assert adapter.locals(frame["id"])["b"]["value"] == "7"


def test_hit_condition_counts_hits(adapter: Any, script: Write) -> None:
    adapter.launch(script(SUMS), lines=({"line": 2, "hitCondition": "4"},))
    frame = adapter.top_frame(adapter.event("stopped")["threadId"])
    assert adapter.locals(frame["id"])["b"]["value"] == "4"


def test_logpoint_prints_and_does_not_stop(adapter: Any, script: Write) -> None:
    adapter.launch(script(SUMS), lines=({"line": 2, "condition": "b > 8", "logMessage": "b is {b}"},))
    adapter.event("terminated")
    told = [row["msg"]["body"] for row in adapter.conversation if row["msg"].get("event") == "output"]
    assert [each["output"] for each in told if "b is" in each["output"]] == ["b is 9\n", "b is 10\n"]
    assert "stopped" not in adapter.outline()


def test_breakpoint_on_a_line_without_code_moves_or_says_why(adapter: Any, script: Write) -> None:
    [shown] = adapter.launch(script("local a = 1\n\n-- nothing\nlocal b = 2\nprint(a, b)\n"), lines=(3,))
    assert (shown["verified"] and shown["line"] == 4) or shown["message"]


def test_breakpoint_set_through_a_link_stops_and_is_shown_through_it(
    adapter: Any, script: Write, tmp_path: Path
) -> None:
    program = script(SUMS)
    (tmp_path / "link").symlink_to(tmp_path)
    given = tmp_path / "link" / "." / ".." / tmp_path.name / "link" / program.name
    adapter.launch(given, lines=(2,))
    frame = adapter.top_frame(adapter.event("stopped")["threadId"])
    assert frame["source"]["path"] == str(given)


@pytest.mark.parametrize("name", ["plain.lua", "a b#c%20d.lua", "𝒏.lua"])
def test_configuration_may_have_uris_where_the_client_speaks_them(adapter: Any, script: Write, name: str) -> None:
    program = script("print(arg[1])", name)
    adapter.initialize(pathFormat="uri")
    adapter.ask("launch", program=program.as_uri(), cwd=program.parent.as_uri(), args=["given"])
    adapter.ask("configurationDone")
    adapter.event("terminated")
    assert adapter.output() == "given\n"


def test_client_that_speaks_uris_and_counts_from_0(adapter: Any, script: Write) -> None:
    program = script(SUMS, "with space.lua")
    adapter.initialize(pathFormat="uri", linesStartAt1=False, columnsStartAt1=False)
    adapter.ask("launch", program=str(program))
    adapter.ask("setBreakpoints", source={"path": program.as_uri()}, breakpoints=[{"line": 1}])
    adapter.ask("configurationDone")
    frame = adapter.top_frame(adapter.event("stopped")["threadId"])
    assert (frame["source"]["path"], frame["line"]) == (program.as_uri(), 1)


def test_breakpoints_before_launch_stop_too(adapter: Any, script: Write) -> None:
    program = script(SUMS)
    adapter.initialize()
    answer = adapter.ask("setBreakpoints", source={"path": str(program)}, breakpoints=[{"line": 2}])
    adapter.ask("configurationDone")
    adapter.ask("launch", program=str(program))
    assert adapter.event("stopped")["hitBreakpointIds"] == [answer["breakpoints"][0]["id"]]
    changed = adapter.event("breakpoint")["breakpoint"]
    assert (changed["id"], changed["verified"]) == (answer["breakpoints"][0]["id"], True)


def test_removed_breakpoint_stops_no_more(adapter: Any, script: Write) -> None:
    program = script(SUMS)
    adapter.launch(program, lines=(2,))
    thread = adapter.event("stopped")["threadId"]
    adapter.ask("setBreakpoints", source={"path": str(program)}, breakpoints=[])
    adapter.ask("continue", threadId=thread)
    adapter.event("terminated")
    assert adapter.outline().count("stopped") == 1


# -- in a stop ---------------------------------------------------------------------------------------------


def test_stop_on_entry_stands_on_the_first_line(adapter: Any, script: Write) -> None:
    adapter.launch(script(FOREVER), stopOnEntry=True)
    stopped = adapter.event("stopped")
    assert (stopped["reason"], adapter.top_frame(stopped["threadId"])["line"]) == ("entry", 1)


def test_stack_has_a_frame_for_each_call(adapter: Any, script: Write) -> None:
    program = script(SUMS)
    adapter.launch(program, lines=(2,))
    thread = adapter.event("stopped")["threadId"]
    frames = adapter.ask("stackTrace", threadId=thread)["stackFrames"]
    assert [frame["line"] for frame in frames] == [2, 7]
    assert {frame["source"]["path"] for frame in frames} == {str(program)}
    assert "add" in frames[0]["name"]


def test_stack_can_be_asked_for_piece_by_piece(adapter: Any, script: Write) -> None:
    text = "local function f(n)\n  if n == 0 then\n    return 0\n  end\n  return 1 + f(n - 1)\nend\nf(30)\n"
    adapter.launch(script(text), lines=(3,))
    thread = adapter.event("stopped")["threadId"]
    page = adapter.ask("stackTrace", threadId=thread, startFrame=1, levels=5)
    assert [frame["line"] for frame in page["stackFrames"]] == [5] * 5


def test_locals_upvalues_and_globals_are_shown(adapter: Any, script: Write) -> None:
    text = "answer = 42\nlocal up = 'u'\nlocal function f(a)\n  local t = {10, x = 'y'}\n  return up, t, a\nend\nf(1)\n"
    adapter.launch(script(text), lines=(5,))
    frame = adapter.top_frame(adapter.event("stopped")["threadId"])
    scopes = {row["name"]: row for row in adapter.ask("scopes", frameId=frame["id"])["scopes"]}
    shown = {name: adapter.variables(row["variablesReference"]) for name, row in scopes.items()}
    assert shown["Locals"]["a"]["value"] == "1"
    assert any("up" in variables for name, variables in shown.items() if name != "Locals")
    assert shown["Globals"]["answer"]["value"] == "42"
    table = adapter.variables(shown["Locals"]["t"]["variablesReference"])
    assert {name.strip('[]"'): row["value"] for name, row in table.items()} == {"1": "10", "x": '"y"'}


def test_expression_is_evaluated_in_the_frame(adapter: Any, script: Write) -> None:
    adapter.launch(script(SUMS), lines=({"line": 3, "condition": "b == 3"},))
    frame = adapter.top_frame(adapter.event("stopped")["threadId"])
    for context in ("watch", "hover", "repl"):
        body = adapter.ask("evaluate", expression="sum", frameId=frame["id"], context=context)
        assert (body["result"], body["variablesReference"]) == ("6", 0)


def test_expression_that_fails_is_an_error_and_the_stop_goes_on(adapter: Any, script: Write) -> None:
    adapter.launch(script(SUMS), lines=(2,))
    frame = adapter.top_frame(adapter.event("stopped")["threadId"])
    for expression in ("a +", "nothing.field", "error('x')"):
        answer = adapter.request("evaluate", expression=expression, frameId=frame["id"], context="repl")
        assert (answer["success"], bool(answer["message"])) == (False, True)
    assert adapter.ask("evaluate", expression="a", frameId=frame["id"], context="repl")["result"] == "0"


def test_next_steps_over_a_call(adapter: Any, script: Write) -> None:
    adapter.launch(script(SUMS), lines=(7,))
    thread = adapter.event("stopped")["threadId"]
    adapter.ask("next", threadId=thread)
    stopped = adapter.event("stopped")
    assert (stopped["reason"], adapter.top_frame(stopped["threadId"])["line"]) == ("step", 6)


def test_step_in_and_out_of_a_call(adapter: Any, script: Write) -> None:
    adapter.launch(script(SUMS), lines=({"line": 7, "condition": "i == 2"},))
    thread = adapter.event("stopped")["threadId"]
    adapter.ask("stepIn", threadId=thread)
    assert adapter.top_frame(adapter.event("stopped")["threadId"])["line"] == 2
    adapter.ask("stepOut", threadId=thread)
    assert adapter.top_frame(adapter.event("stopped")["threadId"])["line"] in (6, 7)


def test_pause_stops_a_busy_loop_and_continue_lets_it_go_on(adapter: Any, script: Write) -> None:
    adapter.launch(script(FOREVER))
    wait_for_output(adapter, "started")
    [thread] = adapter.ask("threads")["threads"]
    for _ in range(2):
        adapter.ask("pause", threadId=thread["id"])
        assert adapter.event("stopped")["reason"] == "pause"
        assert adapter.top_frame(thread["id"])["line"] in (3, 4, 5)
        adapter.ask("continue", threadId=thread["id"])


def test_ids_of_an_earlier_stop_are_refused(adapter: Any, script: Write) -> None:
    adapter.launch(script(SUMS), lines=(2,))
    thread = adapter.event("stopped")["threadId"]
    frame = adapter.top_frame(thread)
    [scope, *_] = adapter.ask("scopes", frameId=frame["id"])["scopes"]
    adapter.ask("continue", threadId=thread)
    adapter.event("stopped")
    for command, arguments in (
        ("scopes", {"frameId": frame["id"]}),
        ("variables", {"variablesReference": scope["variablesReference"]}),
        ("evaluate", {"expression": "1", "frameId": frame["id"]}),
    ):
        answer = adapter.request(command, **arguments)
        assert (command, answer["success"], bool(answer.get("message"))) == (command, False, True)


def test_what_needs_a_stop_is_refused_while_the_script_runs(adapter: Any, script: Write) -> None:
    adapter.launch(script(FOREVER))
    wait_for_output(adapter, "started")
    [thread] = adapter.ask("threads")["threads"]
    for command, arguments in (("stackTrace", {"threadId": thread["id"]}), ("next", {"threadId": thread["id"]})):
        answer = adapter.request(command, **arguments)
        assert (command, answer["success"], bool(answer.get("message"))) == (command, False, True)


def test_source_of_the_script_can_be_read(adapter: Any, script: Write) -> None:
    program = script(SUMS)
    adapter.launch(program, lines=(2,))
    adapter.event("stopped")
    body = adapter.ask("source", source={"path": str(program)}, sourceReference=0)
    assert body["content"] == SUMS


# -- the end -----------------------------------------------------------------------------------------------


def test_terminate_ends_a_busy_script(adapter: Any, script: Write) -> None:
    adapter.launch(script(FOREVER))
    wait_for_output(adapter, "started")
    adapter.ask("terminate")
    adapter.event("terminated")
    assert adapter.outline().count("terminated") == 1


def test_terminate_ends_a_script_that_catches_errors(adapter: Any, script: Write) -> None:
    adapter.launch(script("print('started') while true do pcall(function() while true do end end) end"))
    wait_for_output(adapter, "started")
    adapter.ask("terminate")
    adapter.event("terminated")


def test_terminate_ends_a_script_that_stands_in_a_stop(adapter: Any, script: Write) -> None:
    adapter.launch(script(SUMS), lines=(2,))
    adapter.event("stopped")
    adapter.ask("terminate")
    adapter.event("terminated")
    assert "total" not in adapter.output()


@pytest.mark.parametrize("how", ["disconnect", "end of input", "signal"])
@pytest.mark.parametrize("state", ["running", "stopped"])
def test_leaving_ends_the_launched_script_within_two_seconds(adapter: Any, script: Write, how: str, state: str) -> None:
    adapter.launch(script(FOREVER), lines=(4,) if state == "stopped" else ())
    if state == "stopped":
        adapter.event("stopped")
    wait_for_output(adapter, "started")
    before = sessions_of_the_kernel()
    started = time.monotonic()
    if how == "disconnect":
        adapter.ask("disconnect")
    elif how == "end of input":
        adapter.hang_up()
    else:
        adapter.process.send_signal(signal.SIGTERM)
    adapter.until_end()
    assert adapter.process.wait(5) == 0
    assert time.monotonic() - started < 2
    after = sessions_of_the_kernel()
    assert len(after) == len(before) - 1


def test_kernel_stays_for_the_next_launch(home: Path, start_adapter: Start, script: Write) -> None:
    program = script(SUMS)
    used = []
    for _ in range(2):
        adapter = start_adapter()
        adapter.launch(program)
        adapter.event("terminated")
        used.append(find_project_kernel(None))
        adapter.ask("disconnect")
    assert used[0] is not None
    assert used[0] == used[1]


def test_launch_in_main_leaves_its_globals_there(home: Path, start_adapter: Start, script: Write) -> None:
    adapter = start_adapter()
    adapter.launch(script("shared_by_launch = 42"), session="main")
    adapter.event("terminated")
    adapter.ask("disconnect")
    output: list[str] = []
    with connect_to_the_kernel() as client:
        client.execute("print(shared_by_launch)", on_output=lambda _, content: output.append(content["text"]))
    assert output == ["42\n"]


def test_kernel_that_dies_is_told(own_home: Path, start_adapter: Start, script: Write) -> None:
    adapter = start_adapter()
    adapter.launch(script(FOREVER))
    wait_for_output(adapter, "started")
    with connect_to_the_kernel() as client:
        pid = client.info.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    adapter.event("terminated", limit=5)
    assert "ended" in adapter.output("stderr")
    adapter.ask("disconnect")


def test_worker_that_dies_is_told(own_home: Path, start_adapter: Start, script: Write) -> None:
    adapter = start_adapter()
    adapter.launch(script(FOREVER))
    wait_for_output(adapter, "started")
    [pid] = [pid for session, pid in sessions_of_the_kernel().items() if session != "main" and pid is not None]
    os.kill(pid, signal.SIGKILL)
    adapter.event("terminated", limit=5)
    assert adapter.output("stderr") != ""
    assert adapter.outline().count("terminated") == 1
    adapter.ask("disconnect")


def test_kernel_that_cannot_start_is_told_with_its_reason(own_home: Path, start_adapter: Start, script: Write) -> None:
    own_home.mkdir()
    (own_home / "kernels").write_text("in the way")
    adapter = start_adapter()
    adapter.initialize()
    answer = adapter.request("launch", program=str(script(SUMS)))
    assert (answer["success"], answer["body"]["error"]["showUser"]) == (False, True)
    assert "kernels" in answer["message"]


# -- attach ------------------------------------------------------------------------------------------------


def test_attached_client_stops_what_another_client_runs(own_home: Path, start_adapter: Start, script: Write) -> None:
    module = script("local M = {}\nfunction M.f(x)\n  return x + 1\nend\nreturn M\n", "m.lua")
    info = start_kernel(idle_timeout=60)
    adapter = start_adapter()
    adapter.initialize()
    adapter.ask("attach", kernelId=info.kernel_id)
    adapter.ask("setBreakpoints", source={"path": str(module)}, breakpoints=[{"line": 3}])
    adapter.ask("configurationDone")
    with KernelClient.connect(info) as client:
        future = client.submit("shell", "execute_request", {"code": f"print(dofile({json.dumps(str(module))}).f(1))"})
        stopped = adapter.event("stopped")
        assert adapter.top_frame(stopped["threadId"])["line"] == 3
        adapter.ask("disconnect")
        assert future.result(10).content()["status"] == "ok"


def test_attach_to_a_session_that_is_not_there_names_those_that_are(own_home: Path, start_adapter: Start) -> None:
    start_kernel(idle_timeout=60)
    adapter = start_adapter()
    adapter.initialize()
    assert "no session 'nosuch' to attach to" in adapter.request("attach", session="nosuch")["message"]


# -- the whole conversation --------------------------------------------------------------------------------

WHOLE = """\
local function work(n, factor)
  local result = n * factor
  return result
end
local list = {1, 2, name = "three 🌍"}
for i = 1, 5 do
  local value = work(i, 2)
  print("value", value)
end
while not done do
  local _ = #list
end
print("done")
"""


@pytest.mark.parametrize("transport", ["stdio", "tcp"])
def test_whole_conversation_keeps_the_protocol(
    home: Path, start_adapter: Start, connect_tcp: Start, script: Write, tmp_path: Path, transport: str
) -> None:
    client = start_adapter() if transport == "stdio" else connect_tcp()
    program = script(WHOLE)
    client.launch(program, lines=({"line": 7, "condition": "i == 3"},))
    stopped = client.event("stopped")
    thread = stopped["threadId"]
    assert [each["id"] for each in client.ask("threads")["threads"]] == [thread]
    [frame] = client.ask("stackTrace", threadId=thread, startFrame=0, levels=20)["stackFrames"]
    scopes = client.ask("scopes", frameId=frame["id"])["scopes"]
    shown = client.variables(scopes[0]["variablesReference"])
    assert shown["i"]["value"] == "3"
    client.variables(shown["list"]["variablesReference"])
    assert client.ask("evaluate", expression="i * 2", frameId=frame["id"], context="watch")["result"] == "6"
    client.ask("stepIn", threadId=thread)
    client.event("stopped")
    assert client.top_frame(thread)["line"] == 2
    client.ask("next", threadId=thread)
    client.event("stopped")
    assert client.top_frame(thread)["line"] == 3
    client.ask("stepOut", threadId=thread)
    client.event("stopped")
    client.top_frame(thread)
    client.ask("setBreakpoints", source={"path": str(program)}, breakpoints=[])
    client.ask("continue", threadId=thread)
    wait_for_output(client, "value\t10")
    client.ask("pause", threadId=thread)
    client.event("stopped")
    frame = client.top_frame(thread)
    client.ask("evaluate", expression="rawset(_G, 'done', true)", frameId=frame["id"], context="repl")
    client.ask("continue", threadId=thread)
    assert client.event("exited") == {"exitCode": 0}
    client.event("terminated")
    assert client.output().endswith("value\t10\ndone\n")
    client.ask("disconnect")
    client.until_end()
    sequences = [row["msg"]["seq"] for row in client.conversation if row["dir"] == "<-"]
    assert sequences == list(range(1, len(sequences) + 1))
    check_with_the_schema(client.conversation, tmp_path)


def check_with_the_schema(conversation: list[Any], folder: Path) -> None:
    """Have a schema checker judge a conversation, where LLMSPELL_DAP_SCHEMA_CHECK names one."""
    checker = os.environ.get("LLMSPELL_DAP_SCHEMA_CHECK")
    if checker is None:
        return
    path = folder / "conversation.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in conversation), encoding="utf-8")
    result = subprocess.run(
        [sys.executable, checker, str(path), "--strict-seq"], check=False, capture_output=True, text=True, timeout=60
    )
    assert " 0 errors, 0 warnings" in result.stdout, result.stdout + result.stderr

"""The requests by which JupyterLab debugs cells, in its order, and what its display needs."""

import os
import stat
import subprocess
import sys
import threading

import pytest
from llmspell_kernel.debugger.notebook import HASH_SEED, MAX_CELLS, MAX_TEXT, Cells, cell_hash, murmur2

CELL = "local function double(n)\n  local twice = n * 2\n  return twice\nend\nanswer = double(21)\nprint(answer)"


def start_jupyterlab(debuggee):
    """What JupyterLab 4.6 sends when its debugger is switched on, in its order."""
    info = debuggee.body("debugInfo")
    assert not info["isStarted"]
    capabilities = debuggee.body(
        "initialize", clientID="jupyterlab", clientName="JupyterLab", adapterID="lua", supportsVariableType=True
    )
    assert capabilities["supportsModulesRequest"]
    debuggee.body("attach")
    debuggee.body("setExceptionBreakpoints", filters=[])
    debuggee.body("inspectVariables")
    debuggee.body("modules")
    return info


def set_cell_breakpoints(debuggee, code, *lines):
    """What it sends when the user has changed the breakpoints of a cell."""
    path = debuggee.body("dumpCell", code=code)["sourcePath"]
    debuggee.body("debugInfo")
    return path, debuggee.breakpoints(path, *lines)


def names(variables):
    return {one["name"]: one["value"] for one in variables}


# The hash ---------------------------------------------------------------------------------------------------------


def test_murmur2_has_the_published_verification_value():
    # SMHasher: the hash of the hashes of the keys 0, 01, 012 … with the seeds 256, 255, 254 …
    hashes = b"".join(murmur2(bytes(range(size)), 256 - size).to_bytes(4, "little") for size in range(256))
    assert murmur2(hashes, 0) == 0x27864C1E


@pytest.mark.parametrize("code", ["", "x", "ab", "abc", "abcd", CELL, "größer = '…'", "\U0001f600" * 7])
def test_hash_is_that_of_ipykernel(code):
    compiler = pytest.importorskip("ipykernel.compiler")
    assert murmur2(code.encode(), HASH_SEED) == compiler.murmur2_x86(code, HASH_SEED)


def test_text_that_has_no_utf_8_is_hashed_too():
    assert cell_hash("\ud800").isdecimal()


# The conversation -------------------------------------------------------------------------------------------------


def test_conversation_of_jupyterlab(debuggee):
    info = start_jupyterlab(debuggee)
    assert "ipykernel_" in info["tmpFilePrefix"]
    assert (info["hashMethod"], info["tmpFileSuffix"]) == ("Murmur2", ".lua")
    assert info["richRendering"] is info["copyToGlobals"] is True
    assert info["breakpoints"] == info["stoppedThreads"] == info["exceptionPaths"] == []
    path, [answer] = set_cell_breakpoints(debuggee, CELL, 3)
    assert path == info["tmpFilePrefix"] + str(murmur2(CELL.encode(), info["hashSeed"])) + info["tmpFileSuffix"]
    assert (answer["verified"], answer["line"], answer["source"]["path"]) == (True, 3, path)
    debuggee.start_cell(CELL)
    stop = debuggee.stopped()
    assert stop["reason"] == "breakpoint"
    # a page that is loaded now learns that the script is stopped, and where its breakpoints are
    info = debuggee.body("debugInfo")
    assert (info["isStarted"], info["stoppedThreads"]) == (True, [stop["threadId"]])
    assert [(one["source"], one["breakpoints"][0]["line"]) for one in info["breakpoints"]] == [(path, 3)]
    debuggee.body("inspectVariables")
    frames = debuggee.body("stackTrace", threadId=stop["threadId"])["stackFrames"]
    assert [(one["name"], one["line"], one["source"]["path"]) for one in frames] == [
        ("double", 3, path),
        ("(main)", 5, path),
    ]
    source = debuggee.body("source", source={"path": path}, sourceReference=0)
    assert source == {"content": CELL, "mimeType": "text/x-lua"}
    [local, *_] = debuggee.body("scopes", frameId=frames[0]["id"])["scopes"]
    shown = debuggee.body("variables", variablesReference=local["variablesReference"])["variables"]
    assert names(shown) == {"n": "21", "twice": "42"}
    # JupyterLab shows the value of a variable only where it knows the type, or is given none
    assert all("type" not in one for one in shown)
    for command, line in (("next", 5), ("next", 6), ("stepIn", None)):
        if debuggee.step(command) is None:
            break
        assert debuggee.stack() == [("(main)", line)]
    assert debuggee.end().error is None
    assert names(debuggee.body("inspectVariables")["variables"]) == {"answer": "42"}
    debuggee.body("disconnect", restart=False, terminateDebuggee=False)
    assert not debuggee.body("debugInfo")["isStarted"]


def test_configuration_done_may_come_at_any_time_or_never(debuggee):
    start_jupyterlab(debuggee)
    debuggee.body("configurationDone")
    set_cell_breakpoints(debuggee, CELL, 2)
    debuggee.body("configurationDone")
    debuggee.start_cell(CELL)
    assert debuggee.stopped() is not None


# Cells ------------------------------------------------------------------------------------------------------------


def test_cell_that_runs_again_stops_again(debuggee):
    start_jupyterlab(debuggee)
    path, _ = set_cell_breakpoints(debuggee, CELL, 2)
    for number in (1, 2):
        debuggee.start_cell(CELL)
        debuggee.stopped(number)
        assert debuggee.body("stackTrace", threadId=1)["stackFrames"][0]["source"]["path"] == path
        debuggee.body("continue", threadId=1)
        assert debuggee.end().error is None


def test_probes_of_a_cells_oldest_runs_go_out_of_force(debuggee):
    start_jupyterlab(debuggee)
    code = "calls = (calls or 0) + 1\nfunctions = functions or {}\nfunctions[calls] = function()\n  return calls\nend"
    set_cell_breakpoints(debuggee, code, 4)
    for _ in range(25):
        assert debuggee.run_cell(code).error is None
    assert debuggee.run_cell("return functions[1]()").error is None
    assert debuggee.stops() == []
    debuggee.start_cell("return functions[25]()")
    assert debuggee.stopped() is not None


def test_step_goes_into_a_cell_that_ran_before_the_debugger_was_there(debuggee):
    library = "function triple(n)\n  return n * 3\nend"
    debuggee.run_cell(library)
    start_jupyterlab(debuggee)
    set_cell_breakpoints(debuggee, "x = triple(2)", 1)
    debuggee.start_cell("x = triple(2)")
    debuggee.stopped()
    debuggee.step("stepIn")
    frame = debuggee.body("stackTrace", threadId=1)["stackFrames"][0]
    assert (frame["name"], frame["line"]) == ("triple", 2)
    assert frame["source"]["path"] == debuggee.body("dumpCell", code=library)["sourcePath"]
    assert debuggee.body("source", source=frame["source"])["content"] == library


def test_breakpoint_of_an_expression_stops(debuggee):
    start_jupyterlab(debuggee)
    set_cell_breakpoints(debuggee, "tostring(12)", 1)
    debuggee.start_cell("tostring(12)")
    assert debuggee.stopped() is not None
    debuggee.body("continue", threadId=1)
    assert debuggee.end().shown == '"12"'


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("local t\nt.x = 1", "cell 1:2: attempt to index a nil value (local 't')"),
        ("x = = 1", "cell 1:1: unexpected symbol near '='"),
    ],
)
def test_error_of_a_debugged_cell_reads_as_without_a_debugger(debuggee, code, message):
    start_jupyterlab(debuggee)
    set_cell_breakpoints(debuggee, code, 1)
    debuggee.start_cell(code)
    if debuggee.stopped():
        debuggee.body("continue", threadId=1)
    assert debuggee.end().error.message == message


def test_logpoint_of_a_cell_names_its_path(debuggee):
    start_jupyterlab(debuggee)
    path, _ = set_cell_breakpoints(debuggee, CELL, {"line": 3, "logMessage": "twice is {twice}"})
    debuggee.run_cell(CELL)
    [body] = [body for event, body in debuggee.events if event == "output"]
    assert (body["output"], body["line"]) == ("twice is 42\n", 3)
    assert (body["source"]["name"], body["source"]["path"]) == ("cell 1", path)


def test_breakpoints_of_a_cell_are_resolved_when_its_text_is_known(debuggee):
    start_jupyterlab(debuggee)
    prefix = debuggee.body("debugInfo")["tmpFilePrefix"]
    path = f"{prefix}{cell_hash(CELL)}.lua"
    [answer] = debuggee.breakpoints(path, 4)
    assert not answer["verified"]
    assert debuggee.body("dumpCell", code=CELL)["sourcePath"] == path
    [changed] = [body["breakpoint"] for event, body in debuggee.events if event == "breakpoint"]
    assert (changed["id"], changed["verified"]) == (answer["id"], True)


def test_breakpoints_of_cells_are_in_force_in_a_new_worker(new_debuggee, tmp_path):
    project_file = tmp_path / "home" / "projects" / "0123" / "debugger.json"
    first = new_debuggee(project_file)
    start_jupyterlab(first)
    old_path, _ = set_cell_breakpoints(first, CELL, {"line": 3, "condition": "n == 21"})
    second = new_debuggee(project_file)
    info = second.body("debugInfo")
    [remembered] = info["breakpoints"]
    # before JupyterLab attaches it may send back what it was told, without conditions
    second.breakpoints(remembered["source"], 3)
    start_jupyterlab_again(second)
    second.start_cell(CELL)
    second.stopped()
    frame = second.body("stackTrace", threadId=1)["stackFrames"][0]
    assert frame["source"]["path"] == remembered["source"] == f"{info['tmpFilePrefix']}{cell_hash(CELL)}.lua"
    assert frame["source"]["path"] != old_path
    assert second.body("breakpoints")["breakpoints"][0]["breakpoints"][0]["condition"] == "n == 21"


def start_jupyterlab_again(debuggee):
    debuggee.body("initialize", clientID="jupyterlab")
    debuggee.body("attach")


def test_condition_stays_when_jupyterlab_sends_back_the_line_alone(debuggee):
    debuggee.body("initialize", clientID="llmspell-dap")
    path = debuggee.script("for i = 1, 3 do\n  print(i)\nend")
    debuggee.breakpoints(path, {"line": 2, "condition": "i == 3"})
    debuggee.client = "a page"
    start_jupyterlab_again(debuggee)
    debuggee.breakpoints(path, 1, 2)
    assert (1, None) in conditions(debuggee)
    assert {condition for line, condition in conditions(debuggee) if line == 2} == {"i == 3"}
    # another client means what it sends
    debuggee.client = "the only client"
    debuggee.breakpoints(path, 2)
    assert (2, None) in conditions(debuggee)


def conditions(debuggee):
    [one] = debuggee.body("breakpoints")["breakpoints"]
    return [(each["line"], each.get("condition")) for each in one["breakpoints"]]


# Variables --------------------------------------------------------------------------------------------------------


def test_fresh_session_has_no_variables_of_the_user(debuggee):
    assert debuggee.body("inspectVariables")["variables"] == []


def test_inspect_variables_gives_what_the_user_defined(debuggee):
    debuggee.run_cell("x, s, t = 1.5, 'a', { 1, k = { 2 } } function f() end print = function() end type = 'mine'")
    variables = debuggee.body("inspectVariables")["variables"]
    shown = names(variables)
    assert (shown["x"], shown["s"], shown["t"], shown["type"]) == ("1.5", '"a"', "{1, k = {…}}", '"mine"')
    assert sorted(shown) == ["f", "print", "s", "t", "type", "x"]
    assert all("type" not in one and one["evaluateName"] == one["name"] for one in variables)


def test_variables_of_an_idle_session_can_be_expanded_until_a_script_begins(debuggee):
    debuggee.run_cell("t = { 1, k = { 2 } }")
    [table] = debuggee.body("inspectVariables")["variables"]
    children = debuggee.body("variables", variablesReference=table["variablesReference"])["variables"]
    assert names(children) == {"[1]": "1", "k": "{2}"}
    inner = debuggee.body("variables", variablesReference=children[1]["variablesReference"])["variables"]
    assert names(inner) == {"[1]": "2"}
    debuggee.body("inspectVariables")
    assert debuggee.request("variables", variablesReference=table["variablesReference"])["success"]
    debuggee.run_cell("t = nil")
    answer = debuggee.request("variables", variablesReference=table["variablesReference"])
    assert not answer["success"]
    assert "gone" in answer["message"]


def test_variables_of_an_idle_session_have_types_for_other_clients(debuggee):
    debuggee.run_cell("t = { 1 }")
    [table] = debuggee.body("inspectVariables")["variables"]
    [child] = debuggee.body("variables", variablesReference=table["variablesReference"])["variables"]
    assert child["type"] == "integer"


def busy(debuggee):
    """A script that runs until the test ends."""
    debuggee.start(debuggee.script("print('go') while true do end"))
    while debuggee.output != ["go\n"]:
        threading.Event().wait(0.005)


def test_requests_about_variables_are_answered_at_once_while_a_script_runs(debuggee):
    debuggee.run_cell("t = { 1 }")
    [table] = debuggee.body("inspectVariables")["variables"]
    debuggee.output.clear()
    busy(debuggee)
    assert debuggee.body("inspectVariables") == {"variables": []}
    for command, arguments in (
        ("variables", {"variablesReference": table["variablesReference"]}),
        ("richInspectVariables", {"variableName": "t"}),
    ):
        answer = debuggee.request(command, **arguments)
        assert answer["message"] == "a script is running: pause it, or wait for its end"


def test_look_that_a_script_overtakes_is_answered_when_the_script_begins(debuggee):
    looks, answers = [], []
    debuggee.debugger.script._run_idle = looks.append
    debuggee.debugger.handle({"seq": 1, "command": "inspectVariables"}, answers.append)
    debuggee.debugger.handle(
        {"seq": 2, "command": "richInspectVariables", "arguments": {"variableName": "x"}}, answers.append
    )
    assert debuggee.run_cell("x = 1").error is None
    assert [one["success"] for one in answers] == [True, False]
    for look in looks:
        debuggee._jobs.put(look)
    debuggee.run_cell("x = 2")
    assert len(answers) == 2


def test_look_is_answered_where_the_session_refuses_it(debuggee):
    debuggee.debugger.script._run_idle = lambda look: False
    assert debuggee.body("inspectVariables") == {"variables": []}


def test_session_that_cannot_run_while_idle_answers_as_before(debuggee):
    debuggee.debugger.script._run_idle = None
    assert debuggee.body("inspectVariables") == {"variables": []}
    assert "not stopped" in debuggee.request("variables", variablesReference=1)["message"]


RICH = {
    "a table": ("t", "{ 1, k = { 2 } }"),
    "a field": ("t.k", "{ 2 }"),
    "an item": ("t[1]", "1"),
    "a path of JupyterLab's tree": ("t.k[1]", "2"),
    "a key that is no name": ('t["a b"]', "true"),
    "a key in single quotes": ("t['a b']", "true"),
    "a key that is a boolean": ("t[true]", "1.5"),
    "what it says itself": ("o", "an object"),
}


@pytest.mark.parametrize("name", RICH)
def test_rich_inspection_shows_a_value_as_a_cell_does(debuggee, name):
    path, text = RICH[name]
    table = "{ 1, k = { 2 } }" if path == "t" else "{ 1, k = { 2 }, ['a b'] = true, [true] = 1.5 }"
    debuggee.run_cell(f"t = {table} o = setmetatable({{}}, {{ __tostring = function() return 'an object' end }})")
    assert debuggee.body("richInspectVariables", variableName=path) == {"data": {"text/plain": text}, "metadata": {}}


def test_rich_inspection_gives_the_bundle_that_a_value_makes(debuggee):
    bundle = "{ ['text/html'] = '<b>o</b>', ['text/plain'] = 'o' }"
    debuggee.run_cell(f"o = setmetatable({{}}, {{ __mimebundle = function() return {bundle} end }})")
    body = debuggee.body("richInspectVariables", variableName="o")
    assert body["data"] == {"text/html": "<b>o</b>", "text/plain": "o"}


def test_rich_inspection_of_a_stopped_frame_sees_its_locals(debuggee):
    start_jupyterlab(debuggee)
    set_cell_breakpoints(debuggee, CELL, 3)
    debuggee.start_cell(CELL)
    debuggee.stopped()
    body = debuggee.body("richInspectVariables", variableName="twice", frameId=debuggee.frame())
    assert body["data"] == {"text/plain": "42"}


@pytest.mark.parametrize(
    ("path", "message"),
    [("f()", "only names and fields are"), ("nosuch.x", "a nil has no field 'x'"), ("", "only names and fields are")],
)
def test_rich_inspection_of_what_is_no_variable_is_refused(debuggee, path, message):
    answer = debuggee.request("richInspectVariables", variableName=path)
    assert not answer["success"]
    assert message in answer["message"]


@pytest.mark.parametrize(
    "code",
    [
        "while true do end",
        "coroutine.wrap(function() while true do end end)()",
        "coroutine.yield()",
        "error('broken')",
        "error(nil)",
    ],
)
def test_value_that_misbehaves_when_shown_leaves_the_session_alive(debuggee, code):
    debuggee.debugger.script.evaluate_seconds = 0.05
    debuggee.run_cell(f"o = setmetatable({{}}, {{ __mimebundle = function() {code} end }}) x = 1")
    assert not debuggee.request("richInspectVariables", variableName="o")["success"]
    assert names(debuggee.body("inspectVariables")["variables"])["x"] == "1"
    assert debuggee.run_cell("return x").shown == "1"


def test_what_a_look_runs_stops_at_no_breakpoint(debuggee):
    start_jupyterlab(debuggee)
    code = "o = setmetatable({}, { __tostring = function()\n  return 'shown'\nend })\nprint(1)"
    set_cell_breakpoints(debuggee, code, 2, 4)
    debuggee.start_cell(code)
    debuggee.stopped()
    assert debuggee.evaluate("tostring(o)") == '"shown"'
    debuggee.body("continue", threadId=1)
    debuggee.end()
    assert debuggee.body("richInspectVariables", variableName="o")["data"] == {"text/plain": "shown"}
    assert len(debuggee.stops()) == 1
    debuggee.start_cell("print(o)")
    assert debuggee.stopped(2) is not None


def test_copy_to_globals_makes_a_local_a_global(debuggee):
    start_jupyterlab(debuggee)
    set_cell_breakpoints(debuggee, CELL, 3)
    debuggee.start_cell(CELL)
    debuggee.stopped()
    frame = debuggee.frame()
    assert debuggee.body("copyToGlobals", srcVariableName="twice", dstVariableName="kept", srcFrameId=frame) == {}
    assert names(debuggee.body("inspectVariables")["variables"]) == {"kept": "42"}
    for arguments, field in (
        ({"srcVariableName": "nosuch", "dstVariableName": "x"}, "srcVariableName"),
        ({"srcVariableName": "n", "dstVariableName": "a b"}, "dstVariableName"),
    ):
        answer = debuggee.request("copyToGlobals", **arguments, srcFrameId=frame)
        assert not answer["success"]
        assert answer["message"].startswith(field)
    debuggee.body("continue", threadId=1)
    assert debuggee.end().error is None
    assert debuggee.run_cell("return kept").shown == "42"


def test_copy_to_globals_needs_a_stopped_script(debuggee):
    answer = debuggee.request("copyToGlobals", srcVariableName="a", dstVariableName="b", srcFrameId=1)
    assert "not stopped" in answer["message"]


def test_modules_are_the_files_that_were_loaded(debuggee):
    module = debuggee.script("return 1", "module.lua")
    start_jupyterlab(debuggee)
    debuggee.run(debuggee.script("require('module')"))
    debuggee.run_cell("x = 1")
    body = debuggee.body("modules")
    assert [(one["name"], one["kind"]) for one in body["modules"]] == [("script.lua", "file"), ("module.lua", "file")]
    assert (body["modules"][1]["id"], body["modules"][1]["path"]) == (str(module), str(module))
    assert debuggee.body("modules", startModule=1, moduleCount=1)["modules"] == body["modules"][1:]


@pytest.mark.parametrize(
    ("command", "arguments", "field"),
    [
        ("dumpCell", {}, "code"),
        ("dumpCell", {"code": 1}, "code"),
        ("richInspectVariables", {}, "variableName"),
        ("richInspectVariables", {"variableName": "x", "frameId": "1"}, "frameId"),
        ("copyToGlobals", {"srcVariableName": "x", "dstVariableName": "y"}, "srcFrameId"),
        ("copyToGlobals", {"dstVariableName": "y", "srcFrameId": 1}, "srcVariableName"),
        ("modules", {"startModule": -1}, "startModule"),
        ("watchExpressions", {"frameId": "1"}, "frameId"),
    ],
    ids=str,
)
def test_faulty_arguments_name_their_field(debuggee, command, arguments, field):
    answer = debuggee.request(command, **arguments)
    assert not answer["success"]
    assert answer["message"].startswith(field)


# The files of cells -----------------------------------------------------------------------------------------------


def test_file_of_a_cell_is_private_and_gone_after_the_session(debuggee, temporary_folder):
    path = debuggee.body("dumpCell", code=CELL)["sourcePath"]
    with open(path) as file:
        assert file.read() == CELL
    assert path.startswith(str(temporary_folder))
    assert f"ipykernel_{os.getpid()}" in path
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    [folder] = temporary_folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    debuggee.debugger.close()
    assert list(temporary_folder.iterdir()) == []


def test_folder_of_a_process_that_was_killed_is_removed_by_the_next(temporary_folder):
    code = """
import os, signal
from llmspell_kernel.debugger.notebook import Cells
cells = Cells()
cells.dump("x = 1")
os.kill(os.getpid(), signal.SIGKILL)
"""
    live = Cells()
    kept, _ = live.dump("y = 1")
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == -9
    assert len(list(temporary_folder.iterdir())) == 2
    third = Cells()
    third.dump("z = 1")
    assert len(list(temporary_folder.iterdir())) == 2
    assert os.path.exists(kept)
    live.close()
    third.close()
    assert list(temporary_folder.iterdir()) == []


def test_disk_that_is_full_fails_no_cell(debuggee, temporary_folder, monkeypatch):
    prefix = debuggee.body("debugInfo")["tmpFilePrefix"]
    with open(prefix.rstrip("/"), "w"):  # what is in the way stands for any failure
        pass
    path = debuggee.body("dumpCell", code=CELL)["sourcePath"]
    assert debuggee.body("source", source={"path": path})["content"] == CELL
    assert "file of a cell cannot be written" in debuggee.events[-1][1]["output"]


def test_temporary_folder_that_is_missing_is_said(debuggee, temporary_folder):
    temporary_folder.rmdir()
    for command, arguments in (("debugInfo", {}), ("dumpCell", {"code": "x"})):
        answer = debuggee.request(command, **arguments)
        assert "there is no folder for the files of cells" in answer["message"]
        assert str(temporary_folder) in answer["message"]
    # a script is debugged without them
    path = debuggee.script("print(1)")
    debuggee.breakpoints(path, 1)
    debuggee.start(path)
    assert debuggee.stopped() is not None


def test_kept_texts_are_bounded():
    cells = Cells()
    for number in range(MAX_CELLS + 5):
        cells.ran(f"=cell {number}", "x")
    assert len(cells._code_by_chunk) == MAX_CELLS
    for number in range(3):
        cells.ran(f"=cell {number}", "x" * (MAX_TEXT // 2))
    assert sum(map(len, cells._code_by_chunk.values())) <= MAX_TEXT
    cells.close()

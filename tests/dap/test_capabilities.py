"""What is announced works: every capability's request is answered by the real adapter, kernel and worker."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llmspell_dap.capabilities import CAPABILITIES
from llmspell_kernel.client import KernelClient, find_or_start_kernel

Json = dict[str, Any]
Write = Callable[..., Path]
Start = Callable[..., Any]

SCRIPT = """\
local helper = load("return function(n) return n + 1 end", "=helper")()
local function add(a, b)
  local sum = a + b
  return sum
end
local point = {x = 1, text = "long"}
local total = add(helper(1), point.x)
print("total", total)
error({code = 7})
"""
CALL = 7


class Stop:
    """A script that stands at the line of its calls."""

    def __init__(self, client: Any, program: Path) -> None:
        self.client = client
        self.program = program
        self.thread = client.event("stopped")["threadId"]
        self.frame = client.top_frame(self.thread)["id"]
        self.scope = client.ask("scopes", frameId=self.frame)["scopes"][0]["variablesReference"]
        self.source = {"path": str(program)}

    def evaluate(self, expression: str, **more: Any) -> Json:
        return dict(self.client.ask("evaluate", expression=expression, frameId=self.frame, **more))


@pytest.fixture
def stop(adapter: Any, script: Write) -> Stop:
    program = script(SCRIPT)
    adapter.initialize(supportsMemoryReferences=True)
    adapter.ask("launch", program=str(program))
    adapter.ask("setBreakpoints", source={"path": str(program)}, breakpoints=[{"line": CALL}])
    adapter.ask("configurationDone")
    return Stop(adapter, program)


def conditional(stop: Stop) -> None:
    rows = [{"line": 8, "condition": "total == 3", "hitCondition": "1"}, {"line": 3, "logMessage": "a is {a}"}]
    answer = stop.client.ask("setBreakpoints", source=stop.source, breakpoints=rows)
    assert [each["verified"] for each in answer["breakpoints"]] == [True, True]


def function(stop: Stop) -> None:
    answer = stop.client.ask("setFunctionBreakpoints", breakpoints=[{"name": "add"}])
    [shown] = answer["breakpoints"]
    assert (shown["verified"], shown["line"]) == (True, 3)


def data(stop: Stop) -> None:
    point = stop.client.variables(stop.scope)["point"]["variablesReference"]
    found = stop.client.ask("dataBreakpointInfo", variablesReference=point, name="x")
    assert found["accessTypes"] == ["write"]
    answer = stop.client.ask("setDataBreakpoints", breakpoints=[{"dataId": found["dataId"], "accessType": "write"}])
    assert answer["breakpoints"][0]["verified"] is True


def exceptions(stop: Stop) -> None:
    options = [{"filterId": "raised", "condition": "err.code == 7"}]
    answer = stop.client.ask("setExceptionBreakpoints", filters=["uncaught"], filterOptions=options)
    assert [each["verified"] for each in answer["breakpoints"]] == [True, True]
    stop.client.ask("continue", threadId=stop.thread)
    assert stop.client.event("stopped")["reason"] == "exception"
    info = stop.client.ask("exceptionInfo", threadId=stop.thread)
    assert info["details"]["message"]


def set_values(stop: Stop) -> None:
    point = stop.client.variables(stop.scope)["point"]["variablesReference"]
    assert stop.client.ask("setVariable", variablesReference=point, name="x", value="2 * 21")["value"] == "42"
    expression = {"expression": "point.text", "value": "'short'", "frameId": stop.frame}
    assert stop.client.ask("setExpression", **expression)["value"] == '"short"'
    assert stop.evaluate("point.x", context="watch")["result"] == "42"


def contexts(stop: Stop) -> None:
    assert stop.evaluate("point.x", context="hover")["result"] == "1"
    assert stop.evaluate("255", context="watch", format={"hex": True})["result"] == "0xFF"
    assert "text" in stop.evaluate("point", context="clipboard")["result"]


def completions(stop: Stop) -> None:
    answer = stop.client.ask("completions", frameId=stop.frame, text="point.te", column=9)
    assert [(each["label"], each["start"], each["length"]) for each in answer["targets"]] == [("text", 7, 2)]


def into_a_call(stop: Stop) -> None:
    targets = {row["label"]: row["id"] for row in stop.client.ask("stepInTargets", frameId=stop.frame)["targets"]}
    [add] = [number for label, number in targets.items() if label.startswith("add")]
    stop.client.ask("stepIn", threadId=stop.thread, targetId=add, granularity="line")
    stop.client.event("stopped")
    assert stop.client.top_frame(stop.thread)["line"] == 3


def places(stop: Stop) -> None:
    answer = stop.client.ask("breakpointLocations", source=stop.source, line=7, endLine=8)
    assert {each["line"] for each in answer["breakpoints"]} == {7, 8}


def modules(stop: Stop) -> None:
    [module] = stop.client.ask("modules")["modules"]
    assert (module["path"], module["kind"]) == (str(stop.program), "file")
    assert module["hash"]


def single_thread(stop: Stop) -> None:
    stop.client.ask("next", threadId=stop.thread, singleThread=True)
    assert stop.client.event("stopped")["reason"] == "step"


def stack_by_pieces(stop: Stop) -> None:
    answer = stop.client.ask("stackTrace", threadId=stop.thread, startFrame=0, levels=1, format={"line": True})
    assert answer["stackFrames"][0]["name"].endswith(f"line {CALL}")


def cancelled(stop: Stop) -> None:
    endless = stop.client.send("evaluate", expression="(function() while true do end end)()", frameId=stop.frame)
    stop.client.ask("cancel", requestId=endless)
    assert stop.client.response(endless)["message"] == "cancelled"


def started_again(stop: Stop) -> None:
    stop.client.ask("restart")
    assert stop.client.event("stopped")["reason"] == "breakpoint"


def modes(stop: Stop) -> None:
    names = [each["mode"] for each in CAPABILITIES["breakpointModes"]]
    rows = [{"line": 8, "mode": name} for name in names]
    answer = stop.client.ask("setBreakpoints", source=stop.source, breakpoints=rows)
    # the chunk is active: a probe has to wait, a hook has not
    assert dict(zip(names, [each["verified"] for each in answer["breakpoints"]], strict=True)) == {
        "probe": False,
        "hook": True,
    }
    wrong = stop.client.request("setBreakpoints", source=stop.source, breakpoints=[{"line": 8, "mode": "x"}])
    assert wrong["message"] == "arguments.breakpoints[0].mode: expected 'probe' or 'hook', found \"x\""


def frame_again(stop: Stop) -> None:
    stop.client.ask("restartFrame", frameId=stop.frame)
    assert stop.client.event("stopped")["reason"] == "restart"
    assert stop.client.top_frame(stop.thread)["line"] == 1


def loaded_sources(stop: Stop) -> None:
    names = [each.get("path") for each in stop.client.ask("loadedSources")["sources"]]
    assert str(stop.program) in names


def checksums(stop: Stop) -> None:
    source = stop.client.ask("stackTrace", threadId=stop.thread)["stackFrames"][0]["source"]
    text = stop.program.read_bytes()
    assert source["checksums"] == [
        {"algorithm": "SHA256", "checksum": hashlib.sha256(text).hexdigest()},
        {"algorithm": "MD5", "checksum": hashlib.md5(text).hexdigest()},
    ]


def one_thread_ended(stop: Stop) -> None:
    stop.evaluate("(function() waiting = coroutine.create(function() end) end)()")
    [other] = [each["id"] for each in stop.client.ask("threads")["threads"] if each["id"] != stop.thread]
    stop.client.ask("terminateThreads", threadIds=[other])
    assert [each["id"] for each in stop.client.ask("threads")["threads"]] == [stop.thread]


def memory(stop: Stop) -> None:
    reference = stop.evaluate("point.text", context="watch")["memoryReference"]
    assert stop.client.ask("readMemory", memoryReference=reference, offset=1, count=2)["data"] == "b24="


def instructions(stop: Stop) -> None:
    frame = stop.client.ask("stackTrace", threadId=stop.thread)["stackFrames"][0]
    reference = frame["instructionPointerReference"]
    [found] = stop.client.ask("disassemble", memoryReference=reference, instructionCount=1)["instructions"]
    assert (found["address"], found["line"]) == (reference, CALL)


def ended_by_terminate(stop: Stop) -> None:
    stop.client.ask("terminate")
    stop.client.event("terminated")


def ended_by_disconnect(stop: Stop) -> None:
    stop.client.ask("disconnect", terminateDebuggee=True)
    stop.client.until_end()


PROOFS: dict[str, Callable[[Stop], None] | None] = {
    "supportsConfigurationDoneRequest": None,  # the launch itself
    "supportsConditionalBreakpoints": conditional,
    "supportsHitConditionalBreakpoints": conditional,
    "supportsLogPoints": conditional,
    "supportsFunctionBreakpoints": function,
    "supportsDataBreakpoints": data,
    "exceptionBreakpointFilters": exceptions,
    "supportsExceptionFilterOptions": exceptions,
    "supportsExceptionInfoRequest": exceptions,
    "supportsSetVariable": set_values,
    "supportsSetExpression": set_values,
    "supportsEvaluateForHovers": contexts,
    "supportsClipboardContext": contexts,
    "supportsValueFormattingOptions": contexts,
    "supportsCompletionsRequest": completions,
    "completionTriggerCharacters": completions,
    "supportsStepInTargetsRequest": into_a_call,
    "supportsSteppingGranularity": into_a_call,
    "supportsBreakpointLocationsRequest": places,
    "supportsModulesRequest": modules,
    "supportsSingleThreadExecutionRequests": single_thread,
    "supportsDelayedStackTraceLoading": stack_by_pieces,
    "supportsCancelRequest": cancelled,
    "supportsRestartRequest": started_again,
    "breakpointModes": modes,
    "supportsRestartFrame": frame_again,
    "supportsLoadedSourcesRequest": loaded_sources,
    "supportSuspendDebuggee": None,  # test_leaving.py
    "supportedChecksumAlgorithms": checksums,
    "additionalModuleColumns": modules,
    "supportsTerminateThreadsRequest": one_thread_ended,
    "supportsReadMemoryRequest": memory,
    "supportsDisassembleRequest": instructions,
    "supportsTerminateRequest": ended_by_terminate,
    "supportTerminateDebuggee": ended_by_disconnect,
}


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_what_is_announced_is_answered(stop: Stop, capability: str) -> None:
    proof = PROOFS[capability]
    if proof is not None:
        proof(stop)


# What Lua cannot do, and what needs a recording.
NOT_ANNOUNCED = {
    "supportsStepBack": ("stepBack", {"threadId": 1}),
    "supportsGotoTargetsRequest": ("gotoTargets", {"source": {"path": "/x.lua"}, "line": 1}),
    "supportsInstructionBreakpoints": ("setInstructionBreakpoints", {"breakpoints": []}),
    "supportsWriteMemoryRequest": ("writeMemory", {"memoryReference": "0x1", "data": ""}),
}


@pytest.mark.parametrize("capability", NOT_ANNOUNCED)
def test_what_is_not_announced_is_refused_with_the_reason(start_adapter: Start, capability: str) -> None:
    adapter = start_adapter()
    assert capability not in adapter.initialize()
    command, arguments = NOT_ANNOUNCED[capability]
    message = adapter.request(command, **arguments)["message"]
    assert message.startswith(f"{command}: ")
    assert "unknown" not in message


def test_all_that_a_session_can_is_announced(home: Path) -> None:
    with KernelClient.connect(find_or_start_kernel(None)) as client:
        of_the_session = client.debug_request("initialize", {"adapterID": "test"})
        client.debug_request("disconnect")
    assert of_the_session.keys() - CAPABILITIES.keys() == set()


def test_adapter_announces_its_table(start_adapter: Start) -> None:
    assert start_adapter().initialize() == CAPABILITIES

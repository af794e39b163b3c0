"""A script that is debugged over DAP: how quickly it stops and answers, and what steps and watched data cost."""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from llmspell_kernel.client import KernelClient, start_kernel

from .measure import Row, interleaved, median_of, milliseconds, running, timed
from .stdio_client import Json, StdioClient

PAUSES = 20
STEPS = 60
SETTINGS = 10
CALLS = 8
WATCHED_CALLS = 3

BUSY_LOOP = "local n = 0\nwhile true do\n  n = n + 1\nend\n"
BUSY_COROUTINE = "local n = 0\ncoroutine.wrap(function()\n  while true do\n    n = n + 1\n  end\nend)()\n"
STEPPED = """\
local settings = { name = "three", values = { 1, 2, 3 }, nested = { deep = { true } } }
local total = 0
for i = 1, 1000000 do
  local square = i * i
  local label = "step " .. i
  total = total + square
end
"""
LARGE_TABLE = "local large = {}\nfor i = 1, 1000000 do large[i] = i end\nprint(#large)\n"
LOOP_CALL = """\
local function called()
  local sum = 0
  for i = 1, 5000000 do sum = sum + i end
  return sum
end
local result
while true do
  result = called()
  result = nil
end
"""
RECURSIVE_CALL = """\
local function fibonacci(n)
  if n < 2 then return n end
  return fibonacci(n - 1) + fibonacci(n - 2)
end
local result
while true do
  result = fibonacci(27)
  result = nil
end
"""
WATCHED_LINES = 100_000
WATCHED = f"""\
local settings, counter = {{ limit = 1 }}, 0
local function called()
  local sum = 0
  for i = 1, {WATCHED_LINES} do sum = sum + i end
  return sum
end
local result
while true do
  result = called()
  result = nil
end
"""
CALL_LINES = {LOOP_CALL: 8, RECURSIVE_CALL: 7, WATCHED: 9}  # where the call is; the next line is where it is over


def rows() -> Iterator[Row]:
    with (
        tempfile.TemporaryDirectory(prefix="llmspell-bench-") as folder,
        KernelClient.connect(start_kernel(cwd=Path(folder))) as client,
    ):
        program = Path(folder).resolve() / "program.lua"
        try:
            yield from _pauses(program)
            yield from _breakpoint_while_running(program)
            yield from _steps(program)
            yield from _watched_data(program)
            yield from _large_table(program)
        finally:
            client.shutdown()


def _pauses(program: Path) -> Iterator[Row]:
    for what, text, budget in (("a busy loop", BUSY_LOOP, 5), ("a busy coroutine", BUSY_COROUTINE, 20)):
        with _debugging(program, text, stop_at=1) as (client, thread):
            times = [_pause(client, thread) for _ in range(PAUSES)]
        yield Row(f"pause of {what} → stopped, median", milliseconds(median_of(times)), "ms", budget)
        yield Row("  the slowest", milliseconds(max(times)), "ms")


def _breakpoint_while_running(program: Path) -> Iterator[Row]:
    for what, text, line in (("a busy loop", BUSY_LOOP, 3), ("a busy coroutine", BUSY_COROUTINE, 4)):
        with _debugging(program, text, stop_at=1) as (client, thread):
            times = [_set_and_stop(client, thread, program, line) for _ in range(SETTINGS)]
        yield Row(f"breakpoint set in {what} → stopped at it, median", milliseconds(median_of(times)), "ms", 200)
        yield Row("  the slowest", milliseconds(max(times)), "ms")


def _steps(program: Path) -> Iterator[Row]:
    with _debugging(program, STEPPED, stop_at=4) as (client, thread):
        times = [timed(lambda: _step(client, thread)) for _ in range(STEPS)]
    what = "next → stopped, stackTrace, scopes, variables over DAP, median"
    yield Row(what, milliseconds(median_of(times)), "ms", 15)
    for what, text in (("a loop", LOOP_CALL), ("recursive", RECURSIVE_CALL)):
        with _around_call(program, text) as (client, thread):
            stepped, ran = interleaved(CALLS, *(_over_call(client, thread, how) for how in ("next", "continue")))
        yield Row(f"step over a long call ({what}) / continue to a breakpoint behind it", min(stepped) / min(ran), "×")


def _watched_data(program: Path) -> Iterator[Row]:
    with _around_call(program, WATCHED) as (client, thread):
        over_call = _over_call(client, thread, "continue")
        plain = min(over_call() for _ in range(WATCHED_CALLS))
        for what, name, field in (("a field of a table", "settings", "limit"), ("a local variable", "counter", None)):
            _watch(client, thread, name, field)
            watched = min(over_call() for _ in range(WATCHED_CALLS))
            client.dap_request("setDataBreakpoints", breakpoints=[])
            cost = (watched - plain) / WATCHED_LINES * 1e6
            yield Row(f"data breakpoint on {what}, each line that runs elsewhere", cost, "µs")


def _large_table(program: Path) -> Iterator[Row]:
    with _debugging(program, LARGE_TABLE, stop_at=3) as (client, thread):
        reference = next(one for one in _locals(client, thread) if one["name"] == "large")["variablesReference"]
        page = {"variablesReference": reference, "filter": "indexed", "start": 0, "count": 100}
        elapsed = timed(lambda: client.dap_request("variables", **page))
    yield Row("first page of a table of 1,000,000 elements over DAP", milliseconds(elapsed), "ms", 50)


@contextmanager
def _debugging(program: Path, text: str, stop_at: int, and_at: int | None = None) -> Iterator[tuple[StdioClient, int]]:
    """A script stopped at a breakpoint in line ``stop_at``, which is then cleared unless there is another one."""
    program.write_text(text)
    with running([sys.executable, "-m", "llmspell_dap.main"]) as process:
        client = StdioClient(process)
        client.dap_request("initialize", adapterID="llmspell", supportsVariablePaging=True, supportsVariableType=True)
        client.dap_event("initialized")
        client.dap_request("launch", program=str(program))
        source = {"path": str(program)}
        client.dap_request(
            "setBreakpoints", source=source, breakpoints=[{"line": line} for line in (stop_at, and_at) if line]
        )
        client.dap_request("configurationDone")
        thread = client.dap_event("stopped")["threadId"]
        if and_at is None:
            client.dap_request("setBreakpoints", source=source, breakpoints=[])
        yield client, thread
        client.dap_request("disconnect", terminateDebuggee=True)
        process.wait(10)


def _pause(client: StdioClient, thread: int) -> float:
    client.dap_request("continue", threadId=thread)
    time.sleep(0.02)  # well into the loop: there is no event that tells it
    begun = time.perf_counter()
    client.dap_request("pause", threadId=thread)
    client.dap_event("stopped")
    return time.perf_counter() - begun


def _set_and_stop(client: StdioClient, thread: int, program: Path, line: int) -> float:
    """At the end the script is stopped and the breakpoint gone."""
    source = {"path": str(program)}
    client.dap_request("continue", threadId=thread)
    time.sleep(0.02)  # as for a pause
    begun = time.perf_counter()
    client.dap_request("setBreakpoints", source=source, breakpoints=[{"line": line}])
    client.dap_event("stopped")
    elapsed = time.perf_counter() - begun
    client.dap_request("setBreakpoints", source=source, breakpoints=[])
    return elapsed


def _around_call(program: Path, text: str) -> AbstractContextManager[tuple[StdioClient, int]]:
    """Stopped before the call, with a breakpoint behind it too; both are there when the script is loaded."""
    return _debugging(program, text, CALL_LINES[text], CALL_LINES[text] + 1)


def _over_call(client: StdioClient, thread: int, how: str) -> Callable[[], float]:
    """Times the way from before the call to behind it; then goes back to where it was."""

    def go(command: str) -> None:
        client.dap_request(command, threadId=thread)
        client.dap_event("stopped")

    def run() -> float:
        elapsed = timed(lambda: go(how))
        go("continue")
        return elapsed

    return run


def _watch(client: StdioClient, thread: int, name: str, field: str | None) -> None:
    """A data breakpoint on a local variable of the innermost frame, or on a field of the table in it."""
    frame = _frame(client, thread)
    reference = client.dap_request("scopes", frameId=frame)["scopes"][0]["variablesReference"]
    if field is not None:
        variables = client.dap_request("variables", variablesReference=reference)["variables"]
        reference = next(one["variablesReference"] for one in variables if one["name"] == name)
    found = client.dap_request("dataBreakpointInfo", variablesReference=reference, name=field or name, frameId=frame)
    if found["dataId"] is None:
        raise RuntimeError(f"{field or name} cannot be watched: {found['description']}")
    placed = client.dap_request("setDataBreakpoints", breakpoints=[{"dataId": found["dataId"], "accessType": "write"}])
    if not placed["breakpoints"][0]["verified"]:
        raise RuntimeError(f"{field or name} is not watched: {placed}")


def _step(client: StdioClient, thread: int) -> None:
    client.dap_request("next", threadId=thread)
    client.dap_event("stopped")
    _locals(client, thread)


def _locals(client: StdioClient, thread: int) -> list[Json]:
    scope = client.dap_request("scopes", frameId=_frame(client, thread))["scopes"][0]
    return list(client.dap_request("variables", variablesReference=scope["variablesReference"])["variables"])


def _frame(client: StdioClient, thread: int) -> int:
    return int(client.dap_request("stackTrace", threadId=thread, startFrame=0, levels=20)["stackFrames"][0]["id"])

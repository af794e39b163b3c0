"""The debugger: what an unhit breakpoint costs, and how quickly a stopped script answers."""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llmspell_kernel.client import KernelClient, start_kernel
from llmspell_kernel.debugger.engine import Debugger
from llmspell_kernel.runtime.host import Host, HostContext
from llmspell_kernel.runtime.state import Runtime

from .measure import Row, interleaved, median_of, milliseconds, running, timed
from .stdio_client import Json, StdioClient

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.lua"))
UNREACHED = "-- unreached"
REPETITIONS = 10
PAUSES = 20
STEPS = 60

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


def rows() -> Iterator[Row]:
    yield from _running_cost()
    with tempfile.TemporaryDirectory() as folder, KernelClient.connect(start_kernel(cwd=Path(folder))) as client:
        yield from _stop_cost(Path(folder))
        client.shutdown()


# In this process --------------------------------------------------------------------------------------------


def _running_cost() -> Iterator[Row]:
    with_breakpoint, with_hook = [], []
    for program in PROGRAMS:
        plain, debugged, hooked = (
            min(times)
            for times in (
                *interleaved(REPETITIONS, _plain(program), _with_unhit_breakpoint(program)),
                *interleaved(1, _with_line_hook(program)),
            )
        )
        with_breakpoint.append(debugged / plain)
        with_hook.append(hooked / plain)
    yield Row(
        f"unhit breakpoint in the hot function / no debugger, CPU, mean of {len(PROGRAMS)} programs",
        statistics.geometric_mean(with_breakpoint),
        "×",
        1.02,
    )
    yield Row("  the worst of them", max(with_breakpoint), "×")
    yield Row("  for comparison: an empty line hook in Lua", statistics.geometric_mean(with_hook), "×")


def _runtime() -> Runtime:
    folder = Path(tempfile.gettempdir())
    return Runtime(Host(HostContext(folder, folder)), lambda _name, _data: None, _refuse_to_leave)


def _refuse_to_leave(code: int) -> None:
    raise RuntimeError(f"a benchmark program called os.exit({code})")


def _run(runtime: Runtime, program: Path, before: Callable[[], None] | None = None) -> float:
    """CPU seconds of one run of a program."""
    begun = time.process_time()
    outcome = runtime.run_file(program, before=before)
    elapsed = time.process_time() - begun
    if outcome.error is not None:
        raise RuntimeError(f"{program.name}: {outcome.error.message}")
    return elapsed


def _plain(program: Path) -> Callable[[], float]:
    runtime = _runtime()
    return lambda: _run(runtime, program)


def _with_line_hook(program: Path) -> Callable[[], float]:
    runtime = _runtime()
    sethook, hook = runtime.library.debug.sethook, runtime.lua.eval(b"function() end")

    def run() -> float:
        sethook(hook, b"l")
        try:
            return _run(runtime, program)
        finally:
            sethook()

    return run


def _with_unhit_breakpoint(program: Path) -> Callable[[], float]:
    runtime = _runtime()

    def event(name: str, _body: dict[str, Any]) -> None:
        if name == "stopped":
            raise RuntimeError(f"{program.name}: the breakpoint was hit")

    debugger = Debugger(runtime, event, lambda: None, lambda _launch: None, lambda: None)
    debugger.enable()
    line = next(n for n, text in enumerate(program.read_text().splitlines(), 1) if UNREACHED in text)
    answers: list[dict[str, Any]] = []
    arguments = {"source": {"path": str(program)}, "breakpoints": [{"line": line}]}
    debugger.handle({"seq": 1, "command": "setBreakpoints", "arguments": arguments}, answers.append)

    def run() -> float:
        elapsed = _run(runtime, program, debugger.job_begins())
        debugger.job_ends()
        return elapsed

    run()
    debugger.handle({"seq": 2, "command": "setBreakpoints", "arguments": arguments}, answers.append)
    placed = answers[-1]["body"]["breakpoints"][0]
    if not placed["verified"] or placed["line"] != line:
        raise RuntimeError(f"{program.name}: the breakpoint is not in line {line}: {placed}")
    return run


# Over DAP ---------------------------------------------------------------------------------------------------


def _stop_cost(folder: Path) -> Iterator[Row]:
    for what, text, budget in (("a busy loop", BUSY_LOOP, 5), ("a busy coroutine", BUSY_COROUTINE, 20)):
        with _debugging(folder, text, stop_at=1) as (client, thread):
            times = [_pause(client, thread) for _ in range(PAUSES)]
        yield Row(f"pause of {what} → stopped, median", milliseconds(median_of(times)), "ms", budget)
        yield Row("  the slowest", milliseconds(max(times)), "ms")
    with _debugging(folder, STEPPED, stop_at=4) as (client, thread):
        times = [timed(lambda: _step(client, thread)) for _ in range(STEPS)]
    yield Row(
        "next → stopped, stackTrace, scopes, variables over DAP, median", milliseconds(median_of(times)), "ms", 15
    )
    with _debugging(folder, LARGE_TABLE, stop_at=3) as (client, thread):
        reference = next(one for one in _locals(client, thread) if one["name"] == "large")["variablesReference"]
        page = {"variablesReference": reference, "filter": "indexed", "start": 0, "count": 100}
        elapsed = timed(lambda: client.dap_request("variables", **page))
    yield Row("first page of a table of 1,000,000 elements over DAP", milliseconds(elapsed), "ms", 50)


@contextmanager
def _debugging(folder: Path, text: str, stop_at: int) -> Iterator[tuple[StdioClient, int]]:
    """A script stopped at a breakpoint in line ``stop_at``, which is then cleared."""
    program = folder / "program.lua"
    program.write_text(text)
    with running([sys.executable, "-m", "llmspell_dap.main"]) as process:
        client = StdioClient(process)
        client.dap_request("initialize", adapterID="llmspell", supportsVariablePaging=True, supportsVariableType=True)
        client.dap_event("initialized")
        client.dap_request("launch", program=str(program))
        source = {"path": str(program)}
        client.dap_request("setBreakpoints", source=source, breakpoints=[{"line": stop_at}])
        client.dap_request("configurationDone")
        thread = client.dap_event("stopped")["threadId"]
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


def _step(client: StdioClient, thread: int) -> None:
    client.dap_request("next", threadId=thread)
    client.dap_event("stopped")
    _locals(client, thread)


def _locals(client: StdioClient, thread: int) -> list[Json]:
    frame = client.dap_request("stackTrace", threadId=thread, startFrame=0, levels=20)["stackFrames"][0]
    scope = client.dap_request("scopes", frameId=frame["id"])["scopes"][0]
    return list(client.dap_request("variables", variablesReference=scope["variablesReference"])["variables"])

"""What a debugger costs a script that just runs: the same programs, in one process, beside each other.

Each way to run a program has a Lua state of its own. All are run in turn, and the best time of each is taken: what the
machine does besides only ever adds to a time. How far that can be trusted is told by a second plain run.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from llmspell_kernel.debugger.engine import Debugger
from llmspell_kernel.runtime.host import Host, HostContext
from llmspell_kernel.runtime.state import Runtime, compile_internal

from . import mobdebug
from .measure import Row, interleaved

PROGRAMS = sorted((Path(__file__).resolve().parent / "programs").glob("*.lua"))
UNREACHED = "-- unreached"
ROUNDS = 8
# with MobDebug each takes up to a minute; others of the programs took several, or did not end
COMPARED = ("closures", "generators", "objects")
SLOW_ROUNDS = 2  # of what takes many times as long as the plain run; of MobDebug one
FILTERS = ("raised", "caught", "uncaught", "syntax", "tool")

Arguments = dict[str, Any]
Timed = Callable[[], float]

IN_MAIN_CHUNK = """\
local n = 0
for i = 1, 2000000 do
  n = n + i
  if i < 0 then
    n = 0 -- unreached
  end
end
"""
ERRORS = 20_000
PROTECTED_CALLS = f"""\
local function fails(i)
  if i < 0 then
    return i -- unreached
  end
  error("no", 0)
end
for i = 1, {ERRORS} do pcall(fails, i) end
"""
HITS = 200_000
HOT_LOOP = f"local n = 0\nfor i = 1, {HITS} do\n  n = n + i\nend\n"
LOGS = 5_000
LOGGING_LOOP = f"local n = 0\nfor i = 1, {LOGS} do\n  n = n + i\nend\n"


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="llmspell-bench-") as folder:
        yield from _programs()
        yield from _main_chunk(_script(folder, "main_chunk.lua", IN_MAIN_CHUNK))
        yield from _errors(_script(folder, "errors.lua", PROTECTED_CALLS))
        yield from _hits(_script(folder, "hot.lua", HOT_LOOP), _script(folder, "logging.lua", LOGGING_LOOP))


def _programs() -> Iterator[Row]:
    try:
        text = mobdebug.source()
        missing = None
    except mobdebug.UnavailableError as error:
        text, missing = b"", str(error)
    if missing is None and not _stops_with_mobdebug(PROGRAMS[0], text):
        missing = "its breakpoint was not hit"
    ratios: dict[str, list[float]] = {}
    for program in PROGRAMS:
        ways = {
            "noise": _plain(program),
            "breakpoint": _debugged(program, before=[_breakpoints(program)]),
            "late": _debugged(program, loaded=[_breakpoints(program)]),
            "uncaught": _debugged(program, before=[_filters("uncaught")]),
            "filters": _debugged(program, before=[_filters(*FILTERS)]),
        }
        slow_ways = {"hook": _with_line_hook(program)}
        plain, *quick = (min(times) for times in interleaved(ROUNDS, _plain(program), *ways.values()))
        slow = [min(times) for times in interleaved(SLOW_ROUNDS, *slow_ways.values())]
        for name, elapsed in zip([*ways, *slow_ways], [*quick, *slow], strict=True):
            ratios.setdefault(name, []).append(elapsed / plain)
        if missing is None and program.stem in COMPARED:
            ratios.setdefault("mobdebug", []).append(_with_mobdebug(program, text)() / plain)
    mean = {name: statistics.geometric_mean(all_of) for name, all_of in ratios.items()}
    yield Row(f"plain / plain, CPU, mean of {len(PROGRAMS)} programs (the noise)", mean["noise"], "×")
    yield Row("unhit breakpoint in the hot function / plain", mean["breakpoint"], "×", 1.02)
    yield Row("  the worst of them", max(ratios["breakpoint"]), "×")
    yield Row("  set when the program was loaded already", mean["late"], "×")
    yield Row("    the worst of them", max(ratios["late"]), "×")
    yield Row("exceptions: filter `uncaught` / plain", mean["uncaught"], "×")
    yield Row("exceptions: all filters / plain", mean["filters"], "×")
    yield Row("for comparison: an empty line hook in Lua / plain", mean["hook"], "×")
    what = f"for comparison: an unhit breakpoint of {mobdebug.NAME} / plain, {len(COMPARED)} of the programs"
    yield Row(what, mean.get("mobdebug"), "×", note=missing and f"not measured: {missing}")
    if missing is None:
        yield Row("  the worst of them", max(ratios["mobdebug"]), "×")


def _main_chunk(program: Path) -> Iterator[Row]:
    plain, early, late = (
        min(times)
        for times in interleaved(
            ROUNDS,
            _plain(program),
            _debugged(program, before=[_breakpoints(program)]),
            _debugged(program, loaded=[_breakpoints(program)]),
        )
    )
    yield Row("unhit breakpoint in a loop of the main chunk / plain", early / plain, "×")
    yield Row("  set when the chunk was loaded already", late / plain, "×")


def _errors(program: Path) -> Iterator[Row]:
    plain, uncaught = (
        min(times)
        for times in interleaved(
            ROUNDS,
            _plain(program),
            _debugged(program, before=[_filters("uncaught")]),
        )
    )
    conditional = min(*interleaved(SLOW_ROUNDS, _debugged(program, before=[_filters(*FILTERS, condition="false")])))
    yield Row("`pcall` of a function that fails, filter `uncaught` / plain", uncaught / plain, "×")
    what = "  what all filters, with a condition that is false, add to each error"
    yield Row(what, (conditional - plain) / ERRORS * 1e6, "µs")


def _hits(hot: Path, logging: Path) -> Iterator[Row]:
    plain, conditional = interleaved(
        ROUNDS, _plain(hot), _debugged(hot, before=[_breakpoints(hot, 3, condition="i < 0")])
    )
    yield Row("a condition that is false, each time", (min(conditional) - min(plain)) / HITS * 1e9, "ns")
    plain, logged = interleaved(
        ROUNDS, _plain(logging), _debugged(logging, before=[_breakpoints(logging, 3, logMessage="{i}: {n}")])
    )
    yield Row("a logpoint of two values, each time", (min(logged) - min(plain)) / LOGS * 1e9, "ns")


# Ways to run a program ------------------------------------------------------------------------------------------


def _script(folder: str, name: str, text: str) -> Path:
    path = Path(folder, name).resolve()
    path.write_text(text)
    return path


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


def _plain(program: Path) -> Timed:
    runtime = _runtime()
    return lambda: _run(runtime, program)


def _with_line_hook(program: Path) -> Timed:
    runtime = _runtime()
    sethook, hook = runtime.library.debug.sethook, runtime.lua.eval(b"function() end")

    def run() -> float:
        sethook(hook, b"l")
        try:
            return _run(runtime, program)
        finally:
            sethook()

    return run


def _with_mobdebug(program: Path, text: bytes) -> Timed:
    run = _mobdebug(program, text)
    unreached = _unreached(program)

    def unhit() -> float:
        elapsed, answers = run(unreached)
        if answers.count(b"200 OK") != 2 or b"Paused" in answers:
            raise RuntimeError(f"MobDebug has not taken the breakpoint, or has stopped at it: {answers[:300]!r}")
        return elapsed

    return unhit


def _mobdebug(program: Path, text: bytes) -> Callable[[int], tuple[float, bytes]]:
    """Runs a program with a breakpoint in a line; gives the time, and what MobDebug has said."""
    runtime = _runtime()
    begin, finish = compile_internal(runtime.lua, Path(__file__).with_name("mobdebug.lua"))(runtime.library, text)

    def run(line: int) -> tuple[float, bytes]:
        begin(str(program).encode(), line)
        elapsed = _run(runtime, program)
        return elapsed, finish()

    return run


def _stops_with_mobdebug(program: Path, text: bytes) -> bool:
    """Whether a breakpoint in the last line is hit: else what is measured would be no breakpoint."""
    line = len(program.read_text().splitlines())
    _, answers = _mobdebug(program, text)(line)
    return f"202 Paused {program} {line}\n".encode() in answers


def _breakpoints(program: Path, line: int | None = None, **fields: Any) -> tuple[str, Arguments]:
    """A request for one breakpoint, by default where the program never comes."""
    one = {"line": line or _unreached(program), **fields}
    return "setBreakpoints", {"source": {"path": str(program)}, "breakpoints": [one]}


def _unreached(program: Path) -> int:
    return next(n for n, text in enumerate(program.read_text().splitlines(), 1) if UNREACHED in text)


def _filters(*names: str, condition: str | None = None) -> tuple[str, Arguments]:
    if condition is None:
        return "setExceptionBreakpoints", {"filters": list(names)}
    options = [{"filterId": name, "condition": condition} for name in names]
    return "setExceptionBreakpoints", {"filters": [], "filterOptions": options}


def _debugged(
    program: Path,
    before: Sequence[tuple[str, Arguments]] = (),
    loaded: Sequence[tuple[str, Arguments]] = (),
) -> Timed:
    """With requests that are made before the program is loaded, or when it is and has not begun."""
    runtime = _runtime()
    numbers = iter(range(1, 1_000_000))

    def event(name: str, _body: Arguments) -> None:
        if name == "stopped":
            raise RuntimeError(f"{program.name} has stopped")

    debugger = Debugger(runtime, event, lambda: None, lambda _launch: None, lambda: None)
    debugger.enable()

    def ask(command: str, arguments: Arguments) -> Arguments:
        answers: list[Arguments] = []
        debugger.handle({"seq": next(numbers), "command": command, "arguments": arguments}, answers.append)
        if not answers or not answers[0]["success"]:
            raise RuntimeError(f"{program.name}: {command} was refused: {answers}")
        return answers[0]["body"] or {}

    def verified(command: str, arguments: Arguments) -> None:
        for place in ask(command, arguments).get("breakpoints", ()):
            if not place["verified"]:
                raise RuntimeError(f"{program.name}: the breakpoint is not in force: {place}")

    def set_loaded() -> None:
        for one in loaded:
            verified(*one)

    def run() -> float:
        if loaded:
            ask("setBreakpoints", {"source": {"path": str(program)}, "breakpoints": []})
        debugger.job_begins()
        elapsed = _run(runtime, program, set_loaded)
        debugger.job_ends()
        return elapsed

    ask("initialize", {"adapterID": "llmspell"})
    ask("attach", {})
    for one in before:
        ask(*one)
    run()
    for one in before:
        verified(*one)
    return run

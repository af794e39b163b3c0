"""The examples and the benchmarks' programs do the same whatever the debugger has in force as without one."""

import shutil
from pathlib import Path

import pytest
from llmspell_kernel.debugger.probes import place
from llmspell_kernel.protocol.ldp import EXCEPTION_FILTERS
from llmspell_kernel.runtime.tools.json_processor import close

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").rglob("*.lua"))
LIMIT = 60  # a probe at every place takes its time on a loaded machine
PROGRAMS = sorted((ROOT / "benchmarks" / "programs").glob("*.lua"))


@pytest.fixture(autouse=True)
def _no_child_is_left():
    yield
    close()


@pytest.fixture
def examples(tmp_path):
    """The examples, where they may write."""
    folder = tmp_path / "examples"
    shutil.copytree(ROOT / "examples", folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def breakpoints_everywhere(debuggee, path, **fields):
    points = [one for of in place(path.read_bytes()).points.values() for one in of]
    found = debuggee.breakpoints(path, *({"line": one.line, "column": one.column, **fields} for one in points))
    assert found
    assert all(one["verified"] for one in found)
    assert [(one["line"], one["column"]) for one in found] == [one.place for one in points]


def seen(debuggee, path):
    debuggee.start(path)
    assert debuggee._ended.wait(LIMIT)
    outcome = debuggee.end()
    assert debuggee.stops() == []
    return "".join(debuggee.output), outcome.error and (outcome.error.message, outcome.error.traceback)


@pytest.mark.parametrize("fields", [{"enabled": False}, {"condition": "false"}], ids=["off", "on"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT / "examples")))
def test_example(new_debuggee, examples, path, fields, monkeypatch):
    monkeypatch.chdir(examples)
    copied = examples / path.relative_to(ROOT / "examples")
    plain = seen(new_debuggee(), copied)
    debuggee = new_debuggee()
    for one in examples.rglob("*.lua"):
        breakpoints_everywhere(debuggee, one, **fields)
    assert seen(debuggee, copied) == plain


# program: what it computes, and what is made smaller so that a probe on every line stays quick
RESULTS = {
    "closures": ("total", ("1, 500", "1, 3")),
    "collatz": ("longest", ("60000", "400"), ("339", "longest")),
    "generators": ("count", ("400000", "900"), ("10000", "100")),
    "matrix": ("result[n][n]", ("n = 170", "n = 9")),
    "objects": ("accounts[1].moves, accounts[8].balance", ("300000", "400")),
    "queens": ("place(1, 6, {}, {}, {})", ("1, 90", "1, 1"), ("place(1, 8", "place(1, 6"), ("92", "4")),
    "sorting": ("heap[1], heap[size]", ("100000", "150")),
    "words": ("counts.the, #table.concat(parts)", ("28000", "60"), ("280000", "600"), ("4 * 28000", "4 * 60")),
}


def smaller(path):
    """A program that prints what it computes; its last line fails, for the error to be compared too."""
    text = path.read_text(encoding="utf-8")
    result, *changes = RESULTS[path.stem]
    for old, new in sorted(changes, key=lambda change: -len(change[0])):
        assert old in text
        text = text.replace(old, new)
    return f"{text}\nprint({result})\nerror('the end')\n"


def every_line(debuggee, path, **fields):
    lines = range(1, len(path.read_text().splitlines()) + 1)
    return debuggee.breakpoints(path, *({"line": line, **fields} for line in lines))


def stopped_at_entry(debuggee, path):
    debuggee.start(path, entry=True)
    assert debuggee.stopped()["reason"] == "entry"


def go_on(debuggee, command="continue"):
    debuggee.body(command, threadId=debuggee.stops()[-1]["threadId"])
    assert debuggee._ended.wait(LIMIT)


def with_probes_off(debuggee, path):
    breakpoints_everywhere(debuggee, path, enabled=False)
    debuggee.run(path)


def with_conditions(debuggee, path):
    breakpoints_everywhere(debuggee, path, condition="false")
    debuggee.run(path)


def with_logpoints(debuggee, path):
    breakpoints_everywhere(debuggee, path, logMessage="here")
    debuggee.run(path)
    logged = [body for event, body in debuggee.events if event == "output"]
    assert logged
    assert {body["category"] for body in logged} == {"console"}


def with_exception_breakpoints(debuggee, path):
    filters = [{"filterId": one["filter"], "condition": "false"} for one in EXCEPTION_FILTERS]
    found = debuggee.body("setExceptionBreakpoints", filters=[], filterOptions=filters)["breakpoints"]
    assert all(one["verified"] for one in found)
    debuggee.run(path)


def with_late_breakpoints(debuggee, path):
    stopped_at_entry(debuggee, path)
    assert any(one["verified"] for one in every_line(debuggee, path, condition="false"))
    go_on(debuggee)


def with_watched_data(debuggee, path):
    stopped_at_entry(debuggee, path)
    data = debuggee.body("dataBreakpointInfo", name="never_written", frameId=debuggee.frame())["dataId"]
    [watched] = debuggee.body("setDataBreakpoints", breakpoints=[{"dataId": data, "accessType": "write"}])[
        "breakpoints"
    ]
    assert watched["verified"]
    go_on(debuggee)


def stepped_out_of(debuggee, path):
    stopped_at_entry(debuggee, path)
    go_on(debuggee, "stepOut")


WAYS = (
    with_probes_off,
    with_conditions,
    with_logpoints,
    with_exception_breakpoints,
    with_late_breakpoints,
    with_watched_data,
    stepped_out_of,
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_program(new_debuggee, path, way):
    plain, debugged = new_debuggee(), new_debuggee()
    text = smaller(path)
    output, error = seen(plain, plain.script(text))
    assert output.strip()
    assert error[0].endswith("the end")
    way(debugged, debugged.script(text))
    outcome = debugged.end()
    assert [stop["reason"] for stop in debugged.stops()] in ([], ["entry"])
    assert ("".join(debugged.output), (outcome.error.message, outcome.error.traceback)) == (output, error)

"""The examples and the benchmarks' programs do the same with a probe at every place as without one."""

import shutil
from pathlib import Path

import pytest
from llmspell_kernel.debugger.probes import place
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


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_program(debuggee, tmp_path, path):
    text = path.read_text(encoding="utf-8")
    plain, probed = tmp_path / "0.lua", tmp_path / "1.lua"
    plain.write_text(text)
    probed.write_text(text)
    assert seen(debuggee, plain) == ("", None)
    breakpoints_everywhere(debuggee, probed, enabled=False)
    assert seen(debuggee, probed) == ("", None)

"""The examples run to their end, say what they said before, and leave nothing behind."""

import tempfile
from pathlib import Path

import pytest
from llmspell_kernel.runtime.tools.json_processor import close

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = sorted([*EXAMPLES.glob("0*.lua"), *EXAMPLES.glob("0*/main.lua")], key=str)
LAST_LINES = {
    "01_tools.lua": "  note-3.txt  15 bytes",
    "02_state.lua": "keys left:\t0",
    "03_workflow.lua": "good:\t42",
    "04_errors.lua": "handled: attempt to index a nil value (local 'missing')",
    "05_coroutine.lua": "  turn 4: tea is done",
    "06_orders/main.lua": "written: 252 bytes, as long as the report: true",
    "07_display.lua": "brewing [##############################] 100% (3/3)",
    "08_flows.lua": "steps:\t21\tbegun\t21\tcompleted",
    "09_agents.lua": "answers:\t20\tof calls:\t21",
}


@pytest.fixture(autouse=True)
def _no_child_is_left():
    yield
    close()


def test_all_examples_are_here():
    assert [str(path.relative_to(EXAMPLES)) for path in SCRIPTS] == list(LAST_LINES)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_an_example_runs_to_its_end(new_script, path, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    script = new_script()
    outcome = script.runtime.run_file(path)
    assert outcome.error is None
    lines = b"".join(script.output).decode().splitlines()
    assert lines[-1] == LAST_LINES[str(path.relative_to(EXAMPLES))]
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_an_example_says_what_it_is_and_how_to_run_it(path):
    head = path.read_text(encoding="utf-8").split("\n\n")[0]
    assert f"llmspell run examples/{path.relative_to(EXAMPLES)}" in head
    assert "Debug it:" in head

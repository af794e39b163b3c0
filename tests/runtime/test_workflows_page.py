"""The scripts of docs/workflows.md, run as they stand there: they print what their comments say."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "workflows.md"
SCRIPTS = re.findall(r"^```lua\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
PRINTED = (
    ["Sequential workflow 'count' completed: 3 of 3 steps succeeded", "32"],
    ["42"],
    ["workflow.step.started", "workflow.step.completed"],
)


@pytest.mark.parametrize(
    ("code", "printed"), list(zip(SCRIPTS, PRINTED, strict=True)), ids=["workflow", "hook", "events"]
)
def test_script_prints_what_the_page_says(script, code, printed):
    assert script.run(code).splitlines() == printed
    assert [said for said in re.findall(r"--> (.*)", code) if said not in printed] == []

"""What docs/python-tools.md shows works as it stands there."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "python-tools.md"


def test_example_of_the_page(new_script):
    page = PAGE.read_text(encoding="utf-8")
    [python] = re.findall(r"```python\n# (llmspell_tools/\w+\.py)\n(.*?)```", page, re.DOTALL)
    [lua] = re.findall(r"```lua\n(.*?)```", page, re.DOTALL)
    script = new_script()
    path = script.runtime.host.context.project_root / python[0]
    path.parent.mkdir()
    path.write_text(python[1], encoding="utf-8")
    [printed] = re.findall(r"--> (.*)", lua)
    assert script.run(lua) == printed

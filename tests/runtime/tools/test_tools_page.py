"""docs/tools.md names the tools there are and the settings that are read, and its first script prints what it says."""

import re
import tomllib
from pathlib import Path

import pytest
from llmspell_kernel.runtime.configuration import load_configuration
from llmspell_kernel.runtime.tools import registered

PAGE = (Path(__file__).parents[3] / "docs" / "tools.md").read_text(encoding="utf-8")
SETTINGS = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_every_tool_stands_in_the_table():
    table = PAGE.partition("| group | tools |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([a-z0-9-]+)`", table)) == set(registered())


@pytest.mark.parametrize("text", SETTINGS, ids=[text.partition("\n")[0] for text in SETTINGS])
def test_settings_are_known(tmp_path, text):
    (tmp_path / "llmspell.toml").write_text(text)
    read, given = load_configuration(tmp_path).document, tomllib.loads(text)
    assert {name: read[name] for name in given if name != "runtime"} == {
        name: table for name, table in given.items() if name != "runtime"
    }


def test_the_first_script_prints_what_the_page_says(script):
    code = re.search(r"^```lua\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1]
    assert script.run(code) == re.search(r"--> (.*)", code)[1]

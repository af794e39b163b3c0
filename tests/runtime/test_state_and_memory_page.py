"""The scripts of docs/state-and-memory.md run."""

import re
from pathlib import Path

import pytest
from llmspell_kernel.runtime.configuration import load_configuration

PAGE = Path(__file__).resolve().parents[2] / "docs" / "state-and-memory.md"
SCRIPTS = re.findall(r"```lua\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
SETTINGS = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("settings", SETTINGS, ids=range(len(SETTINGS)))
def test_settings_of_the_page_are_accepted(tmp_path, settings):
    (tmp_path / "llmspell.toml").write_text(settings)
    load_configuration(tmp_path)


def test_scripts_of_the_page_run(new_script, tmp_path, monkeypatch):
    root = tmp_path / "project"
    root.mkdir()
    (root / "llmspell.toml").write_text("[rag]\nenabled = true")
    (root / "main.py").write_text("x = 1")
    monkeypatch.chdir(root)
    script = new_script(configuration=load_configuration(root))
    # the page goes on with what it has made
    outcome = script.runtime.execute("\n".join(re.sub(r"(?m)^local ", "", one) for one in SCRIPTS))
    assert outcome.error is None, outcome.error
    printed = b"".join(script.output).decode().splitlines()
    assert printed[:3] == ["2", "1", "Rust"]
    assert printed[-1].startswith("# Review of main.py") or "No findings." in printed

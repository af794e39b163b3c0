"""The scripts of docs/agents.md, run as they stand there, and the settings of docs/providers.md, read as they stand."""

import re
from pathlib import Path

import pytest
from llmspell_kernel.runtime.configuration import load_configuration

DOCS = Path(__file__).parents[3] / "docs"
SCRIPTS = re.findall(r"^```lua\n(.*?)^```", (DOCS / "agents.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
TOML = re.findall(r"^```toml\n(.*?)^```", (DOCS / "providers.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code", SCRIPTS, ids=[code.splitlines()[0][:40] for code in SCRIPTS])
def test_a_script_prints_what_the_page_says(new_script, code):
    printed = new_script().run(code).splitlines()
    said = re.findall(r"--> (.*)", code)
    assert said
    assert [line for line in printed if line in said] == said


def test_the_settings_of_the_page_are_read(new_script, tmp_path, monkeypatch):
    monkeypatch.setenv("OFFICE_KEY", "sk-office-0123456789abcdef")
    project = tmp_path / "project"
    project.mkdir()
    first, mock, replies = TOML
    (project / "llmspell.toml").write_text(first + mock)
    (project / "replies.toml").write_text(replies)
    script = new_script(configuration=load_configuration(project))
    ask = "Agent.builder():model('mock/{}'):build():execute({{text = '{}'}}).text"
    assert script.value(ask.format("slow", "x")) == "one two"
    assert script.error(f"print({ask.format('m', 'fail now')})").endswith("no answer today")
    assert script.value("Provider.get('office').capabilities.supports_streaming") is True

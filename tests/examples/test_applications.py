"""What holds for every application: no finding, formatted, run as its README says, every one of its settings known."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from llmspell_analysis.formatting.formatter import Style, format_document
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.text import SourceText

EXAMPLES = Path(__file__).parents[2] / "examples"
APPLICATIONS = sorted(path.parent.name for path in EXAMPLES.glob("*/README.md"))
FILES = [path for name in APPLICATIONS for path in sorted((EXAMPLES / name).rglob("*.lua"))]


def test_both_applications_are_here():
    assert APPLICATIONS == ["10_file_organiser", "11_code_review"]


@pytest.mark.parametrize("name", APPLICATIONS)
def test_the_validator_finds_nothing(name, command):
    done = subprocess.run(
        [command, "validate", "--severity", "hint", "--no-cache", EXAMPLES / name],
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stdout.rpartition(",")[2].strip()) == (0, "0 findings")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_a_file_is_formatted(path):
    assert format_document(Document(SourceText(path.read_bytes()), str(path)), Style()) == ()


@pytest.mark.parametrize("name", APPLICATIONS)
def test_what_the_readme_says_to_run_runs(application, name):
    run, folder = application(name)
    text = (folder / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^llmspell run main\.lua -- (.*)$", text, re.MULTILINE)
    assert len(commands) >= 4
    for command in commands:
        done = run(*shlex.split(command, comments=True))
        assert done.returncode in {0, 1}, command
        assert done.stdout, command
        assert done.stderr == "", command


@pytest.mark.parametrize("name", APPLICATIONS)
def test_the_readme_names_every_module_and_every_option(name):
    text = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
    usage = (EXAMPLES / name / "arguments.lua").read_text(encoding="utf-8")
    options = set(re.findall(r"\[(--[a-z]+)", usage))
    assert len(options) >= 3
    assert [one for one in options if f"`{one}" not in text] == []
    assert [path.name for path in (EXAMPLES / name).glob("*.lua") if f"`{path.name}`" not in text] == []

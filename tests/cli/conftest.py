"""The ``llmspell`` command in a project of its own; every kernel that it started ends with its test."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = str(Path(sys.executable).with_name("llmspell"))


@pytest.fixture
def command():
    return COMMAND


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A project that is the current folder, and homes of this test's own for LLMSpell and for Jupyter."""
    monkeypatch.setenv("LLMSPELL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    project = tmp_path / "project"
    project.mkdir()
    (project / "llmspell.toml").touch()
    monkeypatch.chdir(project)
    return project


@pytest.fixture
def llmspell():
    """Runs the command and gives what ``subprocess.run`` does, with text."""

    def run(*arguments, **options):
        return subprocess.run(
            check=False, args=[COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=60, **options
        )

    return run


@pytest.fixture
def asked(llmspell):
    """Runs the command with ``--json`` and gives its document."""

    def run(*arguments, exit_code=0):
        done = llmspell(*arguments, "--json")
        assert (done.returncode, done.stderr) == (exit_code, "")
        return json.loads(done.stdout)

    return run


@pytest.fixture
def kernels_end(llmspell):
    """What is started in the test is stopped after it."""
    yield
    assert llmspell("kernel", "stop", "--all").returncode == 0


@pytest.fixture
def kernel(kernels_end, asked):
    """The project's kernel as ``llmspell kernel start --json`` describes it."""
    return asked("kernel", "start", "--idle-timeout", "60")

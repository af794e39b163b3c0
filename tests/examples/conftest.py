"""Applications among the examples, each copied into a folder of the test's own and run with ``llmspell``."""

import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
COMMAND = str(Path(sys.executable).with_name("llmspell"))


@pytest.fixture
def command():
    return COMMAND


@pytest.fixture
def application(tmp_path, monkeypatch):
    """Copies an application; gives what runs its main.lua with arguments, and its folder."""
    monkeypatch.setenv("LLMSPELL_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def copied(name):
        folder = copytree(EXAMPLES / name, tmp_path / name)

        def run(*arguments):
            return subprocess.run(
                [COMMAND, "run", "main.lua", "--", *map(str, arguments)],
                cwd=folder,
                check=False,
                capture_output=True,
                text=True,
                timeout=100,
            )

        return run, folder

    return copied

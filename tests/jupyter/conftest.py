"""Jupyter's programs with our kernelspec, and nothing of the person who runs the tests: all is in tmp_path."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

BIN = Path(sys.executable).parent
END_LIMIT = 20
# TCP ports that Jupyter chose before the kernel takes them may be another's by then, with tests in parallel. The path
# is relative, since that of a socket is short: Jupyter's programs and their kernels run in the same folder.
SETTINGS = {"ConnectionFileMixin": {"transport": "ipc", "ip": "kernel"}}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Jupyter's folders and ours are new ones; whatever runs with them ends with the test."""
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith(("JUPYTER_", "IPYTHON", "LLMSPELL_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LLMSPELL_HOME", str(home / ".llmspell"))
    config = tmp_path / "config"
    config.mkdir()
    (config / "jupyter_config.json").write_text(json.dumps(SETTINGS))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(config))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(home)
    yield home / ".llmspell"
    left = [process for process in psutil.process_iter() if _runs_with(process, home / ".llmspell")]
    _gone, alive = psutil.wait_procs(left, timeout=END_LIMIT)
    commands = [process.cmdline() for process in alive]
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=END_LIMIT)
    assert commands == [], f"these processes did not end within {END_LIMIT} s"


def _runs_with(process, llmspell_home):
    try:
        return process.pid != os.getpid() and process.environ().get("LLMSPELL_HOME") == str(llmspell_home)
    except psutil.Error:
        return False  # it has ended, or belongs to another user


@pytest.fixture
def kernelspec(tmp_path, monkeypatch):
    """Our kernel is installed, as a person installs it; its name."""
    prefix = tmp_path / "prefix"
    command = [BIN / "llmspell", "kernel", "install", "--prefix", prefix]
    subprocess.run(command, check=True, timeout=60, capture_output=True)
    monkeypatch.setenv("JUPYTER_PATH", str(prefix / "share/jupyter"))
    return "llmspell"


@pytest.fixture
def settings():
    """What Jupyter's programs read from their file, for a test that is none of them."""
    return SETTINGS

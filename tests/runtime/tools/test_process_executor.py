"""What the cases of `process-executor` cannot say: what is left of a program."""

import sys
from pathlib import Path

import psutil
import pytest
from llmspell_kernel.runtime.configuration import Configuration
from llmspell_kernel.runtime.tools import ToolContext, run_tool

STARTS_ANOTHER = "import subprocess; print(subprocess.Popen(['sleep', '600']).pid)"
WAITS = f"{STARTS_ANOTHER.replace('print(', 'print(flush=True, *[').removesuffix(')')}]); import time; time.sleep(600)"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no sessions of processes")
@pytest.mark.parametrize("code", [STARTS_ANOTHER, WAITS], ids=["ends by itself", "is ended"])
def test_nothing_of_a_program_is_left(code):
    settings = {"tools": {"process-executor": {"allowed_programs": [sys.executable], "timeout": 2}}}
    context = ToolContext((), Configuration(document=settings), folder=Path.cwd())
    parameters = {"executable": sys.executable, "arguments": ["-I", "-c", code]}
    answer = run_tool("process-executor", parameters, context)["result"]
    assert answer["timed_out"] is (code is WAITS)
    try:
        child = psutil.Process(int(answer["stdout"]))
        child.wait(20)
    except psutil.NoSuchProcess:
        return

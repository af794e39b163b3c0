"""A small soak: pauses, steps and breakpoint changes at random in a running script, whose results are checked."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("seed", [11, 12])
def test_script_computes_the_same_whatever_the_debugger_does(seed, tmp_path):
    command = [sys.executable, "-m", "benchmarks.soak", "--seed", str(seed), "--pauses", "300", "--changes", "60"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all right" in done.stdout

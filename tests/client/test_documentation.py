"""The examples of docs/client.md, run as they stand there."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from llmspell_kernel.client import KernelClient, discover_kernels

PAGE = Path(__file__).parents[2] / "docs" / "client.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def no_kernels_left() -> Iterator[None]:
    yield
    for found in discover_kernels():
        if found.info is not None and found.state == "running":
            with KernelClient.connect(found.info) as client:
                client.shutdown()


def test_there_is_a_blocking_and_an_asyncio_example_of_ten_lines() -> None:
    assert ["async" in example for example in EXAMPLES] == [False, True]
    assert all(len([line for line in example.splitlines() if line.strip()]) <= 10 for example in EXAMPLES)


@pytest.mark.usefixtures("no_kernels_left")
@pytest.mark.parametrize("example", EXAMPLES, ids=["blocking", "asyncio"])
def test_example_prints_what_the_page_says(example: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", example],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env=os.environ,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("step\t1\nstep\t2\nstep\t3\nok\n", "")

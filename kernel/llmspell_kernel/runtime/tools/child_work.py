"""Has work done in a process of its own: that of libraries which read files that anybody may have made.

The file stands ready as the child's standard input and the one to be written as its standard output, so that it
opens nothing itself. What it answers comes by its standard error, whose number it takes for itself.

Invariant: the child is gone when the call is over, and uses no more time and memory than its limits.
"""

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from ..service_threads import ServiceTimer
from .output import ToolError
from .registry import ToolContext

MAX_SECONDS = 60.0
MAX_RUNNING = 4
_LOOK_SECONDS = 0.1
MAX_MEMORY = 2 * 1024 * 1024 * 1024
MAX_ANSWER = 32 * 1024 * 1024
_places = threading.BoundedSemaphore(MAX_RUNNING)


def work(
    module: str, request: Mapping[str, Any], source: BinaryIO, context: ToolContext, target: BinaryIO | None = None
) -> Any:
    """What ``work`` of a module here answers to the request. Raises ToolError, and CancelledError."""
    with _turn(context):
        return _work(module, request, source, context, target)


@contextlib.contextmanager
def _turn(context: ToolContext) -> Iterator[None]:
    """One of the few places for children: workflows may ask for hundreds at once."""
    while not _places.acquire(timeout=_LOOK_SECONDS):
        context.cancellation.check()
    try:
        yield
    finally:
        _places.release()


def _work(
    module: str, request: Mapping[str, Any], source: BinaryIO, context: ToolContext, target: BinaryIO | None
) -> Any:
    command = [sys.executable, "-I", "-m", f"{__package__}.child", module, json.dumps(request), str(MAX_MEMORY)]
    source.seek(0)
    process = subprocess.Popen(  # noqa: S603 - our own module
        command,
        stdin=source,
        stdout=subprocess.DEVNULL if target is None else target,
        stderr=subprocess.PIPE,
        env=_environment(),
    )
    watch = ServiceTimer(MAX_SECONDS, process.kill, name="child-work")
    try:
        with context.cancellation.ending(process.kill):
            watch.start()
            assert process.stderr is not None  # noqa: S101 - it is a pipe
            answer = process.stderr.read(MAX_ANSWER + 1)
    finally:
        watch.cancel()
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()
    context.cancellation.check()
    if len(answer) > MAX_ANSWER:
        raise ToolError(f"the result is larger than the limit of {MAX_ANSWER} bytes", "too_large")
    return _value(answer)


def _value(answer: bytes) -> Any:
    with contextlib.suppress(ValueError):
        found = json.loads(answer)
        if "value" in found:
            return found["value"]
        if "missing" in found:
            extra = found["extra"]
            raise ToolError(
                f"it needs {found['missing']}; install it with: pip install 'llmspell[{extra}]'", "not_installed"
            )
        raise ToolError(str(found["error"]), str(found["code"]))
    raise ToolError(
        f"the file could not be worked on: it took longer than {MAX_SECONDS:g} s or more than "
        f"{MAX_MEMORY // 2**30} GiB of memory, or it broke what reads it",
        "timeout",
    )


def _environment() -> dict[str, str]:
    import os

    return {name: os.environ[name] for name in ("SYSTEMROOT", "PATHEXT", "TMPDIR", "TEMP") if name in os.environ}

"""The tool `json-processor`: jq queries and JSON Schema checks.

The work is done by one child process (json_worker), started when first needed and again after it had to end.

Invariant: no query runs longer than MAX_SECONDS, takes more than MAX_MEMORY, or sees environment or files.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

from ..cancellation import Cancellation
from ..service_threads import ServiceTimer
from .output import ToolError, ToolOutput, finite, raw
from .registry import Parameters, ToolContext

MAX_SECONDS = 5.0
_LOOK_SECONDS = 0.1
MAX_MEMORY = 1024 * 1024 * 1024
MAX_RESULTS = 100_000
MAX_QUERY_LENGTH = 10_000
MAX_BYTES = 32 * 1024 * 1024
_REFUSED = re.compile(
    r"(?<![.\w$])(?P<word>\$ENV|\$__prog_args|(?:env|inputs?|input_filename|input_line_number|debug|stderr|include|import|"
    r"halt|halt_error|get_search_list|modulemeta)\b(?!\s*:))"
)
_PLAIN_STRING = re.compile(r'"(?:[^"\\]|\\[^(])*"')
_COMMENT = re.compile(r"#[^\n]*")


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    operation = parameters["operation"]
    if operation == "validate":
        found = _ask({"input": _data(parameters["input"]), "schema": parameters["schema"]}, context)
        return raw("validate", {"is_valid": not found, "errors": found})
    if operation == "stream":
        results = _query(parameters.get("query", "."), _lines(parameters["input"]), context)
        return raw("stream", results)
    results = _query(parameters["query"], [_data(parameters["input"])], context)
    return raw("query", results[0] if len(results) == 1 else results)


def _data(given: Any) -> Any:
    """The value itself, or what a JSON text says. Text that does not look like JSON is a string."""
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except (ValueError, RecursionError) as error:
        if given.lstrip()[:1] in {"{", "["}:
            raise ToolError(f"parameter 'input' is not JSON: {error}", "invalid_input") from None
        return given


def _lines(given: Any) -> list[Any]:
    if not isinstance(given, str):
        raise ToolError("parameter 'input': expected JSON lines (text) for operation 'stream'", "invalid_parameters")
    values = []
    for number, line in enumerate(given.splitlines(), 1):
        if not line.strip():
            continue
        try:
            values.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise ToolError(f"line {number} of the input is not JSON: {error}", "invalid_input") from None
    return values


def _query(query: str, inputs: list[Any], context: ToolContext) -> list[Any]:
    if len(query) > MAX_QUERY_LENGTH:
        raise ToolError(f"the query is longer than {MAX_QUERY_LENGTH} characters", "too_large")
    code = _COMMENT.sub("", _PLAIN_STRING.sub('""', query))
    if found := _REFUSED.search(code):
        raise ToolError(f"the query uses '{found['word']}', which is refused", "refused")
    if sys.platform == "win32":
        raise ToolError("jq queries are not available on Windows; use JSON.parse and Lua instead", "unavailable")
    results: list[Any] = _ask({"query": query, "inputs": inputs, "limit": MAX_RESULTS}, context)
    return results


def _ask(request: dict[str, Any], context: ToolContext) -> Any:
    line = json.dumps(finite(request), allow_nan=False).encode("ascii") + b"\n"
    if len(line) > MAX_BYTES:
        raise ToolError(f"the input is larger than the limit of {MAX_BYTES} bytes", "too_large")
    answer = _child().ask(line, context.cancellation)
    if "error" in answer:
        raise ToolError(str(answer["error"]), "query_failed")
    return answer["value"]


class _Child:
    """One json_worker. `ask` is one request at a time; a child that ends is replaced by the next call."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, line: bytes, cancellation: Cancellation) -> Any:
        with self._turn(cancellation):
            process = self._running()
            assert process.stdin is not None  # noqa: S101 - both are pipes
            assert process.stdout is not None  # noqa: S101
            # The child's own alarm is the limit; this one is for platforms without alarms.
            watch = ServiceTimer(MAX_SECONDS * 2, process.kill, name="json-processor")
            watch.start()
            try:
                with cancellation.ending(process.kill):
                    process.stdin.write(line)
                    process.stdin.flush()
                    answer = process.stdout.readline(MAX_BYTES)
            except OSError:
                answer = b""
            finally:
                watch.cancel()
            if answer.endswith(b"\n"):
                return json.loads(answer)
            self.close()
        cancellation.check()
        if answer:
            raise ToolError(f"the result is larger than {MAX_BYTES} bytes", "too_large")
        raise ToolError(
            f"the query was stopped: it took longer than {MAX_SECONDS:.0f} s or more than "
            f"{MAX_MEMORY // 2**20} MiB of memory",
            "timeout",
        )

    @contextlib.contextmanager
    def _turn(self, cancellation: Cancellation) -> Iterator[None]:
        """The child's time, when the requests before have had theirs."""
        while not self._lock.acquire(timeout=_LOOK_SECONDS):
            cancellation.check()
        try:
            yield
        finally:
            self._lock.release()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-I", "-m", __package__ + ".json_worker", str(MAX_SECONDS), str(MAX_MEMORY)]
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_ENVIRONMENT
            )
        return self._process

    def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


# Windows' Python does not start without these.
_ENVIRONMENT = {name: os.environ[name] for name in ("SYSTEMROOT", "PATHEXT") if name in os.environ}
_children: list[_Child] = []
_making = threading.Lock()


def _child() -> _Child:
    # A child that was inherited by a fork belongs to the parent process.
    with _making:
        if not _children or _children[-1].pid != os.getpid():
            _children.append(_Child())
        return _children[-1]


def close() -> None:
    """End the child process, if there is one; the next call starts another."""
    if _children and _children[-1].pid == os.getpid():
        _children[-1].close()

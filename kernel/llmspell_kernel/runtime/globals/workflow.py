"""The host half of the global `Workflow`: ids, times, pauses, and one attempt at a step.

The order of steps, attempts and callbacks is in the Lua half, since callbacks are Lua functions.

Invariant: a step passes the same gate as the script's own call would.
"""

import time
import uuid
from datetime import UTC, datetime

from ..host import Host, HostError
from ..values import Value

RETRY_DELAY_MS = 1000
DEFAULT_ATTEMPTS = 3
DEFAULT_STEP_TIMEOUT_MS = 30_000
MAX_PAUSE_MS = 60_000


def register(host: Host) -> None:
    host.register("Workflow.new_id", new_id)
    host.register("Workflow.now", now)
    host.register("Workflow.pause", pause)
    host.register("Workflow.defaults", defaults)
    host.register("Workflow.attempt", attempt)


def new_id(_host: Host) -> Value:
    return str(uuid.uuid4())


def now(_host: Host) -> Value:
    """`{ms, text}`: a clock that never goes back, in milliseconds, and the time of day (RFC 3339)."""
    text = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"ms": time.monotonic() * 1000, "text": text}


def pause(_host: Host) -> Value:
    """Wait as long as a retry does."""
    time.sleep(min(RETRY_DELAY_MS, MAX_PAUSE_MS) / 1000)
    return None


def defaults(_host: Host) -> Value:
    return {"attempts": DEFAULT_ATTEMPTS, "step_timeout_ms": DEFAULT_STEP_TIMEOUT_MS}


def attempt(host: Host, tool: str, parameters: Value, timeout_ms: float) -> Value:
    """Run a tool once: `{output, duration_ms}` or `{error, duration_ms}`.

    A tool cannot be stopped half way, so the time limit is checked when it is done: a late answer is an error.
    """
    started = time.monotonic()
    outcome: dict[str, Value] = {}
    try:
        output = host.call("Tool.execute", [tool, parameters])
        if isinstance(output, dict) and output.get("success") is False:
            error = output.get("error")
            outcome["error"] = str(error.get("message") if isinstance(error, dict) else error)
        else:
            outcome["output"] = output
    except HostError as error:
        outcome["error"] = str(error)
    duration = (time.monotonic() - started) * 1000
    if "output" in outcome and duration > timeout_ms:
        outcome = {"error": f"took {duration:.0f} ms, more than its limit of {timeout_ms:.0f} ms"}
    outcome["duration_ms"] = round(duration)
    return outcome

"""The host half of the global `Workflow`: ids, times and defaults, and the jobs that steps are.

The order of steps, attempts and callbacks is in the Lua half, since callbacks are Lua functions.

Invariant: a step passes the same gate as the script's own call would.
"""

import time

from ..correlation import new_id
from ..host import Host
from ..timestamps import now_text
from ..values import Value

RETRY_DELAY_MS = 1000
MAX_RETRY_DELAY_MS = 60_000
DEFAULT_ATTEMPTS = 3
DEFAULT_STEP_TIMEOUT_MS = 30_000
DEFAULT_CONCURRENCY = 4
# A loop over a condition ends after so many iterations unless it says how many.
DEFAULT_MAX_ITERATIONS = 1000


def register(host: Host) -> None:
    host.jobs.register(host)
    host.register("Workflow.new_id", lambda _host: new_id())
    host.register("Workflow.now", now)
    host.register("Workflow.defaults", defaults)


def now(_host: Host) -> Value:
    """`{ms, text}`: a clock that never goes back, in milliseconds, and the time of day (RFC 3339)."""
    text = now_text()
    return {"ms": time.monotonic() * 1000, "text": text}


def defaults(host: Host) -> Value:
    return {
        "attempts": DEFAULT_ATTEMPTS,
        "step_timeout_ms": DEFAULT_STEP_TIMEOUT_MS,
        "retry_delay_ms": RETRY_DELAY_MS,
        "max_retry_delay_ms": MAX_RETRY_DELAY_MS,
        "concurrency": DEFAULT_CONCURRENCY,
        "max_iterations": DEFAULT_MAX_ITERATIONS,
    }

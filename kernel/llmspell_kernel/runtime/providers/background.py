"""A question to a provider that the script's thread waits for, as it waits for a tool: an interrupt ends it.

Invariant: the job that is given has an outcome once, `{output}` or `{error}`; who cancels it ends the request.
"""

import math
from collections.abc import Coroutine
from typing import Any

from ..cancellation import CancelledError
from ..host import Host
from ..values import Value
from .errors import ProviderError


def start(host: Host, work: Coroutine[Any, Any, Value]) -> int:
    """The number of the job; ``work`` runs on the providers' thread and raises ProviderError."""
    from .loop import submit

    number, job = host.jobs.signal(math.inf)

    def end() -> None:
        future.cancel()

    async def run() -> None:
        outcome: dict[str, Value]
        try:
            with job.cancellation.ending(end):
                outcome = {"output": await work}
        except ProviderError as error:
            outcome = {"error": str(error)}
        except CancelledError:
            work.close()
            return
        except Exception as error:  # noqa: BLE001 - as the gate does for calls of Lua
            outcome = {"error": f"internal error: {type(error).__name__}: {error} (a fault of LLMSpell)"}
        with host.waits.changed:
            if job.outcome is None:
                job.outcome = outcome
            host.waits.changed.notify_all()

    future = submit(run())
    return number

"""The end of a launched script that was told to end.

Invariant: the client hears ``terminated``, whatever the script does.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from llmspell_kernel.client import KernelError

from llmspell_dap.events import output
from llmspell_dap.kernel import DebuggedSession
from llmspell_dap.messages import event
from llmspell_dap.script_state import ScriptState

Json = dict[str, Any]

# How long a script that was told to end may take; its worker itself gives up after three seconds.
TERMINATE_LIMIT = 4.0


async def insist_on_the_end(
    kernel: DebuggedSession, script: ScriptState, tell: Callable[[Json], None], is_over: Callable[[], bool]
) -> None:
    """Delete the session of a script that does not end in time. ``is_over``: nobody waits for that any more."""
    ended = await within(TERMINATE_LIMIT, script.terminated.wait())
    if ended or is_over():
        return
    tell(output("stderr", f"The script did not end within {TERMINATE_LIMIT:g} s; its session is stopped.\n"))
    try:
        await kernel.delete()
    except KernelError as error:
        tell(output("stderr", f"Its session cannot be stopped: {error}\n"))
    tell(event("terminated"))


async def within(limit: float, work: Awaitable[object]) -> bool:
    """Whether ``work`` is done within ``limit`` seconds."""
    try:
        await asyncio.wait_for(work, limit)
    except TimeoutError:
        return False
    return True

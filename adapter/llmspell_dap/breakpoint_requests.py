"""The requests that set breakpoints: answered by the session that is debugged, or as pending while there is none.

Invariant: whatever is asked for before there is a session is bound in it, and its client is told how that went.
"""

from collections.abc import Callable
from typing import Any

from llmspell_dap.breakpoints import (
    BREAKPOINT_REQUESTS,
    NOT_DEBUGGING,
    PENDING,
    BreakpointTable,
    ldp_arguments,
    unbound,
)
from llmspell_dap.kernel import DebuggedSession
from llmspell_dap.locations import Locations
from llmspell_dap.messages import Request, event

Json = dict[str, Any]


class ClientBreakpoints:
    """``table`` has what one client asked for."""

    def __init__(self, locations: Locations) -> None:
        self._locations = locations
        self.table = BreakpointTable()

    async def set(self, request: Request, kernel: DebuggedSession | None, *, no_debug: bool) -> Json:
        """Answer one of ``BREAKPOINT_REQUESTS``; raises FieldError or KernelError."""
        which, wanted = BREAKPOINT_REQUESTS[request.command](request.arguments, self._locations)
        rows = self.table.replace(which, wanted)
        if no_debug:
            return {"breakpoints": unbound(rows, NOT_DEBUGGING)}
        if kernel is None:
            return {"breakpoints": unbound(rows, PENDING)}
        body = await kernel.request(request.command, ldp_arguments(which, rows))
        return {"breakpoints": self.table.bind(rows, body.get("breakpoints", []), self._locations)}

    async def send(self, kernel: DebuggedSession, tell: Callable[[Json], None]) -> None:
        """Bind what the client asked for before there was this session, and tell how that went."""
        for which, rows in self.table.sets():
            body = await kernel.request(which.command, ldp_arguments(which, rows))
            for shown in self.table.bind(rows, body.get("breakpoints", []), self._locations):
                tell(event("breakpoint", {"reason": "changed", "breakpoint": shown}))

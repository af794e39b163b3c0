"""Requests that pass to the session that is debugged: whether they may, and who answers instead.

Invariant: a client that lets the script go on is told so by its response alone, and no other client by that.
"""

from typing import Any

from llmspell_dap.console import ScriptConsole
from llmspell_dap.dispatch import RESUMING
from llmspell_dap.kernel import DebuggedSession
from llmspell_dap.locations import Locations
from llmspell_dap.messages import ClientFeatures, Request, RequestFailedError
from llmspell_dap.passed_requests import PASSED_REQUESTS
from llmspell_dap.script_state import ScriptState
from llmspell_dap.under_way import RequestsUnderWay

Json = dict[str, Any]


class Passing:
    """Of one client."""

    def __init__(self, locations: Locations, script: ScriptState, console: ScriptConsole) -> None:
        self._locations = locations
        self._script = script
        self._console = console
        self._under_way = RequestsUnderWay()

    async def answer(self, request: Request, kernel: DebuggedSession | None, features: ClientFeatures | None) -> Json:
        """The body of the response to one of ``PASSED_REQUESTS``; raises RequestFailedError or KernelError."""
        command = request.command
        passed = PASSED_REQUESTS[command]
        arguments = passed.read(request.arguments, self._locations)
        if command == "evaluate" and self._console.takes(arguments.get("context")):
            self._console.give(arguments["expression"])
            return {"result": "", "variablesReference": 0}
        if self._script.terminated.is_set():
            if command == "threads":
                return {"threads": []}
            raise RequestFailedError(f"{command}: the script has ended")
        if kernel is None or features is None:
            raise RequestFailedError(f"{command}: nothing is being debugged; send launch or attach first")
        if command in RESUMING:
            body = await self._resume(request, kernel, arguments, passed.limit)
        else:
            body = await self._under_way.ask(kernel, request, arguments, passed.limit)
        return passed.show(body, self._locations, features)

    async def cancel(self, kernel: DebuggedSession, seq: int) -> None:
        """Take a request back; one that is not under way needs nothing."""
        await self._under_way.cancel(kernel, seq)

    async def cancel_all(self, kernel: DebuggedSession) -> None:
        await self._under_way.cancel_all(kernel)

    async def _resume(self, request: Request, kernel: DebuggedSession, arguments: Json, limit: float) -> Json:
        self._check_single_thread(request.command, arguments)
        if self._script.stop_number is not None:
            # Another client may have let the script go on, to another stop that this one has not seen.
            arguments = {**arguments, "stopNumber": self._script.stop_number}
        self._script.resumes()
        try:
            body = await self._under_way.ask(kernel, request, arguments, limit)
        except BaseException:
            self._script.does_not_resume()
            raise
        self._script.stop_number = None
        if request.command == "continue" and arguments.get("singleThread"):
            return {**body, "allThreadsContinued": False}
        return body

    def _check_single_thread(self, command: str, arguments: Json) -> None:
        """One coroutine runs; the others go on when it resumes them, and so none of them alone."""
        stopped, wanted = self._script.stopped_thread, arguments.get("threadId")
        if arguments.get("singleThread") and stopped is not None and wanted != stopped:
            raise RequestFailedError(
                f"{command}: thread {wanted} is a suspended coroutine and cannot go on by itself: thread {stopped} is"
                " the one that runs"
            )

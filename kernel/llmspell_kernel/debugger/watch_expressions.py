"""The watch expressions of a session: set, kept for the project, and shown with their values at a stop."""

from collections.abc import Callable, Mapping
from typing import Any

from ..protocol.ldp import RequestError, integer_argument, list_argument, object_argument, response
from .inspection import watched
from .persistence import MAX_WATCH_EXPRESSIONS, ProjectMemory
from .script_requests import ScriptRequests

Respond = Callable[[dict[str, Any]], None]
Request = Mapping[str, Any]


class WatchExpressions:
    def __init__(self, script: ScriptRequests, memory: ProjectMemory) -> None:
        self._script = script
        self._memory = memory
        self._expressions: tuple[str, ...] | None = None  # None: not read yet

    def forget(self) -> None:
        """What the project remembers counts, for others may have changed it meanwhile."""
        if self._memory.shared:
            self._expressions = None

    def set(self, request: Request, respond: Respond) -> None:
        expressions = list_argument(object_argument(request, "arguments"), "expressions")
        for index, one in enumerate(expressions):
            if not isinstance(one, str):
                raise RequestError(f"expressions[{index}]: expected a string, got {one!r}")
        if len(expressions) > MAX_WATCH_EXPRESSIONS:
            raise RequestError(f"expressions: {len(expressions)} are more than {MAX_WATCH_EXPRESSIONS}")
        self._expressions = tuple(expressions)
        self._memory.remember("watch expressions", lambda known: known.with_watch_expressions(expressions))
        respond(response(request, {"expressions": expressions}))

    def show(self, request: Request, respond: Respond) -> None:
        frame = integer_argument(object_argument(request, "arguments"), "frameId", default=0)
        if self._expressions is None:
            self._expressions = tuple(self._memory.load().watch_expressions)
        expressions = self._expressions
        if self._script.stopped_thread is None or not expressions:
            plain = [{"expression": one} for one in expressions]
            respond(response(request, {"watchExpressions": plain}))
            return
        self._script.ask(
            request,
            respond,
            "watch",
            [frame, list(expressions)],
            lambda results: {"watchExpressions": watched(expressions, results)},
        )

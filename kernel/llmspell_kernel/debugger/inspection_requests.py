"""The requests that look at a stopped script: threads, stack, scopes, variables, expressions."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ..protocol.ldp import RequestError, integer_argument, object_argument, response, text_argument
from .chunk_texts import ChunkTexts
from .definitions import locations
from .disassembly import Disassembly
from .exceptions import exception_info
from .host_values import GONE, Entry, HostValues
from .inspection import evaluated, scope, stack_frame, variable
from .memory import read_memory
from .notebook import front_end_variable
from .restarting import restart_frame
from .script_requests import ScriptRequests
from .values import completions, frame_format, is_hexadecimal, set_expression, set_variable

Respond = Callable[[dict[str, Any]], None]
Request = Mapping[str, Any]


class InspectionRequests:
    """``source_of`` gives the path of a chunk, ``place`` where a client finds that; ``for_front_end`` says whether a
    client is JupyterLab; ``host_scopes`` gives those of the host that every frame has; ``tell`` warns the clients."""

    def __init__(
        self,
        script: ScriptRequests,
        texts: ChunkTexts,
        host_values: HostValues,
        *,
        host_scopes: Callable[[], list[Entry]],
        source_of: Callable[[str], str | None],
        place: Callable[[str], Mapping[str, Any]],
        for_front_end: Callable[[str], bool],
        tell: Callable[[str], None],
    ) -> None:
        self._script = script
        self._texts = texts
        self._host_values = host_values
        self._host_scopes = host_scopes
        self._source_of = source_of
        self._place = place
        self._for_front_end = for_front_end
        self.handlers: Mapping[str, Callable[[Request, Respond], None]] = {
            "stackTrace": self._stack_trace,
            "scopes": self._scopes,
            "variables": self._variables,
            "evaluate": self._evaluate,
            "setVariable": partial(set_variable, script, tell),
            "setExpression": partial(set_expression, script, tell),
            "completions": partial(completions, script),
            "restartFrame": partial(restart_frame, script),
            "exceptionInfo": partial(exception_info, script.ask),
            "locations": partial(locations, script, self._source_place, texts.declaration),
            "readMemory": partial(read_memory, script),
            "disassemble": Disassembly(script, self._source_place, texts.function_name).disassemble,
        }

    def _stack_trace(self, request: Request, respond: Respond) -> None:
        arguments = object_argument(request, "arguments")
        thread = integer_argument(arguments, "threadId")
        start = integer_argument(arguments, "startFrame", default=0)
        levels = integer_argument(arguments, "levels", default=0)
        shown = frame_format(arguments)
        self._script.ask(
            request,
            respond,
            "stackTrace",
            [thread, start, levels, bool(shown.get("parameters")), is_hexadecimal(arguments)],
            lambda result: {
                "stackFrames": [
                    stack_frame(one, self._source_place(one.get("source", "")), self._texts.function_name, shown)
                    for one in result["frames"] or []
                ],
                "totalFrames": result["total"],
            },
        )

    def _source_place(self, chunk_name: str) -> Mapping[str, Any] | None:
        source = self._source_of(chunk_name)
        return None if source is None else self._place(source)

    def _scopes(self, request: Request, respond: Respond) -> None:
        frame = integer_argument(object_argument(request, "arguments"), "frameId")
        self._script.ask(
            request,
            respond,
            "scopes",
            [frame],
            lambda listed: {"scopes": [scope(one) for one in [*(listed or []), *self._host_scopes()]]},
        )

    def _variables(self, request: Request, respond: Respond) -> None:
        arguments = object_argument(request, "arguments")
        reference = integer_argument(arguments, "variablesReference")
        kind = arguments.get("filter") or ""
        if kind not in ("", "named", "indexed"):
            raise RequestError(f"filter: expected 'named' or 'indexed', got {kind!r}")
        start = integer_argument(arguments, "start", default=0)
        count = integer_argument(arguments, "count", default=0)
        for_front_end = self._for_front_end(request["client"])

        def shown(entry: Mapping[str, Any]) -> dict[str, Any]:
            return front_end_variable(variable(entry)) if for_front_end else variable(entry)

        if self._host_values.holds(reference):
            if self._script.stopped_thread is None:
                raise RequestError(GONE)
            listed = self._host_values.variables(reference, kind, start, count)
            respond(response(request, {"variables": [shown(one) for one in listed]}))
            return
        self._script.ask_or_look(
            request,
            respond,
            "variables",
            [reference, kind, start, count, is_hexadecimal(arguments)],
            lambda listed: {"variables": [shown(one) for one in listed or []]},
        )

    def _evaluate(self, request: Request, respond: Respond) -> None:
        arguments = object_argument(request, "arguments")
        expression = text_argument(arguments, "expression")
        frame = integer_argument(arguments, "frameId", default=0)
        context = arguments.get("context") or "repl"
        sent = [expression, frame, context, is_hexadecimal(arguments)]
        self._script.ask(request, respond, "evaluate", sent, lambda listed: evaluated(listed or []))

"""What JupyterLab's debugger asks beyond DAP (Jupyter messaging, "Additions to the DAP")."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..protocol.ldp import RequestError, integer_argument, object_argument, response, text_argument
from ..runtime.globals import GLOBALS
from .breakpoints import BreakpointTable
from .inspection import variable
from .notebook import HASH_METHOD, HASH_SEED, SUFFIX, Cells, front_end_variable, rich_variable
from .script_requests import ScriptRequests

Respond = Callable[[dict[str, Any]], None]
Request = Mapping[str, Any]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class NotebookRequests:
    """``breakpoints`` lists those of the session, ``tell`` warns the client."""

    def __init__(
        self,
        script: ScriptRequests,
        table: BreakpointTable,
        cells: Cells,
        *,
        is_attached: Callable[[], bool],
        breakpoints: Callable[[], Sequence[dict[str, Any]]],
        tell: Callable[[str], None],
    ) -> None:
        self._script = script
        self._table = table
        self._cells = cells
        self._is_attached = is_attached
        self._breakpoints = breakpoints
        self._tell = tell
        self.handlers: Mapping[str, Callable[[Request, Respond], None]] = {
            "debugInfo": self._debug_info,
            "dumpCell": self._dump_cell,
            "inspectVariables": self._inspect_variables,
            "richInspectVariables": self._rich_inspect_variables,
            "copyToGlobals": self._copy_to_globals,
        }

    def _debug_info(self, request: Request, respond: Respond) -> None:
        try:
            prefix = self._cells.prefix
        except OSError as error:
            raise RequestError(f"there is no folder for the files of cells: {error}") from error
        thread = self._script.stopped_thread
        body = {
            "isStarted": self._is_attached(),
            "hashMethod": HASH_METHOD,
            "hashSeed": HASH_SEED,
            "tmpFilePrefix": prefix,
            "tmpFileSuffix": SUFFIX,
            "breakpoints": self._breakpoints(),
            "stoppedThreads": [] if thread is None else [thread],
            "richRendering": True,
            "exceptionPaths": [],
            "copyToGlobals": True,
        }
        respond(response(request, body))

    def _dump_cell(self, request: Request, respond: Respond) -> None:
        code = text_argument(object_argument(request, "arguments"), "code")
        try:
            path, problem = self._cells.dump(code)
        except OSError as error:
            raise RequestError(f"there is no folder for the files of cells: {error}") from error
        if problem is not None:
            self._tell(f"the file of a cell cannot be written: {problem}")
        self._table.resolve_again(path)
        respond(response(request, {"sourcePath": path}))

    def _inspect_variables(self, request: Request, respond: Respond) -> None:
        self._script.ask_or_look(
            request,
            respond,
            "inspectVariables",
            list(GLOBALS),
            lambda listed: {"variables": [front_end_variable(variable(one)) for one in listed or []]},
            # what they are now cannot be told, and JupyterLab takes no error here
            busy=lambda: {"variables": []},
        )

    def _rich_inspect_variables(self, request: Request, respond: Respond) -> None:
        arguments = object_argument(request, "arguments")
        name = text_argument(arguments, "variableName")
        frame = integer_argument(arguments, "frameId", default=0)
        if frame and self._script.stopped_thread is None:
            raise RequestError("frameId: the script is not stopped")
        self._script.ask_or_look(request, respond, "richInspectVariables", [name, frame], rich_variable)

    def _copy_to_globals(self, request: Request, respond: Respond) -> None:
        arguments = object_argument(request, "arguments")
        source = text_argument(arguments, "srcVariableName")
        target = text_argument(arguments, "dstVariableName")
        frame = integer_argument(arguments, "srcFrameId")
        if not _NAME.fullmatch(target):
            raise RequestError(f"dstVariableName: {target!r} is not a variable's name")
        self._script.ask(request, respond, "copyToGlobals", [source, target, frame], lambda _: {})

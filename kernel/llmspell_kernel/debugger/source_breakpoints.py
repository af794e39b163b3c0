"""The requests about breakpoints of lines: set, listed, kept for the project and restored.

Invariant: while nobody debugs a session that clients share, its breakpoints are kept for the project but none is in
force.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..protocol.ldp import (
    MAX_INTEGER,
    RequestError,
    integer_argument,
    list_argument,
    object_argument,
    path_argument,
    response,
)
from .breakpoint import HOOK, PROBE, Breakpoint
from .breakpoints import BreakpointTable
from .loaded_sources import LoadedSources
from .notebook import Cells
from .persistence import TEXT_FIELDS, ProjectMemory, SourceBreakpoint, kept_fields
from .string_chunks import location, reference_of, source_of_reference

Respond = Callable[[dict[str, Any]], None]
Request = Mapping[str, Any]

_NOT_ATTACHED = "kept for the project: in force when a debugger attaches to this session"


class SourceBreakpoints:
    """``apply`` puts the table in force; ``is_debugged`` says whether anybody debugs, ``keeps_texts`` whether a
    client sends back only the lines of breakpoints that it was told of; ``loaded`` tells of texts that have changed."""

    def __init__(
        self,
        table: BreakpointTable,
        memory: ProjectMemory,
        cells: Cells,
        *,
        apply: Callable[[], None],
        is_debugged: Callable[[], bool],
        keeps_texts: Callable[[str], bool],
        loaded: LoadedSources,
    ) -> None:
        self._table = table
        self._memory = memory
        self._cells = cells
        self._apply = apply
        self._is_debugged = is_debugged
        self._keeps_texts = keeps_texts
        self._loaded = loaded

    def set(self, request: Request, respond: Respond) -> None:
        arguments = object_argument(request, "arguments")
        if not isinstance(arguments.get("source"), dict):
            raise RequestError("source: expected an object")
        source = arguments["source"]
        reference = integer_argument(source, "sourceReference", default=0)
        path = source_of_reference(reference) if reference else path_argument(source, "path", "source.path")
        requests: Sequence[SourceBreakpoint] = list_argument(arguments, "breakpoints", optional=True)
        for index, one in enumerate(requests):
            _check_breakpoint(one, f"breakpoints[{index}]")
        source_path = path if reference else os.path.realpath(path)
        if not self._is_debugged() and not reference:
            # nobody debugs: nothing may stop a script
            requests = _with_known_texts(requests, dict(self._remembered()).get(source_path, ()))
            self._remember(source_path, requests)
            respond(response(request, {"breakpoints": [_not_in_force(path, one) for one in requests]}))
            return
        client = request["client"]
        if self._keeps_texts(client):
            # it was told of those of others too; its own come last, and count
            known = sorted(self._table.of_source(source_path), key=lambda one: one.owner == client)
            requests = _with_known_texts(requests, [listed(path, one, self._loaded) for one in known])
        try:
            breakpoints = self._table.set_breakpoints(source_path, requests, client)
        except ValueError as error:
            raise RequestError(str(error)) from error
        self._apply()
        if not reference:  # such a source does not outlive its session
            # what the others have set stays in memory too
            others = [asked_for(one) for one in self._table.of_source(source_path) if one.owner != client]
            self._remember(source_path, [*requests, *(one for one in others if one not in requests)])
        respond(response(request, {"breakpoints": [described(path, one, self._loaded) for one in breakpoints]}))

    def list(self, request: Request, respond: Respond) -> None:
        respond(response(request, {"breakpoints": self.all()}))

    def clear(self, client: str) -> None:
        """A client has left; the caller has the script's thread take over what remains."""
        self._table.clear(client)

    def all(self) -> Sequence[dict[str, Any]]:
        """Those in force; where nobody debugs, those that will be."""
        if self._is_debugged():
            return [
                {"source": source, "breakpoints": [listed(source, one, self._loaded) for one in breakpoints]}
                for source, breakpoints in self._table.sources()
                if reference_of(source) is None
            ]
        return [
            {"source": source, "breakpoints": [_not_in_force(source, one) for one in kept]}
            for source, kept in self._remembered()
        ]

    def restore(self, client: str) -> None:
        """Put those in force that the project remembers, as a client's, unless there are some already."""
        if self._table.sources():
            return
        for source, requests in self._remembered():
            self._table.set_breakpoints(source, requests, client)
        self._apply()

    def _remembered(self) -> Sequence[tuple[str, Sequence[SourceBreakpoint]]]:
        remembered = self._memory.load()
        cells: Sequence[tuple[str, Sequence[SourceBreakpoint]]] = ()
        if remembered.cells:
            try:
                cells = [(self._cells.path(cell), kept) for cell, kept in remembered.cells.items()]
            except OSError as error:
                self._memory.tell(f"the breakpoints of cells are not restored: {error}")
        return [*remembered.breakpoints.items(), *cells]

    def _remember(self, source: str, requests: Sequence[SourceBreakpoint]) -> None:
        kept = tuple(kept_fields(one) for one in requests)
        cell = self._cells.cell(source)
        if cell is None:
            self._memory.remember("breakpoints", lambda known: known.with_source(source, kept))
        else:
            self._memory.remember("breakpoints", lambda known: known.with_cell(cell, kept))


def _check_breakpoint(value: object, field: str) -> None:
    """Raises RequestError where a source breakpoint has a field of a wrong type."""
    if not isinstance(value, dict):
        raise RequestError(f"{field}: expected an object")
    for name, least, optional in (("line", 1, False), ("column", 1, True), ("ignoreCount", 0, True)):
        number = value.get(name)
        if number is None and optional:
            continue
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= MAX_INTEGER:
            raise RequestError(f"{field}.{name}: expected an integer from {least} to {MAX_INTEGER}, got {number!r}")
    if not isinstance(value.get("enabled"), bool | None):
        raise RequestError(f"{field}.enabled: expected true or false, got {value['enabled']!r}")
    if value.get("mode") not in (None, PROBE, HOOK):
        raise RequestError(f"{field}.mode: expected '{PROBE}' or '{HOOK}', got {value['mode']!r}")
    for name in ("condition", "hitCondition", "logMessage"):
        text = value.get(name)
        if text is not None and not isinstance(text, str):
            raise RequestError(f"{field}.{name}: expected a string, got {text!r}")


def _with_known_texts(
    requests: Sequence[SourceBreakpoint], known: Sequence[SourceBreakpoint]
) -> Sequence[SourceBreakpoint]:
    """JupyterLab sends back the breakpoints that it was told of, but only their lines: the conditions of such a line
    stay as they are."""
    by_line = {one["line"]: kept_fields(one) for one in known}
    return [
        {**by_line.get(one["line"], {}), **one} if not any(one.get(name) for name in TEXT_FIELDS) else one
        for one in requests
    ]


def _not_in_force(path: str, one: SourceBreakpoint) -> dict[str, Any]:
    source = {"name": os.path.basename(path), "path": path}
    return {**kept_fields(one), "verified": False, "message": _NOT_ATTACHED, "source": source}


def asked_for(one: Breakpoint) -> SourceBreakpoint:
    """A breakpoint as its client asked for it."""
    line, column = one.requested
    fields = {
        "column": column,
        "condition": one.condition,
        "hitCondition": one.hit_condition,
        "logMessage": one.log_message,
        "ignoreCount": one.ignore_count or None,
        "enabled": None if one.enabled else False,
        "mode": one.mode,
    }
    return {"line": line, **{name: value for name, value in fields.items() if value is not None}}


def listed(path: str, one: Breakpoint, loaded: LoadedSources) -> dict[str, Any]:
    """The same as ``described`` with what the client gave beyond its place."""
    texts = {"condition": one.condition, "hitCondition": one.hit_condition, "logMessage": one.log_message}
    given = {name: text for name, text in texts.items() if text is not None}
    return described(path, one, loaded) | given | ({"ignoreCount": one.ignore_count} if one.ignore_count else {})


_CHANGED = "the file has changed since it was loaded: what runs is its text of then"


def described(path: str, one: Breakpoint, loaded: LoadedSources) -> dict[str, Any]:
    """A breakpoint as DAP's ``Breakpoint``. ``path`` is as its client has named it."""
    source = os.path.realpath(path) if reference_of(path) is None else path
    messages = [one.message] if one.message else []
    if one.verified and loaded.differs(source):
        messages.append(_CHANGED)
    body: dict[str, Any] = {
        "id": one.id,
        "verified": one.verified,
        "line": one.line,
        "source": {"name": os.path.basename(path), **loaded.place(source), **location(path)},
    }
    if one.requested[1] is not None:
        body["column"] = one.column
    if not one.enabled:
        body["enabled"] = False
    if messages:
        body["message"] = "; ".join(messages)
    return body

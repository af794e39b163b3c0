"""The breakpoints of one client, of every kind: asked for at any time, bound when a session of a kernel exists.

Invariant: a breakpoint has one id for the client, given by the adapter, from the first answer to the last event,
whichever sessions of the kernel it is bound in.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llmspell_kernel.protocol.ldp import BREAKPOINT_MODES, EXCEPTION_FILTERS

from llmspell_dap.locations import Locations
from llmspell_dap.messages import Fields, SourceSpec

Json = dict[str, Any]
# A path as LDP has it, or a sourceReference of the session.
SourceKey = str | int

PENDING = "Not bound yet: the debug session has not started."
NOT_DEBUGGING = "Breakpoints are not used: the script runs without debugging."
MODES = tuple(str(each["mode"]) for each in BREAKPOINT_MODES["breakpointModes"])
_FILTERS = tuple(str(each["filter"]) for each in EXCEPTION_FILTERS)


@dataclass(frozen=True, slots=True)
class BreakpointSet:
    """What one request replaces: the breakpoints of a source, or all of another kind."""

    command: str
    source: SourceKey | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A breakpoint as a client asks for it: what tells it from others, what LDP gets, what the client had said."""

    identity: tuple[object, ...]
    ldp: Json
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """A breakpoint of the client; ``id`` is the client's name for it."""

    id: int
    wanted: Wanted


class BreakpointTable:
    """What the client asked for last, set by set, and which ids the kernel gave."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._sets: dict[BreakpointSet, list[Breakpoint]] = {}
        self._client_ids: dict[int, int] = {}

    def replace(self, which: BreakpointSet, wanted: Sequence[Wanted]) -> list[Breakpoint]:
        """Take the client's new breakpoints of a set; those that it asked for before keep their ids."""
        old = {each.wanted.identity: each.id for each in self._sets.get(which, [])}
        rows = [Breakpoint(old.pop(each.identity, 0) or next(self._ids), each) for each in wanted]
        self._sets[which] = rows
        live = {each.id for each in rows}
        gone = {id_ for id_ in old.values() if id_ not in live}
        self._client_ids = {theirs: ours for theirs, ours in self._client_ids.items() if ours not in gone}
        return rows

    def sets(self) -> Iterator[tuple[BreakpointSet, list[Breakpoint]]]:
        yield from list(self._sets.items())

    def move(self, moved: Callable[[str], str]) -> None:
        """The paths that LDP has are others: ``moved`` gives the new one."""
        self._sets = {
            replace(which, source=moved(which.source)) if isinstance(which.source, str) else which: rows
            for which, rows in self._sets.items()
        }

    def forget_session(self) -> None:
        """The session that bound them is replaced by another, which knows neither its ids nor its references."""
        self._client_ids = {}
        self._sets = {which: rows for which, rows in self._sets.items() if not isinstance(which.source, int)}

    def bind(self, rows: Sequence[Breakpoint], bound: Sequence[object], locations: Locations) -> list[Json]:
        """What to tell the client after the kernel answered ``bound`` for ``rows``, one for each in order."""
        shown = []
        for row, answer in itertools.zip_longest(rows, bound[: len(rows)]):
            values = (
                answer if isinstance(answer, dict) else {"verified": False, "message": "The kernel gave no answer."}
            )
            their_id = values.get("id")
            if isinstance(their_id, int):
                self._client_ids[their_id] = row.id
            shown.append(locations.to_client({**values, "id": row.id}))
        return shown

    def client_id(self, kernel_id: object) -> int | None:
        """The client's id of a breakpoint that the kernel names; None for one of another client."""
        return self._client_ids.get(kernel_id) if isinstance(kernel_id, int) else None


def unbound(rows: Sequence[Breakpoint], message: str) -> list[Json]:
    """The answer for breakpoints that no kernel has seen."""
    return [
        {
            "id": row.id,
            "verified": False,
            **({} if row.wanted.line is None else {"line": row.wanted.line}),
            "message": message,
            "reason": "pending",
        }
        for row in rows
    ]


def ldp_arguments(which: BreakpointSet, rows: Sequence[Breakpoint]) -> Json:
    """The arguments of the LDP request that puts a set in force."""
    listed = [row.wanted.ldp for row in rows]
    if which.command == "setExceptionBreakpoints":
        return {"filters": [], "filterOptions": listed}
    if which.source is None:
        return {"breakpoints": listed}
    key = which.source
    source = {"sourceReference": key} if isinstance(key, int) else {"path": key, "name": Path(key).name}
    return {"source": source, "breakpoints": listed, "sourceModified": False}


# -- what clients send -------------------------------------------------------------------------------------


def _source_breakpoints(fields: Fields, locations: Locations) -> tuple[BreakpointSet, list[Wanted]]:
    """``setBreakpoints``; clients of old give ``lines`` instead of ``breakpoints``."""
    source = SourceSpec.read(fields.nested("source"))
    rows: list[Fields] = []
    if fields.has("breakpoints"):
        rows = fields.objects("breakpoints")
    elif fields.has("lines"):
        lines = enumerate(fields.items("lines"))
        rows = [Fields({"line": line}, f"arguments.lines[{index}]") for index, line in lines]
    wanted = [_source_breakpoint(row, locations) for row in rows]
    key = source.reference or locations.path_to_ldp(source.path or "")
    return BreakpointSet("setBreakpoints", key), wanted


def _source_breakpoint(fields: Fields, locations: Locations) -> Wanted:
    line = fields.integer("line")
    column = fields.optional("column", fields.integer)
    ldp: Json = {"line": locations.line_to_ldp(line)}
    if column is not None:
        ldp["column"] = locations.column_to_ldp(column)
    if fields.has("mode"):
        ldp["mode"] = fields.choice("mode", MODES, MODES[0])
    # Not of DAP, but of LDP: for clients that know it.
    if fields.has("ignoreCount"):
        ldp["ignoreCount"] = fields.integer("ignoreCount")
    if fields.has("enabled"):
        ldp["enabled"] = fields.boolean("enabled", True)
    return Wanted((line, column), ldp | _texts(fields, "condition", "hitCondition", "logMessage"), line)


def _function_breakpoints(fields: Fields, _: Locations) -> tuple[BreakpointSet, list[Wanted]]:
    wanted = []
    for row in fields.objects("breakpoints"):
        ldp = {"name": row.text("name"), **_texts(row, "condition", "hitCondition")}
        wanted.append(Wanted((ldp["name"],), ldp))
    return BreakpointSet("setFunctionBreakpoints"), wanted


def _data_breakpoints(fields: Fields, _: Locations) -> tuple[BreakpointSet, list[Wanted]]:
    wanted = []
    for row in fields.objects("breakpoints"):
        access = row.choice("accessType", ("write", "read", "readWrite"), "write")
        ldp = {"dataId": row.text("dataId"), "accessType": access, **_texts(row, "condition", "hitCondition")}
        wanted.append(Wanted((ldp["dataId"], access), ldp))
    return BreakpointSet("setDataBreakpoints"), wanted


def _exception_breakpoints(fields: Fields, _: Locations) -> tuple[BreakpointSet, list[Wanted]]:
    """The answer has those of ``filters`` first, then those of ``filterOptions``."""
    if fields.has("exceptionOptions") and fields.items("exceptionOptions"):
        fields.fail("exceptionOptions", "no categories, which Lua's errors do not have: use filterOptions")
    names = enumerate(fields.items("filters") if fields.has("filters") else [])
    rows = [Fields({f"filters[{index}]": name}) for index, name in names]
    wanted = [Wanted((name, None), {"filterId": name}) for row in rows for name in [_filter(row, *row.values)]]
    for row in fields.objects("filterOptions") if fields.has("filterOptions") else []:
        ldp = {"filterId": _filter(row, "filterId"), **_texts(row, "condition")}
        wanted.append(Wanted((ldp["filterId"], ldp.get("condition")), ldp))
    return BreakpointSet("setExceptionBreakpoints"), wanted


def _filter(fields: Fields, name: str) -> str:
    found = fields.text(name)
    return found if found in _FILTERS else fields.fail(name, " or ".join(repr(each) for each in _FILTERS))


def _texts(fields: Fields, *names: str) -> Json:
    """Clients send an empty text for a field that was cleared."""
    found = {name: fields.optional(name, fields.text) for name in names}
    return {name: text for name, text in found.items() if text}


BREAKPOINT_REQUESTS: dict[str, Callable[[Fields, Locations], tuple[BreakpointSet, list[Wanted]]]] = {
    "setBreakpoints": _source_breakpoints,
    "setFunctionBreakpoints": _function_breakpoints,
    "setDataBreakpoints": _data_breakpoints,
    "setExceptionBreakpoints": _exception_breakpoints,
}

"""The breakpoints of one client: asked for at any time, bound when a session of a kernel exists.

Invariant: a breakpoint has one id for the client, given by the adapter, from the first answer to the last event.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from llmspell_dap.locations import Locations
from llmspell_dap.messages import BreakpointSpec

Json = dict[str, Any]
# A real path, or a sourceReference of the session.
SourceKey = str | int

PENDING = "Not bound yet: the debug session has not started."
NOT_DEBUGGING = "Breakpoints are not used: the script runs without debugging."


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """A breakpoint of the client; ``id`` is the client's name for it."""

    id: int
    spec: BreakpointSpec


class BreakpointTable:
    """What the client asked for last, source by source, and which ids the kernel gave."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._sources: dict[SourceKey, list[Breakpoint]] = {}
        self._client_ids: dict[int, int] = {}

    def replace(self, source: SourceKey, specs: Sequence[BreakpointSpec]) -> list[Breakpoint]:
        """Take the client's new breakpoints of a source; those on the same place keep their ids."""
        old = {(each.spec.line, each.spec.column): each.id for each in self._sources.get(source, [])}
        rows = [Breakpoint(old.pop((spec.line, spec.column), 0) or next(self._ids), spec) for spec in specs]
        self._sources[source] = rows
        live = {each.id for each in rows}
        gone = {id_ for id_ in old.values() if id_ not in live}
        self._client_ids = {theirs: ours for theirs, ours in self._client_ids.items() if ours not in gone}
        return rows

    def sources(self) -> Iterator[tuple[SourceKey, list[Breakpoint]]]:
        yield from list(self._sources.items())

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
        {"id": row.id, "verified": False, "line": row.spec.line, "message": message, "reason": "pending"}
        for row in rows
    ]


def to_ldp(specs: Sequence[Breakpoint], locations: Locations) -> list[Json]:
    """The ``breakpoints`` of an LDP setBreakpoints request."""
    rows = []
    for spec in (each.spec for each in specs):
        row: Json = {"line": locations.line_to_ldp(spec.line)}
        if spec.column is not None:
            row["column"] = locations.column_to_ldp(spec.column)
        for name, value in (
            ("condition", spec.condition),
            ("hitCondition", spec.hit_condition),
            ("logMessage", spec.log_message),
        ):
            # Clients send an empty text for a field that was cleared.
            if value:
                row[name] = value
        rows.append(row)
    return rows

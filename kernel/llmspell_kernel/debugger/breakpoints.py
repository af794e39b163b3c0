"""Breakpoints as clients set them, and the sites where loaded chunks carry probes for them.

Invariants: a breakpoint keeps its id (and its hit count) while it stays the same; what a client is told about a
breakpoint (verified, line, message) is what is in force.
"""

import os
import stat
import threading
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import asdict, replace
from typing import Any, Protocol

from .breakpoint import HOOK, PROBE, Breakpoint, Site
from .breakpoint_texts import (
    BreakpointError,
    LogPart,
    check_expression,
    compiler_complaint,
    parse_hit_condition,
    parse_log_message,
)
from .late import GivenProbe, LoadedChunk, Span, Trigger
from .probes import Place, Placement, Probe, ProbePoint, instrument, on_one_line, place

MAX_SOURCE_BYTES = 10 * 1024 * 1024
MAX_BREAKPOINTS = 10_000
# of one source; only cells have more than one
MAX_CHUNKS = 20


class FunctionNames(Protocol):
    """Finds the breakpoints that are set by the names of functions (``function_breakpoints.py``)."""

    def in_text(self, source: str, text: bytes, placement: Placement) -> tuple[Placement, list[Breakpoint]]:
        """Those in a text, with a placement that has their points."""
        ...

    def resolved(self, source: str, breakpoints: Sequence[Breakpoint]) -> None:
        """Told what has become of them when a chunk was loaded from the source."""
        ...


class BreakpointTable:
    """All breakpoints of a session. Thread-safe: clients set them while the script's thread loads chunks.

    ``changed`` is called with a breakpoint whose verification changed when its chunk was loaded; ``source_of`` gives
    the source that a chunk was loaded from, ``read`` the text of a source (it raises OSError or ValueError).
    """

    def __init__(
        self,
        changed: Callable[[str, Breakpoint], None],
        source_of: Callable[[str], str | None] | None = None,
        read: Callable[[str], bytes] | None = None,
    ) -> None:
        self._lock = threading.RLock()
        self._changed = changed
        self._source_of = source_of or source_of_file
        self._read = read or read_source
        self._by_source: dict[str, list[Breakpoint]] = {}
        self.functions: FunctionNames | None = None
        self._by_function: dict[str, list[Breakpoint]] = {}
        self._loaded: dict[str, LoadedChunk] = {}  # by source
        self._sites: dict[tuple[str, Place, tuple[str, ...]], Site] = {}
        # a cell has another chunk name each time it runs
        self._chunk_names: dict[str, list[str]] = {}
        self._next_id = 1
        self._next_site = 1

    def set_breakpoints(self, source: str, requests: Sequence[Mapping[str, Any]], owner: str = "") -> list[Breakpoint]:
        """Replace a client's breakpoints of ``source`` (a real path); one result for each request, in order."""
        if len(requests) > MAX_BREAKPOINTS:
            raise BreakpointError(f"more than {MAX_BREAKPOINTS} breakpoints in one file")
        placement = self._placement(source)
        with self._lock:
            before = self._by_source.get(source, [])
            kept = {one.key: one for one in before if one.owner == owner}
            parsed = [replace(self.parse(request, kept), owner=owner) for request in requests]
            results = [self._resolve(one, source, placement) for one in parsed]
            self._by_source[source] = [*(one for one in before if one.owner != owner), *results]
            return results

    def resolve_again(self, source: str) -> None:
        """The source has a text now, or another one, that no chunk was loaded from yet."""
        placement = self._placement(source)
        with self._lock:
            before = self._by_source.get(source, [])
            # as ``set_breakpoints`` would find it
            fresh = [
                replace(one, line=one.requested[0], column=one.requested[1], verified=False, message=one.complaint)
                for one in before
            ]
            self._report(source, before, [self._resolve(one, source, placement) for one in fresh])

    def _placement(self, source: str) -> Placement | str:
        """The probe points of a source, or why there are none."""
        try:
            text = self._read(source)
            loaded = self._loaded.get(source)
            # a large file takes some 40 ms
            return loaded.placement if loaded is not None and loaded.text == text else place(text)
        except OSError as error:
            return f"{os.path.basename(source)} cannot be read: {error.strerror}"
        except ValueError as error:
            return str(error)

    def locations(self, source: str, start: Place, end: Place) -> list[ProbePoint]:
        """Where breakpoints can be, from ``start`` to ``end``. Raises OSError and ValueError as reading does."""
        return list(place(self._read(source)).between(start, end))

    def forget(self, source: str) -> None:
        """Nothing of this source will be loaded again, and nobody can name it any more."""
        with self._lock:
            self._by_source.pop(source, None)
            self._by_function.pop(source, None)
            self._loaded.pop(source, None)
            for chunk_name in self._chunk_names.pop(source, ()):
                self._sites = {key: site for key, site in self._sites.items() if site.chunk_name != chunk_name}

    def clear(self, owner: str) -> None:
        """Forget what a client has set by lines."""
        with self._lock:
            for source, breakpoints in list(self._by_source.items()):
                self._by_source[source] = [one for one in breakpoints if one.owner != owner]

    def sources(self) -> list[tuple[str, list[Breakpoint]]]:
        with self._lock:
            return [(source, list(breakpoints)) for source, breakpoints in self._by_source.items() if breakpoints]

    def of_source(self, source: str) -> list[Breakpoint]:
        with self._lock:
            return list(self._by_source.get(source, []))

    def loaded_sources(self) -> list[str]:
        """What chunks were loaded from since the session is debugged."""
        with self._lock:
            return list(self._loaded)

    def resolve_functions(self, source: str) -> list[Breakpoint]:
        """The breakpoints by functions' names in a source, as it is now. Raises OSError and ValueError as reading
        does."""
        placement, found = Placement({}, {}), list[Breakpoint]()
        if self.functions is not None:
            text = self._read(source)
            placement, found = self._functions_in(source, text, place(text))
        with self._lock:
            self._by_function[source] = [self._resolve(one, source, placement) for one in found]
            return self._by_function[source]

    def _functions_in(self, source: str, text: bytes, placement: Placement) -> tuple[Placement, list[Breakpoint]]:
        return (placement, []) if self.functions is None else self.functions.in_text(source, text, placement)

    def _in_source(self, source: str) -> list[Breakpoint]:
        """Those of its lines and those of its functions."""
        return [*self._by_source.get(source, ()), *self._by_function.get(source, ())]

    def parse(self, request: Mapping[str, Any], kept: dict[tuple[object, ...], Breakpoint]) -> Breakpoint:
        """A breakpoint as a client asks for it. One that is among the ``kept`` (by ``key``) is taken from there and
        keeps its id."""
        line, column = int(request["line"]), request.get("column")
        condition = (request.get("condition") or "").strip() or None
        complaint: str | None = None
        operator: str | None = None
        count = 0
        log: tuple[LogPart, ...] | None = None
        try:
            if condition and (problem := check_expression(condition)):
                raise BreakpointError(f"condition '{condition}': {problem}")
            if request.get("hitCondition"):
                operator, count = parse_hit_condition(request["hitCondition"])
            if request.get("logMessage"):
                log = parse_log_message(request["logMessage"])
        except BreakpointError as error:
            complaint = str(error)
        texts = (request.get("hitCondition") or None, request.get("logMessage") or None)
        parsed = Breakpoint(
            0,
            (line, column),
            line,
            condition,
            operator,
            count,
            log,
            *texts,
            complaint,
            ignore_count=request.get("ignoreCount") or 0,
            enabled=request.get("enabled") is not False,
            mode=request.get("mode"),
            column=column,
            message=complaint,
        )
        known = kept.pop(parsed.key, None)
        if known is not None:
            return replace(parsed, id=known.id)
        self._next_id += 1
        return replace(parsed, id=self._next_id - 1)

    def _resolve(self, one: Breakpoint, source: str, placement: Placement | str) -> Breakpoint:
        if isinstance(placement, str):
            return replace(one, message=one.complaint or placement)
        resolved = _placed(one, placement)
        loaded = self._loaded.get(source)
        if not resolved.verified or loaded is None or loaded.has_probe(_place_of(resolved)):
            return resolved
        return self._resolve_late(resolved, source, loaded)

    def _resolve_late(self, one: Breakpoint, source: str, loaded: LoadedChunk) -> Breakpoint:
        """A breakpoint without a probe, whose chunk is loaded already."""
        placement = loaded.placement
        if one.function:
            placement, _ = self._functions_in(source, loaded.text, placement)
        found: Trigger | str = "this line has changed since the file was loaded"
        if loaded.has_line(one.line, self._read(source)):
            found = loaded.find(_place_of(one), placement)
        if isinstance(found, str):
            message = f"{found}: this breakpoint is in force when the file is loaded again"
            return replace(one, verified=False, message=message)
        self._site(loaded.chunk_name, source, _place_of(one), ())
        if one.mode == PROBE:
            return replace(one, verified=False, message=_WAITS)
        return replace(one, message="; ".join(filter(None, (one.message, _stops_elsewhere(one, found)))) or None)

    def prepare(self, chunk_name: str, text: bytes) -> bytes | None:
        """The instrumented text of a chunk that is about to be loaded; None when it has no breakpoints."""
        source = self._source_of(chunk_name)
        if source is None:
            return None
        with self._lock:
            breakpoints = self._by_source.get(source, [])
            placement, found = Placement({}, {}), list[Breakpoint]()
            if breakpoints or self.functions is not None:
                placement, found = self._functions_in(source, text, place(text))
            self._by_function[source] = functions = [_placed(one, placement) for one in found]
            if not breakpoints and not functions:
                self._loaded[source] = LoadedChunk(chunk_name, text)
                return None
            resolved = [_placed(one, placement) for one in breakpoints]
            expressions = _expressions([*resolved, *functions])
            if any(expressions.values()) and not _compiles(text, expressions, placement):
                # more variables than a function can hold, perhaps: those expressions find theirs through the frame
                expressions = dict.fromkeys(expressions, ())
            sites = [self._site(chunk_name, source, at, inline) for at, inline in expressions.items()]
            self._forget_old_chunks(chunk_name, source)
            probes = {site.place: Probe(site.number, site.inline) for site in sites}
            self._loaded[source] = loaded = LoadedChunk(chunk_name, text, probes, placement)
            self._report(source, breakpoints, [self._found_by_hook(one, source, loaded) for one in resolved])
            self._report_functions(source)
            return instrument(text, probes, placement)

    def _found_by_hook(self, one: Breakpoint, source: str, loaded: LoadedChunk) -> Breakpoint:
        """A breakpoint of a chunk whose code is known, with what finds it if that is to be a hook."""
        is_hooked = one.mode == HOOK and one.verified and not loaded.has_probe(_place_of(one))
        return self._resolve_late(one, source, loaded) if is_hooked else one

    def _site(self, chunk_name: str, source: str, at: Place, inline: tuple[str, ...]) -> Site:
        site = self._sites.get((chunk_name, at, inline))
        if site is None:
            site = Site(self._next_site, chunk_name, source, at, inline)
            self._next_site += 1
            self._sites[chunk_name, at, inline] = site
        return site

    def _forget_old_chunks(self, chunk_name: str, source: str) -> None:
        """Probes of the oldest chunks of a source go out of force, so that a cell can run for ever."""
        names = self._chunk_names.setdefault(source, [])
        if chunk_name not in names:
            names.append(chunk_name)
        if len(names) > MAX_CHUNKS:
            oldest = names.pop(0)
            self._sites = {key: site for key, site in self._sites.items() if site.chunk_name != oldest}

    def prepared(self, chunk_name: str, accepted: bool) -> None:
        """Told after ``prepare`` whether the compiler took the instrumented text."""
        if accepted:
            return
        source = self._source_of(chunk_name)
        if source is None:
            return
        with self._lock:
            self._loaded[source].without_probes()
            before = self._by_source.get(source, [])
            refusal = "the compiler refuses a breakpoint in this file"
            self._report(source, before, [replace(one, verified=False, message=refusal) for one in before])
            functions = self._by_function.get(source, [])
            self._by_function[source] = [replace(one, verified=False, message=refusal) for one in functions]
            self._report_functions(source)

    def _report_functions(self, source: str) -> None:
        if self.functions is not None:
            self.functions.resolved(source, self._by_function.get(source, ()))

    def _report(self, source: str, before: Sequence[Breakpoint], after: list[Breakpoint]) -> None:
        self._by_source[source] = after
        for old, new in zip(before, after, strict=True):
            if old != new:
                self._changed(source, new)

    def loaded(self, source: str) -> LoadedChunk | None:
        """What was loaded from a source last."""
        with self._lock:
            return self._loaded.get(source)

    def wanted_probes(self) -> list[tuple[LoadedChunk, dict[Place, GivenProbe]]]:
        """The loaded chunks that have not the probes which breakpoints in force want, beside those that they were
        loaded with, and the probes."""
        with self._lock:
            places: dict[str, set[Place]] = {}
            wanted: dict[str, dict[Place, GivenProbe]] = {}
            for site in self._sites.values():
                source, loaded = site.source, self._loaded.get(site.source)
                if loaded is None or loaded.chunk_name != site.chunk_name or site.inline:
                    continue
                if source not in places:
                    in_force = (one for one in self._in_source(source) if one.enabled and _wants_probe(one))
                    places[source] = {_place_of(one) for one in in_force}
                if site.place in places[source] and not loaded.was_loaded_with(site.place):
                    found = loaded.given.get(site.place) or loaded.find(site.place)
                    if not isinstance(found, str):
                        given = GivenProbe(Probe(site.number), found.function)
                        wanted.setdefault(source, {})[site.place] = given
            return [
                (loaded, wanted.get(source, {}))
                for source, loaded in self._loaded.items()
                if loaded.given.keys() != wanted.get(source, {}).keys()
            ]

    def exchanged(self, chunk: LoadedChunk, wanted: Mapping[Place, GivenProbe], spans: Set[Span]) -> None:
        """The functions of these lines, in a loaded chunk, have the probes that are wanted there."""
        with self._lock:
            source = self._source_of(chunk.chunk_name)
            triggers = {at: chunk.trigger(at) for at in wanted}
            chunk.exchanged(wanted, spans)
            if source is None or self._loaded.get(source) is not chunk:
                return

            def settled(one: Breakpoint) -> Breakpoint:
                if one.message == _WAITS and chunk.has_probe(_place_of(one)):
                    return replace(one, verified=True, message=None)
                trigger = triggers.get(_place_of(one)) if one.verified and chunk.has_probe(_place_of(one)) else None
                elsewhere = None if trigger is None else _stops_elsewhere(one, trigger)
                if elsewhere is None or one.message is None or not one.message.endswith(elsewhere):
                    return one
                return replace(one, message=one.message.removesuffix(elsewhere).removesuffix("; ") or None)

            before = self._by_source.get(source, [])
            # the instructions that hooks look for are others now
            self._report(source, before, [self._found_by_hook(settled(one), source, chunk) for one in before])
            functions = self._by_function.get(source, [])
            self._by_function[source] = [settled(one) for one in functions]
            if self._by_function[source] != functions:
                self._report_functions(source)

    def site_table(self) -> list[dict[str, Any]]:
        """What the probes need to know, as ``debugger.update`` of the Lua half takes it."""
        with self._lock:
            table = []
            for site in self._sites.values():
                here = [
                    _for_lua(one, site)
                    for one in self._in_source(site.source)
                    if one.verified and (one.line, one.column) == site.place
                ]
                if here:
                    line, column = site.place
                    entry = {"site": site.number, "source": site.chunk_name, "line": line, "column": column}
                    table.append({**entry, "breakpoints": here, "late": self._late(site)})
            return table

    def _late(self, site: Site) -> dict[str, Any] | None:
        """Where a chunk that is loaded comes to a site for which it has no probe."""
        loaded = self._loaded.get(site.source)
        if loaded is None or loaded.chunk_name != site.chunk_name or site.inline:
            return None
        trigger = loaded.trigger(site.place)
        return None if trigger is None else asdict(trigger)


_WAITS = "the file is loaded already, and its function is active: in force when the function has been left"


def _wants_probe(one: Breakpoint) -> bool:
    return one.mode != HOOK and (one.verified or one.message == _WAITS)


def _place_of(one: Breakpoint) -> Place:
    """Of one that is verified."""
    return one.line, one.column or 1


def _stops_elsewhere(one: Breakpoint, found: Trigger) -> str | None:
    if found.line == one.line:
        return None
    return f"until the file is loaded again it stops at line {found.line}, where the statement has its code"


def _placed(one: Breakpoint, placement: Placement) -> Breakpoint:
    if one.complaint is not None:
        return one
    line, column = one.requested
    point = placement.locate(line, column)
    if point is None:
        return replace(one, verified=False, message="there is no code at or after this line")
    moved = None
    if point.line > line:
        moved = f"there is no code on line {line}"
    elif point.line < line:
        moved = f"line {line} belongs to the statement that begins here"
    elif column is not None and point.column < column:
        moved = f"column {column} belongs to the statement that begins here"
        if column >= point.end_column:
            moved = f"there is no code at or after column {column}"
    elif column is not None and point.column > column:
        moved = f"there is no code at column {column}"
    return replace(one, line=point.line, column=point.column, verified=True, message=moved)


def _expressions(breakpoints: Sequence[Breakpoint]) -> dict[Place, tuple[str, ...]]:
    """The places of probes, with the expressions that may stand in the chunk's own lines; the others are evaluated
    through the frame, which knows no variables of outer functions that the function itself does not use."""
    found: dict[Place, dict[str, None]] = {}
    for one in breakpoints:
        if one.verified and one.column is not None and one.mode != HOOK:
            at_place = found.setdefault((one.line, one.column), {})
            at_place.update(dict.fromkeys(filter(None, map(on_one_line, one.expressions))))
    return {at: tuple(expressions) for at, expressions in found.items()}


def _compiles(text: bytes, expressions: Mapping[Place, tuple[str, ...]], placement: Placement) -> bool:
    return (
        compiler_complaint(instrument(text, {at: Probe(0, inline) for at, inline in expressions.items()}, placement))
        is None
    )


def _for_lua(one: Breakpoint, site: Site) -> dict[str, Any]:
    def part(expression: str) -> dict[str, Any]:
        inline = on_one_line(expression)
        number = site.inline.index(inline) + 1 if inline in site.inline else None
        return {"expression": expression, "inline": number, "varargs": "..." in expression}

    return {
        "id": one.id,
        "enabled": one.enabled,
        "has_column": one.requested[1] is not None,
        "function": one.function,
        "condition": None if one.condition is None else part(one.condition),
        "hit_operator": one.hit_operator,
        "hit_count": one.hit_count,
        "ignore_count": one.ignore_count,
        "log": None
        if one.log is None
        else [part(text) if kind == "expression" else {"text": text} for kind, text in one.log],
    }


def source_of_file(chunk_name: str) -> str | None:
    return chunk_name[1:] if chunk_name.startswith("@") else None


def read_source(path: str) -> bytes:
    """The text of a source file. Raises OSError; ValueError for what is no file or too large to be a script."""
    if not stat.S_ISREG(os.stat(path).st_mode):  # opening a pipe would wait for its writer
        raise ValueError(f"{path} is not a file")
    with open(path, "rb") as file:
        text = file.read(MAX_SOURCE_BYTES + 1)
    if len(text) > MAX_SOURCE_BYTES:
        raise ValueError(f"{path} is larger than {MAX_SOURCE_BYTES} bytes")
    return text

"""A text in pieces that are analysed on their own: its top-level statements with the annotations around them.

A segment has a document, a tree and tables of its own, with offsets from its own start, so that they stay as they
are while the text around it changes. What it says depends on its bytes alone, and on which names that the builder
reads specially are locals before it. What it takes from other segments is put in by `file.py`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Hashable
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from llmspell_analysis.analysis.builder import READ_SPECIALLY, analyze
from llmspell_analysis.analysis.kinds import COMMENT, STATEMENTS_BESIDE
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.text import SourceText
from llmspell_analysis.syntax.tree import ERROR

if TYPE_CHECKING:
    from llmspell_analysis.analysis.model import Analysis, Local, Reference

# text of the statement, of the annotations above and below, and names that are locals before it
_Key = tuple[bytes, bytes, bytes, frozenset[str]]
_ANNOTATION = re.compile(rb"---[ \t]*[@|]|--\[=*\[[ \t]*@")
_numbers = count()
# Environments in which one segment's findings are kept: enough for an edit elsewhere that is undone.
_MAX_FOUND = 4


class _Span(NamedTuple):
    """Where a statement is. Annotations that belong to it begin at `above` and end at `below`."""

    start: int
    end: int
    above: int
    below: int


@dataclass(slots=True, eq=False)
class Segment:
    """One statement. `number` is its identity, for keys that shall not keep it alive.

    `above` is the text before it from the first annotation on, `below` what follows it in its line, if that is an
    annotation; both are mostly empty.
    """

    analysis: Analysis
    outer: frozenset[str]
    above: bytes
    below: bytes
    # uses of names that it does not declare itself
    free: dict[str, list[Reference]]
    declared: tuple[Local, ...]
    # of all its locals, wherever in it they are
    local_names: frozenset[str]
    member_names: frozenset[str]
    # fields that it tests for existence
    tested_members: frozenset[str]
    number: int = field(default_factory=lambda: next(_numbers))
    # what follows from its bytes alone, by the name of whoever found it
    kept: dict[str, Any] = field(default_factory=dict)
    # what rules found, by what it depends on
    found: dict[Hashable, Any] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        return self.analysis.document.source.data

    def keep(self, environment: Hashable, found: Any) -> None:
        if len(self.found) >= _MAX_FOUND:
            self.found.pop(next(iter(self.found)))
        self.found[environment] = found


@dataclass(frozen=True)
class Placed:
    """A segment where it stands in one version of a text."""

    start: int
    segment: Segment


class Segments:
    """The segments of the last version of one text, by their bytes. One thread at a time uses it, under `lock`.

    What stands before the first and behind the last difference to that version is taken over as it is; between them
    a segment is found by its bytes.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._data = b""
        self._spans: list[_Span] = []
        self._placed: list[Placed] = []

    def of(self, document: Document) -> list[Placed]:
        """The document's segments in order; those that the last version had are the same objects."""
        data, path = document.source.data, document.path
        spans, old_placed = _spans(document), self._placed
        first, last = self._unchanged(data, spans)
        known = _by_key(old_placed[first : len(old_placed) - last])
        placed = old_placed[:first]
        outer = _outer_after(placed[-1].segment) if placed else frozenset[str]()
        for each in spans[first : len(spans) - last]:
            placed.append(_place(each, data, outer, known, path))
            outer = _outer_after(placed[-1].segment)
        if last and old_placed[-last].segment.outer == outer:
            by = len(data) - len(self._data)
            rest = old_placed[-last:]
            placed += [Placed(each.start + by, each.segment) for each in rest] if by else rest
        elif last:
            # names that are read specially have become locals before them, or are no longer
            for each in spans[len(spans) - last :]:
                placed.append(_place(each, data, outer, known, path))
                outer = _outer_after(placed[-1].segment)
        self._data, self._spans, self._placed = data, spans, placed
        return placed

    def _unchanged(self, data: bytes, spans: list[_Span]) -> tuple[int, int]:
        """How many statements at the beginning, and at the end, are those of the last version."""
        old, old_spans = self._data, self._spans
        most = min(len(spans), len(old_spans))
        same = _common_start(old, data)
        first = 0
        while first < most and spans[first].below <= same and spans[first] == old_spans[first]:
            first += 1
        by = len(data) - len(old)
        begin = len(data) - _common_end(old, data)
        last = 0
        while last < most - first:
            start, end, above, below = old_spans[-1 - last]
            span = spans[-1 - last]
            if span.above < begin or span != (start + by, end + by, above + by, below + by):
                break
            last += 1
        return first, last


def _by_key(placed: list[Placed]) -> dict[_Key, list[Segment]]:
    """The same statement twice is two segments: each declares locals of its own."""
    known: dict[_Key, list[Segment]] = {}
    for each in reversed(placed):
        segment = each.segment
        known.setdefault((segment.data, segment.above, segment.below, segment.outer), []).append(segment)
    return known


def _place(span: _Span, data: bytes, outer: frozenset[str], known: dict[_Key, list[Segment]], path: str) -> Placed:
    key = (data[span.start : span.end], data[span.above : span.start], data[span.end : span.below], outer)
    same = known.get(key)
    return Placed(span.start, same.pop() if same else _segment(key, path))


def _outer_after(segment: Segment) -> frozenset[str]:
    """The names of `READ_SPECIALLY` that are locals behind a statement."""
    declared = [local.name for local in segment.declared if local.name in READ_SPECIALLY]
    return segment.outer.union(declared) if declared else segment.outer


_STEP = 1 << 14


def _common_start(old: bytes, new: bytes) -> int:
    """How many bytes two texts have in common at their beginning."""
    most = min(len(old), len(new))
    at = 0
    while at < most and old[at : at + _STEP] == new[at : at + _STEP]:
        at += _STEP
    return next((each for each in range(at, min(at + _STEP, most)) if old[each] != new[each]), most)


def _common_end(old: bytes, new: bytes) -> int:
    """How many bytes two texts have in common at their end."""
    most = min(len(old), len(new))
    at = 0
    while at < most and _ending(old, at) == _ending(new, at):
        at += _STEP
    return next((each for each in range(at, min(at + _STEP, most)) if old[-1 - each] != new[-1 - each]), most)


def _ending(data: bytes, at: int) -> bytes:
    """The step of a text that ends so many bytes before its end."""
    end = len(data) - at
    return data[max(0, end - _STEP) : end]


def _spans(document: Document) -> list[_Span]:
    """Where the statements are. From a loose token of a broken text on, the rest may mean anything: one piece."""
    root, data = document.tree.root_node, document.source.data
    spans: list[_Span] = []
    above = -1
    for child in root.children:
        kind = child.kind_id
        if kind in COMMENT:
            start, end = child.start_byte, child.end_byte
            if _ANNOTATION.match(data, start, end) is None:
                continue
            if above < 0 and spans and b"\n" not in data[spans[-1].end : start]:
                spans[-1] = spans[-1]._replace(below=end)
            elif above < 0:
                above = start
            continue
        if kind in STATEMENTS_BESIDE:
            continue
        start, end = child.start_byte, child.end_byte
        is_broken = root.kind_id == ERROR and (not child.is_named or kind == ERROR or child.has_error)
        if is_broken:
            end = root.end_byte
        spans.append(_Span(start, end, above if above >= 0 else start, end))
        above = -1
        if is_broken:
            break
    if above >= 0:
        # Annotations after the last statement belong to nothing; they are looked at with what is there.
        end = root.end_byte
        spans.append(_Span(end, end, above, end)) if not spans else spans.append(spans.pop()._replace(below=end))
    return spans


def _segment(key: _Key, path: str) -> Segment:
    data, above, below, outer = key
    analysis = analyze(Document(SourceText(data), path), outer)
    free: dict[str, list[Reference]] = {}
    for reference in analysis.references:
        if reference.local is None or reference.local.kind == "outer":
            free.setdefault(reference.name, []).append(reference)
    accesses = analysis.members_accessed
    return Segment(
        analysis,
        outer,
        above,
        below,
        free,
        tuple(analysis.chunk.locals),
        frozenset(local.name for local in analysis.locals),
        frozenset(access.name for access in accesses),
        frozenset(access.name for access in accesses if access.guarded),
    )

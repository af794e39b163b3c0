"""A text in pieces that are analysed on their own: its top-level statements with the annotations around them.

A segment has a document, a tree and tables of its own, with offsets from its own start, so that they stay as they
are while the text around it changes. What it says depends on its bytes alone, and on which names that the builder
reads specially are locals before it. What it takes from other segments is put in by `file.py`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

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


@dataclass(frozen=True, slots=True)
class _Span:
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
    """The segments of the last version of one text, by their bytes. One thread at a time uses it, under `lock`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        # the same statement twice is two segments: each declares locals of its own
        self._known: dict[_Key, list[Segment]] = {}

    def of(self, document: Document) -> list[Placed]:
        """The document's segments in order; those that the last version had are the same objects."""
        data, path = document.source.data, document.path
        known = self._known
        kept: dict[_Key, list[Segment]] = {}
        placed = []
        outer: frozenset[str] = frozenset()
        for each in _spans(document):
            start, end = each.start, each.end
            key = (data[start:end], data[each.above : start], data[end : each.below], outer)
            same, earlier = kept.setdefault(key, []), known.get(key, ())
            segment = earlier[len(same)] if len(same) < len(earlier) else _segment(key, path)
            same.append(segment)
            placed.append(Placed(start, segment))
            for local in segment.declared:
                if local.name in READ_SPECIALLY:
                    outer |= {local.name}
        self._known = kept
        return placed


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
                spans[-1] = replace(spans[-1], below=end)
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
        spans.append(_Span(end, end, above, end)) if not spans else spans.append(replace(spans.pop(), below=end))
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
        frozenset(access.name for access in accesses),
        frozenset(access.name for access in accesses if access.guarded),
    )

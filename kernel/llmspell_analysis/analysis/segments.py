"""A text in pieces that are analysed on their own: its top-level statements.

A segment has a document, a tree and tables of its own, with offsets from its own start, so that they stay as they
are while the text around it changes. What it says depends on its bytes alone, and on which names that the builder
reads specially are locals before it. What it takes from other segments is put in by `file.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from llmspell_analysis.analysis.builder import READ_SPECIALLY, analyze
from llmspell_analysis.analysis.kinds import COMMENT, STATEMENTS_BESIDE
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.text import SourceText
from llmspell_analysis.syntax.tree import ERROR

if TYPE_CHECKING:
    from llmspell_analysis.analysis.model import Analysis, Local, Reference

_numbers = count()
# Environments in which one segment's findings are kept: enough for an edit elsewhere that is undone.
_MAX_FOUND = 4


@dataclass(slots=True, eq=False)
class Segment:
    """One statement. `number` is its identity, for keys that shall not keep it alive."""

    analysis: Analysis
    outer: frozenset[str]
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
        self._known: dict[tuple[bytes, frozenset[str]], list[Segment]] = {}

    def of(self, document: Document) -> list[Placed]:
        """The document's segments in order; those that the last version had are the same objects."""
        data, path = document.source.data, document.path
        known = self._known
        kept: dict[tuple[bytes, frozenset[str]], list[Segment]] = {}
        placed = []
        outer: frozenset[str] = frozenset()
        for start, end in _spans(document):
            key = (data[start:end], outer)
            same, earlier = kept.setdefault(key, []), known.get(key, ())
            segment = earlier[len(same)] if len(same) < len(earlier) else _segment(key[0], path, outer)
            same.append(segment)
            placed.append(Placed(start, segment))
            for local in segment.declared:
                if local.name in READ_SPECIALLY:
                    outer |= {local.name}
        self._known = kept
        return placed


def _spans(document: Document) -> list[tuple[int, int]]:
    """Where the statements are. From a loose token of a broken text on, the rest may mean anything: one piece."""
    root = document.tree.root_node
    spans: list[tuple[int, int]] = []
    for child in root.children:
        kind = child.kind_id
        if kind in COMMENT or kind in STATEMENTS_BESIDE:
            continue
        if root.kind_id == ERROR and (not child.is_named or kind == ERROR or child.has_error):
            spans.append((child.start_byte, root.end_byte))
            break
        spans.append((child.start_byte, child.end_byte))
    return spans


def _segment(data: bytes, path: str, outer: frozenset[str]) -> Segment:
    analysis = analyze(Document(SourceText(data), path), outer)
    free: dict[str, list[Reference]] = {}
    for reference in analysis.references:
        if reference.local is None or reference.local.kind == "outer":
            free.setdefault(reference.name, []).append(reference)
    accesses = analysis.members_accessed
    return Segment(
        analysis,
        outer,
        free,
        tuple(analysis.chunk.locals),
        frozenset(access.name for access in accesses),
        frozenset(access.name for access in accesses if access.guarded),
    )

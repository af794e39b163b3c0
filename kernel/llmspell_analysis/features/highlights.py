"""Highlights: the places of the name at the cursor in its file, or the keywords that belong to the one there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from llmspell_analysis.analysis.kinds import BREAK, DO, ELSE, ELSEIF, FOR, FUNCTION, IF, REPEAT, RETURN, WHILE
from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.catalogue import Catalogue
from llmspell_analysis.features.occurrences import Names, Use

_LOOPS = FOR | REPEAT | WHILE
_WORDS = frozenset(b"if then elseif else end for do while repeat until function return break".split())
# which construct a keyword belongs to
_OWNERS = {b"break": _LOOPS, b"return": FUNCTION}
_ANY_OWNER = _LOOPS | IF | DO | FUNCTION


@dataclass(frozen=True, slots=True)
class Highlight:
    """`use` is None for a keyword."""

    start: int
    end: int
    use: Use | None = None


def highlights(analysis: Analysis, offset: int, catalogue: Catalogue, project: Project) -> list[Highlight]:
    names = Names(analysis, catalogue, project)
    at = names.at(offset)
    if at is not None:
        return [Highlight(one.start, one.end, one.use) for one in names.of(at[0])]
    return sorted(_keywords(analysis, offset), key=lambda one: one.start)


def _keyword_at(analysis: Analysis, offset: int) -> tuple[Node, bytes] | None:
    data = analysis.document.source.data
    root = analysis.document.tree.root_node
    for place in (offset, offset - 1):
        node = root.descendant_for_byte_range(place, place) if place >= 0 else None
        # `break` is a statement of one word
        if node is not None and data[node.start_byte : node.end_byte] in _WORDS:
            return node, data[node.start_byte : node.end_byte]
    return None


def _keywords(analysis: Analysis, offset: int) -> Iterator[Highlight]:
    at = _keyword_at(analysis, offset)
    if at is None:
        return
    node, word = at
    wanted = _OWNERS.get(word, _ANY_OWNER)
    owner = node.parent
    while owner is not None and owner.kind_id not in wanted:
        owner = owner.parent
    if owner is None:
        return
    yield from _own_words(owner, analysis.document.source.data)
    if owner.kind_id in _LOOPS:
        yield from _leaving(owner, BREAK, _LOOPS | FUNCTION, len(b"break"))
    elif owner.kind_id in FUNCTION:
        yield from _leaving(owner, RETURN, FUNCTION, len(b"return"))


def _own_words(owner: Node, data: bytes) -> Iterator[Highlight]:
    pending = [owner]
    while pending:
        for child in pending.pop().children:
            if child.kind_id in ELSEIF | ELSE:
                pending.append(child)
            elif not child.is_named and data[child.start_byte : child.end_byte] in _WORDS:
                yield Highlight(child.start_byte, child.end_byte)


def _leaving(owner: Node, kinds: frozenset[int], inner: frozenset[int], length: int) -> Iterator[Highlight]:
    """The `break`s of a loop, the `return`s of a function."""
    pending = list(owner.children)
    while pending:
        node = pending.pop()
        if node.kind_id in kinds:
            yield Highlight(node.start_byte, node.start_byte + length)
        elif node.kind_id not in inner:
            pending.extend(node.children)

"""Where the annotations of a text are, and which code each belongs to.

A block of comment lines belongs to the code that begins in the line below it; an annotation behind code belongs to
the line it stands in. Offsets are those of the statement's own text; what stands above it has negative ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from llmspell_analysis.analysis.kinds import COMMENT, FIELD, STATEMENTS
from llmspell_analysis.syntax.luacats import parse_block
from llmspell_analysis.syntax.luacats_tags import Block, Tag
from llmspell_analysis.syntax.tokens import tokenize

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.model import Analysis
    from llmspell_analysis.analysis.segments import Segment

_MARK = re.compile(rb"---[ \t]*[@|]|--\[=*\[[ \t]*@")
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r)?")
_FURTHER_LINE = re.compile(rb"[ \t]*--(?!\[)")

AnyTag = TypeVar("AnyTag", bound=Tag)


@dataclass(frozen=True, slots=True)
class Comment:
    """A block of annotations. `line` is the line of the code that it belongs to, if there is any."""

    block: Block
    start: int
    line: int
    is_behind_code: bool

    def tags(self, kind: type[AnyTag]) -> tuple[AnyTag, ...]:
        return tuple(tag for tag in self.block.tags if isinstance(tag, kind))

    def has(self, name: str) -> bool:
        return any(tag.name == name for tag in self.block.tags)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The place in the text of what has these offsets in the block."""
        return self.start + start, self.start + end


@dataclass(frozen=True, slots=True)
class Annotations:
    """The blocks of one text, in order."""

    comments: tuple[Comment, ...] = ()
    above: dict[int, Comment] = field(default_factory=dict)
    behind: dict[int, Comment] = field(default_factory=dict)

    def of_line(self, line: int) -> tuple[Comment, ...]:
        """What belongs to code that begins in a line."""
        found = (self.above.get(line), self.behind.get(line))
        return tuple(each for each in found if each is not None)


NOTHING = Annotations()


def annotations_in(segment: Segment) -> Annotations:
    """The annotations of a segment; kept with it."""
    found: Annotations | None = segment.kept.get("annotations")
    if found is None:
        found = annotations_of(segment.analysis, segment.above, segment.below)
        segment.kept["annotations"] = found
    return found


def inner_annotations(segment: Segment) -> tuple[bytes, ...]:
    """The text of the annotations inside a segment, for those who need to know whether they changed."""
    if "inner annotations" not in segment.kept:
        data = segment.data
        marks = _MARK.finditer(data) if b"--" in data else ()
        segment.kept["inner annotations"] = tuple(
            data[mark.start() : _end_of_line(data, mark.start())] for mark in marks
        )
    found: tuple[bytes, ...] = segment.kept["inner annotations"]
    return found


def annotations_of(analysis: Analysis, above: bytes = b"", below: bytes = b"") -> Annotations:
    data = analysis.document.source.data
    if not above and not below and (b"--" not in data or _MARK.search(data) is None):
        return NOTHING
    whole = above + data + below
    shift = len(above)
    in_text = analysis.document.tree.root_node
    aside = {token.start for token in tokenize(above) if token.kind == "comment"}
    aside |= {shift + len(data) + token.start for token in tokenize(b" " + below) if token.kind == "comment"}
    aside = {start if start < shift else start - 1 for start in aside}

    def is_comment(offset: int) -> bool:
        if offset < shift or offset >= shift + len(data):
            return offset in aside
        node = in_text.descendant_for_byte_range(offset - shift, offset - shift + 2)
        while node is not None and node.kind_id not in COMMENT:
            node = node.parent
        return node is not None and node.start_byte == offset - shift

    first_line = above.count(b"\n")
    comments = []
    for start, end, line, is_behind in _blocks(whole, is_comment):
        comments.append(Comment(parse_block(whole[start:end]), start - shift, line - first_line, is_behind))
    return Annotations(
        tuple(comments),
        {each.line: each for each in comments if not each.is_behind_code},
        {each.line: each for each in comments if each.is_behind_code},
    )


def _blocks(data: bytes, is_comment: Callable[[int], bool]) -> Iterator[tuple[int, int, int, bool]]:
    """Start, end, line of the code that it belongs to, and whether it stands behind code, of each block."""
    position = line = counted = 0
    while (mark := _MARK.search(data, position)) is not None:
        start = mark.start()
        if not is_comment(start):
            position = start + 1
            continue
        line += data.count(b"\n", counted, start)
        line_start = data.rfind(b"\n", 0, start) + 1
        is_behind = bool(data[line_start:start].strip())
        end = _end_of_line(data, start)
        if not data.startswith(b"---", start):  # a long comment may end within its line
            closing = data.find(b"]" + data[start + 3 : data.find(b"[", start + 3)] + b"]", start)
            end = len(data) if closing < 0 else data.index(b"]", closing + 1) + 1
        elif not is_behind:
            while _FURTHER_LINE.match(data, end) is not None:
                end = _end_of_line(data, end)
        counted = end
        lines = data.count(b"\n", start, end)
        yield start, end, line if is_behind else line + lines, is_behind
        line += lines
        position = max(end, start + 1)


def _end_of_line(data: bytes, start: int) -> int:
    found = _LINE.match(data, start)
    return found.end() if found is not None else len(data)


def holder(node: Node) -> Node:
    """The statement or the field of a table that an expression stands in, whose annotations are about it."""
    current = node
    while current.kind_id not in STATEMENTS and current.kind_id not in FIELD:
        parent = current.parent
        if parent is None:
            break
        current = parent
    return current

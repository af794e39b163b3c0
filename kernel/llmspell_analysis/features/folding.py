"""Folding ranges: blocks, tables, calls over several lines, comments, regions, and the `require`s at the top."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tree_sitter import Node

from llmspell_analysis.analysis.kinds import (
    ARGUMENTS,
    COMMENT,
    DO,
    ELSE,
    ELSEIF,
    FOR,
    FUNCTION,
    IF,
    REPEAT,
    STRING,
    TABLE,
    VARIABLE_DECLARATION,
    WHILE,
)
from llmspell_analysis.syntax.document import Document

FoldKind = Literal["comment", "imports", "region"]
_BLOCKS = FUNCTION | FOR | WHILE | REPEAT | DO | IF
_FOLDED = _BLOCKS | TABLE | ARGUMENTS | STRING
_REGION = re.compile(rb"--+[ \t]*#?region\b")
_END_REGION = re.compile(rb"--+[ \t]*#?endregion\b")
_REQUIRE = re.compile(rb"local\b[^=\n]*=\s*require\b")
MAX_FOLDS = 20_000


@dataclass(frozen=True, slots=True)
class Fold:
    """0-based lines, both shown or hidden as the client does; the last line of a block is not in it."""

    first_line: int
    last_line: int
    kind: FoldKind | None = None


def folds(document: Document) -> list[Fold]:
    """One for each first line, the largest; in the order of the text."""
    found: dict[int, Fold] = {}
    for fold in (*_of_nodes(document), *_of_imports(document)):
        known = found.get(fold.first_line)
        if fold.last_line > fold.first_line and (known is None or fold.last_line > known.last_line):
            found[fold.first_line] = fold
        if len(found) >= MAX_FOLDS:
            break
    return [found[line] for line in sorted(found)]


def _of_nodes(document: Document) -> Iterator[Fold]:
    comments: list[Node] = []
    pending = [document.tree.root_node]
    while pending:
        node = pending.pop()
        if node.kind_id in COMMENT:
            comments.append(node)
            continue
        if node.start_point.row == node.end_point.row:
            continue
        if node.kind_id in _FOLDED:
            yield from _of_block(node)
        pending.extend(node.children)
    comments.sort(key=lambda node: node.start_byte)
    yield from _of_comments(comments, document.source.data)


def _of_block(node: Node) -> Iterator[Fold]:
    first, last = node.start_point.row, node.end_point.row
    if node.kind_id in IF:
        heads = [node, *(child for child in node.children if child.kind_id in ELSEIF | ELSE)]
        for head, following in zip(heads, [*heads[1:], None], strict=True):
            end = following.start_point.row if following is not None else last
            yield Fold(head.start_point.row, end - 1)
        return
    yield Fold(first, last if node.kind_id in STRING else last - 1)


def _of_comments(comments: list[Node], data: bytes) -> Iterator[Fold]:
    regions: list[int] = []
    first: Node | None = None
    previous: Node | None = None
    for node in comments:
        text = data[node.start_byte : node.end_byte]
        row = node.start_point.row
        if _END_REGION.match(text):
            if regions:
                yield Fold(regions.pop(), row, "region")
            continue
        if _REGION.match(text):
            regions.append(row)
            continue
        stands_alone = not data[data.rfind(b"\n", 0, node.start_byte) + 1 : node.start_byte].strip()
        if first is not None and previous is not None and stands_alone and row == previous.end_point.row + 1:
            previous = node
            continue
        if first is not None and previous is not None:
            yield Fold(first.start_point.row, _last_row(previous), "comment")
        first = previous = node if stands_alone else None
    if first is not None and previous is not None:
        yield Fold(first.start_point.row, _last_row(previous), "comment")


def _last_row(node: Node) -> int:
    """A comment of one line may have its line break in it."""
    row, column = node.end_point
    return row - 1 if column == 0 and row > node.start_point.row else row


def _of_imports(document: Document) -> Iterator[Fold]:
    data = document.source.data
    first = last = -1
    for node in document.tree.root_node.children:
        is_import = node.kind_id in VARIABLE_DECLARATION and _REQUIRE.match(data, node.start_byte, node.end_byte)
        if is_import and first >= 0 and node.start_point.row <= last + 1:
            last = node.end_point.row
        elif is_import:
            if last > first >= 0:
                yield Fold(first, last, "imports")
            first, last = node.start_point.row, node.end_point.row
    if last > first >= 0:
        yield Fold(first, last, "imports")

"""Suppression comments, as three tools write them:

- LuaLS: `---@diagnostic disable: code, …`, `enable`, `disable-next-line`, `disable-line`;
- luacheck: `-- luacheck: ignore 211 212/name`, `no unused`, `push`, `pop`. At the end of a line of code it is about
  that line, on a line of its own about the rest of the function;
- selene: `-- selene: allow(code)` about the next statement, `--# selene: allow(code)` about the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tree_sitter import Node

from llmspell_analysis.analysis.kinds import COMMENT, FUNCTION
from llmspell_analysis.rules.model import Diagnostic
from llmspell_analysis.rules.other_names import of_luacheck, of_luacheck_group, of_name
from llmspell_analysis.rules.table import SYNTAX_CODES
from llmspell_analysis.syntax.document import Document

_COMMENT = re.compile(
    rb"--+\s*@diagnostic\s+(?P<action>disable-next-line|disable-line|disable|enable)"
    rb"[ \t]*(?::[ \t]*(?P<codes>[^\r\n]*))?"
    rb"|--\s*luacheck:\s*(?P<luacheck>[^\r\n]*)"
    rb"|--(?P<whole>#?)\s*selene:\s*allow\((?P<selene>[^)\r\n]*)\)"
)
_NAME = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class _Range:
    """Codes that are off from `start` to `end`; `codes` None for all, `name` of the variable or "" for any."""

    start: int
    end: int
    codes: frozenset[str] | None
    name: str = ""

    def covers(self, diagnostic: Diagnostic, data: bytes) -> bool:
        if not self.start <= diagnostic.start < self.end:
            return False
        if self.codes is not None and diagnostic.code not in self.codes:
            return False
        return not self.name or data[diagnostic.start : diagnostic.end] == self.name.encode()


class Suppressions:
    """Which codes are off where in one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._ranges: list[_Range] = []
        # (offset from which it holds, codes or None for all, on or off), in order
        self._switches: list[tuple[int, frozenset[str] | None, bool]] = []
        # ranges that a `luacheck: push` opened
        self._pushed: list[int] = []
        data = document.source.data
        if b"@diagnostic" not in data and b"luacheck:" not in data and b"selene:" not in data:
            return
        for match in _COMMENT.finditer(data):
            node = self._comment_at(match.start())
            if node is None:
                continue
            if match["action"] is not None:
                self._add_luals(match["action"].decode(), node, (match["codes"] or b"").decode("utf-8", "replace"))
            elif match["luacheck"] is not None:
                self._add_luacheck(node, match["luacheck"].decode("utf-8", "replace"))
            else:
                self._add_selene(node, match["selene"].decode("utf-8", "replace"), whole=bool(match["whole"]))

    def _comment_at(self, offset: int) -> Node | None:
        node = self._document.tree.root_node.descendant_for_byte_range(offset, offset + 2)
        while node is not None and node.kind_id not in COMMENT:
            node = node.parent
        return node if node is not None and node.start_byte == offset else None

    def _line(self, line: int) -> tuple[int, int]:
        starts = self._document.source.line_starts
        if line >= len(starts):
            return 0, 0
        return starts[line], starts[line + 1] if line + 1 < len(starts) else len(self._document.source) + 1

    def _add_luals(self, action: str, node: Node, written: str) -> None:
        names = _NAME.findall(written)
        codes = frozenset().union(*(of_name(name) for name in names)) if names else None
        line = self._document.source.line_of(node.start_byte)
        if action == "disable-next-line":
            self._ranges.append(_Range(*self._line(line + 1), codes))
        elif action == "disable-line":
            self._ranges.append(_Range(*self._line(line), codes))
        else:
            self._switches.append((self._line(line)[0], codes, action == "disable"))

    def _add_luacheck(self, node: Node, written: str) -> None:
        line = self._document.source.line_of(node.start_byte)
        start, end = self._line(line)
        is_alone = not self._document.source.data[start : node.start_byte].strip()
        for option in written.split(","):
            words = option.split()
            if words[:1] == ["push"]:
                self._pushed.append(len(self._ranges))
            elif words[:1] == ["pop"] and self._pushed:
                self._close(self._pushed.pop(), node.start_byte)
            span = (node.end_byte, self._rest_of_function(node)) if is_alone else (start, end)
            if words[:1] == ["no"]:
                self._ranges.append(_Range(*span, of_luacheck_group(" ".join(words[1:]))))
            elif words == ["ignore"]:
                self._ranges.append(_Range(*span, None))
            elif words[:1] == ["ignore"]:
                for pattern in words[1:]:
                    number, _, name = pattern.partition("/")
                    if number and not number.lstrip("W").isdigit():
                        self._ranges.append(_Range(*span, None, number))  # a variable's name, for every code
                    else:
                        self._ranges.append(_Range(*span, of_luacheck(number) if number else None, name))

    def _close(self, first: int, end: int) -> None:
        """What was switched off since a `push` is on again."""
        self._ranges[first:] = [
            _Range(each.start, min(each.end, end), each.codes, each.name) for each in self._ranges[first:]
        ]

    def _rest_of_function(self, node: Node) -> int:
        around: Node | None = node
        while around is not None and around.kind_id not in FUNCTION:
            around = around.parent
        return around.end_byte if around is not None else len(self._document.source) + 1

    def _add_selene(self, node: Node, written: str, *, whole: bool) -> None:
        codes = frozenset().union(*(of_name(name) for name in _NAME.findall(written)))
        if whole:
            self._ranges.append(_Range(0, len(self._document.source) + 1, codes))
            return
        following = node.next_named_sibling
        while following is not None and following.kind_id in COMMENT:
            following = following.next_named_sibling
        if following is not None:
            self._ranges.append(_Range(following.start_byte, following.end_byte, codes))

    def covers(self, diagnostic: Diagnostic) -> bool:
        # Syntax errors are the compiler's: no comment makes the file run.
        if diagnostic.code in SYNTAX_CODES or not (self._ranges or self._switches):
            return False
        data = self._document.source.data
        if any(each.covers(diagnostic, data) for each in self._ranges):
            return True
        off = False
        for start, codes, disables in self._switches:
            if start <= diagnostic.start and (codes is None or diagnostic.code in codes):
                off = disables
        return off

    def filter(self, diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
        return (each for each in diagnostics if not self.covers(each))

"""Suppression comments of LuaLS: `---@diagnostic disable: code, …`, `enable`, `disable-next-line`, `disable-line`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from llmspell_analysis.rules.model import Diagnostic
from llmspell_analysis.rules.table import SYNTAX_CODES
from llmspell_analysis.syntax.document import Document

_COMMENT = re.compile(
    rb"--+\s*@diagnostic\s+(disable-next-line|disable-line|disable|enable)[ \t]*(?::[ \t]*([^\r\n]*))?"
)
_EVERYTHING = frozenset({"*"})


class Suppressions:
    """Which codes are off on which lines of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._lines: dict[int, set[str]] = {}
        # (line from which it holds, codes, on or off), in order
        self._switches: list[tuple[int, frozenset[str], bool]] = []
        data = document.source.data
        if b"@diagnostic" not in data:
            return
        for match in _COMMENT.finditer(data):
            if not self._is_comment(match.start()):
                continue
            line = document.source.line_of(match.start())
            codes = frozenset(re.findall(r"[\w-]+", (match.group(2) or b"").decode("utf-8", "replace")))
            self._add(match.group(1).decode(), line, codes or _EVERYTHING)

    def _is_comment(self, offset: int) -> bool:
        node = self._document.tree.root_node.descendant_for_byte_range(offset, offset + 2)
        while node is not None and node.type != "comment":
            node = node.parent
        return node is not None and node.start_byte == offset

    def _add(self, action: str, line: int, codes: frozenset[str]) -> None:
        if action == "disable-next-line":
            self._lines.setdefault(line + 1, set()).update(codes)
        elif action == "disable-line":
            self._lines.setdefault(line, set()).update(codes)
        else:
            self._switches.append((line, codes, action == "disable"))

    def covers(self, diagnostic: Diagnostic) -> bool:
        # Syntax errors are the compiler's: no comment makes the file run.
        if diagnostic.code in SYNTAX_CODES or not (self._lines or self._switches):
            return False
        line = self._document.source.line_of(diagnostic.start)
        on_line = self._lines.get(line, ())
        if diagnostic.code in on_line or "*" in on_line:
            return True
        off = False
        for from_line, codes, disables in self._switches:
            if from_line <= line and ("*" in codes or diagnostic.code in codes):
                off = disables
        return off

    def filter(self, diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
        return (each for each in diagnostics if not self.covers(each))

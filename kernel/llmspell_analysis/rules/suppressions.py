"""Suppression comments, as four tools write them:

- LuaLS and EmmyLua: `---@diagnostic disable: code, …`, `enable`, `disable-next-line`, `disable-line`;
- luacheck: see `luacheck_comments.py`;
- selene: `-- selene: allow(code)` about the next statement, `--# selene: allow(code)` about the file.

What they say holds in the order of the text: of several that are about a finding the last one counts. Comments that
say nothing that anybody knows are findings themselves (bad-suppression).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from operator import itemgetter

from tree_sitter import Node

from llmspell_analysis.analysis.kinds import COMMENT
from llmspell_analysis.rules.luacheck_comments import LuacheckComments
from llmspell_analysis.rules.model import Diagnostic, Fix, found
from llmspell_analysis.rules.nearest import nearest
from llmspell_analysis.rules.other_names import is_known, known_names, of_name
from llmspell_analysis.rules.suppressed_range import SuppressedRange
from llmspell_analysis.rules.table import SYNTAX_CODES
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.tree import Edit

_COMMENT = re.compile(
    rb"--+\s*@diagnostic[ \t]+(?P<action>[\w-]+)"
    # names between commas; what comes behind is a remark
    rb"[ \t]*(?::[ \t]*(?P<codes>[\w-]*(?:[ \t]*,[ \t]*[\w-]+)*))?"
    rb"|--\s*luacheck:(?P<luacheck>[^\r\n]*)"
    rb"|--(?P<whole>#?)\s*#?\s*selene:(?P<selene>[^\r\n]*)"
)
_ACTIONS = ("disable", "enable", "disable-line", "disable-next-line")
_NAME = re.compile(rb"[\w-]+")
_FILTER = re.compile(rb"\s*(allow|warn|deny)\s*\(([^)\r\n]*)\)\s*,?")


class Suppressions:
    """Which codes are off where in one document. `problems` are the comments that say nothing."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._ranges: list[SuppressedRange] = []
        self._placed: list[tuple[int, SuppressedRange]] = []
        self.problems: list[Diagnostic] = []
        data = document.source.data
        if b"@diagnostic" not in data and b"luacheck:" not in data and b"selene:" not in data:
            return
        luacheck = LuacheckComments(document)
        for match in _COMMENT.finditer(data):
            node = self._comment_at(match.start())
            if node is None:
                continue
            if match["action"] is not None:
                self._add_luals(match, node)
            elif match["luacheck"] is not None:
                luacheck.read(node, match.span("luacheck"))
            else:
                self._add_selene(match, node)
        # of several that are about a finding the last comment counts
        placed = sorted((*self._placed, *luacheck.ranges), key=itemgetter(0))
        self._ranges = [each for _, each in placed]
        self.problems += luacheck.problems()

    def _comment_at(self, offset: int) -> Node | None:
        node = self._document.tree.root_node.descendant_for_byte_range(offset, offset + 2)
        while node is not None and node.kind_id not in COMMENT:
            node = node.parent
        return node if node is not None and node.start_byte == offset else None

    def _line(self, line: int) -> tuple[int, int]:
        starts = self._document.source.line_starts
        if line >= len(starts):
            return 0, 0
        return starts[line], starts[line + 1] if line + 1 < len(starts) else self._end

    @property
    def _end(self) -> int:
        return len(self._document.source) + 1

    # --- LuaLS -------------------------------------------------------------------------------------------------

    def _add_luals(self, match: re.Match[bytes], node: Node) -> None:
        action = match["action"].decode("utf-8", "replace")
        if action not in _ACTIONS:
            near = nearest(action, _ACTIONS)
            self._unknown(
                f"`{action}` is none of {', '.join(f'`{each}`' for each in _ACTIONS)}", match.span("action"), near
            )
            return
        start, end = match.span("codes")
        names = list(_NAME.finditer(self._document.source.data, start, end)) if match["codes"] is not None else []
        for name in names:
            self._check_name(name)
        written = [name.group().decode("utf-8", "replace") for name in names]
        codes = frozenset().union(*(of_name(name) for name in written)) if names else None
        line = self._document.source.line_of(node.start_byte)
        if action == "disable-next-line":
            span = self._line(line + 1)
        elif action == "disable-line":
            span = self._line(line)
        else:
            span = (self._line(line)[0], self._end)
        self._placed.append((node.start_byte, SuppressedRange(*span, codes, is_off=action != "enable")))

    def _check_name(self, match: re.Match[bytes]) -> None:
        name = match.group().decode("utf-8", "replace")
        if not is_known(name):
            self._unknown(f"There is no diagnostic `{name}`", match.span(), nearest(name, known_names()))

    def _unknown(self, message: str, span: tuple[int, int], near: str | None) -> None:
        fixes = (Fix(f"Change to `{near}`", (Edit(*span, near.encode()),)),) if near else ()
        hint = f": did you mean `{near}`?" if near else ""
        self.problems.append(found("bad-suppression", message + hint, span, fixes=fixes))

    # --- selene ------------------------------------------------------------------------------------------------

    def _add_selene(self, match: re.Match[bytes], node: Node) -> None:
        data = self._document.source.data
        position, end = match.span("selene")
        is_whole = b"#" in data[match.start() : position]
        if is_whole and not self._begins_file(node):
            message = "A filter for the whole file stands before its first statement"
            self.problems.append(found("bad-suppression", message, (node.start_byte, node.end_byte)))
            return
        while (filters := _FILTER.match(data, position, end)) is not None:
            position = filters.end()
            for name in _NAME.finditer(data, *filters.span(2)):
                self._check_name(name)
                codes = of_name(name.group().decode("utf-8", "replace"))
                span = (0, self._end) if is_whole else _following(node)
                each = SuppressedRange(*span, codes, is_off=filters[1] == b"allow")
                self._placed.append((node.start_byte, each))

    def _begins_file(self, node: Node) -> bool:
        before = node.prev_named_sibling
        while before is not None and (before.kind_id in COMMENT or before.type == "hash_bang_line"):
            before = before.prev_named_sibling
        return before is None and (node.parent is None or node.parent.parent is None)

    # --- what it is for ----------------------------------------------------------------------------------------

    def covers(self, diagnostic: Diagnostic) -> bool:
        # Syntax errors are the compiler's: no comment makes the file run.
        if diagnostic.code in SYNTAX_CODES or not self._ranges:
            return False
        data = self._document.source.data
        off = False
        for each in self._ranges:
            if each.is_off != off and each.is_about(diagnostic, data):
                off = each.is_off
        return off

    def filter(self, diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
        return (each for each in diagnostics if not self.covers(each))


def _following(node: Node) -> tuple[int, int]:
    following = node.next_named_sibling
    while following is not None and following.kind_id in COMMENT:
        following = following.next_named_sibling
    return (following.start_byte, following.end_byte) if following is not None else (0, 0)

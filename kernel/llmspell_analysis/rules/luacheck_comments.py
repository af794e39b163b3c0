"""The comments of luacheck: `-- luacheck: ignore 211 212/name, no unused args, globals a b, std max`, `push`, `pop`.

At the end of a line of code a comment is about that line, on a line of its own about the rest of the function.
What stands in parentheses is a note. Options are written with blanks or with underscores.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.kinds import FUNCTION
from llmspell_analysis.rules.model import Diagnostic, found
from llmspell_analysis.rules.name_patterns import from_lua
from llmspell_analysis.rules.other_names import of_luacheck_group, of_luacheck_pattern
from llmspell_analysis.rules.standards import STANDARDS
from llmspell_analysis.rules.suppressed_range import SuppressedRange

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.syntax.document import Document

_NOTE = re.compile(r"\([^()]*\)")
_LIMITED = (
    "line length",
    "code line length",
    "string line length",
    "comment line length",
    "cyclomatic complexity",
)
# option -> how many arguments it takes, at least and at most; None for any number
_OPTIONS: dict[str, tuple[int, int | None]] = {
    "std": (1, 1),
    "globals": (0, None),
    "read globals": (0, None),
    "new globals": (0, None),
    "new read globals": (0, None),
    "not globals": (0, None),
    "ignore": (0, None),
    "enable": (1, None),
    "only": (1, None),
    "operators": (0, None),
    **dict.fromkeys((f"max {what}" for what in _LIMITED), (1, 1)),
}
_SWITCHES = frozenset(
    {"global", "unused", "redefined", "unused args", "unused secondaries", "self", "compat", "module", "allow defined"}
    | {"allow defined top"}
)
_LIMITS = frozenset(name for name in _OPTIONS if name.startswith("max "))
_READ = frozenset({"undefined-global", "mutate-undefined-global", "undefined-global-field"})
_SET = frozenset({"set-undefined-global", "lowercase-global", "global-element", "unused-global"})


class LuacheckComments:
    """Reads the comments of one document in their order; `ranges` are what they say, each with its comment's offset."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.ranges: list[tuple[int, SuppressedRange]] = []
        # comments with a `push` that waits for its `pop`, and how many ranges there were before it
        self._pushed: list[tuple[Node, int]] = []
        self._problems: list[Diagnostic] = []

    def problems(self) -> list[Diagnostic]:
        return [*self._problems, *(_bad("This `push` has no `pop`", node) for node, _ in self._pushed)]

    def read(self, node: Node, span: tuple[int, int]) -> None:
        """The comment `node`, whose options stand in `span`."""
        data = self._document.source.data
        text = _NOTE.sub("", data[span[0] : span[1]].decode("utf-8", "replace"))
        if not text.strip():
            self._problems.append(_bad("There is no option in this comment", node))
            return
        where = self._where(node)
        for option in text.split(","):
            self._option(option.split(), where, node)

    def _option(self, words: list[str], where: tuple[int, int], node: Node) -> None:
        if words == ["pop"]:
            self._pop(node)
            return
        if words[:1] == ["push"]:
            self._pushed.append((node, len(self.ranges)))
            words = words[1:]
            if not words:
                return
        name, arguments = _split(words)
        problem = _problem(words, name, arguments)
        if problem is not None:
            self._problems.append(_bad(problem, node))
        else:
            self.ranges += ((node.start_byte, each) for each in _ranges(name or "", arguments, where))

    def _pop(self, node: Node) -> None:
        """What was said since a `push` ends here."""
        if not self._pushed:
            self._problems.append(_bad("This `pop` has no `push`", node))
            return
        _, first = self._pushed.pop()
        self.ranges[first:] = (
            (offset, replace(each, end=min(each.end, node.start_byte))) for offset, each in self.ranges[first:]
        )

    def _where(self, node: Node) -> tuple[int, int]:
        source = self._document.source
        starts = source.line_starts
        line = source.line_of(node.start_byte)
        start = starts[line]
        if source.data[start : node.start_byte].strip():
            return start, starts[line + 1] if line + 1 < len(starts) else len(source) + 1
        around: Node | None = node
        while around is not None and around.kind_id not in FUNCTION:
            around = around.parent
        return node.end_byte, around.end_byte if around is not None else len(source) + 1


def _bad(message: str, node: Node) -> Diagnostic:
    return found("bad-suppression", message, (node.start_byte, node.end_byte))


def _split(words: list[str]) -> tuple[str | None, list[str]]:
    """An option's name, the longest that the words begin with, and its arguments."""
    if not words:
        return None, []
    words = [*words[0].replace("_", " ").split(), *words[1:]] if words[0].replace("_", "").isalpha() else words
    for length in range(min(5, len(words)), 0, -1):
        name = " ".join(words[:length])
        if name in _OPTIONS or name in _SWITCHES or _negated(name):
            return name, words[length:]
    return None, words


def _negated(name: str) -> bool:
    return name.startswith("no ") and (name[3:] in _SWITCHES or name[3:] in _LIMITS)


def _problem(words: list[str], name: str | None, arguments: list[str]) -> str | None:
    if not words:
        return "An option is missing between the commas"
    if name is None:
        return f"luacheck has no option `{' '.join(words)}`"
    least, most = _OPTIONS.get(name, (0, 0))
    if len(arguments) < least:
        return f"`{name}` needs an argument"
    if most is not None and len(arguments) > most:
        return f"`{name}` takes {'no argument' if most == 0 else 'one argument'}, not {len(arguments)}"
    return None


def _ranges(name: str, arguments: list[str], where: tuple[int, int]) -> Iterator[SuppressedRange]:
    if name in ("globals", "new globals"):
        yield from (SuppressedRange(*where, _READ | _SET | {"readonly-global"}, _exactly(each)) for each in arguments)
    elif name in ("read globals", "new read globals"):
        yield from (SuppressedRange(*where, _READ, _exactly(each)) for each in arguments)
    elif name == "std":
        yield from _standard(arguments[0], where)
    elif name == "ignore":
        yield from _patterns(arguments or [".*"], where, is_off=True)
    elif name == "enable":
        yield from _patterns(arguments, where, is_off=False)
    elif name == "only":
        yield SuppressedRange(*where, None)
        yield from _patterns(arguments, where, is_off=False)
    elif name in ("allow defined", "allow defined top", "module"):
        yield SuppressedRange(*where, _SET)
    elif name.startswith("no "):
        yield SuppressedRange(*where, of_luacheck_group(name[3:]))
    elif name in _SWITCHES:
        yield SuppressedRange(*where, of_luacheck_group(name), is_off=False)


def _exactly(name: str) -> re.Pattern[str]:
    return re.compile(re.escape(name.partition(".")[0]) + r"\Z")


def _standard(name: str, where: tuple[int, int]) -> Iterator[SuppressedRange]:
    """A set of globals; one that is not known here may have any."""
    for each in name.removeprefix("+").split("+"):
        names = STANDARDS.get(each)
        if names is None:
            yield SuppressedRange(*where, _READ | _SET)
        elif names:
            either = "|".join(map(re.escape, sorted(names)))
            yield SuppressedRange(*where, _READ, re.compile(rf"(?:{either})\Z"))


def _patterns(patterns: list[str], where: tuple[int, int], *, is_off: bool) -> Iterator[SuppressedRange]:
    for pattern in patterns:
        before, slash, after = pattern.partition("/")
        if not slash and re.search("[A-Za-z_]", pattern.removeprefix("W").replace("%d", "")):
            before, after = "", pattern
        codes: frozenset[str] | None = None
        if before and before != ".*":
            read = from_lua("^" + before.removeprefix("^").removeprefix("W"))
            codes = of_luacheck_pattern(read) if read is not None else frozenset()
        name = from_lua("^" + after.removeprefix("^").removesuffix("$") + "$") if after and after != ".*" else None
        if after and after != ".*" and name is None:
            continue
        yield SuppressedRange(*where, codes, name, is_off)

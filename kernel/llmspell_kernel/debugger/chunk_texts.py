"""What the text of a chunk tells of its functions and variables, and Lua's own debug library does not.

The compiler forgets where variables are declared and which of them are ``<const>`` or ``<close>``, puts constants that
it knows into no variable at all, and names a function only by how it was called.

Invariant: what the text does not settle is answered as unknown, or so that nothing constant is taken for a variable.
tree-sitter is loaded for the first text that has an attribute, or when a client asks for a declaration.
"""

import os
import re
import threading
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmspell_analysis.analysis.model import Analysis, Local, Scope
    from tree_sitter import Node

MAX_TEXTS = 32
_LINE_END = re.compile(rb"\r\n|\n\r|\n|\r")
_ATTRIBUTE = re.compile(rb"<\s*(?:const|close)\s*>")
_FUNCTION = re.compile(rb"\bfunction\b")
_DECLARED = re.compile(rb"\bfunction\s+([A-Za-z_]\w*(?:\s*[.:]\s*[A-Za-z_]\w*)*)\s*\(")
_ASSIGNED = re.compile(rb"([A-Za-z_]\w*(?:\s*[.:]\s*[A-Za-z_]\w*)*)\s*=\s*function\b")
_LITERALS = frozenset({"number", "string", "nil", "true", "false"})
_ARITHMETIC = frozenset({"+", "-", "*", "/", "//", "%", "^", "&", "|", "~", "<<", ">>"})


@dataclass(slots=True)
class _Text:
    data: bytes
    state: object  # of its file; other values mean another text
    starts: list[int]
    has_attributes: bool
    analysis: "Analysis | None" = None
    declared: "list[Local]" = field(default_factory=list)  # of the names that have an attribute, in order
    last: tuple[tuple[int, int, int], dict[str, Any]] | None = None  # a stop asks the same thing several times

    def line(self, number: int) -> bytes:
        if not 1 <= number <= len(self.starts):
            return b""
        end = self.starts[number] if number < len(self.starts) else len(self.data)
        return self.data[self.starts[number - 1] : end]

    def position(self, number: int) -> int:
        """Where the code of a line begins."""
        code = self.line(number)
        return (self.starts[number - 1] if 1 <= number <= len(self.starts) else 0) + len(code) - len(code.lstrip())

    def extent(self, first: int, last: int) -> tuple[int, int]:
        """Where the lines of a function begin and end; 0: the chunk itself."""
        if first == 0:
            return 0, len(self.data)
        start = self.starts[first - 1] if first <= len(self.starts) else len(self.data)
        return start, self.starts[last] if last < len(self.starts) else len(self.data)


class ChunkTexts:
    """The texts of chunks. Thread-safe.

    ``source_of`` gives the path of what a chunk was loaded from, ``read`` the text at a path (it raises OSError or
    ValueError).
    """

    def __init__(self, source_of: Callable[[str], str | None], read: Callable[[str], bytes]) -> None:
        self._source_of = source_of
        self._read = read
        self._lock = threading.Lock()
        self._texts: dict[str, _Text] = {}

    def function_name(self, chunk_name: str, line: int) -> str | None:
        """The name of the function that begins in a line, as it stands there; None when the line does not say."""
        text = self._text(chunk_name)
        if text is None:
            return None
        code = text.line(line)
        if len(_FUNCTION.findall(code)) != 1:
            return None
        found = _DECLARED.search(code) or _ASSIGNED.search(code)
        return None if found is None else re.sub(rb"\s", b"", found[1]).decode()

    def constants(self, chunk_name: str, first: int, last: int, line: int) -> dict[str, Any]:
        """What is constant for a function (its first and last line; 0: the chunk itself) that is at a line.

        ``locals``: name and attribute of the variables of its own that are visible there, outermost first, for the
        names that have an attribute anywhere; ``attributes``: of all its variables; ``upvalues``: of others that it
        uses; ``folded``: constants that are in no variable, with the text of their value. ``known`` is False when there
        is no text.
        """
        text = self._text(chunk_name)
        if text is None:
            return {"known": False}
        if not text.has_attributes:
            return {"known": True}
        with self._lock:
            analysis = _analysis_of(text)
            if text.last is None or text.last[0] != (first, last, line):
                text.last = (first, last, line), _constants(text, analysis, first, last, line)
            return text.last[1]

    def declaration(self, variable: Mapping[str, Any]) -> tuple[int, int] | None:
        """The line and column (1-based, of UTF-16) where a variable is declared; None when the text does not say.

        ``variable``: ``name``, whether it is the function's ``own``, how many ``newer`` ones have its name, and of the
        function its ``source``, its ``first`` and ``last`` line, and the ``line`` that it is at.
        """
        text = self._text(variable["source"])
        if text is None:
            return None
        with self._lock:
            local = _declaration(text, _analysis_of(text), variable)
        if local is None:
            return None
        line = bisect_right(text.starts, local.start)
        before = text.data[text.starts[line - 1] : local.start].decode("utf-8", "replace")
        return line, len(before.encode("utf-16-le")) // 2 + 1

    def _text(self, chunk_name: str) -> _Text | None:
        if not chunk_name.startswith(("@", "=")):
            return self._kept(chunk_name, None, lambda: os.fsencode(chunk_name))
        path = self._source_of(chunk_name)
        if path is None:
            return None
        try:
            status = os.stat(path)
            state: object = (status.st_mtime_ns, status.st_size, status.st_ino)
        except OSError:
            state = None  # no file: such a source has one text alone
        try:
            return self._kept(path, state, lambda: self._read(path))
        except (OSError, ValueError):
            return None

    def _kept(self, source: str, state: object, read: Callable[[], bytes]) -> _Text:
        with self._lock:
            known = self._texts.pop(source, None)
            if known is None or known.state != state:
                data = read()
                starts = [0, *(found.end() for found in _LINE_END.finditer(data))]
                known = _Text(data, state, starts, _ATTRIBUTE.search(data) is not None)
            self._texts[source] = known
            while len(self._texts) > MAX_TEXTS:
                del self._texts[next(iter(self._texts))]
            return known


def _analysis_of(text: _Text) -> "Analysis":
    if text.analysis is None:
        text.analysis = _analyzed(text.data)
        text.declared = _declared(text.analysis)
    return text.analysis


def _analyzed(data: bytes) -> "Analysis":
    from llmspell_analysis.analysis.builder import analyze
    from llmspell_analysis.syntax.document import Document
    from llmspell_analysis.syntax.text import SourceText

    return analyze(Document(SourceText(data)))


def _declared(analysis: "Analysis") -> "list[Local]":
    named = {local.name for local in analysis.locals if local.attribute}
    found = [local for local in analysis.locals if local.name in named]
    return sorted(found, key=lambda local: (local.visible_from, local.start))


def _constants(text: _Text, analysis: "Analysis", first: int, last: int, line: int) -> dict[str, Any]:
    position, (start, end) = text.position(line), text.extent(first, last)

    def is_own(local: "Local") -> bool:
        return first == 0 or start <= local.scope.function.start < end

    declared = [local for local in text.declared if local.visible_from < end and local.scope.end >= start]
    visible = [local for local in declared if local.visible_from <= position <= local.scope.end]
    texts = {id(local): _folded_text(analysis, local) for local in visible if local.attribute == "const"}
    inner = {local.name: local for local in visible}
    return {
        "known": True,
        "locals": [
            {"name": local.name, "attribute": local.attribute or ""}
            for local in visible
            if is_own(local) and texts.get(id(local)) is None
        ],
        "attributes": {local.name: local.attribute for local in declared if local.attribute and is_own(local)},
        "upvalues": {
            local.name: local.attribute
            for local in declared
            if local.attribute
            and not is_own(local)
            and any(start <= reference.start < end for reference in local.references)
        },
        "folded": [
            {"name": local.name, "text": folded, "own": is_own(local)}
            for local in inner.values()
            if (folded := texts.get(id(local))) is not None
        ],
    }


def _is_inside(function: "Scope", start: int, end: int) -> bool:
    """Whether a function stands in a part of the text; the chunk stands in none."""
    return function.parent is not None and start <= function.start < end


def _is_of_function(local: "Local", start: int, end: int, *, is_chunk: bool) -> bool:
    """Whether a variable belongs to the outermost function in a part of the text, not to one in that."""
    function = local.scope.function
    if is_chunk or function.parent is None:
        return is_chunk and function.parent is None
    return _is_inside(function, start, end) and not _is_inside(function.parent.function, start, end)


def _declaration(text: _Text, analysis: "Analysis", variable: Mapping[str, Any]) -> "Local | None":
    start, end = text.extent(variable["first"], variable["last"])
    named = [local for local in analysis.locals if local.name == variable["name"]]
    named.sort(key=lambda local: (local.visible_from, local.start))
    if not variable["own"]:
        used = [local for local in named if any(start <= reference.start < end for reference in local.references)]
        outer = [local for local in used if not _is_inside(local.scope.function, start, end)]
        return outer[-1] if outer else None
    own = [local for local in named if _is_of_function(local, start, end, is_chunk=variable["first"] == 0)]
    position = text.position(variable["line"])
    visible = [local for local in own if local.visible_from <= position <= local.scope.end]
    if len(visible) <= variable["newer"]:
        # the line has several statements, and the function is in the middle of it
        behind = position + len(text.line(variable["line"]))
        visible = [local for local in own if local.visible_from < behind and position <= local.scope.end]
    return visible[-1 - variable["newer"]] if len(visible) > variable["newer"] else None


def _folded_text(analysis: "Analysis", local: "Local") -> str | None:
    """The value of a constant that the compiler puts in no variable, as text without names; None for others.

    Lua does so for the last variable of a statement with as many values as variables.
    """
    value = local.value
    if value is None or local.kind != "local":
        return None
    siblings = [one for one in local.scope.locals if one.visible_from == local.visible_from]
    if siblings[-1] is not local or value.next_named_sibling is not None:
        return None
    return _constant_text(analysis, value)


def _constant_text(analysis: "Analysis", node: "Node", depth: int = 0) -> str | None:
    if depth > 100:
        return None
    data = analysis.document.source.data
    if node.type in _LITERALS:
        return data[node.start_byte : node.end_byte].decode("utf-8", "surrogateescape")
    if node.type == "identifier":
        reference = analysis.reference_at.get(node.start_byte)
        local = None if reference is None else reference.local
        return None if local is None or local.attribute != "const" else _folded_text(analysis, local)
    operands = [_constant_text(analysis, child, depth + 1) for child in node.named_children]
    if any(one is None for one in operands):
        return None
    operators = [child.type for child in node.children if not child.is_named]
    match node.type, operators, operands:
        case "parenthesized_expression", _, [inner]:
            return inner
        case "unary_expression", [("-" | "~" | "not") as operator], [inner]:
            return f"({operator} {inner})"
        case "binary_expression", [operator], [left, right] if operator in _ARITHMETIC:
            return f"({left} {operator} {right})"
    return None

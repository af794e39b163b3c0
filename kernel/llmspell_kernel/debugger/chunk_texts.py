"""What the text of a chunk tells of its functions and variables, and Lua's own debug library does not.

The compiler forgets which locals are ``<const>`` or ``<close>``, puts constants that it knows into no variable at all,
and names a function only by how it was called.

Invariant: what the text does not settle is answered as unknown, or so that nothing constant is taken for a variable.
tree-sitter is loaded for the first text that has an attribute.
"""

import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmspell_analysis.analysis.model import Analysis, Local
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
            if text.analysis is None:
                text.analysis = _analyzed(text.data)
                text.declared = _declared(text.analysis)
            if text.last is None or text.last[0] != (first, last, line):
                text.last = (first, last, line), _constants(text, text.analysis, first, last, line)
            return text.last[1]

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
    code = text.line(line)
    position = (text.starts[line - 1] if 1 <= line <= len(text.starts) else 0) + len(code) - len(code.lstrip())
    if first == 0:
        start, end = 0, len(text.data)
    else:
        start = text.starts[first - 1] if first <= len(text.starts) else len(text.data)
        end = text.starts[last] if last < len(text.starts) else len(text.data)

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

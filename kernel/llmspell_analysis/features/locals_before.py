"""Locals that are visible at the cursor, read from the tokens before it.

What follows the cursor cannot change what is visible there, and half-typed code often breaks what follows; so
the tree is asked only for the whole top-level statements before, and tokens for the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from llmspell_analysis.analysis.chains import parse_chain
from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.analysis.values import Binding
from llmspell_analysis.syntax.tokens import Token

_STATEMENT_KEYWORDS = frozenset(
    b"local function if for while repeat return do end goto break else elseif until".split()
)
_EXPRESSION_ENDS = frozenset((b")", b"]", b"}", b"...", b"end", b"nil", b"true", b"false"))


@dataclass(slots=True)
class _Block:
    bindings: dict[str, Binding] = field(default_factory=dict)
    closes_with_statement: bool = False


class _Reader:
    """Reads declarations and blocks in order."""

    def __init__(self, tokens: Sequence[Token], data: bytes) -> None:
        self.tokens = tokens
        self.data = data
        self.blocks: list[_Block] = [_Block()]
        self.pending: list[Binding] = []  # declared, but visible only after their statement
        self.loop: list[Binding] = []  # of a `for` whose `do` has not come yet

    def text(self, index: int) -> bytes:
        return self.tokens[index].text(self.data) if 0 <= index < len(self.tokens) else b""

    def name_at(self, index: int) -> bool:
        return 0 <= index < len(self.tokens) and self.tokens[index].kind == "name"

    def binding(self, index: int, kind: str) -> Binding:
        return Binding(self.text(index).decode(), self.tokens[index].start, kind)

    def read(self) -> None:
        index = 0
        while index < len(self.tokens):
            if self.begins_statement(index):
                self.end_statement()
            token = self.tokens[index]
            index = self.keyword(index) if token.kind == "keyword" else index + 1
        last = len(self.tokens) - 1
        if last >= 0 and self.is_operand(last):
            self.end_statement()

    def is_operand(self, index: int) -> bool:
        """Whether an expression can end with this token."""
        return self.tokens[index].kind in ("name", "number", "string") or self.text(index) in _EXPRESSION_ENDS

    def begins_statement(self, index: int) -> bool:
        token = self.tokens[index]
        if token.kind == "keyword":
            is_value = self.text(index) == b"function" and index > 0 and not self.is_operand(index - 1)
            return self.text(index) in _STATEMENT_KEYWORDS and not is_value
        return token.kind == "name" and index > 0 and self.is_operand(index - 1)

    def end_statement(self) -> None:
        for binding in self.pending:
            self.blocks[-1].bindings[binding.name] = binding
        self.pending = []
        while len(self.blocks) > 1 and self.blocks[-1].closes_with_statement:
            self.blocks.pop()

    def pop(self) -> None:
        if len(self.blocks) > 1:
            self.blocks.pop()

    def keyword(self, index: int) -> int:
        word = self.text(index)
        if word == b"local":
            return self.local(index)
        if word == b"function":
            return self.function(index)
        if word == b"for":
            self.loop = []
            index += 1
            while self.name_at(index):
                self.loop.append(self.binding(index, "loop"))
                index += 2 if self.text(index + 1) == b"," else 1
            return index
        if word in (b"do", b"then", b"repeat"):
            loop = self.loop if word == b"do" else []
            self.blocks.append(_Block({binding.name: binding for binding in loop}))
            self.loop = []
        elif word == b"else":
            self.pop()
            self.blocks.append(_Block())
        elif word in (b"end", b"elseif"):
            self.pop()
        elif word == b"until" and len(self.blocks) > 1:
            self.blocks[-1].closes_with_statement = True
        return index + 1

    def local(self, index: int) -> int:
        index += 1
        if self.text(index) == b"function":
            if self.name_at(index + 1):
                binding = self.binding(index + 1, "function")
                self.blocks[-1].bindings[binding.name] = binding
            return index
        names: list[int] = []
        while self.name_at(index):
            names.append(index)
            index += 1
            if self.text(index) == b"<":
                index += 3
            if self.text(index) != b",":
                break
            index += 1
        self.pending = [self.binding(each, "local") for each in names]
        if self.text(index) == b"=" and self.pending:
            chain, stop = parse_chain(self.tokens, index + 1, len(self.tokens), self.data)
            continues = stop < len(self.tokens) and self.tokens[stop].kind == "operator"
            if chain is not None and not continues:
                first = self.pending[0]
                self.pending[0] = Binding(first.name, first.start, "local", chain)
            return index + 1
        return index

    def function(self, index: int) -> int:
        index += 1
        is_method = False
        name = index
        while self.name_at(index) or self.text(index) in (b".", b":"):
            is_method = is_method or self.text(index) == b":"
            index += 1
        if self.text(index) != b"(":
            return index
        start = self.tokens[index].start
        owner, _ = parse_chain(self.tokens, name, index - 2, self.data) if is_method else (None, index)
        block = _Block({"self": Binding("self", start, "self", owner)} if is_method else {})
        index += 1
        while index < len(self.tokens) and self.text(index) != b")":
            if self.name_at(index):
                binding = self.binding(index, "parameter")
                block.bindings[binding.name] = binding
            index += 1
        self.blocks.append(block)
        return index + 1


def locals_before(tokens: Sequence[Token], start: int, analysis: Analysis) -> dict[str, Binding]:
    """Visible locals by name, innermost first. `tokens` are those from the synchronised `start` to the cursor."""
    reader = _Reader([token for token in tokens if token.kind != "comment"], analysis.document.source.data)
    reader.read()
    visible: dict[str, Binding] = {}
    for block in reversed(reader.blocks):
        for binding in reversed(block.bindings.values()):
            visible.setdefault(binding.name, binding)
    for local in reversed(analysis.chunk.locals):
        if local.visible_from <= start:
            visible.setdefault(local.name, Binding(local.name, local.start, local.kind))
    return visible

"""What is at the cursor, by the tokens before it: never by the broken tree alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from llmspell_analysis.analysis.chains import Chain, chain_before
from llmspell_analysis.analysis.model import Analysis, Local
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.analysis.types import class_of, element_of
from llmspell_analysis.analysis.values import Binding, Value
from llmspell_analysis.catalogue import Catalogue, Tool
from llmspell_analysis.features.locals_before import locals_before
from llmspell_analysis.features.objects import ObjectEvaluator
from llmspell_analysis.syntax.synchronisation import synchronised_start
from llmspell_analysis.syntax.tokens import (
    Token,
    is_closed_comment,
    is_closed_string,
    string_value,
    tokenize,
)

# How far after the cursor the rest of a table constructor is read.
_LOOK_AHEAD = 4096
# Deeper nesting is not something that a person completes in.
_MAX_FRAMES = 50
_BLOCK_OPENERS = (b"function", b"do", b"if", b"repeat")

Place = Literal["code", "string", "comment", "number"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What is expected somewhere: a LuaCATS type, the parameters of a tool, or a JSON schema."""

    type: str = ""
    tool: Tool | None = None
    schema: Mapping[str, Any] | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """A bracket that is open at the cursor.

    `index` counts the commas before the cursor, for a call the argument. In a table, `key` is the one whose
    value is being written and `fields` has what is written elsewhere, literal strings with their value.
    """

    kind: Literal["call", "table", "index"]
    opening: int
    index: int = 0
    key: str | None = None
    is_key_position: bool = False
    fields: Mapping[str, str | None] = field(default_factory=dict)


class Context:
    """The cursor's surroundings in one version of a file. Everything is read once, when first asked for."""

    def __init__(self, analysis: Analysis, offset: int, catalogue: Catalogue, project: Project) -> None:
        self.analysis = analysis
        self.document = analysis.document
        self.data = analysis.document.source.data
        self.offset = min(max(offset, 0), len(self.data))
        self.catalogue = catalogue
        self.project = project
        self.start = synchronised_start(self.document, self.offset)
        found = [] if self.document.is_binary else list(tokenize(self.data, self.start, self.offset))
        self.place, self.current = self._place(found)
        if self.current is not None:
            found.pop()
        # Whole tokens before the cursor's own one; comments say nothing about code.
        self.tokens: list[Token] = [token for token in found if token.kind != "comment"]

    def _place(self, tokens: Sequence[Token]) -> tuple[Place, Token | None]:
        """Where the cursor is, and the token it is in or at the end of, where that belongs to what is typed."""
        if not tokens:
            return "code", None
        last = tokens[-1]
        inside = last.start < self.offset < last.end
        at_end = self.offset == last.end
        if last.kind == "comment":
            open_ended = not is_closed_comment(self.data, last)
            return ("comment", last) if inside or (at_end and open_ended) else ("code", None)
        if last.kind == "string":
            open_ended = not is_closed_string(self.data, last)
            return ("string", last) if inside or (at_end and open_ended) else ("code", None)
        if last.kind == "number" and (inside or at_end):
            return "number", last
        if last.kind in ("name", "keyword") and (inside or at_end):
            return "code", last
        return "code", None

    # --- the word ----------------------------------------------------------------------------------------------

    @property
    def prefix(self) -> str:
        """What is typed of the word at the cursor."""
        if self.current is None or self.place != "code":
            return ""
        return self.data[self.current.start : self.offset].decode("utf-8", "replace")

    @property
    def word_span(self) -> tuple[int, int]:
        """The whole word at the cursor; empty at the cursor when there is none."""
        if self.current is None or self.place != "code":
            return self.offset, self.offset
        return self.current.start, self.current.end

    @property
    def string_span(self) -> tuple[int, int]:
        """Inside the quotes of the string at the cursor."""
        if self.current is None:
            return self.offset, self.offset
        start = self.current.start + 1
        closed = is_closed_string(self.data, self.current)
        end = self.current.end - 1 if closed else self.offset
        return start, max(end, self.offset)

    def text(self, index: int) -> bytes:
        return self.tokens[index].text(self.data) if 0 <= index < len(self.tokens) else b""

    @property
    def previous(self) -> bytes:
        return self.text(len(self.tokens) - 1)

    def receiver(self) -> Chain | None:
        """The chain before `.`, `:` or `[` at the cursor."""
        return chain_before(self.tokens, len(self.tokens) - 1, self.data)

    def chain_at(self) -> Chain | None:
        """The chain that ends with the word at the cursor."""
        if self.current is None:
            return None
        tokens = [*self.tokens, self.current]
        return chain_before(tokens, len(tokens), self.data)

    # --- names -------------------------------------------------------------------------------------------------

    @cached_property
    def locals(self) -> dict[str, Binding]:
        return locals_before(self.tokens, self.start, self.analysis)

    @cached_property
    def evaluator(self) -> ObjectEvaluator:
        return ObjectEvaluator(self.analysis, self.catalogue, self.project, self._lookup)

    def _lookup(self, name: str, offset: int) -> Local | Binding | None:
        reference = self.analysis.reference_at.get(offset)
        if reference is not None and reference.name == name and reference.local is not None:
            return reference.local
        binding = self.locals.get(name)
        if binding is None:
            return None
        local = self.analysis.local_at.get(binding.start)
        if local is None and binding.kind == "self":
            local = next((each for each in self.analysis.visible_locals(self.offset) if each.name == "self"), None)
        if local is not None and (local.value is not None or binding.chain is None):
            return local
        return binding

    def value_of(self, chain: Chain | None) -> Value | None:
        return self.evaluator.of_chain(chain) if chain is not None else None

    def value_before(self, end: int) -> Value | None:
        """The value of the expression that ends with the token before index `end`: a chain, or `("text"):method`."""
        chain = chain_before(self.tokens, end, self.data)
        if chain is not None:
            return self.evaluator.of_chain(chain)
        if self.text(end - 2) == b":" and self.tokens[end - 1].kind == "name":
            text = self.value_before(end - 2)
            return self.evaluator.member(text, self.text(end - 1).decode()) if text is not None else None
        is_text = self.text(end - 1) == b")" and self.text(end - 3) == b"(" and self.tokens[end - 2].kind == "string"
        return self.evaluator.of_type("string") if is_text else None

    def method_of_text(self) -> Value | None:
        """What the word at the cursor is as a method of a text: `("text"):word`."""
        if self.current is None or self.previous != b":":
            return None
        text = self.value_before(len(self.tokens) - 1)
        return self.evaluator.member(text, self.current.text(self.data).decode()) if text is not None else None

    # --- what encloses the cursor ------------------------------------------------------------------------------

    @cached_property
    def frames(self) -> list[Frame]:
        """Brackets open at the cursor, innermost first, up to the function body the cursor is in."""
        frames: list[Frame] = []
        depth = blocks = commas = 0
        end = len(self.tokens)
        for index in range(len(self.tokens) - 1, -1, -1):
            text = self.text(index)
            kind = self.tokens[index].kind
            if kind == "keyword":
                blocks += (text in (b"end", b"until")) - (text in _BLOCK_OPENERS)
                if blocks < 0:
                    break
            if kind != "operator" or blocks:
                continue
            if text in (b")", b"]", b"}"):
                depth += 1
            elif text in (b"(", b"[", b"{"):
                if depth:
                    depth -= 1
                    continue
                frames.append(self._frame(index, text, commas, end))
                if len(frames) == _MAX_FRAMES:
                    break
                commas, end = 0, index
            elif text in (b",", b";") and depth == 0:
                commas += 1
        return frames

    def _frame(self, opening: int, text: bytes, commas: int, end: int) -> Frame:
        if text == b"(":
            return Frame("call", opening, commas)
        if text == b"[":
            return Frame("index", opening)
        before = self.text(end - 1)
        is_key_position = before in (b"{", b",", b";")
        key = None
        if before == b"=" and self.tokens[end - 2].kind == "name":
            key = self.text(end - 2).decode()
        inner = self.tokens[opening + 1 : end]
        fields = _fields(inner, self.data)
        after_start = self.current.end if self.current is not None else self.offset
        if end == len(self.tokens):
            ahead = tokenize(self.data, after_start, min(len(self.data), after_start + _LOOK_AHEAD))
            fields.update(_fields(_until_closed(ahead, self.data), self.data))
        if key is not None:
            fields.pop(key, None)
        return Frame("table", opening, commas, key, is_key_position, fields)

    def is_call(self, frame: Frame) -> bool:
        """Whether a parenthesis follows what can be called; others only group."""
        before = self.tokens[frame.opening - 1] if frame.opening > 0 else None
        return before is not None and (before.kind in ("name", "string") or before.text(self.data) in (b")", b"]"))

    def callee(self, frame: Frame) -> Value | None:
        """What an open call calls."""
        return self.value_before(frame.opening)

    def shape(self) -> Shape | None:
        """What is expected at the cursor: an argument, or a value or key of a table constructor."""
        return self._shape(0)

    def string_shape(self) -> Shape | None:
        """What is expected of the string at the cursor, which may be a call's only argument: `f "…"`."""
        if self.tokens and (self.tokens[-1].kind in ("name", "string") or self.previous in (b")", b"]")):
            value = self.value_of(chain_before(self.tokens, len(self.tokens), self.data))
            return self._parameter_shape(value, 0, Frame("call", len(self.tokens))) if value is not None else None
        return self.shape()

    def _shape(self, level: int) -> Shape | None:
        """What is expected inside frame `level`, at the place that leads to the cursor."""
        if level >= len(self.frames):
            return None
        frame = self.frames[level]
        if frame.kind == "call":
            return self._argument_shape(frame)
        if frame.kind == "index":
            return None
        table = self.table_shape(level)
        if table is None or frame.is_key_position:
            return self._element(table)
        return self._field_shape(table, frame) if frame.key is not None else self._element(table)

    def _element(self, table: Shape | None) -> Shape | None:
        element = element_of(table.type, self.catalogue) if table is not None else ""
        return Shape(type=element) if element else None

    def table_shape(self, level: int = 0) -> Shape | None:
        """What the table constructor of frame `level` is expected to be."""
        frame = self.frames[level]
        before = self.text(frame.opening - 1)
        token = self.tokens[frame.opening - 1] if frame.opening > 0 else None
        if token is not None and (token.kind in ("name", "string") or before in (b")", b"]")):
            value = self.value_of(chain_before(self.tokens, frame.opening, self.data))
            return self._parameter_shape(value, 0, frame) if value is not None else None
        if before in (b"(", b",", b"{", b";", b"="):
            return self._shape(level + 1)
        return None

    def _argument_shape(self, frame: Frame) -> Shape | None:
        value = self.callee(frame)
        return self._parameter_shape(value, frame.index, frame) if value is not None else None

    def _parameter_shape(self, value: Value, index: int, frame: Frame) -> Shape | None:
        entry = value.entry
        if entry is None:
            return None
        if entry.qualified_name == "ToolInstance:execute" and index == 0 and value.tool is not None:
            return Shape(tool=value.tool)
        if entry.qualified_name == "Tool.execute" and index == 1:
            first = self.tokens[frame.opening + 1] if frame.opening + 1 < len(self.tokens) else None
            name = string_value(first.text(self.data).decode("utf-8", "replace")) if first is not None else None
            tool = self.catalogue.tools.get(name or "")
            return Shape(tool=tool) if tool is not None else None
        if index >= len(entry.parameters):
            return None
        parameter = entry.parameters[index]
        return Shape(type=parameter.type, description=parameter.description)

    def _field_shape(self, table: Shape, frame: Frame) -> Shape | None:
        key = frame.key or ""
        if table.tool is not None:
            schema = table.tool.schema.get("properties", {}).get(key)
            return Shape(schema=schema, tool=None) if schema is not None else None
        record = class_of(table.type, self.catalogue)
        entry = record.members.get(key) if record is not None else None
        if entry is None:
            return None
        if record is not None and record.name == "WorkflowStep":
            if key == "tool":
                return Shape(type="ToolName")
            tool = self.catalogue.tools.get(frame.fields.get("tool") or "")
            if key == "input" and tool is not None:
                return Shape(tool=tool)
        return Shape(type=entry.type, description=entry.description)


def _fields(tokens: Sequence[Token], data: bytes) -> dict[str, str | None]:
    """`name = value` at the top level of a constructor's tokens, with the value where it is a string."""
    found: dict[str, str | None] = {}
    depth = 0
    for index, token in enumerate(tokens):
        text = token.text(data)
        if token.kind == "operator":
            depth += (text in (b"(", b"[", b"{")) - (text in (b")", b"]", b"}"))
        if depth == 0 and text == b"=" and index > 0 and tokens[index - 1].kind == "name":
            value = tokens[index + 1] if index + 1 < len(tokens) else None
            literal = value.text(data).decode("utf-8", "replace") if value is not None else ""
            found[tokens[index - 1].text(data).decode()] = string_value(literal)
    return found


def _until_closed(tokens: Iterable[Token], data: bytes) -> list[Token]:
    """Tokens up to the bracket that closes the constructor the cursor is in."""
    found: list[Token] = []
    depth = 0
    for token in tokens:
        text = token.text(data)
        if token.kind == "operator":
            depth += (text in (b"(", b"[", b"{")) - (text in (b")", b"]", b"}"))
            if depth < 0:
                break
        found.append(token)
    return found

"""Chains: `root.field:method("x")["y"]` as a root and steps, from a tree node or from tokens.

One form for both, so that values are evaluated the same way in whole and in half-typed code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from llmspell_analysis.analysis.kinds import (
    BRACKET_INDEX,
    CALL,
    COMMENT,
    DOT_INDEX,
    FIELD_FIELD,
    IDENTIFIER,
    METHOD_FIELD,
    METHOD_INDEX,
    NAME_FIELD,
    PARENTHESIZED,
    STRING,
    TABLE_FIELD,
)
from llmspell_analysis.syntax.tokens import Token, is_closed_string, string_value
from llmspell_analysis.syntax.tree import field_id

if TYPE_CHECKING:
    from tree_sitter import Node


ARGUMENTS_FIELD = field_id("arguments")

# Longer chains are data, not something a person reads; the limit also bounds the work on hostile input.
_MAX_STEPS = 400


class Step(NamedTuple):
    """`field` and `method` carry a name, `index` a literal string or None, `call` its first literal string or None."""

    kind: Literal["field", "method", "index", "call"]
    name: str | None


class Chain(NamedTuple):
    """`root` is a variable's name at `offset`, or None with `literal` set for a string literal."""

    root: str
    offset: int
    steps: tuple[Step, ...]


def chain_of_node(node: Node, data: bytes, *, is_path: bool = False) -> Chain | None:
    """The chain that an expression is, or None when it is something else; as a path, also where a call, a method or a
    computed key is in it."""
    steps: list[Step] = []
    current: Node | None = node
    while current is not None and len(steps) < _MAX_STEPS:
        kind = current.kind_id
        if kind in IDENTIFIER:
            steps.reverse()
            return Chain(_text(current, data), current.start_byte, tuple(steps))
        if is_path and (kind in CALL or kind in METHOD_INDEX):
            return None
        if kind in CALL:
            steps.append(Step("call", first_string_argument(current, data)))
            current = current.child_by_field_id(NAME_FIELD)
        elif kind in DOT_INDEX or kind in METHOD_INDEX:
            is_method = kind in METHOD_INDEX
            name = current.child_by_field_id(METHOD_FIELD if is_method else FIELD_FIELD)
            if name is None:
                return None
            steps.append(Step("method" if is_method else "field", _text(name, data)))
            current = current.child_by_field_id(TABLE_FIELD)
        elif kind in BRACKET_INDEX:
            key = literal_string(current.child_by_field_id(FIELD_FIELD), data)
            if is_path and key is None:
                return None
            steps.append(Step("index", key))
            current = current.child_by_field_id(TABLE_FIELD)
        elif kind in PARENTHESIZED:
            inner = [child for child in current.named_children if child.kind_id not in COMMENT]
            current = inner[0] if len(inner) == 1 else None
        else:
            return None
    return None


class Path(NamedTuple):
    """A variable's name at `offset`, and the names of the fields that are taken of it."""

    root: str
    offset: int
    fields: tuple[str, ...]


def path_of_node(node: Node, data: bytes) -> Path | None:
    """The variable and the fields that `a.b["c"]` names; None where a call, a method or a computed key is in it."""
    chain = chain_of_node(node, data, is_path=True)
    return Path(chain.root, chain.offset, tuple(step.name or "" for step in chain.steps)) if chain is not None else None


def literal_string(node: Node | None, data: bytes) -> str | None:
    """The value of a string literal; None for anything else."""
    if node is None or node.kind_id not in STRING or node.has_error:
        return None
    return string_value(_text(node, data))


def call_arguments(call: Node) -> list[Node]:
    """The argument expressions of a call, in each of Lua's three forms."""
    arguments = call.child_by_field_id(ARGUMENTS_FIELD)
    if arguments is None:
        return []
    return [child for child in arguments.named_children if child.kind_id not in COMMENT]


def first_string_argument(call: Node, data: bytes) -> str | None:
    arguments = call_arguments(call)
    return literal_string(arguments[0], data) if arguments else None


def _text(node: Node, data: bytes) -> str:
    return data[node.start_byte : node.end_byte].decode("utf-8", "replace")


# --- from tokens -----------------------------------------------------------------------------------------------

_OPENERS = {b")": b"(", b"]": b"[", b"}": b"{"}
_CLOSERS = {opener: closer for closer, opener in _OPENERS.items()}


def chain_before(tokens: Sequence[Token], end: int, data: bytes) -> Chain | None:
    """The chain that ends with the token before index `end`, found by scanning backwards."""
    index = end
    expects_operand = True
    while index > 0:
        token = tokens[index - 1]
        text = token.text(data)
        if expects_operand:
            if token.kind == "name":
                index -= 1
                expects_operand = False
                continue
            opener = _opening_index(tokens, index - 1, data) if text in _OPENERS or token.kind == "string" else None
            if opener is None or not opener:
                break
            index = opener  # the arguments or the index; what is before them is the operand
            continue
        if text in (b".", b":"):
            index -= 1
            expects_operand = True
            continue
        break
    return chain_from(tokens, index, end, data) if not expects_operand else None


def _opening_index(tokens: Sequence[Token], closing: int, data: bytes) -> int | None:
    """Index of the token that opens the bracket which `closing` closes; a string closes itself."""
    if tokens[closing].kind == "string":
        return closing
    depth = 0
    for index in range(closing, -1, -1):
        if tokens[index].kind != "operator":
            continue
        text = tokens[index].text(data)
        if text in _OPENERS:
            depth += 1
        elif text in _CLOSERS:
            depth -= 1
            if depth == 0:
                return index
    return None


def chain_from(tokens: Sequence[Token], start: int, end: int, data: bytes) -> Chain | None:
    """The chain that begins at token `start` and fills all tokens up to `end`; None when it does not."""
    chain, stop = parse_chain(tokens, start, end, data)
    return chain if stop == end else None


def parse_chain(tokens: Sequence[Token], start: int, end: int, data: bytes) -> tuple[Chain | None, int]:
    """The longest chain that begins at token `start`, and the index of the token after it."""
    if start >= end or tokens[start].kind != "name":
        return None, start
    root = tokens[start]
    steps: list[Step] = []
    index = start + 1
    while index < end:
        token = tokens[index]
        text = token.text(data)
        if text in (b".", b":") and index + 1 < end and tokens[index + 1].kind == "name":
            name = tokens[index + 1].text(data).decode()
            steps.append(Step("field" if text == b"." else "method", name))
            index += 2
        elif token.kind == "string":
            steps.append(Step("call", _token_string(token, data)))
            index += 1
        elif text in (b"(", b"[", b"{") and token.kind == "operator":
            closing = closing_index(tokens, index, end, data)
            if closing is None:
                break
            inside = tokens[index + 1] if text != b"{" and closing > index + 1 else None
            literal = _token_string(inside, data) if inside is not None and inside.kind == "string" else None
            if text == b"[":
                steps.append(Step("index", literal if closing == index + 2 else None))
            else:
                steps.append(Step("call", literal))
            index = closing + 1
        else:
            break
    return Chain(root.text(data).decode(), root.start, tuple(steps)), index


def closing_index(tokens: Sequence[Token], opening: int, end: int, data: bytes) -> int | None:
    """Index of the token that closes the bracket at `opening`."""
    depth = 0
    for index in range(opening, end):
        if tokens[index].kind != "operator":
            continue
        text = tokens[index].text(data)
        if text in _CLOSERS:
            depth += 1
        elif text in _OPENERS:
            depth -= 1
            if depth == 0:
                return index
    return None


def _token_string(token: Token, data: bytes) -> str | None:
    if not is_closed_string(data, token):
        return None
    return string_value(token.text(data).decode("utf-8", "replace"))

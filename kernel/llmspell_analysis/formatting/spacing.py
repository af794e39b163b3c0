"""How much space stands between two tokens of a line.

Invariant: two tokens never become one, nor one of another kind.
"""

from __future__ import annotations

from llmspell_analysis.syntax.tokens import Token

_NO_SPACE_AFTER = frozenset({b"(", b"[", b".", b":", b"::"})
_NO_SPACE_BEFORE = frozenset({b")", b"]", b",", b";", b".", b":", b"::"})
_UNARY = frozenset({b"-", b"#", b"~"})
_OPERANDS = frozenset({b"end", b"nil", b"true", b"false", b")", b"]", b"}", b"..."})
_CALLED = frozenset({b")", b"]", b"}"})
ATTRIBUTES = frozenset({b"const", b"close"})


def ends_operand(token: Token, data: bytes) -> bool:
    """Whether an expression may end with this token."""
    return token.kind in ("name", "number", "string") or token.text(data) in _OPERANDS


def is_unary(tokens: list[Token], index: int, data: bytes) -> bool:
    """Whether the operator at `index` stands before its only operand. `tokens` are without comments."""
    text = tokens[index].text(data)
    if tokens[index].kind != "operator" or text not in _UNARY:
        return False
    return text == b"#" or index == 0 or not ends_operand(tokens[index - 1], data)


def is_attribute(tokens: list[Token], index: int, data: bytes) -> bool:
    """Whether the token is the `<`, the name or the `>` of `<const>` or `<close>`."""
    for first in (index - 2, index - 1, index):
        if first < 1 or first + 2 >= len(tokens):
            continue
        texts = [token.text(data) for token in tokens[first : first + 3]]
        if texts[0] == b"<" and texts[1] in ATTRIBUTES and texts[2] == b">" and _declares(tokens, first, data):
            return True
    return False


def _declares(tokens: list[Token], first: int, data: bytes) -> bool:
    """Whether names of a `local` stand before."""
    at = first - 1
    while at >= 0 and (tokens[at].kind == "name" or tokens[at].text(data) in (b",", b"<", b">")):
        at -= 1
    return at >= 0 and tokens[at].text(data) == b"local"


def space_between(tokens: list[Token], index: int, data: bytes, given: int) -> int:
    """Blanks between the tokens at `index` and `index + 1`, which stand on one line; `given` is how many there are."""
    one, other = tokens[index], tokens[index + 1]
    left, right = one.text(data), other.text(data)
    if _would_join(left, right):
        return 1
    if is_attribute(tokens, index, data) and is_attribute(tokens, index + 1, data):
        return 0
    if left == b"{" or right == b"}":
        return 0 if (left, right) == (b"{", b"}") else 1
    if left in _NO_SPACE_AFTER and one.kind == "operator":
        # the name of a label is followed by its `::`, and what comes behind that by a space
        return 1 if left == b"::" and _ends_label(tokens, index, data) else 0
    if right in _NO_SPACE_BEFORE and other.kind == "operator":
        return 1 if right == b"::" and not _ends_label(tokens, index + 1, data) else 0
    if is_unary(tokens, index, data):
        return 0
    if right in (b"(", b"[") and other.kind == "operator":
        is_called = one.kind == "name" or left in _CALLED or (one.kind == "string" and right == b"(")
        return 0 if is_called or left == b"function" else 1
    if (right == b"{" or other.kind == "string") and (one.kind == "name" or left in _CALLED):
        return min(given, 1)  # a call without parentheses
    return 1


def _ends_label(tokens: list[Token], index: int, data: bytes) -> bool:
    return index >= 2 and tokens[index - 1].kind == "name" and tokens[index - 2].text(data) == b"::"


def _would_join(left: bytes, right: bytes) -> bool:
    if left == b"[" and right[:1] in (b"[", b"="):
        return True
    if right == b"]" and left[-1:] == b"]" and left[:1] == b"[":
        return True  # a long string as a key
    return (left[-1:] == b"-" and right[:1] == b"-") or (left == b"~" and right[:1] in (b"=", b"~"))

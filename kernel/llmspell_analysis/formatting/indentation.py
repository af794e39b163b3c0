"""How deep each line of a text stands, by the blocks and brackets that are open where it begins.

Invariant: what opens on one line opens one level, however much that is; a line that begins with what closes stands
where the line stands that opened it. Unfinished texts are read as far as they go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from llmspell_analysis.syntax.text import SourceText
from llmspell_analysis.syntax.tokens import Token

# what is open until it is closed; headers end with the word that is named
_HEADERS = {b"if": b"then", b"elseif": b"then", b"while": b"do", b"for": b"do"}
_BLOCKS = frozenset({b"function", b"do", b"repeat", b"else", *_HEADERS})
_BRACKETS = {b"(": b")", b"{": b"}", b"[": b"]"}
_CLOSERS = frozenset({b"end", b"until", b"else", b"elseif", b")", b"}", b"]"})
# an expression goes on behind these, and before those
_GOES_ON_AFTER = frozenset(b"+ - * / // % ^ .. == ~= < > <= >= & | ~ << >> = and or not # . : local return in".split())
_GOES_ON_BEFORE = frozenset(b"+ - * / // % ^ .. == ~= < > <= >= & | ~ << >> = and or . :".split())
_ENDS_BLOCK = frozenset({b"end", b"until", b"else", b"elseif"})


@dataclass(slots=True)
class Opener:
    """`level` is that of its line. `is_header`: its `then` or `do` is still to come."""

    word: bytes
    line: int
    level: int
    is_header: bool = False


@dataclass(slots=True)
class Indentation:
    """`levels` of lines that begin with a token; -1 where a line begins within one, or is blank. `open` is what is not
    closed at the end."""

    levels: list[int]
    open: list[Opener] = field(default_factory=list)
    # for blank lines: what is open there
    blank: dict[int, int] = field(default_factory=dict)


def indentation(source: SourceText, tokens: Sequence[Token]) -> Indentation:
    """`tokens` are all of the text, with its comments."""
    data = source.data
    lines = len(source.line_starts)
    found = Indentation([-1] * lines)
    stack: list[Opener] = []
    line, level, previous = -1, 0, b""
    covered = -1  # the last line that a token of several lines reaches into
    for index, token in enumerate(tokens):
        text = token.text(data)
        at = source.line_of(token.start)
        if at != line:
            for blank in range(max(line, covered) + 1, at):
                found.blank[blank] = stack[-1].level + 1 if stack else 0
            line = at
            if at > covered:
                closers = _closers(source, tokens, index, at)
                level = found.levels[at] = _level(stack, token, closers, data, previous)
        if token.kind == "comment":
            covered = max(covered, source.line_of(max(token.start, token.end - 1)))
            continue
        covered = max(covered, source.line_of(max(token.start, token.end - 1)))
        _take(stack, text if token.kind in ("keyword", "operator") else b"", line, level)
        previous = text if token.kind in ("keyword", "operator") else b"x"
    for blank in range(max(line, covered) + 1, lines):
        found.blank[blank] = stack[-1].level + 1 if stack else 0
    found.open = stack
    return found


def _closers(source: SourceText, tokens: Sequence[Token], index: int, line: int) -> list[bytes]:
    """What a line begins with that closes."""
    found: list[bytes] = []
    for at in range(index, len(tokens)):  # not a slice: it would copy the rest of the text at each line
        token = tokens[at]
        text = token.text(source.data)
        if token.kind not in ("keyword", "operator") or text not in _CLOSERS or source.line_of(token.start) != line:
            break
        found.append(text)
    return found


def _level(stack: list[Opener], token: Token, closers: list[bytes], data: bytes, previous: bytes) -> int:
    text = token.text(data) if token.kind in ("keyword", "operator") else b""
    if text in _CLOSERS and stack:
        return _level_of_closer(stack, closers)
    if not stack:
        base = 0
    else:
        base = stack[-1].level + 1
        if stack[-1].is_header:
            return stack[-1].level if text in (b"then", b"do") else base
    if token.kind == "comment":
        return base
    ends_statement = text in _ENDS_BLOCK or (previous == b"return" and text in _ENDS_BLOCK)
    if text in _GOES_ON_BEFORE or (previous in _GOES_ON_AFTER and not ends_statement):
        return base + 1
    return base


def _level_of_closer(stack: list[Opener], closers: list[bytes]) -> int:
    """Where the opener of the last of the closers stands that the line begins with."""
    remaining = list(stack)
    level = stack[-1].level
    for text in closers:
        if not remaining:
            break
        level = remaining.pop().level
        if text in (b"else", b"elseif", b"until"):
            break
    return level


def _take(stack: list[Opener], text: bytes, line: int, level: int) -> None:
    top = stack[-1] if stack else None
    if text in _BRACKETS:
        stack.append(Opener(text, line, level))
    elif text in (b")", b"}", b"]"):
        if top is not None and _BRACKETS.get(top.word) == text:
            stack.pop()
    elif text in (b"end", b"until"):
        if top is not None and top.word not in _BRACKETS:
            stack.pop()
    elif text in (b"else", b"elseif"):
        at = level
        if top is not None and top.word not in _BRACKETS:
            at = stack.pop().level
        stack.append(Opener(text, line, at, is_header=text == b"elseif"))
    elif text in (b"then", b"do") and top is not None and top.is_header and _HEADERS[top.word] == text:
        top.is_header = False
    elif text in _BLOCKS:
        stack.append(Opener(text, line, level, is_header=text in _HEADERS))

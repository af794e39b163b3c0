"""The place where the compiler stopped, and what hints about it are made of."""

from __future__ import annotations

from dataclasses import dataclass

from llmspell_analysis.rules.model import Diagnostic, Fix, Related
from llmspell_analysis.syntax.compiler import CompileError, compile_error
from llmspell_analysis.syntax.tokens import Token
from llmspell_analysis.syntax.tree import Edit


@dataclass(frozen=True, slots=True)
class Place:
    """Where the compiler stopped: before `tokens[index]`, or after the last token where `error.near` is b""."""

    error: CompileError
    tokens: list[Token]
    index: int
    data: bytes

    @property
    def at_end(self) -> bool:
        return self.error.near == b""

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def at(self, by: int) -> Token | None:
        """The token so many after the one that the compiler stopped at."""
        index = self.index + by
        return self.tokens[index] if 0 <= index < len(self.tokens) else None

    def text(self, by: int = 0) -> bytes:
        token = self.at(by)
        return token.text(self.data) if token is not None else b""

    def kind(self, by: int = 0) -> str:
        token = self.at(by)
        return token.kind if token is not None else ""

    def is_on_one_line(self, by: int) -> bool:
        """Whether the token and the one so many after it stand on one line."""
        other = self.at(by)
        if other is None:
            return False
        first, second = (other, self.token) if by < 0 else (self.token, other)
        return b"\n" not in self.data[first.end : second.start]

    def says(self, *beginnings: str) -> bool:
        return self.error.message.startswith(beginnings)


def say(
    message: str,
    span: tuple[int, int],
    new: bytes | None = None,
    code: str = "non-lua-symbol",
    *,
    at: tuple[int, int] | None = None,
    related: tuple[Related, ...] = (),
) -> Diagnostic:
    """`new` replaces `at`, which is `span` where it is not given."""
    from llmspell_analysis.rules.table import RULES

    fixes: tuple[Fix, ...] = ()
    if new is not None:
        title = f"Replace with `{new.decode('utf-8', 'replace').strip()}`" if new.strip() else "Remove it"
        # the text could not run before; what comes of it is taken only when it compiles
        is_safe = code == "non-lua-symbol" and bool(new.strip())
        fixes = (Fix(title, (Edit(*(at or span), new),), is_safe),)
    return Diagnostic(code, RULES[code].severity, message, *span, related=related, fixes=fixes)


def is_helped(place: Place, start: int, end: int, new: bytes) -> bool:
    """Whether the compiler gets further with an edit."""
    verdict = compile_error(place.data[:start] + new + place.data[end:])
    return verdict is None or verdict.line > place.error.line


def chain_start(tokens: list[Token], end: int, data: bytes) -> int | None:
    """Index of the first token of `a.b[c]`, which ends before `end`; on one line."""
    index = end
    while index > 0:
        text = tokens[index - 1].text(data)
        if text == b"]":
            opening = opening_of(tokens, index - 1, data)
            if opening is None:
                return None
            index = opening
            continue
        if tokens[index - 1].kind != "name":
            return None
        index -= 1
        if index == 0 or tokens[index - 1].text(data) not in (b".", b":"):
            return index
        index -= 1
    return None


OPENING = {b")": b"(", b"]": b"[", b"}": b"{"}


def opening_of(tokens: list[Token], closing: int, data: bytes) -> int | None:
    depth = 0
    for index in range(closing, -1, -1):
        text = tokens[index].text(data) if tokens[index].kind == "operator" else b""
        depth += (text in OPENING) - (text in OPENING.values())
        if depth == 0:
            return index
    return None


def begins_statement(tokens: list[Token], index: int, data: bytes) -> bool:
    """Whether a statement can begin with the token at `index`."""
    if index == 0:
        return True
    before, text = tokens[index - 1], tokens[index - 1].text(data)
    if b"\n" in data[before.end : tokens[index].start]:
        return before.kind != "operator" or text in (b")", b"]", b"}", b";", b"::")
    return before.kind == "keyword" or text in (b")", b"]", b"}", b";", b"::")

"""code-style: blanks around operators, commas and brackets. From the tokens alone; off unless switched on."""

from __future__ import annotations

from collections.abc import Iterator

from llmspell_analysis.rules.model import Diagnostic, FileSubject, Fix, found
from llmspell_analysis.syntax.tokens import Token, tokenize
from llmspell_analysis.syntax.tree import Edit

CODE = "code-style"
_SPACED = frozenset({b"=", b"==", b"~=", b"<=", b">=", b"<", b">", b"+", b"-", b"*", b"/", b"//", b"%", b".."})
_OPENING, _CLOSING = frozenset({b"(", b"["}), frozenset({b")", b"]"})
# after these a `-` begins a number or an operand
_BEFORE_UNARY = frozenset(
    {b"(", b"[", b"{", b",", b";", b"=", b"==", b"~=", b"<=", b">=", b"<", b">", b"+", b"-", b"*", b"/", b"//", b"%"}
    | {b"..", b"^", b"&", b"|", b"~", b"<<", b">>", b"#"}
)


def check(subject: FileSubject) -> Iterator[Diagnostic]:
    if subject.options.severities.get(CODE) is None:
        return
    data = subject.data
    tokens = list(tokenize(data))
    for index, token in enumerate(tokens):
        if token.kind != "operator":
            continue
        before = tokens[index - 1] if index else None
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        text = token.text(data)
        if text in (b",", b";"):
            yield from _comma(token, before, after, data)
        elif text in _OPENING and after is not None:
            yield from _inside(token, after, after, data)
        elif text in _CLOSING and before is not None:
            yield from _inside(before, token, before, data)
        elif text in _SPACED and before is not None and after is not None and _is_binary(tokens, index, data):
            yield from _around(text, token, before, after)


def _comma(token: Token, before: Token | None, after: Token | None, data: bytes) -> Iterator[Diagnostic]:
    what = token.text(data).decode()
    edits: list[Edit] = []
    if before is not None and before.kind != "comment" and _blanks(data[before.end : token.start]):
        edits.append(Edit(before.end, token.start, b""))
    if after is not None and after.start == token.end and after.text(data) not in (b")", b"}", b";"):
        edits.append(Edit(token.end, token.end, b" "))
    if edits:
        message = f"No blank before `{what}`, one after it"
        fix = Fix("Put the blank after it", tuple(edits), is_safe=True)
        yield found(CODE, message, (token.start, token.end), fixes=(fix,))


def _inside(first: Token, second: Token, inner: Token, data: bytes) -> Iterator[Diagnostic]:
    """The gap between a bracket and what is inside of it."""
    gap = data[first.end : second.start]
    # `[ [[text]] ]` needs its blanks
    if not _blanks(gap) or inner.kind == "comment" or (inner.kind == "string" and inner.text(data)[:1] == b"["):
        return
    fix = Fix("Remove the blanks", (Edit(first.end, second.start, b""),), is_safe=True)
    yield found(CODE, "No blank inside of brackets", (first.end, second.start), fixes=(fix,))


def _around(text: bytes, token: Token, before: Token, after: Token) -> Iterator[Diagnostic]:
    gaps = [at for at, touches in ((token.start, before.end), (token.end, after.start)) if at == touches]
    if gaps:
        edits = tuple(Edit(at, at, b" ") for at in gaps)
        fix = Fix("Put blanks around it", edits, is_safe=True)
        yield found(CODE, f"Blanks around `{text.decode()}`", (token.start, token.end), fixes=(fix,))


def _blanks(gap: bytes) -> bool:
    return bool(gap) and not gap.strip(b" \t")


def _is_binary(tokens: list[Token], index: int, data: bytes) -> bool:
    if tokens[index].text(data) == b"-" and _is_unary(tokens[index - 1], data):
        return False
    return not _is_attribute(tokens, index, data)


def _is_unary(before: Token, data: bytes) -> bool:
    return (before.kind == "keyword" and before.text(data) not in (b"end", b"nil", b"true", b"false")) or (
        before.kind == "operator" and before.text(data) in _BEFORE_UNARY
    )


def _is_attribute(tokens: list[Token], index: int, data: bytes) -> bool:
    """Whether a `<` or `>` is of `<const>` or `<close>`."""
    for name in (index + 1, index - 1):
        if 0 < name < len(tokens) - 1 and tokens[name].text(data) in (b"const", b"close"):
            return tokens[name - 1].text(data) == b"<" and tokens[name + 1].text(data) == b">"
    return False

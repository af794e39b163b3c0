"""One error of the compiler: validity is its verdict; the range and the words are ours.

The token that the compiler stopped at is found by its line and text; where several tokens of the line have that
text, the compiler itself says which, by compiling the text up to each.
"""

from __future__ import annotations

import re
from dataclasses import replace

from llmspell_analysis.rules.model import Diagnostic, Related
from llmspell_analysis.rules.syntax_hints import hint
from llmspell_analysis.rules.syntax_place import Place
from llmspell_analysis.rules.table import RULES
from llmspell_analysis.syntax.compiler import CompileError, compile_error
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.synchronisation import synchronised_start
from llmspell_analysis.syntax.tokens import Token, tokenize

_AT_LINE = re.compile(r"(?<!starting) at line (\d+)")
_QUOTED = re.compile(r"'([^']*)'")
_OPENER = re.compile(r"\(to close '([^']+)' at line (\d+)\)")
_GOTO_TAG = re.compile(r"<goto ([^>]*)>")
_GOTO = re.compile(r"<goto ([^>]*)>|label '([^']*)' for")
# A line with more tokens of the same text than this is generated; the first of them is then as good as any.
_MAX_CANDIDATES = 32

_CODES: tuple[tuple[str, str], ...] = (
    ("break outside", "break-outside-loop"),
    ("no visible label", "goto-no-visible-label"),
    ("jumps into the scope", "goto-no-visible-label"),
    ("already defined on line", "redefined-label"),
    ("cannot use '...'", "vararg-outside"),
    ("attempt to assign to const", "assign-const"),
    ("unknown attribute", "unknown-attribute"),
    ("multiple to-be-closed", "unknown-attribute"),
    ("too many local variables", "local-limit"),
    ("too many upvalues", "local-limit"),
    ("escape", "bad-escape"),
    ("UTF-8 value too large", "bad-escape"),
    ("hexadecimal digit expected", "bad-escape"),
    ("missing '{'", "bad-escape"),
    ("missing '}'", "bad-escape"),
    ("malformed number", "malformed-number"),
)


def diagnose(document: Document, error: CompileError) -> Diagnostic:
    """One error of the compiler, with its range and what is probably meant."""
    code = next((code for text, code in _CODES if text in error.message), "syntax-error")
    data = document.source.data
    if document.is_binary:
        return _diagnostic(code, "This is not a Lua text: it has NUL bytes or is too large", (0, 1))
    line = _line_of(error)
    line_start, line_end = document.source.compiler_line_span(line)
    tokens = list(tokenize(data, synchronised_start(document, line_start), line_end))
    if error.message.startswith("unfinished long") and tokens:
        code_tokens = tokens[-1:]  # it reaches to the end of the text, and may be a comment
    else:
        code_tokens = [token for token in tokens if token.kind != "comment"]
    index = _locate(error, code_tokens, line_start, data)
    related = _related(error, document)
    if index is None:
        return _diagnostic(code, error.message, _blank_range(data, line_start, line_end), related)
    meant = None if error.near is None or code != "syntax-error" else hint(Place(error, code_tokens, index, data))
    if meant is not None:
        return replace(meant, related=meant.related or related)
    token = code_tokens[index]
    return _diagnostic(code, _message(error, token, data), _narrow(error, token, data), related)


def _diagnostic(code: str, message: str, span: tuple[int, int], related: tuple[Related, ...] = ()) -> Diagnostic:
    return Diagnostic(code, RULES[code].severity, message, *span, related=related)


def _line_of(error: CompileError) -> int:
    """The line of the mistake, which is not always the line where the compiler noticed it."""
    if error.near is None and (match := _AT_LINE.search(error.message)) is not None:
        return int(match.group(1))
    return error.line


def _locate(error: CompileError, tokens: list[Token], line_start: int, data: bytes) -> int | None:
    """Index of the token that the message is about."""
    if error.near == b"":
        return len(tokens) - 1 if tokens else None
    on_line = [index for index, token in enumerate(tokens) if token.end > line_start]
    if error.near is not None:
        found = [i for i in on_line if _begins_with(tokens[i], error.near, data)]
        return _first_refused(error, tokens, found[:_MAX_CANDIDATES], data)
    return _locate_by_name(error, tokens, on_line, data)


def _begins_with(token: Token, near: bytes, data: bytes) -> bool:
    text = token.text(data)
    return text == near or (token.kind in ("string", "error", "number") and text.startswith(near))


def _first_refused(error: CompileError, tokens: list[Token], found: list[int], data: bytes) -> int | None:
    if len(found) < 2:
        return found[0] if found else None
    for index in found:
        verdict = compile_error(data[: tokens[index].end])
        if verdict is not None and verdict.near == error.near and verdict.message == error.message:
            return index
    return found[0]


def _locate_by_name(error: CompileError, tokens: list[Token], on_line: list[int], data: bytes) -> int | None:
    """Messages without a token name a variable, a label or a keyword."""
    message = error.message
    if message.startswith("break"):
        return next((i for i in on_line if tokens[i].text(data) == b"break"), None)
    if (match := _GOTO.search(message)) is not None:
        label = (match.group(1) or match.group(2) or "").encode()
        gotos = [i for i in on_line if i > 0 and tokens[i - 1].text(data) == b"goto"]
        return next((i for i in gotos if tokens[i].text(data) == label), None)
    quoted = _QUOTED.search(message)
    name = (quoted.group(1) if quoted is not None else "close").encode()
    found = [i for i in on_line if tokens[i].text(data) == name]
    if message.startswith("label") and found:
        return found[-1]
    if message.startswith("attempt to assign"):
        following = [i for i in found if i + 1 == len(tokens) or tokens[i + 1].text(data) in (b"=", b",")]
        declared = [i for i in following if i > 0 and tokens[i - 1].text(data) == b"local"]
        return next((i for i in following if i not in declared), found[0] if found else None)
    return found[-1] if found else None


def _narrow(error: CompileError, token: Token, data: bytes) -> tuple[int, int]:
    """A mistake inside a string is at the end of what the compiler had read of it."""
    near = error.near
    if token.kind == "string" and near and near != token.text(data):
        end = min(token.start + len(near), token.end)
        backslash = data.rfind(b"\\", token.start, end)
        return (backslash, end) if backslash >= 0 else (token.start, token.end)
    if token.kind in ("string", "comment"):
        breaks = [at for at in (data.find(each, token.start, token.end) for each in (b"\n", b"\r")) if at > 0]
        return token.start, min(breaks, default=token.end)
    return token.start, token.end


def _blank_range(data: bytes, start: int, end: int) -> tuple[int, int]:
    """The line without its surrounding blanks; one byte of the text where the line is empty."""
    while start < end and data[start] in b" \t":
        start += 1
    while end > start and data[end - 1] in b" \t\r\n":
        end -= 1
    if start == end:
        return max(0, start - 1), max(start, min(1, len(data)))
    return start, end


def _related(error: CompileError, document: Document) -> tuple[Related, ...]:
    """The opening keyword or bracket that the compiler names."""
    match = _OPENER.search(error.message)
    if match is None:
        return ()
    source = document.source
    start, end = source.compiler_line_span(int(match.group(2)))
    opener = match.group(1).encode()
    for token in tokenize(source.data, synchronised_start(document, start), end):
        if token.start >= start and token.text(source.data) == opener:
            return (Related(token.start, token.end, f"`{match.group(1)}` is opened here"),)
    return ()


def _message(error: CompileError, token: Token, data: bytes) -> str:
    """The compiler's words, in the form the rest of our messages have."""
    opener = _OPENER.search(error.message)
    closing = f", to close `{opener.group(1)}` of line {opener.group(2)}" if opener is not None else ""
    message = _AT_LINE.sub("", _OPENER.sub("", error.message)).replace("<goto>", "`goto`").strip()
    message = _GOTO_TAG.sub(r"`goto \1`", message)
    message = _QUOTED.sub(r"`\1`", message)
    message = message[:1].upper() + message[1:]
    if error.near is None:
        return message
    if error.near == b"":
        return f"{message} at the end of the file{closing}"
    text = token.text(data).decode("utf-8", "replace")
    shown = text if len(text) <= 40 else text[:37] + "…"
    return f"{message} near `{shown}`{closing}"

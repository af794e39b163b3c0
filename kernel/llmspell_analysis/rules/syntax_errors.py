"""Syntax errors: validity is the compiler's verdict; the range and the hint are ours.

The token that the compiler stopped at is found by its line and text; where several tokens of the line have that
text, the compiler itself says which, by compiling the text up to each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from llmspell_analysis.rules.model import Diagnostic, FileSubject, Fix, Related
from llmspell_analysis.rules.table import RULES
from llmspell_analysis.syntax.compiler import CompileError, compile_error
from llmspell_analysis.syntax.synchronisation import synchronised_start
from llmspell_analysis.syntax.tokens import Token, tokenize
from llmspell_analysis.syntax.tree import Edit

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


def check(subject: FileSubject) -> Iterator[Diagnostic]:
    error = subject.compile_error
    if error is None:
        return
    document = subject.file.document
    code = next((code for text, code in _CODES if text in error.message), "syntax-error")
    if document.is_binary:
        yield _diagnostic(code, "This is not a Lua text: it has NUL bytes or is too large", (0, 1))
        return
    line = _line_of(error)
    line_start, line_end = document.source.compiler_line_span(line)
    tokens = list(tokenize(subject.data, synchronised_start(document, line_start), line_end))
    if error.message.startswith("unfinished long") and tokens:
        code_tokens = tokens[-1:]  # it reaches to the end of the text, and may be a comment
    else:
        code_tokens = [token for token in tokens if token.kind != "comment"]
    index = _locate(error, code_tokens, line_start, subject.data)
    related = _related(error, subject)
    if index is None:
        yield _diagnostic(code, error.message, _blank_range(subject.data, line_start, line_end), related)
        return
    hint = None if error.near is None else _hint(error, code_tokens, index, subject.data)
    if hint is not None:
        yield replace(hint, related=related)
        return
    token = code_tokens[index]
    yield _diagnostic(code, _message(error, token, subject.data), _narrow(error, token, subject.data), related)


def _diagnostic(
    code: str, message: str, span: tuple[int, int], related: tuple[Related, ...] = (), fixes: tuple[Fix, ...] = ()
) -> Diagnostic:
    return Diagnostic(code, RULES[code].severity, message, *span, related=related, fixes=fixes)


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


def _related(error: CompileError, subject: FileSubject) -> tuple[Related, ...]:
    """The opening keyword or bracket that the compiler names."""
    match = _OPENER.search(error.message)
    if match is None:
        return ()
    source = subject.file.document.source
    start, end = source.compiler_line_span(int(match.group(2)))
    opener = match.group(1).encode()
    for token in tokenize(source.data, synchronised_start(subject.file.document, start), end):
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
    if token.kind == "error" and not text.isascii():
        return f"`{text}` cannot stand here: names in Lua are ASCII letters, digits and `_`"
    shown = text if len(text) <= 40 else text[:37] + "…"
    return f"{message} near `{shown}`{closing}"


# --- other languages' habits -----------------------------------------------------------------------------------


def _hint(error: CompileError, tokens: list[Token], index: int, data: bytes) -> Diagnostic | None:
    """What a person who knows another language probably meant."""
    token = tokens[index]
    text = token.text(data)
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    before = tokens[index - 1] if index > 0 else None
    joined = after is not None and after.start == token.end
    pair = text + (after.text(data) if after is not None and joined else b"")
    preceded = before is not None and before.end == token.start
    if text == b"!":
        if after is not None and pair == b"!=":
            return _replace(token.start, after.end, b"~=", "Lua writes `~=` for `!=`")
        return _replace(token.start, token.end, b"not ", "Lua writes `not` for `!`")
    for symbol, word in ((b"&", b"and"), (b"|", b"or")):
        if text == symbol and before is not None and preceded and before.text(data) == symbol:
            written = symbol.decode() * 2
            return _replace(before.start, token.end, word, f"Lua writes `{word.decode()}` for `{written}`")
    if text == b"//" and error.message.startswith(("unexpected symbol", "syntax error")):
        return _replace(token.start, token.end, b"--", "Comments begin with `--` in Lua")
    if text == b"=" and error.message.startswith("'then' expected"):
        return _replace(token.start, token.end, b"==", "`=` assigns; a comparison is `==`")
    if before is not None and before.kind == "name":
        return _hint_after_name(tokens, index, before, pair, data)
    return None


_COMPOUND = {b"+=", b"-=", b"*=", b"/=", b"%=", b"^=", b"..="}


def _hint_after_name(tokens: list[Token], index: int, before: Token, pair: bytes, data: bytes) -> Diagnostic | None:
    token, name = tokens[index], before.text(data).decode()
    starts_statement = index < 2 or _ends_operand(tokens[index - 2], before, data)
    if pair in _COMPOUND or pair == b"++":
        operator = pair[:-1] if pair in _COMPOUND else b"+"
        message = f"Lua has no `{pair.decode()}`: write `{name} = {name} {operator.decode()} …`"
        end = tokens[index + 1].end
        code = "compound-operator" if pair in _COMPOUND else "non-lua-symbol"
        if not starts_statement:
            return _replace(token.start, end, None, message, code)
        written = b"%s = %s %s%s" % (name.encode(), name.encode(), operator, b" 1" if pair == b"++" else b"")
        # `x *= a + b` needs parentheses; only a single operand is rewritten.
        rest = [other for other in tokens[index + 2 :] if b"\n" not in data[end : other.start]]
        return _replace(before.start, end, written if pair == b"++" or len(rest) == 1 else None, message, code)
    if not starts_statement:
        return None
    if name == "continue":
        message = "Lua has no `continue`: write `goto continue` and put `::continue::` at the loop's end"
        return _replace(before.start, before.end, None, message)
    if name in ("elif", "elsif"):
        return _replace(before.start, before.end, b"elseif", f"Lua writes `elseif` for `{name}`")
    if name in ("var", "let", "const") and token.kind == "name":
        return _replace(before.start, before.end, b"local", f"Lua writes `local` for `{name}`")
    if name in ("def", "func", "fn") and token.kind == "name":
        return _replace(before.start, before.end, b"function", f"Lua writes `function` for `{name}`")
    return None


def _ends_operand(token: Token, following: Token, data: bytes) -> bool:
    """Whether a statement can begin after `token`."""
    if b"\n" in data[token.end : following.start]:
        return token.kind != "operator" or token.text(data) in (b")", b"]", b"}", b";")
    return token.kind == "keyword" or token.text(data) in (b")", b"]", b"}", b";")


def _replace(start: int, end: int, new: bytes | None, message: str, code: str = "non-lua-symbol") -> Diagnostic:
    fixes: tuple[Fix, ...] = ()
    if new is not None:
        fixes = (Fix(f"Replace with `{new.decode().strip()}`", (Edit(start, end, new),), is_safe=True),)
    return _diagnostic(code, message, (start, end), fixes=fixes)

"""All syntax errors of a text that are certain, where the compiler tells the first alone.

The first error is taken out of the text in a way that leaves everything else as it is, and the compiler is asked
again: by its fix, by putting something harmless in its place, or by taking out a line that is a statement of its own.
Where none of these is possible, nothing more is said: an error that comes of an error is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from llmspell_analysis.rules.model import Diagnostic, FileSubject, Fix, Related
from llmspell_analysis.rules.syntax_errors import diagnose
from llmspell_analysis.syntax.compiler import CompileError, compile_error
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.tokens import Token, is_closed_string, tokenize
from llmspell_analysis.syntax.tree import Edit

_MAX_ERRORS = 20
# Each error costs compilations: in a large text the first alone is told, so that typing stays quick.
_LARGE = 200_000
_OF_OTHER_LANGUAGES = frozenset({"non-lua-symbol", "compound-operator"})


def check(subject: FileSubject) -> Iterator[Diagnostic]:
    error = subject.compile_error
    document = subject.file.document
    applied: list[Edit] = []
    for _ in range(_MAX_ERRORS):
        if error is None:
            return
        if applied and _is_structural(error):
            return
        diagnostic = diagnose(document, error)
        if _is_certain(diagnostic, applied, document):
            yield _in_original(diagnostic, applied)
        elif _line_of(diagnostic.start, document) != _line_of(applied[-1].start, document):
            return
        if document.is_binary or len(document.source) >= _LARGE:
            return
        edit = _without(diagnostic, document)
        if edit is None:
            return
        document = document.edited([edit])
        applied.append(edit)
        error = compile_error(document.source.data)


def _is_structural(error: CompileError) -> bool:
    """Whether blocks or brackets do not match, for which what was taken out before may be the cause."""
    return "(to close " in error.message or error.message.startswith(("'end' expected", "<eof>", "'until' expected"))


def _is_certain(found: Diagnostic, applied: Sequence[Edit], document: Document) -> bool:
    """Whether an error is one of its own, and not what is left of the one that was taken out last."""
    if not applied or found.code in _HARMLESS:
        return True
    last = applied[-1]
    if found.start < last.start + len(last.new):
        return False
    if _line_of(found.start, document) > _line_of(last.start, document):
        return True
    # `= =`: the second one is there because of the first
    is_equals = document.source.data[found.start : found.end] in (b"=", b"==")
    return found.code in _OF_OTHER_LANGUAGES and not is_equals


def _line_of(offset: int, document: Document) -> int:
    return document.source.line_of(offset)


# --- taking an error out -----------------------------------------------------------------------------------------


def _without(found: Diagnostic, document: Document) -> Edit | None:
    data = document.source.data
    if found.code in _HARMLESS:
        return _HARMLESS[found.code](found, data)
    if found.message.startswith("Unfinished"):
        return None
    if len(found.fixes) == 1 and len(found.fixes[0].edits) == 1:
        return found.fixes[0].edits[0]
    return _line_out(found, document)


def _blank(start: int, end: int) -> Edit:
    return Edit(start, end, b" " * (end - start))


def _break(found: Diagnostic, data: bytes) -> Edit | None:
    return _blank(found.start, found.end)


def _goto(found: Diagnostic, data: bytes) -> Edit | None:
    start = data.rfind(b"goto", 0, found.start)
    return _blank(start, found.end) if start >= 0 and not data[start + 4 : found.start].strip() else None


def _label(found: Diagnostic, data: bytes) -> Edit | None:
    start, end = data.rfind(b"::", 0, found.start), data.find(b"::", found.end)
    return _blank(start, end + 2) if start >= 0 and end >= 0 else None


def _dots(found: Diagnostic, data: bytes) -> Edit | None:
    return Edit(found.start, found.end, b"nil") if data[found.start : found.end] == b"..." else None


def _constant(found: Diagnostic, data: bytes) -> Edit | None:
    return Edit(found.start, found.end, b"_" * (found.end - found.start))


def _attribute(found: Diagnostic, data: bytes) -> Edit | None:
    start, end = data.rfind(b"<", 0, found.start), data.find(b">", found.end)
    return _blank(start, end + 1) if start >= 0 and end >= 0 else None


def _escape(found: Diagnostic, data: bytes) -> Edit | None:
    written = data[found.start : found.end]
    if b'\\"' in written or b"\\'" in written:
        return None
    return Edit(found.start, found.end, written.replace(b"\\", b" "))


_PLAIN_NUMBER = re.compile(rb"(?:0[xX])?[0-9a-fA-F.]*(?:[eEpPgxX][0-9]*)?")


def _number(found: Diagnostic, data: bytes) -> Edit | None:
    """Not where a word follows without a blank: `1local x`."""
    written = data[found.start : found.end]
    return Edit(found.start, found.end, b"0") if _PLAIN_NUMBER.fullmatch(written) else None


_HARMLESS = {
    "break-outside-loop": _break,
    "goto-no-visible-label": _goto,
    "redefined-label": _label,
    "vararg-outside": _dots,
    "assign-const": _constant,
    "unknown-attribute": _attribute,
    "bad-escape": _escape,
    "malformed-number": _number,
}

# --- taking a line out -------------------------------------------------------------------------------------------

_OF_BLOCKS = frozenset(
    {b"function", b"do", b"then", b"end", b"repeat", b"until", b"if", b"else", b"elseif", b"while", b"for"}
)
_BEGINS = frozenset({b"local", b"return", b"goto"})
_OPENING = {b"(": b")", b"[": b"]", b"{": b"}"}
# a line that ends so goes on in the next one
_GOES_ON = frozenset(
    {b"=", b",", b".", b":", b"(", b"[", b"{", b"+", b"-", b"*", b"/", b"//", b"%", b"^", b"..", b"==", b"~=", b"<"}
    | {b">", b"<=", b">=", b"and", b"or", b"not", b"#", b"&", b"|", b"~", b"<<", b">>"}
)


def _line_out(found: Diagnostic, document: Document) -> Edit | None:
    """The line of an error, when it is a whole statement or the head of a block."""
    source = document.source
    start, end = source.line_span(source.line_of(found.start))
    data = source.data
    if b"\r" in data[start:end] or not _is_between_statements(data[:start]):
        return None
    line = b" " + data[start:end]  # a `#` at the very beginning of a text would be a shebang
    tokens = [each for each in tokenize(line) if each.kind != "comment"]
    # a bracket that the compiler refuses closes nothing
    standing = [each for each in tokens if each.start != found.start - start + 1]
    if not standing or not _is_whole(standing, line) or not _begins_another(data, end):
        return None
    words = [each.text(line) for each in tokens]
    if not _OF_BLOCKS.intersection(words):
        is_statement = tokens[0].kind == "name" or words[0] in _BEGINS
        return _blank(start, end) if is_statement and words[-1] not in _GOES_ON else None
    head = _head(words)
    return Edit(start, end, head) if head is not None else None


def _is_between_statements(before: bytes) -> bool:
    """Whether a statement may begin after a text."""
    verdict = compile_error(before)
    return verdict is None or (verdict.at_end and verdict.message.startswith(("'end' expected", "'until' expected")))


def _is_whole(tokens: Sequence[Token], line: bytes) -> bool:
    """Whether brackets and strings that begin in a line end in it."""
    closers: list[bytes] = []
    for token in tokens:
        text = token.text(line)
        if token.kind == "string" and not is_closed_string(line, token):
            return False
        if token.kind != "operator":
            continue
        if text in _OPENING:
            closers.append(_OPENING[text])
        elif text in _OPENING.values() and (not closers or closers.pop() != text):
            return False
    return not closers


def _begins_another(data: bytes, end: int) -> bool:
    """Whether what follows a line can only be another statement."""
    following = next((each for each in tokenize(data, end) if each.kind != "comment"), None)
    if following is None or following.kind == "name":
        return True
    return following.kind == "keyword" and following.text(data) not in (
        b"and",
        b"or",
        b"not",
        b"nil",
        b"true",
        b"false",
    )


def _head(words: Sequence[bytes]) -> bytes | None:
    """A harmless head for the block that a line opens."""
    inside = [word for word in words[1:-1] if word in _OF_BLOCKS]
    first, last = words[0], words[-1]
    if first in (b"if", b"elseif") and last == b"then" and not inside:
        return first + b" true then"
    if first in (b"while", b"for") and last == b"do" and not inside:
        return b"while true do"
    if first == b"function" and last == b")" and not inside:
        return b"function _(...)"
    if first == b"local" and words[1:2] == [b"function"] and last == b")" and len(inside) == 1:
        return b"local function _(...)"
    return None


# --- places ------------------------------------------------------------------------------------------------------


def _in_original(found: Diagnostic, applied: Sequence[Edit]) -> Diagnostic:
    """A finding in the text after edits, as one in the text before them."""
    if not applied:
        return found

    def back(offset: int) -> int:
        for edit in reversed(applied):
            grown = len(edit.new) - (edit.end - edit.start)
            if offset >= edit.start + len(edit.new):
                offset -= grown
            elif offset > edit.start:
                offset = edit.start
        return offset

    def moved(edit: Edit) -> Edit:
        return Edit(back(edit.start), back(edit.end), edit.new)

    start = back(found.start)
    return replace(
        found,
        start=start,
        end=max(back(found.end), start + 1),
        related=tuple(Related(back(each.start), back(each.end), each.message) for each in found.related),
        fixes=tuple(Fix(fix.title, tuple(moved(edit) for edit in fix.edits), fix.is_safe) for fix in found.fixes),
    )

"""Mends scripts: safe fixes alone, many at once, in rounds until none is left.

Invariant: what comes out compiles, or the text stays as it was; a file is replaced at once or not at all, and keeps
its mode and its line ends.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff

from llmspell_analysis.syntax.compiler import compile_error
from llmspell_analysis.syntax.tree import Edit
from llmspell_analysis.validation import Diagnostic, Fix

# More rounds than fixes lie within each other; it ends rules that undo each other.
_MAX_ROUNDS = 20


class FixError(Exception):
    """The file stays as it is; the message is complete."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of a text. `count` fixes were made; `problem` says why none were, though there are some."""

    data: bytes
    count: int = 0
    problem: str | None = None


def mend(data: bytes, findings: Sequence[Diagnostic], check: Callable[[bytes], Sequence[Diagnostic]]) -> Mended:
    """The text after all safe fixes. `check` gives the findings of a text that came about meanwhile."""
    current, count = data, 0
    for _ in range(_MAX_ROUNDS):
        fixes = list(_apart(findings))
        if not fixes:
            break
        following, made = _applied(current, fixes)
        if not made:
            break
        current, count = following, count + made
        findings = check(current)
    if count and (error := compile_error(current)) is not None:
        return Mended(data, 0, f"even after its fixes line {error.line} would not compile: {error.message}")
    return Mended(current, count)


def _apart(findings: Sequence[Diagnostic]) -> Iterator[Fix]:
    """One safe fix of each finding that has one, where none touches another."""
    chosen = (next((fix for fix in each.fixes if fix.is_safe and fix.edits), None) for each in findings)
    fixes = sorted((fix for fix in chosen if fix is not None), key=_first)
    end = -1
    for fix in fixes:
        if _first(fix) > end:
            yield fix
            end = max(edit.end for edit in fix.edits)


def _first(fix: Fix) -> int:
    return min(edit.start for edit in fix.edits)


def _applied(data: bytes, fixes: Sequence[Fix]) -> tuple[bytes, int]:
    """All of them; or, when a text that compiled would not do so then, those that it survives one by one."""
    whole = _edited(data, [edit for fix in fixes for edit in fix.edits])
    if compile_error(whole) is None or compile_error(data) is not None:
        return whole, len(fixes)
    made = 0
    for fix in reversed(fixes):  # from the end, so that the others keep their places
        tried = _edited(data, fix.edits)
        if compile_error(tried) is None:
            data, made = tried, made + 1
    return data, made


def _edited(data: bytes, edits: Sequence[Edit]) -> bytes:
    line_end = _line_end(data)
    parts, position = [], 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        parts += [data[position : edit.start], edit.new.replace(b"\r\n", b"\n").replace(b"\n", line_end)]
        position = edit.end
    return b"".join([*parts, data[position:]])


def _line_end(data: bytes) -> bytes:
    """The one that the text has most of."""
    both = data.count(b"\r\n")
    return b"\r\n" if both > data.count(b"\n") - both else b"\n"


def replace_file(name: str, before: bytes, after: bytes) -> None:
    """Put the new text in the place of the old one. Raises FixError."""
    path = os.path.realpath(name)  # a link goes on leading there
    try:
        with open(path, "rb") as file:
            if file.read(len(before) + 1) != before:
                raise FixError(f"{name} has changed meanwhile and stays as it is")
            status = os.fstat(file.fileno())
        if not os.access(path, os.W_OK):
            raise FixError(f"{name} cannot be written: it is read-only")
        descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".llmspell-")
        try:
            with open(descriptor, "wb") as file:
                file.write(after)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, status.st_mode & 0o7777)
            if hasattr(os, "chown"):
                with contextlib.suppress(PermissionError):  # of another group, whose files one may write
                    os.chown(temporary, status.st_uid, status.st_gid)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise FixError(f"{name} cannot be written: {error.strerror}") from error


def difference(name: str, before: bytes, after: bytes) -> bytes:
    """The change as a unified diff, as `patch` and `git apply` take it."""
    shown = name.replace(os.sep, "/").lstrip("/")
    lines = unified_diff(_lines(before), _lines(after), _header("a", shown), _header("b", shown), lineterm="\n", n=3)
    text = "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)
    return text.encode("latin-1")


def _lines(data: bytes) -> list[str]:
    """Each byte a character, each line with its end: `patch` knows the line feed alone as one."""
    parts = data.decode("latin-1").split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _header(side: str, name: str) -> str:
    return os.fsencode(f"{side}/{name}").decode("latin-1")

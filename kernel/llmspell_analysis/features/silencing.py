"""What silences a finding: a comment for its line or its file, or a line of the project's configuration."""

from __future__ import annotations

import re

from llmspell_analysis.syntax.text import SourceText
from llmspell_analysis.syntax.tree import Edit

_FILE_COMMENT = re.compile(rb"---@diagnostic disable: *([a-z0-9-]+(?: *, *[a-z0-9-]+)*)[ \t]*$", re.MULTILINE)
_TABLE = re.compile(r"\s*\[\s*validator\s*\.\s*severity\s*\]\s*(?:#.*)?$")


def on_line(source: SourceText, offset: int, code: str) -> tuple[Edit, ...]:
    """A comment above the line of an offset."""
    start, end = source.line_span(source.line_of(offset))
    line = source.data[start:end]
    indent = line[: len(line) - len(line.lstrip(b" \t"))]
    return (Edit(start, start, indent + f"---@diagnostic disable-next-line: {code}\n".encode()),)


def in_file(source: SourceText, code: str) -> tuple[Edit, ...]:
    """In the comment of the kind that the file begins with, or in a new one."""
    data = source.data
    start = 0
    if data.startswith((b"#", b"\xef\xbb\xbf#")) and len(source.line_starts) > 1:
        start = source.line_starts[1]
    known = _FILE_COMMENT.match(data, start)
    if known is not None:
        return (Edit(known.end(1), known.end(1), f", {code}".encode()),)
    return (Edit(start, start, f"---@diagnostic disable: {code}\n".encode()),)


def in_configuration(text: str, code: str) -> tuple[int, str]:
    """For the text of an `llmspell.toml`: before which line, 0-based, to insert what."""
    lines = text.split("\n")
    entry = f'{code} = "off"\n'
    table = next((number for number, line in enumerate(lines) if _TABLE.match(line)), None)
    if table is not None:
        return table + 1, entry
    # a last line without a line break cannot be added to by lines: what is new comes before all tables
    if lines[-1]:
        return 0, f"[validator.severity]\n{entry}\n"
    return len(lines) - 1, f"\n[validator.severity]\n{entry}"

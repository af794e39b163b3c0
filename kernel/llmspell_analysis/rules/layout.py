"""Blanks and long lines: from the text alone, outside of strings. Looked for only where they are switched on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmspell_analysis.analysis.kinds import STRING
from llmspell_analysis.rules.model import Diagnostic, FileSubject, Fix, found
from llmspell_analysis.syntax.tree import Edit

_TRAILING = re.compile(rb"[ \t]+(?=\r?\n|\r|\Z)")
_MIXED = re.compile(rb"^[ \t]* \t[ \t]*", re.MULTILINE)


def check(subject: FileSubject) -> Iterator[Diagnostic]:
    on = {code for code, severity in subject.options.severities.items() if severity is not None}
    if "trailing-whitespace" in on:
        for match in _TRAILING.finditer(subject.data):
            if not _in_string(subject, match.start()):
                fix = Fix("Remove the blanks", (Edit(*match.span(), b""),), is_safe=True)
                yield found("trailing-whitespace", "Blanks at the end of the line", match.span(), fixes=(fix,))
    if "mixed-indent" in on:
        for match in _MIXED.finditer(subject.data):
            if not _in_string(subject, match.start()):
                yield found("mixed-indent", "A tab follows a space in the indentation", match.span())
    if "line-too-long" in on:
        yield from _long_lines(subject)


def _in_string(subject: FileSubject, offset: int) -> bool:
    node = subject.file.document.tree.root_node.descendant_for_byte_range(offset, offset + 1)
    while node is not None and node.kind_id not in STRING:
        node = node.parent
    return node is not None


def _long_lines(subject: FileSubject) -> Iterator[Diagnostic]:
    source, most = subject.file.document.source, subject.options.line_length
    for line in range(len(source.line_starts)):
        start, end = source.line_span(line)
        if end - start <= most:
            continue
        text = source.data[start:end].decode("utf-8", "surrogateescape")
        if len(text) > most:
            first = start + len(text[:most].encode("utf-8", "surrogateescape"))
            message = f"The line has {len(text)} characters, more than {most}"
            yield found("line-too-long", message, (first, end))

"""Findings as one JSON document, whose shape docs/validator.md describes and which only grows within a version."""

from collections.abc import Sequence
from typing import Any

from llmspell_analysis.syntax.text import SourceText, decode
from llmspell_analysis.validation import Diagnostic, Severity

from llmspell_cli.validation.checking import Checked
from llmspell_cli.validation.places import document_text, place_of

FORMAT_VERSION = 1


def document(checked: Sequence[Checked], problems: Sequence[str]) -> str:
    found = [one for each in checked for one in each.findings]
    counts = {severity.name.lower(): sum(one.severity == severity for one in found) for severity in Severity}
    return document_text(
        {
            "version": FORMAT_VERSION,
            "findings": [_finding(each.name, SourceText(each.data), one) for each in checked for one in each.findings],
            "problems": list(problems),
            "summary": {"files": len(checked), "findings": len(found), **counts, "problems": len(problems)},
        }
    )


def _finding(path: str, source: SourceText, one: Diagnostic) -> dict[str, Any]:
    return {
        "path": path,
        "code": one.code,
        "severity": one.severity.name.lower(),
        "message": one.message,
        **_span(source, one.start, one.end),
        "tags": list(one.tags),
        "related": [{"message": each.message, **_span(source, each.start, each.end)} for each in one.related],
        "fixes": [
            {
                "title": fix.title,
                "safe": fix.is_safe,
                "edits": [{**_span(source, edit.start, edit.end), "text": decode(edit.new)} for edit in fix.edits],
            }
            for fix in one.fixes
        ],
    }


def _span(source: SourceText, start: int, end: int) -> dict[str, Any]:
    return {"start": _position(source, start), "end": _position(source, end)}


def _position(source: SourceText, offset: int) -> dict[str, int]:
    line, column = place_of(source, offset)
    return {"line": line, "column": column, "offset": min(offset, len(source))}

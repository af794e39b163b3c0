"""A report as JSON text and back: how it is kept in the cache and how it comes from another process.

Invariant: what is read back fits the text that it is about, or it is refused: codes that exist, ranges inside.
"""

import json
from typing import Any

from llmspell_analysis.rules.table import RULES
from llmspell_analysis.syntax.text import decode, encode
from llmspell_analysis.syntax.tree import Edit
from llmspell_analysis.validation import Diagnostic, Fix, Related, Report, Severity


class UnfitError(ValueError):
    """The text is no report, or one about another script."""


def to_json(report: Report) -> str:
    document = {
        "findings": [_finding(each) for each in report.findings],
        "needed": sorted(report.needed_globals),
        "assigned": sorted(report.assigned_globals),
        "named": sorted(report.named_types),
        "declared": sorted(report.declared_types),
    }
    return json.dumps(document, separators=(",", ":"))


def _finding(one: Diagnostic) -> list[Any]:
    return [
        one.code,
        int(one.severity),
        one.message,
        one.start,
        one.end,
        list(one.tags),
        [[each.start, each.end, each.message] for each in one.related],
        [[fix.title, [[e.start, e.end, decode(e.new)] for e in fix.edits], fix.is_safe] for fix in one.fixes],
    ]


def from_json(text: str, size: int) -> Report:
    """A report about a script of so many bytes. Raises UnfitError."""
    try:
        document = json.loads(text)
        return Report(
            tuple(_read_finding(each, size) for each in document["findings"]),
            *(frozenset(map(_text, document[key])) for key in ("needed", "assigned", "named", "declared")),
        )
    except UnfitError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise UnfitError("it is not shaped like a report") from error


def _read_finding(given: Any, size: int) -> Diagnostic:
    code, severity, message, start, end, tags, related, fixes = given
    if code not in RULES or any(tag not in ("unnecessary", "deprecated") for tag in tags):
        raise UnfitError("it has a code or a tag that does not exist")
    return Diagnostic(
        code,
        Severity(severity),
        _text(message),
        *_range(start, end, size),
        tuple(tags),
        tuple(Related(*_range(first, last, size), _text(what)) for first, last, what in related),
        tuple(
            Fix(
                _text(title),
                tuple(Edit(*_range(first, last, size), encode(_text(new))) for first, last, new in edits),
                is_safe is True,
            )
            for title, edits, is_safe in fixes
        ),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise UnfitError("a text is missing")
    return value


def _range(start: object, end: object, size: int) -> tuple[int, int]:
    # a finding about the end of the text may stand just behind it
    if type(start) is not int or type(end) is not int or not 0 <= start <= end <= size + 1:
        raise UnfitError("it is about another text")
    return start, end

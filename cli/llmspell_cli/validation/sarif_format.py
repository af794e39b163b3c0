"""Findings as SARIF 2.1.0, which code scanning services and editors read.

Paths are URIs relative to `%SRCROOT%`, the repository; columns count code points.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from llmspell_analysis.rules.explanation import explanation
from llmspell_analysis.rules.model import Rule
from llmspell_analysis.rules.table import RULES
from llmspell_analysis.syntax.text import SourceText, decode
from llmspell_analysis.syntax.tree import Edit
from llmspell_analysis.validation import Diagnostic, Fix, Severity
from llmspell_kernel.version import __version__

from llmspell_cli.validation.checking import Checked
from llmspell_cli.validation.places import document_text, place_of, relative_to_root

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "note", Severity.HINT: "note"}


def document(checked: Sequence[Checked], problems: Sequence[str], root: Path) -> str:
    codes = sorted({one.code for each in checked for one in each.findings})
    driver = {
        "name": "llmspell",
        "fullName": "llmspell validate",
        "version": __version__,
        "rules": [_rule(RULES[code]) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "originalUriBaseIds": {_ROOT: {"uri": root.as_uri() + ("" if root.as_uri().endswith("/") else "/")}},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not problems,
                "toolExecutionNotifications": [{"level": "error", "message": {"text": each}} for each in problems],
            }
        ],
        "results": [
            _result(_artifact(each.name, root), SourceText(each.data), one, codes.index(one.code))
            for each in checked
            for one in each.findings
        ],
    }
    return document_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(rule: Rule) -> dict[str, Any]:
    page = explanation(rule.code)
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.explanation},
        "fullDescription": {"text": rule.explanation},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"enabled": rule.is_on, "level": _LEVELS[rule.severity]},
    }


def _artifact(name: str, root: Path) -> dict[str, str]:
    relative = relative_to_root(name, root)
    if relative is None:
        return {"uri": Path(name).absolute().as_uri()}
    return {"uri": quote(relative.encode("utf-8", "surrogateescape")), "uriBaseId": _ROOT}


def _result(artifact: dict[str, str], source: SourceText, one: Diagnostic, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": one.code,
        "ruleIndex": index,
        "level": _LEVELS[one.severity],
        "message": {"text": one.message},
        "locations": [_location(artifact, source, one.start, one.end)],
    }
    if one.related:
        result["relatedLocations"] = [
            {"id": number, **_location(artifact, source, each.start, each.end), "message": {"text": each.message}}
            for number, each in enumerate(one.related)
        ]
    if one.fixes:
        result["fixes"] = [_fix(artifact, source, fix) for fix in one.fixes]
    if one.tags:
        result["properties"] = {"tags": list(one.tags)}
    return result


def _location(artifact: dict[str, str], source: SourceText, start: int, end: int) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": artifact, "region": _region(source, start, end)}}


def _region(source: SourceText, start: int, end: int) -> dict[str, Any]:
    size = len(source)
    first, last = place_of(source, start), place_of(source, end)
    return {
        "startLine": first.line,
        "startColumn": first.column,
        "endLine": last.line,
        "endColumn": last.column,
        "byteOffset": min(start, size),
        "byteLength": max(0, min(end, size) - min(start, size)),
    }


def _fix(artifact: dict[str, str], source: SourceText, fix: Fix) -> dict[str, Any]:
    replacements = [_replacement(source, edit) for edit in fix.edits]
    return {
        "description": {"text": fix.title},
        "artifactChanges": [{"artifactLocation": artifact, "replacements": replacements}],
        "properties": {"safe": fix.is_safe},
    }


def _replacement(source: SourceText, edit: Edit) -> dict[str, Any]:
    return {
        "deletedRegion": _region(source, edit.start, edit.end),
        "insertedContent": {"text": decode(edit.new)},
    }

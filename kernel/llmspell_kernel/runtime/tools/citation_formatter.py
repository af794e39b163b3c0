"""The tool `citation-formatter`: citations and reference lists in the styles of journals, by CSL.

The styles are read in a process of its own (citation_work): they are large, and so is what reads them.
"""

import json
import tempfile
from collections.abc import Mapping
from typing import Any

from ..values import Value
from .bibliography import Entry, problems, read_bibtex, read_yaml
from .child_work import work
from .output import ToolError, ToolOutput, double_envelope
from .registry import Parameters, ToolContext

MAX_BYTES = 1024 * 1024
MAX_ENTRIES = 1000
# The names here, those of the CSL files, and what the styles are for.
STYLES: Mapping[str, tuple[str, str]] = {
    "apa": ("apa", "author_date"),
    "mla": ("modern-language-association", "author_date"),
    "chicago-author-date": ("chicago-author-date", "author_date"),
    "chicago-fullnote-bibliography": ("chicago-notes-bibliography", "notes"),
    "harvard": ("harvard-cite-them-right", "author_date"),
    "ieee": ("ieee", "numeric"),
    "nature": ("nature", "numeric"),
    "vancouver": ("nlm-citation-sequence", "numeric"),
}


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    operation = parameters["operation"]
    if operation == "list_styles":
        return _answer(operation, _styles())
    text, form = parameters["input"], parameters["format"]
    if len(text.encode("utf-8", "surrogateescape")) > MAX_BYTES:
        raise ToolError(f"parameter 'input': larger than the limit of {MAX_BYTES} bytes", "too_large")
    entries = read_bibtex(text) if form == "bibtex" else read_yaml(text)
    if len(entries) > MAX_ENTRIES:
        raise ToolError(f"parameter 'input': more than {MAX_ENTRIES} entries", "too_large")
    if operation == "validate_bibliography":
        return _answer(operation, _validation(entries, form))
    style = parameters["style"]
    chosen = _chosen(entries, parameters.get("cite_keys"))
    if not chosen:
        raise ToolError("parameter 'input': there is no entry", "invalid_input")
    with tempfile.TemporaryFile() as file:
        file.write(json.dumps([entry.csl for entry in chosen]).encode("ascii", "replace"))
        file.flush()
        found = work("citation_work", {"style": STYLES[style][0]}, file, context)
    return _answer(
        operation,
        {
            "style": style,
            "format": form,
            "citations": found["citations"],
            "reference_list": found["references"],
            "entry_count": len(chosen),
            "note": "citations are for the text, reference_list in the order that the style wants",
        },
    )


def _answer(operation: str, result: Value) -> ToolOutput:
    return double_envelope("citation_formatter_execute", operation, result)


def _styles() -> Value:
    categories: dict[str, Any] = {}
    for name, (_, category) in STYLES.items():
        categories.setdefault(category, []).append(name)
    return {
        "supported_styles": list(STYLES),
        "total_available": str(len(STYLES)),
        "note": "the styles are those of the Citation Style Language",
        "categories": categories,
    }


def _chosen(entries: list[Entry], keys: str | None) -> list[Entry]:
    if keys is None:
        return entries
    by_key = {entry.key: entry for entry in entries}
    chosen = []
    for key in dict.fromkeys(one.strip() for one in keys.split(",") if one.strip()):
        if key not in by_key:
            known = ", ".join(list(by_key)[:20]) or "none"
            raise ToolError(f"parameter 'cite_keys': there is no entry '{key[:60]}'; there are {known}",
                            "invalid_parameters")  # fmt: skip
        chosen.append(by_key[key])
    return chosen


def _validation(entries: list[Entry], form: str) -> Value:
    results: list[Value] = []
    valid, warnings, seen = 0, 0, set[str]()
    for entry in entries:
        errors, remarks = problems(entry)
        if entry.key in seen:
            errors.append("the key is there already")
        seen.add(entry.key)
        valid += not errors
        warnings += len(remarks)
        results.append({"key": entry.key, "type": entry.kind, "valid": not errors,
                        "errors": list[Value](errors), "warnings": list[Value](remarks)})  # fmt: skip
    return {
        "format": form,
        "total_entries": len(entries),
        "valid_entries": valid,
        "warnings": warnings,
        "validation_results": results,
        "is_valid": valid == len(entries),
        "note": "errors are fields without which a reference makes no sense, warnings what most styles want",
    }

"""The reference pages: the script API from the catalogue, the diagnostics from their table.

`python -m llmspell_analysis.reference FOLDER` writes them; a test holds the pages of docs/reference up to date.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from llmspell_analysis.analysis.types import alternatives
from llmspell_analysis.catalogue import Catalogue, Entry, Template, Tool, load_catalogue
from llmspell_analysis.catalogue.loader import DEFINITIONS
from llmspell_analysis.catalogue.luacats_files import type_of_schema
from llmspell_analysis.rules.explanation import explanation
from llmspell_analysis.rules.table import RULES

_NOTE = "This page is made from the catalogue by `make reference`.\n"
_CASE = re.compile(r'^---\| "([^"]+)" # (.+)$', re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_][\w.*-]*")


def pages() -> dict[str, str]:
    """Markdown by file name."""
    catalogue = load_catalogue()
    names = sorted((name for name in catalogue.globals if _is_host(catalogue.globals[name])), key=str.lower)
    found = {f"{name}.md": _global_page(catalogue.globals[name], catalogue) for name in names}
    found["tools.md"] = _tools_page(catalogue)
    found["templates.md"] = _templates_page(catalogue)
    found["standard-library.md"] = _standard_library_page(catalogue)
    found["other-names.md"] = _absent_page(catalogue)
    found["diagnostics.md"] = _diagnostics_page()
    found["README.md"] = _index(names, catalogue)
    return found


def write_pages(folder: Path) -> None:
    """Replaces the pages in a folder; pages that are not made any more are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    made = pages()
    for path in folder.glob("*.md"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")


def _is_host(entry: Entry) -> bool:
    return entry.kind == "table" and (entry.type.startswith("llmspell.") or entry.name in ("ARGS", "arg"))


# --- globals -----------------------------------------------------------------------------------------------------


def _index(names: list[str], catalogue: Catalogue) -> str:
    lines = ["# Reference", "", "What scripts can use.", "", "| global | what it is for |", "|---|---|"]
    lines += [f"| [{name}]({name}.md) | {_first_line(catalogue.globals[name].description)} |" for name in names]
    lines += [
        "",
        "Further pages: [tools](tools.md), [templates](templates.md), [the standard library](standard-library.md), "
        "[names that do not exist](other-names.md), [diagnostics](diagnostics.md).",
        "",
        _NOTE,
    ]
    return "\n".join(lines)


def _global_page(entry: Entry, catalogue: Catalogue) -> str:
    lines = [f"# {entry.name}", "", entry.description, ""]
    lines += _members(entry, 2)
    named = _classes_from(entry, catalogue)
    if named:
        lines += ["## Types", ""]
        for name in named:
            lines += _type_section(name, catalogue)
    return _page(lines)


def _members(entry: Entry, level: int) -> Iterator[str]:
    fields = [each for each in entry.members.values() if each.kind in ("field", "value")]
    if fields:
        yield from ("| field | type | |", "|---|---|---|")
        for each in fields:
            yield f"| `{each.name}` | {_code(each.type)} | {_cell(each.description)} |"
        yield ""
    for each in entry.members.values():
        if each.kind in ("function", "method"):
            yield from _function(each, level)
    for each in entry.members.values():
        if each.kind == "table" and each.members:
            yield from (f"{'#' * level} {each.qualified_name}", "", each.description, "")
            yield from _members(each, level + 1)


def _function(entry: Entry, level: int) -> Iterator[str]:
    inside = ", ".join(f"[{each.name}]" if each.optional else each.name for each in entry.parameters)
    yield from (f"{'#' * level} {entry.qualified_name}({inside})", "")
    if entry.deprecated:
        yield from ("**Deprecated.**", "")
    yield from (entry.description, "")
    if entry.parameters:
        yield from ("| argument | type | |", "|---|---|---|")
        for each in entry.parameters:
            optional = "Optional. " if each.optional else ""
            yield f"| `{each.name}` | {_code(each.type)} | {_cell(optional + each.description)} |"
        yield ""
    if entry.overloads:
        yield from ("Forms: " + ", ".join(f"`{each}`" for each in entry.overloads) + ".", "")
    if entry.returns:
        yield from (f"Gives {', '.join(_code(each) for each in entry.returns)}.", "")


def _type_section(name: str, catalogue: Catalogue) -> Iterator[str]:
    entry = catalogue.classes.get(name)
    if entry is not None:
        yield from (f"### {name}", "", entry.description, "")
        yield from _members(entry, 4)
        return
    described = _described_cases(name)
    if described:
        yield from (f"### {name}", "", "| value | |", "|---|---|")
        yield from (f"| `{value}` | {_cell(text)} |" for value, text in described)
        yield ""
        return
    literals = [part[1:-1] for part in alternatives(name, catalogue) if part.startswith('"')]
    if literals:
        yield from (f"### {name}", "", "One of " + ", ".join(f"`{each}`" for each in literals) + ".", "")
    else:
        yield from (f"### {name}", "", _code(catalogue.aliases[name]), "")


@cache
def _described_cases(alias: str) -> tuple[tuple[str, str], ...]:
    """The values of an alias with what the definitions say of each, which the catalogue does not keep."""
    for path in sorted(DEFINITIONS.glob("*.lua")):
        _, found, rest = path.read_text(encoding="utf-8").partition(f"---@alias {alias}\n")
        if found:
            cases = rest.partition("\n\n")[0]
            return tuple(_CASE.findall(cases))
    return ()


def _classes_from(entry: Entry, catalogue: Catalogue) -> list[str]:
    """Classes and aliases that a global's types name, directly and through others."""
    found: dict[str, None] = {}
    pending = list(_types_of(entry))
    while pending:
        for word in _WORD.findall(_without_texts(pending.pop(0))):
            known = catalogue.classes.get(word)
            if word in found or word in catalogue.globals or (known is None and word not in catalogue.aliases):
                continue
            found[word] = None
            pending += _types_of(known) if known is not None else [catalogue.aliases[word]]
    return list(found)


def _without_texts(type_text: str) -> str:
    return re.sub(r"\"[^\"]*\"", "", type_text)


def _types_of(entry: Entry) -> Iterator[str]:
    for each in entry.members.values():
        yield from (parameter.type for parameter in each.parameters)
        yield from each.returns
        if each.kind in ("field", "value"):
            yield each.type
        yield from _types_of(each)


def _standard_library_page(catalogue: Catalogue) -> str:
    lines = ["# The standard library", "", "Lua 5.4 as scripts have it: without `debug` and C modules.", ""]
    tables = [
        each for each in catalogue.globals.values() if not _is_host(each) and each.kind == "table" and each.members
    ]
    plain = Entry("", "", "table", "", (), (), "", False, _plain_globals(catalogue))
    lines += ["## Basic functions", "", *_members(plain, 3)]
    for each in sorted(tables, key=lambda table: table.name):
        lines += [f"## {each.name}", "", each.description, "", *_members(each, 3)]
    for name in ("file*", "osdate"):
        lines += _type_section(name, catalogue)
    return _page(lines)


def _plain_globals(catalogue: Catalogue) -> Mapping[str, Entry]:
    return {name: each for name, each in catalogue.globals.items() if not each.members and not _is_host(each)}


# --- tools and templates -----------------------------------------------------------------------------------------


_STYLES = {
    "envelope": "`success`, `operation`, and the answer in `result`",
    "envelope_double": "`success`, `operation`, and the answer in `result.result`",
    "text_meta": "the answer in `text`, the facts in `metadata.response.result`",
    "raw": "the answer in `data`, and as JSON in `text`",
    "json": "the answer in `data`, and as JSON in `text`",
}


def _tools_page(catalogue: Catalogue) -> str:
    lines = ["# Tools", "", "`Tool.execute(name, params)` runs one. What it gives has one of four forms.", ""]
    lines += ["| tool | category | |", "|---|---|---|"]
    lines += [
        f"| [{each.name}](#{each.name}) | {each.category} | {each.description} |" for each in catalogue.tools.values()
    ]
    lines.append("")
    for tool in catalogue.tools.values():
        lines += [f"## {tool.name}", "", tool.description, "", f"Gives {_STYLES[tool.result_style]}.", ""]
        lines += _schema_table(tool.schema)
        lines += _operations(tool)
        if tool.notes:
            lines += [tool.notes, ""]
    return _page(lines)


def _operations(tool: Tool) -> Iterator[str]:
    has_operations = "operation" in tool.schema.get("properties", {})
    yield from ("| operation | needs | answer |" if has_operations else "| | needs | answer |", "|---|---|---|")
    for each in tool.operations.values():
        needs = [f"`{name}`" for name in each.required]
        needs += [" or ".join(f"`{name}`" for name in group) for group in each.one_of]
        name = f"`{each.name}`" + (" (default)" if each.name == tool.default_operation else "")
        aliases = f"; also {', '.join(f'`{alias}`' for alias in each.aliases)}" if each.aliases else ""
        form = f" Gives {_STYLES[each.result_style]}." if each.result_style else ""
        what = _cell(each.description + form)
        yield f"| {name if has_operations else ''}{aliases} | {', '.join(needs)} | {what} {_code(each.result)} |"
    yield ""


def _templates_page(catalogue: Catalogue) -> str:
    lines = ["# Templates", "", "`Template.execute(name, params)` runs one.", ""]
    for template in catalogue.templates.values():
        lines += _template(template)
    lines += [
        "## Providers",
        "",
        "Models are written `provider/model`. Known providers, and where their keys come from:",
        "",
    ]
    lines += ["| provider | key |", "|---|---|"]
    lines += [f"| `{name}` | {f'`{key}`' if key else ''} |" for name, key in catalogue.providers.items()]
    return _page(lines)


def _template(template: Template) -> Iterator[str]:
    yield from (f"## {template.name}", "", f"{template.description} Category: {template.category}.", "")
    yield from _schema_table(template.schema)


def _schema_table(schema: Mapping[str, Any]) -> Iterator[str]:
    required = schema.get("required", ())
    yield from ("| parameter | type | |", "|---|---|---|")
    for name, given in schema.get("properties", {}).items():
        remarks = ["**needed**."] if name in required else []
        if given.get("description"):
            remarks.append(str(given["description"]))
        if "default" in given:
            remarks.append(f"Default: `{json.dumps(given['default'], ensure_ascii=False)}`.")
        if "minimum" in given or "maximum" in given:
            remarks.append(f"From {given.get('minimum', '…')} to {given.get('maximum', '…')}.")
        yield f"| `{name}` | {_code(type_of_schema(given))} | {_cell(' '.join(remarks))} |"
    yield ""


def _absent_page(catalogue: Catalogue) -> str:
    lines = ["# Names that do not exist", "", "Older scripts use them; the validator tells what to use instead.", ""]
    lines += ["| name | instead |", "|---|---|"]
    lines += [f"| `{name}` | {f'`{_cell(use)}`' if use else 'nothing'} |" for name, use in catalogue.absent.items()]
    return _page(lines)


# --- diagnostics -------------------------------------------------------------------------------------------------


def _diagnostics_page() -> str:
    lines = [
        "# Diagnostics",
        "",
        "What the validator finds. `llmspell validate --explain CODE` shows one of these.",
        "",
    ]
    lines += ["| code | at most | |", "|---|---|---|"]
    for rule in RULES.values():
        off = "" if rule.is_on else "; off by default"
        lines.append(f"| [{rule.code}](#{rule.code}) | {rule.severity.name.lower()}{off} | {_cell(rule.explanation)} |")
    lines.append("")
    for rule in RULES.values():
        _, _, text = explanation(rule.code).strip().partition("\n")
        lines += [f"## {rule.code}", text, ""]
    return _page(lines)


# --- text --------------------------------------------------------------------------------------------------------


def _page(lines: Iterable[str]) -> str:
    text = "\n".join(lines).strip()
    return re.sub(r"\n{3,}", "\n\n", text) + f"\n\n{_NOTE}"


def _first_line(description: str) -> str:
    return _cell(description.split("\n\n")[0])


def _code(type_text: str) -> str:
    return f"`{_cell(type_text)}`" if type_text else ""


def _cell(text: str) -> str:
    """Text within a table."""
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference"))

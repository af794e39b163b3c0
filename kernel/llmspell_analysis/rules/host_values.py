"""Literal values against the types that the catalogue gives to parameters and options of the script API.

Only literals are judged, and only by types that are wholly understood. What the runtime turns into the wanted type
by itself (a number where text is wanted, a text that is a number) is no finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.kinds import FIELD, NAME_FIELD, VALUE_FIELD
from llmspell_analysis.analysis.types import alternatives, members_of
from llmspell_analysis.catalogue import Catalogue, Entry
from llmspell_analysis.rules.host_slots import Slot, choice
from llmspell_analysis.rules.host_workflows import check_step
from llmspell_analysis.rules.literals import Literal, literal_inside, literal_of
from llmspell_analysis.rules.model import Diagnostic, Fix, Severity, Subject
from llmspell_analysis.rules.nearest import listed, nearest
from llmspell_analysis.rules.tables import TableField, TableLiteral, read_table
from llmspell_analysis.syntax.luacats_type_parser import parse_type
from llmspell_analysis.syntax.luacats_types import Named, members_of_union
from llmspell_analysis.syntax.tree import Edit

if TYPE_CHECKING:
    from tree_sitter import Node

_PLAIN = {
    "string": "string",
    "number": "number",
    "integer": "number",
    "boolean": "boolean",
    "true": "boolean",
    "false": "boolean",
    "table": "table",
    "function": "function",
}
# Options of which at least one has to be there.
_ONE_OF: Mapping[str, tuple[str, ...]] = {
    "RagDocument": ("content", "text"),
    "LoopIterator": ("range", "collection", "while_condition"),
    "ParallelConfig": ("branches", "steps"),
}
# What people write for an option that has another name.
_SYNONYMS: Mapping[str, Mapping[str, str]] = {
    "AgentInput": dict.fromkeys(("prompt", "message", "input", "query", "content", "question"), "text"),
    "WorkflowStep": {"params": "input", "parameters": "input", "args": "input", "arguments": "input", "func": "run"},
}
# Their functions do not care for the case of names.
_ANY_CASE = ("`Debug.",)


def check_value(wanted: str, node: Node, slot: Slot, subject: Subject) -> Iterator[Diagnostic]:
    literal = literal_of(node, subject)
    if literal is not None:
        yield from check_literal(wanted, literal, slot, subject)


def check_literal(wanted: str, literal: Literal, slot: Slot, subject: Subject) -> Iterator[Diagnostic]:
    parts, kinds = _understood(wanted, subject.catalogue)
    if literal.kind == "nil" or None in kinds or not kinds:
        return
    if slot.has_references and literal.kind == "string" and "{{" in (literal.text or "{{"):
        return
    if literal.kind not in kinds and not _is_turned_into(literal, kinds, parts):
        yield _wrong_type(wanted, parts, literal, slot, subject)
    elif literal.kind == "string":
        yield from _choice(wanted, parts, literal, slot)
    elif literal.kind == "number":
        yield from _whole_number(parts, literal, slot)
    elif literal.kind == "table":
        yield from _table(parts, literal, slot, subject)


_known_types: tuple[Catalogue | None, dict[str, tuple[tuple[str, ...], frozenset[str | None]]]] = (None, {})


def _understood(wanted: str, catalogue: Catalogue) -> tuple[tuple[str, ...], frozenset[str | None]]:
    """The alternatives of a type and their Lua types; kept for the last catalogue, of which a process has one."""
    global _known_types  # noqa: PLW0603 -- replaced as a whole, so that threads see one or the other
    if _known_types[0] is not catalogue:
        _known_types = (catalogue, {})
    known = _known_types[1]
    found = known.get(wanted)
    if found is None:
        parts = alternatives(wanted, catalogue)
        found = known[wanted] = (parts, frozenset(_kind(part, catalogue) for part in parts))
    return found


def _kind(part: str, catalogue: Catalogue) -> str | None:
    """The Lua type of a value of this type; None when that is not certain."""
    if part in _PLAIN:
        return _PLAIN[part]
    if part[:1] in ('"', "'"):
        return "string"
    if part.startswith("fun("):
        return "function"
    if part.endswith("[]") or part.startswith(("table<", "{")) or part in catalogue.classes:
        return "table"
    return None


def _is_turned_into(literal: Literal, kinds: frozenset[str | None], parts: tuple[str, ...]) -> bool:
    if literal.kind == "number":
        return "string" in parts
    if literal.kind == "string" and "number" in kinds:
        text = (literal.text or "").strip()
        return text.replace(".", "", 1).removeprefix("-").isdigit()
    return False


def _wrong_type(wanted: str, parts: tuple[str, ...], literal: Literal, slot: Slot, subject: Subject) -> Diagnostic:
    shown = list(dict.fromkeys(_shown(part, subject.catalogue) for part in parts))
    message = f"{slot.what} is {' or '.join(shown)}, not {_article(literal.kind)}"
    is_truth = set(parts) <= {"boolean", "true", "false"}
    severity = slot.severity(Severity.WARNING if is_truth else Severity.ERROR)
    start, end = slot.place(literal)
    fixes: tuple[Fix, ...] = ()
    if literal.is_here and literal.kind == "string" and wanted.removesuffix("?") == "AgentInput":
        edits = (Edit(start, start, b"{ text = "), Edit(end, end, b" }"))
        fixes = (Fix("Give a table with `text`", edits, is_safe=True),)
    return Diagnostic(slot.code, severity, message, start, end, fixes=fixes)


def _shown(part: str, catalogue: Catalogue) -> str:
    kind = _kind(part, catalogue) or part
    if part.endswith("[]"):
        return "a list"
    if part == "integer":
        return "a whole number"
    return "true or false" if kind == "boolean" else _article(kind)


def _article(kind: str) -> str:
    return {"string": "a text", "boolean": "a boolean"}.get(kind, f"a {kind}")


def _choice(wanted: str, parts: tuple[str, ...], literal: Literal, slot: Slot) -> Iterator[Diagnostic]:
    text = literal.text
    allowed = [part[1:-1] for part in parts if part[:1] in ('"', "'")]
    if text is None or not allowed or text in allowed or "string" in parts:
        return
    if text.lower() in allowed and slot.owner.startswith(_ANY_CASE):
        return
    if "HookPoint" in wanted:
        severity = Severity.ERROR if wanted == "HookPoint" else Severity.WARNING  # a filter for nothing raises nothing
        message = f"There is no hook point `{text}`"
        found = Diagnostic("unknown-hook-point", slot.severity(severity), message, *slot.place(literal))
        yield choice(found, allowed, literal, "there are")
        return
    found = Diagnostic(slot.code, Severity.WARNING, f"{slot.what} cannot be `{text}`", *slot.place(literal))
    yield choice(found, allowed, literal)


def _whole_number(parts: tuple[str, ...], literal: Literal, slot: Slot) -> Iterator[Diagnostic]:
    value = literal.number
    if "integer" not in parts or "number" in parts or "string" in parts:
        return
    if isinstance(value, float) and not value.is_integer():
        message = f"{slot.what} is a whole number, not {literal.written}"
        yield Diagnostic(slot.code, Severity.WARNING, message, *slot.place(literal))


# --- tables ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Record:
    """A constructor, and the options of the type that it has to have."""

    name: str
    members: Mapping[str, Entry]
    table: TableLiteral
    literal: Literal
    slot: Slot


def _table(parts: tuple[str, ...], literal: Literal, slot: Slot, subject: Subject) -> Iterator[Diagnostic]:
    table_parts = [part for part in parts if _kind(part, subject.catalogue) == "table"]
    if any(part == "table" or part.startswith("table<") for part in table_parts):
        return
    lists = [part for part in table_parts if part.endswith("[]")]
    records = [part for part in table_parts if not part.endswith("[]")]
    table = read_table(literal.node, literal.data)
    if lists and (table.has_positional or not records):
        if len(lists) == 1:
            yield from _elements(lists[0][:-2], literal, slot, subject)
    elif len(records) == 1 or set(records) == {"WorkflowStep", "ParallelBranch"}:
        if len(records) == 2:
            # the runtime takes an entry with steps for a branch
            if not table.is_complete:
                return
            is_step = "steps" not in table.fields and "type" in table.fields
            records = ["WorkflowStep" if is_step else "ParallelBranch"]
        members = members_of(records[0], subject.catalogue)
        if members and not any(member.kind == "method" for member in members.values()):
            yield from _options(_Record(records[0], members, table, literal, slot), subject)


def _elements(wanted: str, literal: Literal, slot: Slot, subject: Subject) -> Iterator[Diagnostic]:
    position = 0
    for child in literal.node.named_children:
        if child.kind_id not in FIELD or child.child_by_field_id(NAME_FIELD) is not None:
            continue
        position += 1
        node = child.child_by_field_id(VALUE_FIELD)
        value = literal_inside(node, literal, subject) if node is not None else None
        if value is not None:
            what = f"Entry {position} of {slot.what[:1].lower()}{slot.what[1:]}"
            yield from check_literal(
                wanted, value, replace(slot, what=what, owner=what, code="invalid-option"), subject
            )


def _options(record: _Record, subject: Subject) -> Iterator[Diagnostic]:
    slot = record.slot
    if record.name == "WorkflowStep":
        yield from check_step(record.table, record.literal, slot, subject)
        slot = replace(slot, owner="a step", has_references=True)
    meant: set[str] = set()
    for field in record.table.fields.values():
        entry = record.members.get(field.name)
        if entry is None:
            near = _meant_by(record, field)
            meant.add(near or "")
            yield _unknown_option(record, field, near)
        elif (record.name, field.name) != ("WorkflowStep", "type"):  # judged with what a step of its type needs
            value = literal_inside(field.value, record.literal, subject)
            if value is not None:
                what = f"`{field.name}` of {slot.owner}"
                inner = replace(slot, what=what, owner=what, code="invalid-option")
                yield from check_literal(entry.type, value, inner, subject)
    if record.table.is_complete and not record.table.has_positional:
        yield from _missing_options(record, meant)


def _meant_by(record: _Record, field: TableField) -> str | None:
    free = [each for each in record.members if each not in record.table.fields]
    synonym = _SYNONYMS.get(record.name, {}).get(field.name)
    return synonym if synonym in free else nearest(field.name, free)


def _unknown_option(record: _Record, field: TableField, near: str | None) -> Diagnostic:
    owner = "A step" if record.name == "WorkflowStep" else record.slot.owner
    message = f"{owner} has no option `{field.name}`"
    is_here = record.literal.is_here
    start, end = (field.start, field.end) if is_here else record.slot.at
    fixes: tuple[Fix, ...] = ()
    if near is not None:
        message += f": did you mean `{near}`?"
        if is_here and field.end - field.start == len(field.name):
            fixes = (Fix(f"Change to `{near}`", (Edit(start, end, near.encode()),)),)
    else:
        message += f"; it has {listed(list(record.members))}"
    return Diagnostic("unknown-option", Severity.WARNING, message, start, end, fixes=fixes)


def _missing_options(record: _Record, meant: set[str]) -> Iterator[Diagnostic]:
    slot, literal = record.slot, record.literal
    at = slot.opening(literal)
    given = record.table.given(literal.data) | meant
    if record.name != "WorkflowStep":
        missing = [name for name, entry in record.members.items() if name not in given and not accepts_nil(entry.type)]
        if missing:
            plural = "option" if len(missing) == 1 else "options"
            message = f"{slot.owner} needs the {plural} {listed(missing)}"
            yield Diagnostic("missing-option", Severity.WARNING, message, *at)
    group = _ONE_OF.get(record.name)
    if group is not None and not given.intersection(group):
        message = f"{slot.owner} needs one of the options {listed(list(group))}"
        yield Diagnostic("missing-option", slot.severity(Severity.ERROR), message, *at)


@lru_cache(maxsize=1024)
def accepts_nil(type_text: str) -> bool:
    parsed = parse_type(type_text)
    return parsed is None or any(
        isinstance(part, Named) and part.name in ("any", "nil", "unknown") for part in members_of_union(parsed)
    )

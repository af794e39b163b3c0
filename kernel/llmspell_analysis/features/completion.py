"""Completion: what can stand at the cursor.

Items are cheap; their documentation is made when one is looked at (`documentation`), from the item's `data`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from llmspell_analysis.analysis.kinds import FUNCTION
from llmspell_analysis.analysis.model import Analysis, Local, Member
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.analysis.types import class_of, string_literals
from llmspell_analysis.analysis.values import Binding, Value
from llmspell_analysis.catalogue import Catalogue, Entry, Tool
from llmspell_analysis.features.comment_completion import in_comment
from llmspell_analysis.features.context import Context, Frame, Shape
from llmspell_analysis.features.markdown import describe_entry, describe_parameter, describe_tool, schema_type
from llmspell_analysis.features.parameter_names import declared_parameters
from llmspell_analysis.features.postfix import MARK, append_index, modules_to_require, postfix
from llmspell_analysis.syntax.tokens import KEYWORDS
from llmspell_analysis.syntax.tree import Edit

ItemKind = Literal[
    "variable",
    "constant",
    "function",
    "method",
    "field",
    "property",
    "module",
    "class",
    "keyword",
    "snippet",
    "enum_member",
    "value",
    "file",
]

_KEYWORDS = tuple(sorted(word.decode() for word in KEYWORDS))
_SNIPPETS = {
    "for": ("for … ipairs", "for ${1:index}, ${2:value} in ipairs(${3:list}) do\n\t$0\nend"),
    "function": ("function …", "function ${1:name}(${2})\n\t$0\nend"),
    "if": ("if … then", "if ${1:condition} then\n\t$0\nend"),
    "local": ("local function …", "local function ${1:name}(${2})\n\t$0\nend"),
    "while": ("while … do", "while ${1:condition} do\n\t$0\nend"),
    "repeat": ("repeat … until", "repeat\n\t$0\nuntil ${1:condition}"),
}
# After these a name is invented, not chosen.
_NAMING = (b"local", b"for", b"function", b"::")
_MAX_MODULE_FILES = 500
# Uses are counted so far before and behind the cursor.
_NEAR_BYTES = 16_384
_WORD = re.compile(rb"[A-Za-z_]\w*")
_TYPES = ("nil", "number", "string", "boolean", "table", "function", "thread", "userdata")


# The order of what is used nowhere near the cursor.
LAST = 999


@dataclass(frozen=True, slots=True)
class CompletionItem:
    """`insert` replaces the completion's span; it is a snippet when `is_snippet`. `rank` sorts, lowest first, and among
    equals `order`: the nearest local, what is used more often near the cursor."""

    label: str
    kind: ItemKind
    rank: int
    detail: str = ""
    insert: str = ""
    is_snippet: bool = False
    deprecated: bool = False
    order: int = LAST
    edits: tuple[Edit, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Completion:
    """`start`..`end` is the word or the string's inside that an item replaces; the cursor is in it."""

    start: int
    end: int
    items: tuple[CompletionItem, ...] = ()


def complete(
    analysis: Analysis, offset: int, catalogue: Catalogue, project: Project, *, snippets: bool = False
) -> Completion:
    """Items for byte `offset`. Never raises on any text."""
    return complete_in(Context(analysis, offset, catalogue, project), snippets=snippets)


def complete_in(context: Context, *, snippets: bool = False) -> Completion:
    """The same for who needs the context for more."""
    if context.place == "string":
        start, end = context.string_span
        return Completion(start, end, _unique(_in_string(context)))
    start, end = context.word_span
    if context.place == "comment":
        start, items = in_comment(context, snippets=snippets)
        return Completion(start, context.offset, _unique(items))
    if context.place == "number":
        return Completion(start, end)
    found = _unique(_in_code(context, snippets))
    return Completion(start, end, _ordered_by_use(found, context.data, context.offset))


def _ordered_by_use(items: tuple[CompletionItem, ...], data: bytes, offset: int) -> tuple[CompletionItem, ...]:
    """The same items; what is used near the cursor comes before its equals. Locals have their order by nearness."""
    near = data[max(0, offset - _NEAR_BYTES) : offset + _NEAR_BYTES]
    uses = Counter(_WORD.findall(near))
    found = []
    for item in items:
        count = uses.get(item.label.encode("utf-8", "surrogateescape"), 0)
        is_ordered = item.order != LAST or item.kind in ("keyword", "snippet")
        found.append(item if is_ordered or not count else replace(item, order=max(0, LAST - count)))
    return tuple(found)


def _unique(items: Iterator[CompletionItem]) -> tuple[CompletionItem, ...]:
    found: dict[tuple[str, bool], CompletionItem] = {}
    for item in items:
        found.setdefault((item.label, item.is_snippet), item)
    return tuple(found.values())


def _in_code(context: Context, snippets: bool) -> Iterator[CompletionItem]:
    previous = context.previous
    if previous in (b".", b":"):
        if len(context.tokens) > 1:
            yield from _members(context, previous)
        return
    if previous == MARK:
        yield from postfix(context, snippets=snippets)
        return
    if previous == b"#":
        yield from append_index(context)
    if previous == b"goto":
        yield from _labels(context)
        return
    if previous == b"<" and len(context.tokens) > 2 and context.text(len(context.tokens) - 3) in (b"local", b","):
        yield from (CompletionItem(name, "keyword", 0) for name in ("const", "close"))
    if previous == b"local":
        yield CompletionItem("function", "keyword", 0)
        return
    if previous in _NAMING or (previous == b"," and context.text(len(context.tokens) - 3) in (b"local", b"for")):
        return
    if (declared := declared_parameters(context)) is not None:
        yield from (CompletionItem(name, "variable", 0, detail="parameter") for name in declared)
        return
    frame = context.frames[0] if context.frames else None
    if frame is not None and frame.kind == "table" and frame.is_key_position:
        yield from _keys(context, frame, snippets)
    yield from _expected_values(context)
    yield from _locals(context)
    yield from _globals(context)
    yield from modules_to_require(context)
    yield from _keywords(context, snippets)


# --- members -----------------------------------------------------------------------------------------------------


def _members(context: Context, separator: bytes) -> Iterator[CompletionItem]:
    receiver = context.receiver()
    if receiver is not None and not receiver.steps and receiver.root in ("_G", "_ENV"):
        yield from _globals(context)
    value = context.value_before(len(context.tokens) - 1)
    if value is None:
        return
    for own in context.evaluator.own_fields(value).values():
        yield from _own_member(own, separator)
    colon = context.tokens[-1]
    edits = (Edit(colon.start, colon.end, b":"),) if separator == b"." else ()
    for entry in value.members.values():
        yield from _entry_member(entry, value, separator, edits)


def _own_member(member: Member, separator: bytes) -> Iterator[CompletionItem]:
    is_function = member.value is not None and member.value.kind_id in FUNCTION
    is_name = member.name.isidentifier() and member.name not in _KEYWORDS
    if not is_name or (separator == b":" and not is_function):
        return
    kind: ItemKind = "method" if member.is_method else "function" if is_function else "field"
    yield CompletionItem(member.name, kind, 0)


def _entry_member(entry: Entry, value: Value, separator: bytes, edits: tuple[Edit, ...]) -> Iterator[CompletionItem]:
    is_callable = entry.kind in ("function", "method")
    if not entry.name.isidentifier() or (separator == b":" and not is_callable):
        return
    if value.entry is not None and separator == b":":
        return  # functions of API tables take no self
    kind: ItemKind = "field"
    if is_callable:
        kind = "method" if entry.kind == "method" or value.entry is None else "function"
    elif entry.kind == "table":
        kind = "module"
    needs_colon = kind == "method" and separator == b"."
    yield CompletionItem(
        entry.name,
        kind,
        2 if needs_colon else 1,
        detail=entry.type,
        deprecated=entry.deprecated,
        edits=edits if needs_colon else (),
        data=_entry_data(entry),
    )


def _entry_data(entry: Entry) -> Mapping[str, str]:
    return {"entry": entry.qualified_name}


# --- names -------------------------------------------------------------------------------------------------------


def _locals(context: Context) -> Iterator[CompletionItem]:
    for order, (name, binding) in enumerate(context.locals.items()):
        local = context.analysis.local_at.get(binding.start)
        value = context.evaluator.of_name(name, context.offset)
        detail = value.type if value is not None else ""
        kind: ItemKind = "function" if binding.kind == "function" or detail == "function" else "variable"
        if local is not None and local.attribute:
            kind = "constant"
        yield CompletionItem(name, kind, 10, detail=detail or _local_kind(binding), order=min(order, LAST - 1))


def _local_kind(binding: Binding | Local) -> str:
    return {"parameter": "parameter", "loop": "loop variable"}.get(binding.kind, "local")


def _globals(context: Context) -> Iterator[CompletionItem]:
    for name, reference in context.analysis.globals_assigned.items():
        # What follows half-typed code may be read wrongly: only what is before the cursor counts there.
        is_doubtful = reference.guarded and reference.start > context.offset
        if name.isidentifier() and reference.start != context.word_span[0] and not is_doubtful:
            yield CompletionItem(name, "variable", 11, detail="global")
    for name, entry in context.catalogue.globals.items():
        kind: ItemKind = "function" if entry.kind == "function" else "module" if entry.members else "variable"
        yield CompletionItem(name, kind, 12, entry.type, deprecated=entry.deprecated, data={"entry": name})


def _keywords(context: Context, snippets: bool) -> Iterator[CompletionItem]:
    for word in _KEYWORDS:
        yield CompletionItem(word, "keyword", 20)
        if snippets and word in _SNIPPETS:
            label, body = _SNIPPETS[word]
            yield CompletionItem(label, "snippet", 21, insert=body, is_snippet=True)


def _labels(context: Context) -> Iterator[CompletionItem]:
    for scope in context.analysis.scopes:
        for name in scope.labels:
            yield CompletionItem(name, "value", 0, detail="label")


# --- what is expected ----------------------------------------------------------------------------------------------


def _keys(context: Context, frame: Frame, snippets: bool) -> Iterator[CompletionItem]:
    shape = context.table_shape(0)
    if shape is None:
        return
    if shape.tool is not None:
        yield from _parameters(shape.tool, frame, snippets)
        return
    record = class_of(shape.type, context.catalogue)
    if record is None:
        return
    for name, entry in record.members.items():
        if name in frame.fields or entry.kind == "method" or not name.isidentifier():
            continue
        optional = entry.type.endswith("?")
        insert = f"{name} = "
        yield CompletionItem(
            name, "property", 1 if optional else 0, entry.type, insert, data={"entry": entry.qualified_name}
        )


def _parameters(tool: Tool, frame: Frame, snippets: bool) -> Iterator[CompletionItem]:
    required = set(tool.schema.get("required", ()))
    operation = tool.operation(frame.fields.get("operation") or tool.default_operation or "")
    if operation is not None:
        required.update(operation.required)
    for name, schema in tool.schema.get("properties", {}).items():
        if name in frame.fields:
            continue
        is_needed = name in required
        is_text = schema.get("type") == "string"
        yield CompletionItem(
            name,
            "property",
            0 if is_needed else 1,
            detail=("" if is_needed else "? ") + schema_type(schema),
            insert=f'{name} = "$0"' if snippets and is_text else f"{name} = ",
            is_snippet=snippets and is_text,
            data={"tool": tool.name, "parameter": name},
        )


def _expected_values(context: Context) -> Iterator[CompletionItem]:
    """Strings that the place takes, with their quotes."""
    if context.prefix:
        return
    frame = context.frames[0] if context.frames else None
    if frame is None or (frame.kind == "table" and frame.key is None):
        return
    for literal, item_data in _literals(context.shape(), context.catalogue):
        yield CompletionItem(f'"{literal}"', "enum_member", 0, data=item_data)


def _literals(shape: Shape | None, catalogue: Catalogue) -> Iterator[tuple[str, Mapping[str, str]]]:
    if shape is None:
        return
    if shape.schema is not None:
        for each in shape.schema.get("enum", ()):
            if isinstance(each, str):
                yield each, {}
    for literal in string_literals(shape.type, catalogue):
        yield literal, {"tool": literal} if literal in catalogue.tools else {}


def _in_string(context: Context) -> Iterator[CompletionItem]:
    if context.previous == b"[":
        value = context.value_of(context.receiver())
        if value is not None:
            yield from _index_strings(value, context)
        return
    if _is_require(context):
        yield from _module_names(context)
        return
    if context.previous in (b"==", b"~="):
        yield from _compared(context)
        return
    for literal, item_data in _literals(context.string_shape(), context.catalogue):
        detail = context.catalogue.tools[literal].description if literal in context.catalogue.tools else ""
        yield CompletionItem(literal, "enum_member", 0, detail, data=item_data)


def _compared(context: Context) -> Iterator[CompletionItem]:
    """What the other side of a comparison can be."""
    at = len(context.tokens) - 2
    opening = at
    while opening > 0 and context.text(opening) != b"(":
        opening -= 1
    if context.text(at) == b")" and context.text(opening - 1) == b"type" and context.text(opening - 2) != b".":
        yield from (CompletionItem(name, "enum_member", 0) for name in _TYPES)
        return
    value = context.value_before(at + 1)
    for literal, _ in _literals(Shape(type=value.type), context.catalogue) if value is not None else ():
        yield CompletionItem(literal, "enum_member", 0)


def _index_strings(value: Value, context: Context) -> Iterator[CompletionItem]:
    if value.is_entry("Tool"):
        for name, tool in context.catalogue.tools.items():
            yield CompletionItem(name, "enum_member", 0, tool.description, data={"tool": name})
        return
    for member in context.evaluator.own_fields(value).values():
        yield CompletionItem(member.name, "field", 0)
    for entry in value.members.values():
        yield CompletionItem(entry.name, "field", 1, entry.type, data=_entry_data(entry))


def _is_require(context: Context) -> bool:
    tokens = context.tokens
    before = 2 if context.previous == b"(" else 1
    return len(tokens) >= before and context.text(len(tokens) - before) == b"require"


def _module_names(context: Context) -> Iterator[CompletionItem]:
    """Lua files beside the script, as `require` names them."""
    path = context.document.path
    if not path:
        return
    folder = Path(path).parent
    try:
        names = sorted(entry.name for entry in folder.iterdir())[:_MAX_MODULE_FILES]
        found = [name for name in names if name.endswith(".lua") and folder / name != Path(path)]
        packages = [name for name in names if (folder / name / "init.lua").is_file()]
    except OSError:
        return
    for name in [*(each.removesuffix(".lua") for each in found), *packages]:
        yield CompletionItem(name, "file", 0, detail="module")


# --- documentation -----------------------------------------------------------------------------------------------


def documentation(data: Mapping[str, Any], catalogue: Catalogue) -> str:
    """Markdown for an item's `data`; "" when there is nothing to say."""
    tool = catalogue.tools.get(str(data.get("tool", "")))
    parameter = str(data.get("parameter", ""))
    if tool is not None and parameter:
        schema = tool.schema.get("properties", {}).get(parameter)
        return describe_parameter(tool, parameter, schema) if schema is not None else ""
    if tool is not None:
        return describe_tool(tool)
    entry = find_entry(str(data.get("entry", "")), catalogue)
    return describe_entry(entry) if entry is not None else ""


def find_entry(qualified_name: str, catalogue: Catalogue) -> Entry | None:
    """The entry with a qualified name like "Tool.execute", "ToolInstance:execute" or "print"."""
    if qualified_name in catalogue.globals:
        return catalogue.globals[qualified_name]
    for separator in (":", "."):
        owner, found, name = qualified_name.rpartition(separator)
        if not found:
            continue
        holder = catalogue.classes.get(owner) or catalogue.globals.get(owner) or find_entry(owner, catalogue)
        if holder is not None and name in holder.members:
            return holder.members[name]
    return None

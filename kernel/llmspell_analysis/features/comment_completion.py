"""Completion in comments: tags of annotations and what follows them, codes of diagnostics, documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.model import Function
from llmspell_analysis.rules.table import RULES
from llmspell_analysis.syntax.luacats import KNOWN_TAGS

if TYPE_CHECKING:
    from llmspell_analysis.features.completion import CompletionItem
    from llmspell_analysis.features.context import Context

_TAG = re.compile(rb"---[ \t]*@(\w*)$")
_PARAMETER = re.compile(rb"---[ \t]*@param[ \t]+(\w*)$")
_TYPE = re.compile(
    rb"---[ \t]*@(?:type|return|as|vararg|param[ \t]+[\w.]+\??|"
    rb"field[ \t]+(?:(?:public|private|protected|package)[ \t]+)?[\w.]+\??|"
    rb"class[ \t]+[\w.]+[ \t]*:|alias[ \t]+[\w.]+|overload.*:)[ \t]+(?:.*[|,<(:][ \t]*)?([\w.]*)$"
)
_DIAGNOSTIC = re.compile(rb"---[ \t]*@diagnostic[ \t]+([\w-]*)$")
_CODE = re.compile(rb"---[ \t]*@diagnostic[ \t]+[\w-]+[ \t]*:[ \t]*(?:[\w-]+[ \t]*,[ \t]*)*([\w-]*)$")
_STUB = re.compile(rb"[ \t]*---$")
_ACTIONS = ("disable", "enable", "disable-line", "disable-next-line", "push", "pop")
_TYPES = (
    "any",
    "boolean",
    "function",
    "integer",
    "lightuserdata",
    "nil",
    "number",
    "string",
    "table",
    "thread",
    "userdata",
)


def in_comment(context: Context, *, snippets: bool) -> tuple[int, Iterator[CompletionItem]]:
    """Where the word begins that an item replaces, and the items."""
    data, offset = context.data, context.offset
    line = data[data.rfind(b"\n", 0, offset) + 1 : offset]
    readers = ((_CODE, _codes), (_DIAGNOSTIC, _actions), (_PARAMETER, _parameters), (_TYPE, _types), (_TAG, _tags))
    for pattern, items in readers:
        match = pattern.search(line)
        if match is not None:
            return offset - len(match.group(1)), items(context)
    if snippets and _STUB.match(line):
        return offset, _stub(context)
    return offset, iter(())


def _item(label: str, kind: str, rank: int, **more: object) -> CompletionItem:
    from llmspell_analysis.features.completion import CompletionItem

    return CompletionItem(label, kind, rank, **more)  # type: ignore[arg-type]


def _tags(context: Context) -> Iterator[CompletionItem]:
    for tag in sorted(KNOWN_TAGS):
        yield _item(tag, "keyword", 0)


def _actions(context: Context) -> Iterator[CompletionItem]:
    for action in _ACTIONS:
        yield _item(action, "keyword", 0)


def _codes(context: Context) -> Iterator[CompletionItem]:
    for code, rule in RULES.items():
        yield _item(code, "enum_member", 0, detail=rule.explanation)


def _function_below(context: Context) -> Function | None:
    """The function whose documentation the comment is."""
    below = [one for one in context.analysis.functions if one.node.start_byte >= context.offset]
    function = min(below, key=lambda one: one.node.start_byte, default=None)
    if function is None:
        return None
    between = context.data[context.offset : function.node.start_byte]
    lines = between.split(b"\n")[1:]
    is_near = all(not line.strip() or line.lstrip().startswith(b"--") for line in lines) and b"\n\n" not in between
    return function if is_near else None


def _parameters(context: Context) -> Iterator[CompletionItem]:
    function = _function_below(context)
    if function is None:
        return
    start = context.data.rfind(b"\n\n", 0, context.offset) + 1
    above = context.data[start : function.node.start_byte]
    for number, name in enumerate(function.parameters):
        if not re.search(rb"@param[ \t]+" + re.escape(name.encode()) + rb"\b", above):
            yield _item(name, "variable", number)


def _types(context: Context) -> Iterator[CompletionItem]:
    for name in _TYPES:
        yield _item(name, "keyword", 0)
    for match in re.finditer(rb"---[ \t]*@(?:class|alias|enum)[ \t]+(?:\([^)]*\)[ \t]*)?([\w.]+)", context.data):
        yield _item(match.group(1).decode(), "class", 1)
    for name in (*context.catalogue.classes, *context.catalogue.aliases):
        yield _item(name, "class", 2)


def _stub(context: Context) -> Iterator[CompletionItem]:
    """The documentation of the function below, to be filled in."""
    function = _function_below(context)
    if function is None:
        return
    start = context.data.rfind(b"\n", 0, context.offset) + 1
    line = context.data[start : context.offset]
    indent = line[: len(line) - len(line.lstrip())].decode()
    parts = [" ${1:What it does.}"]
    parts += [f"{indent}---@param {name} ${{{number}:any}}" for number, name in enumerate(function.parameters, 2)]
    yield _item(f"documentation of {function.name}", "snippet", 0, insert="\n".join(parts), is_snippet=True)

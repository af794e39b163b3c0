"""Completion behind an expression: `list@ipairs` becomes a loop over it, `t[#` offers the place behind the last."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from llmspell_analysis.syntax.tokens import Token
from llmspell_analysis.syntax.tree import Edit

if TYPE_CHECKING:
    from llmspell_analysis.features.completion import CompletionItem
    from llmspell_analysis.features.context import Context

MARK = b"@"
# name -> what comes of the expression, which stands at `{}`; with and without snippets
_FORMS = {
    "ipairs": ("for ${{1:index}}, ${{2:value}} in ipairs({}) do\n\t$0\nend", "for index, value in ipairs({}) do end"),
    "pairs": ("for ${{1:key}}, ${{2:value}} in pairs({}) do\n\t$0\nend", "for key, value in pairs({}) do end"),
    "pcall": ("pcall({}$0)", "pcall({})"),
    "xpcall": ("xpcall({}, ${{1:debug.traceback}}$0)", "xpcall({}, debug.traceback)"),
    "insert": ("table.insert({}, $0)", "table.insert({}, )"),
    "remove": ("table.remove({}$0)", "table.remove({})"),
    "concat": ('table.concat({}, "${{1:, }}")$0', 'table.concat({}, ", ")'),
    "unpack": ("table.unpack({})$0", "table.unpack({})"),
    "if": ("if {} then\n\t$0\nend", "if {} then end"),
    "ifnot": ("if not {} then\n\t$0\nend", "if not {} then end"),
    "while": ("while {} do\n\t$0\nend", "while {} do end"),
    "local": ("local ${{1:name}} = {}$0", "local name = {}"),
    "return": ("return {}$0", "return {}"),
    "print": ("print({})$0", "print({})"),
    "tostring": ("tostring({})$0", "tostring({})"),
    "type": ("type({})$0", "type({})"),
    "not": ("not {}$0", "not {}"),
    "++": ("{0} = {0} + 1", "{0} = {0} + 1"),
}
_OPENING = {b")": b"(", b"]": b"[", b"}": b"{"}
_MAX_MODULES = 500


def postfix(context: Context, *, snippets: bool) -> Iterator[CompletionItem]:
    """Behind an `@`, the last of the context's tokens."""
    from llmspell_analysis.features.completion import CompletionItem

    start = _expression_start(context.tokens, len(context.tokens) - 2, context.data)
    if start is None:
        return
    text = context.data[start : context.tokens[-1].start].decode("utf-8", "replace")
    shown = text.replace("\\", "\\\\").replace("$", "\\$").replace("}", "\\}") if snippets else text
    edits = (Edit(start, context.word_span[0], b""),)
    for name, (snippet, plain) in _FORMS.items():
        yield CompletionItem(
            name,
            "snippet",
            0,
            detail=plain.format(text if len(text) < 40 else "…"),
            insert=(snippet if snippets else plain).format(shown),
            is_snippet=snippets,
            edits=edits,
        )


def _expression_start(tokens: list[Token], index: int, data: bytes) -> int | None:
    """Where the chain of names, fields, calls and strings begins that ends at `index`."""
    start: int | None = None
    while index >= 0:
        token = tokens[index]
        text = token.text(data)
        if text in _OPENING:
            index = _opening(tokens, index, data)
            if index < 0:
                return None
        elif token.kind not in ("name", "string", "number"):
            return start
        start = tokens[index].start
        before = tokens[index - 1].text(data) if index else b""
        is_bracket = tokens[index].text(data) in (b"(", b"[", b"{") or token.kind == "string"
        if before in (b".", b":") and tokens[index].kind == "name":
            index -= 2
        elif is_bracket and index and (tokens[index - 1].kind == "name" or before in _OPENING):
            index -= 1
        else:
            return start
    return start


def _opening(tokens: list[Token], index: int, data: bytes) -> int:
    depth = 0
    while index >= 0:
        text = tokens[index].text(data)
        depth += (text in _OPENING) - (text in _OPENING.values())
        if depth == 0:
            return index
        index -= 1
    return -1


def append_index(context: Context) -> Iterator[CompletionItem]:
    """In `t[#`: the place behind the last element."""
    from llmspell_analysis.features.completion import CompletionItem

    tokens, data = context.tokens, context.data
    if len(tokens) < 3 or tokens[-2].text(data) != b"[":
        return
    start = _expression_start(tokens, len(tokens) - 3, data)
    if start is not None:
        text = data[start : tokens[-2].start].decode("utf-8", "replace")
        closes = "" if data[context.word_span[1] : context.word_span[1] + 1] == b"]" else "]"
        yield CompletionItem(f"{text}+1", "snippet", 0, detail=f"{text}[#{text}+1]", insert=f"{text}+1{closes}")


def modules_to_require(context: Context) -> Iterator[CompletionItem]:
    """Modules beside the script that it does not require yet, under their own names."""
    from llmspell_analysis.features.completion import CompletionItem

    path = context.document.path
    if not path:
        return
    try:
        with os.scandir(Path(path).parent) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(".lua"))[:_MAX_MODULES]
    except OSError:
        return
    known = {name.rpartition(".")[2] for name in context.analysis.required} | set(context.locals)
    place: int | None = None
    for file in names:
        name = file.removesuffix(".lua")
        if (
            name.isidentifier()
            and name not in known
            and name not in context.catalogue.globals
            and file != Path(path).name
        ):
            place = _after_requires(context) if place is None else place
            new = f'local {name} = require("{name}")\n'.encode()
            yield CompletionItem(name, "module", 15, f'require("{name}")', edits=(Edit(place, place, new),))


def _after_requires(context: Context) -> int:
    """The beginning of the line behind the last `require` at the top, else behind a shebang."""
    data = context.data
    place = data.find(b"\n") + 1 if data.startswith(b"#") else 0
    for local in context.analysis.chunk.locals:
        value = local.value
        if (
            value is not None
            and data.startswith(b"require", value.start_byte)
            and value.end_byte < context.word_span[0]
        ):
            line_end = data.find(b"\n", value.end_byte)
            place = max(place, line_end + 1 if line_end >= 0 else place)
    return place

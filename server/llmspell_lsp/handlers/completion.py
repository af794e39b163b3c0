"""textDocument/completion and completionItem/resolve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmspell_analysis.features.completion import Completion, CompletionItem, ItemKind, complete_in, documentation
from llmspell_analysis.features.context import Context
from llmspell_analysis.features.live_questions import completion_question
from lsprotocol import types

from llmspell_lsp.convert import markdown, to_text_edit
from llmspell_lsp.documents import Snapshot
from llmspell_lsp.positions import PositionCodec

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer

_TRIGGERS = [".", ":", '"', "'", "[", "{", ",", " ", "@", "#", "-"]
# After these a list is wanted only where strings or keys of the API can stand.
_SPARING_TRIGGERS = frozenset({" ", ",", "{", "["})
# After these only what they are for: annotations, what is made of an expression, the place behind a table's last.
_SPECIAL_TRIGGERS = frozenset({"@", "#", "-"})

_KINDS: dict[str, types.CompletionItemKind] = {
    "variable": types.CompletionItemKind.Variable,
    "constant": types.CompletionItemKind.Constant,
    "function": types.CompletionItemKind.Function,
    "method": types.CompletionItemKind.Method,
    "field": types.CompletionItemKind.Field,
    "property": types.CompletionItemKind.Property,
    "module": types.CompletionItemKind.Module,
    "class": types.CompletionItemKind.Class,
    "keyword": types.CompletionItemKind.Keyword,
    "snippet": types.CompletionItemKind.Snippet,
    "enum_member": types.CompletionItemKind.EnumMember,
    "value": types.CompletionItemKind.Value,
    "file": types.CompletionItemKind.File,
}


@dataclass(frozen=True, slots=True)
class _ClientSupport:
    snippets: bool = False
    insert_replace: bool = False
    deprecated_tag: bool = False


def register(server: LlmspellServer) -> None:
    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION,
        types.CompletionOptions(trigger_characters=_TRIGGERS, resolve_provider=True),
    )
    def completion(params: types.CompletionParams) -> types.CompletionList:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return types.CompletionList(is_incomplete=False, items=[])
        offset = server.documents.codec.offset(snapshot.source, params.position)
        support = _support(server)
        here = Context(snapshot.analysis_before(offset), offset, server.catalogue, server.project)
        found = complete_in(here, snippets=support.snippets)
        context = params.context
        if context is not None and context.trigger_character in _SPARING_TRIGGERS:
            found = Completion(found.start, found.end, tuple(item for item in found.items if item.rank < 2))
            if not any(item.kind in ("property", "enum_member") for item in found.items):
                found = Completion(found.start, found.end)
        if context is not None and context.trigger_character in _SPECIAL_TRIGGERS:
            found = Completion(found.start, found.end, tuple(item for item in found.items if item.rank == 0))
        codec = server.documents.codec
        target = _Target(
            snapshot,
            codec,
            insert=codec.range(snapshot.source, found.start, offset),
            replace=codec.range(snapshot.source, found.start, found.end),
            support=support,
        )
        items = [_item(each, target) for each in found.items]
        is_special = context is not None and context.trigger_character in _SPARING_TRIGGERS | _SPECIAL_TRIGGERS
        if not is_special:
            items += _live_items(server, target, here, {item.label for item in items})
        return types.CompletionList(is_incomplete=False, items=items)

    @server.feature(types.COMPLETION_ITEM_RESOLVE)
    def resolve(item: types.CompletionItem) -> types.CompletionItem:
        if isinstance(item.data, dict):
            text = documentation(item.data, server.catalogue)
            item.documentation = markdown(text) if text else None
        return item


def _live_items(server: LlmspellServer, target: _Target, here: Context, known: set[str]) -> list[types.CompletionItem]:
    """What exists in the running kernel besides, as far as it is known already."""
    live = server.live(target.snapshot)
    if live is None:
        return []
    question = completion_question(here)
    if question is None:
        return []
    if question.kind == "keys":
        names = live.keys(question.about)
    elif question.kind == "names":
        names = live.names(question.about)
    else:
        names = live.listed(question.kind)
    return [
        _item(CompletionItem(one.name, _live_kind(one.type), 5, f"live {one.signature}".strip()), target)
        for one in names
        if one.name not in known and (not question.is_method or one.type in ("function", "method"))
    ]


def _live_kind(kind: str) -> ItemKind:
    kinds: dict[str, ItemKind] = {"function": "function", "method": "method", "module": "module"}
    return kinds.get(kind, "value")


def _support(server: LlmspellServer) -> _ClientSupport:
    text_document = server.client_capabilities.text_document
    capability = text_document.completion if text_document is not None else None
    item = capability.completion_item if capability is not None else None
    if item is None:
        return _ClientSupport()
    tags = item.tag_support.value_set if item.tag_support is not None else ()
    return _ClientSupport(
        snippets=bool(item.snippet_support),
        insert_replace=bool(item.insert_replace_support),
        deprecated_tag=types.CompletionItemTag.Deprecated in tags,
    )


@dataclass(frozen=True, slots=True)
class _Target:
    """Where the items go, in the client's positions."""

    snapshot: Snapshot
    codec: PositionCodec
    insert: types.Range
    replace: types.Range
    support: _ClientSupport


def _item(item: CompletionItem, target: _Target) -> types.CompletionItem:
    text = item.insert or item.label
    edit: types.TextEdit | types.InsertReplaceEdit = types.TextEdit(target.insert, text)
    if target.support.insert_replace:
        edit = types.InsertReplaceEdit(text, target.insert, target.replace)
    is_tagged = item.deprecated and target.support.deprecated_tag
    return types.CompletionItem(
        label=item.label,
        kind=_KINDS[item.kind],
        detail=item.detail or None,
        sort_text=f"{item.rank:02d}{item.order:03d}",
        text_edit=edit,
        insert_text_format=types.InsertTextFormat.Snippet if item.is_snippet else None,
        tags=[types.CompletionItemTag.Deprecated] if is_tagged else None,
        additional_text_edits=[to_text_edit(each, target.snapshot, target.codec) for each in item.edits] or None,
        data=dict(item.data) or None,
    )

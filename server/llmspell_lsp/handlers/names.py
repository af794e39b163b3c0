"""References, highlights, renames, linked editing, call hierarchy: what a name means elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.features.call_hierarchy import CallItem, Calls, call_item, incoming, outgoing
from llmspell_analysis.features.highlights import highlights
from llmspell_analysis.features.occurrences import JumpLabel, LocalVariable, Names, Use
from llmspell_analysis.features.references import references
from llmspell_analysis.features.rename import RenameRefusedError, prepare, rename
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from llmspell_lsp.background import Wanted
from llmspell_lsp.convert import file_uri
from llmspell_lsp.progress import Work, shown
from llmspell_lsp.protocol import REQUEST_FAILED

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer

_HIGHLIGHT_KINDS: dict[Use | None, types.DocumentHighlightKind] = {
    None: types.DocumentHighlightKind.Text,
    "declaration": types.DocumentHighlightKind.Write,
    "write": types.DocumentHighlightKind.Write,
    "read": types.DocumentHighlightKind.Read,
    "call": types.DocumentHighlightKind.Read,
}


def register(server: LlmspellServer) -> None:
    _register_uses(server)
    _register_rename(server)
    _register_call_hierarchy(server)


def _register_uses(server: LlmspellServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    async def find_references(params: types.ReferenceParams) -> list[types.Location] | None:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return None
        offset = server.documents.codec.offset(snapshot.source, params.position)
        with_declaration = params.context.include_declaration

        def compute(work: Work, wanted: Wanted) -> list[types.Location] | None:
            workspace = server.workspace_of(snapshot.document.path, work.step)
            found = references(snapshot.analysis, offset, server.catalogue, workspace, wanted)
            if found is None:
                return None
            return [
                _location(server, one.analysis, one.start, one.end)
                for one in found.occurrences
                if with_declaration or one.use != "declaration"
            ]

        return await shown(server, "Finding references", params.work_done_token, compute)

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    def highlight(params: types.DocumentHighlightParams) -> list[types.DocumentHighlight]:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return []
        codec = server.documents.codec
        offset = codec.offset(snapshot.source, params.position)
        return [
            types.DocumentHighlight(codec.range(snapshot.source, one.start, one.end), _HIGHLIGHT_KINDS[one.use])
            for one in highlights(snapshot.analysis, offset, server.catalogue, server.project)
        ]

    @server.feature(types.TEXT_DOCUMENT_LINKED_EDITING_RANGE)
    def linked_editing(params: types.LinkedEditingRangeParams) -> types.LinkedEditingRanges | None:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return None
        codec = server.documents.codec
        names = Names(snapshot.analysis, server.catalogue, server.project)
        at = names.at(codec.offset(snapshot.source, params.position))
        # what other files may use as well is renamed, not edited
        if at is None or not isinstance(at[0], LocalVariable | JumpLabel):
            return None
        ranges = [codec.range(snapshot.source, one.start, one.end) for one in names.of(at[0])]
        return types.LinkedEditingRanges(ranges, word_pattern="[A-Za-z_][A-Za-z0-9_]*")


def _register_rename(server: LlmspellServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    def prepare_rename(params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return None
        codec = server.documents.codec
        offset = codec.offset(snapshot.source, params.position)
        try:
            found = prepare(snapshot.analysis, offset, server.catalogue, server.workspace_of(snapshot.document.path))
        except RenameRefusedError as refusal:
            raise JsonRpcException(str(refusal), REQUEST_FAILED) from refusal
        name = snapshot.source.slice(found.start, found.end)
        return types.PrepareRenamePlaceholder(codec.range(snapshot.source, found.start, found.end), name)

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    async def rename_symbol(params: types.RenameParams) -> types.WorkspaceEdit | None:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return None
        offset = server.documents.codec.offset(snapshot.source, params.position)

        def compute(work: Work, wanted: Wanted) -> types.WorkspaceEdit:
            workspace, new = server.workspace_of(snapshot.document.path, work.step), params.new_name
            found = rename(snapshot.analysis, offset, new, server.catalogue, workspace, wanted=wanted)
            return server.workspace_edit(server.edits_of(found.edits.values()))

        try:
            return await shown(server, "Renaming", params.work_done_token, compute)
        except RenameRefusedError as refusal:
            raise JsonRpcException(str(refusal), REQUEST_FAILED) from refusal


def _register_call_hierarchy(server: LlmspellServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_PREPARE_CALL_HIERARCHY)
    def prepare_calls(params: types.CallHierarchyPrepareParams) -> list[types.CallHierarchyItem] | None:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return None
        offset = server.documents.codec.offset(snapshot.source, params.position)
        item = call_item(snapshot.analysis, offset, server.catalogue, server.project)
        return [_call_item(server, item)] if item is not None else None

    @server.feature(types.CALL_HIERARCHY_INCOMING_CALLS)
    async def incoming_calls(
        params: types.CallHierarchyIncomingCallsParams,
    ) -> list[types.CallHierarchyIncomingCall] | None:
        item = _item_of(server, params.item)
        if item is None or item.function is None:
            return None

        def compute(work: Work, wanted: Wanted) -> list[types.CallHierarchyIncomingCall]:
            workspace = server.workspace_of(item.analysis.document.path, work.step)
            found = incoming(item, server.catalogue, workspace, wanted)
            return [
                types.CallHierarchyIncomingCall(_call_item(server, each.item), _spans(server, each.item.analysis, each))
                for each in found
            ]

        return await shown(server, "Finding callers", params.work_done_token, compute)

    @server.feature(types.CALL_HIERARCHY_OUTGOING_CALLS)
    async def outgoing_calls(
        params: types.CallHierarchyOutgoingCallsParams,
    ) -> list[types.CallHierarchyOutgoingCall] | None:
        item = _item_of(server, params.item)
        if item is None:
            return None

        def compute(_: Wanted) -> list[types.CallHierarchyOutgoingCall]:
            found = outgoing(item, server.catalogue, server.project)
            return [
                types.CallHierarchyOutgoingCall(_call_item(server, each.item), _spans(server, item.analysis, each))
                for each in found
            ]

        return await server.background.run(compute)


def _location(server: LlmspellServer, analysis: Analysis, start: int, end: int) -> types.Location:
    return types.Location(server.uri_of(analysis), server.documents.codec.range(analysis.document.source, start, end))


def _spans(server: LlmspellServer, analysis: Analysis, calls: Calls) -> list[types.Range]:
    codec = server.documents.codec
    return [codec.range(analysis.document.source, start, end) for start, end in calls.spans]


def _call_item(server: LlmspellServer, item: CallItem) -> types.CallHierarchyItem:
    codec, source = server.documents.codec, item.analysis.document.source
    function = item.function
    kind = types.SymbolKind.File
    if function is not None:
        kind = types.SymbolKind.Method if function.is_method else types.SymbolKind.Function
    return types.CallHierarchyItem(
        name=item.name,
        kind=kind,
        uri=server.uri_of(item.analysis),
        range=codec.range(source, *item.span),
        selection_range=codec.range(source, *item.name_span),
        detail=file_uri(item.analysis.document.path).rpartition("/")[2] or None,
    )


def _item_of(server: LlmspellServer, given: types.CallHierarchyItem) -> CallItem | None:
    """The function that an item was made of, in the text as it is now."""
    analysis = server.analysis_of(given.uri)
    if analysis is None:
        return None
    offset = server.documents.codec.offset(analysis.document.source, given.selection_range.start)
    if given.kind == types.SymbolKind.File:
        return CallItem(analysis, None)
    found = next((each for each in analysis.functions if each.name_start <= offset <= each.name_end), None)
    return CallItem(analysis, found) if found is not None else None

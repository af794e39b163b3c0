"""textDocument/definition and textDocument/documentSymbol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmspell_analysis.features.definition import definition as definition_at
from llmspell_analysis.features.symbols import Symbol, symbols
from lsprotocol import types
from pygls.uris import from_fs_path

from llmspell_lsp.convert import SYMBOL_KINDS
from llmspell_lsp.documents import Snapshot
from llmspell_lsp.positions import PositionCodec

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer


def register(server: LlmspellServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def definition(params: types.DefinitionParams) -> types.Location | None:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return None
        codec = server.documents.codec
        offset = codec.offset(snapshot.source, params.position)
        target = definition_at(snapshot.analysis, offset, server.catalogue, server.project)
        if target is None:
            return None
        document = target.analysis.document
        uri = snapshot.uri if document.path == snapshot.document.path else from_fs_path(document.path)
        if uri is None:
            return None
        return types.Location(uri, codec.range(document.source, target.start, target.end))

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def document_symbol(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return []
        return [_symbol(each, snapshot, server.documents.codec) for each in symbols(snapshot.analysis)]


def _symbol(symbol: Symbol, snapshot: Snapshot, codec: PositionCodec) -> types.DocumentSymbol:
    source = snapshot.source
    return types.DocumentSymbol(
        name=symbol.name,
        kind=SYMBOL_KINDS[symbol.kind],
        range=codec.range(source, min(symbol.start, symbol.name_start), max(symbol.end, symbol.name_end)),
        selection_range=codec.range(source, symbol.name_start, symbol.name_end),
        detail=symbol.detail or None,
        children=[_symbol(child, snapshot, codec) for child in symbol.children] or None,
    )

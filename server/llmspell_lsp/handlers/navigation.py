"""Where things are defined, what a document consists of, and what `require`s say when files are renamed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.catalogue import Catalogue
from llmspell_analysis.features.definition import Target, declaration, definition, implementation, type_definition
from llmspell_analysis.features.file_renames import rename_edits
from llmspell_analysis.features.symbols import Symbol, symbols
from lsprotocol import types
from pygls.uris import to_fs_path

from llmspell_lsp.background import Wanted
from llmspell_lsp.convert import SYMBOL_KINDS
from llmspell_lsp.documents import Snapshot
from llmspell_lsp.positions import PositionCodec

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer


Find = Callable[[Analysis, int, Catalogue, Project], Target | None]
_FILES = types.FileOperationRegistrationOptions(
    [
        types.FileOperationFilter(types.FileOperationPattern("**/*.lua", matches=types.FileOperationPatternKind.File)),
        types.FileOperationFilter(types.FileOperationPattern("**", matches=types.FileOperationPatternKind.Folder)),
    ]
)


def register(server: LlmspellServer) -> None:
    def target(find: Find, document: types.TextDocumentIdentifier, position: types.Position) -> types.Location | None:
        snapshot = server.documents.get(document.uri)
        if snapshot is None:
            return None
        codec = server.documents.codec
        offset = codec.offset(snapshot.source, position)
        found = find(snapshot.analysis, offset, server.catalogue, server.project)
        if found is None:
            return None
        is_here = found.analysis.document.path == snapshot.document.path
        uri = snapshot.uri if is_here else server.uri_of(found.analysis)
        return types.Location(uri, codec.range(found.analysis.document.source, found.start, found.end)) if uri else None

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def find_definition(params: types.DefinitionParams) -> types.Location | None:
        return target(definition, params.text_document, params.position)

    @server.feature(types.TEXT_DOCUMENT_DECLARATION)
    def find_declaration(params: types.DeclarationParams) -> types.Location | None:
        return target(declaration, params.text_document, params.position)

    @server.feature(types.TEXT_DOCUMENT_TYPE_DEFINITION)
    def find_type_definition(params: types.TypeDefinitionParams) -> types.Location | None:
        return target(type_definition, params.text_document, params.position)

    @server.feature(types.TEXT_DOCUMENT_IMPLEMENTATION)
    def find_implementation(params: types.ImplementationParams) -> types.Location | None:
        return target(implementation, params.text_document, params.position)

    @server.feature(types.WORKSPACE_WILL_RENAME_FILES, _FILES)
    async def will_rename_files(params: types.RenameFilesParams) -> types.WorkspaceEdit | None:
        opened = list(server.documents)
        pairs = ((to_fs_path(one.old_uri), to_fs_path(one.new_uri)) for one in params.files)
        moves = {old: new for old, new in pairs if old and new}

        def compute(_: Wanted) -> types.WorkspaceEdit | None:
            edits = list(rename_edits(moves, server.workspace_of(), [snapshot.analysis for snapshot in opened]))
            return server.workspace_edit(server.edits_of(edits)) if edits else None

        return await server.background.run(compute)

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

"""Folding, selection ranges, document links, workspace symbols, code lenses, inline values: what a file consists of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmspell_analysis.features.folding import FoldKind, folds
from llmspell_analysis.features.inline_values import inline_values
from llmspell_analysis.features.links import links
from llmspell_analysis.features.references import references
from llmspell_analysis.features.selection import selections
from llmspell_analysis.features.symbols import symbols
from llmspell_analysis.features.workspace_symbols import WorkspaceSymbol, workspace_symbols
from lsprotocol import types

from llmspell_lsp.background import Wanted
from llmspell_lsp.convert import SYMBOL_KINDS, file_uri
from llmspell_lsp.progress import Work, shown

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer

_FOLD_KINDS: dict[FoldKind | None, types.FoldingRangeKind | None] = {
    None: None,
    "comment": types.FoldingRangeKind.Comment,
    "imports": types.FoldingRangeKind.Imports,
    "region": types.FoldingRangeKind.Region,
}


def register(server: LlmspellServer) -> None:
    _register_ranges(server)
    _register_symbols(server)
    _register_lenses(server)

    @server.feature(types.TEXT_DOCUMENT_INLINE_VALUE)
    def inline_value(params: types.InlineValueParams) -> list[types.InlineValue]:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return []
        codec, source = server.documents.codec, snapshot.source
        span = codec.offset(source, params.range.start), codec.offset(source, params.range.end)
        stopped = codec.offset(source, params.context.stopped_location.end)
        found: list[types.InlineValue] = []
        for one in inline_values(snapshot.analysis, span, stopped):
            place = codec.range(source, one.start, one.end)
            if one.expression:
                found.append(types.InlineValueEvaluatableExpression(place, one.expression))
            else:
                found.append(types.InlineValueVariableLookup(place, case_sensitive_lookup=True, variable_name=one.name))
        return found


def _register_ranges(server: LlmspellServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_FOLDING_RANGE)
    def folding(params: types.FoldingRangeParams) -> list[types.FoldingRange]:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return []
        return [
            types.FoldingRange(fold.first_line, fold.last_line, kind=_FOLD_KINDS[fold.kind])
            for fold in folds(snapshot.document)
        ]

    @server.feature(types.TEXT_DOCUMENT_SELECTION_RANGE)
    def selection(params: types.SelectionRangeParams) -> list[types.SelectionRange]:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return []
        codec, source = server.documents.codec, snapshot.source
        found = []
        for position in params.positions:
            selected: types.SelectionRange | None = None
            for start, end in reversed(selections(snapshot.document, codec.offset(source, position))):
                selected = types.SelectionRange(codec.range(source, start, end), selected)
            found.append(selected or types.SelectionRange(types.Range(position, position)))
        return found

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_LINK, types.DocumentLinkOptions(resolve_provider=False))
    def document_link(params: types.DocumentLinkParams) -> list[types.DocumentLink]:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return []
        codec = server.documents.codec
        return [
            types.DocumentLink(
                codec.range(snapshot.source, link.start, link.end),
                target=file_uri(link.target) if link.is_file else link.target,
            )
            for link in links(snapshot.analysis, server.project)
        ]


def _register_symbols(server: LlmspellServer) -> None:
    @server.feature(types.WORKSPACE_SYMBOL)
    async def workspace_symbol(params: types.WorkspaceSymbolParams) -> list[types.WorkspaceSymbol]:
        opened = list(server.documents)

        def compute(work: Work, wanted: Wanted) -> list[types.WorkspaceSymbol]:
            analyses = [snapshot.analysis for snapshot in opened]
            found = workspace_symbols(params.query, server.workspace_of(step=work.step), analyses, wanted)
            return [_symbol(server, one) for one in found]

        return await shown(server, "Finding symbols", params.work_done_token, compute)


def _symbol(server: LlmspellServer, one: WorkspaceSymbol) -> types.WorkspaceSymbol:
    symbol, source = one.symbol, one.analysis.document.source
    place = server.documents.codec.range(source, symbol.name_start, symbol.name_end)
    return types.WorkspaceSymbol(
        location=types.Location(server.uri_of(one.analysis), place),
        name=symbol.name,
        kind=SYMBOL_KINDS[symbol.kind],
        container_name=one.container or None,
    )


def _register_lenses(server: LlmspellServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensOptions(resolve_provider=True))
    def code_lens(params: types.CodeLensParams) -> list[types.CodeLens]:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None or not server.settings.code_lens:
            return []
        codec, source = server.documents.codec, snapshot.source
        found = [
            types.CodeLens(
                codec.range(source, symbol.name_start, symbol.name_end),
                data={"uri": snapshot.uri, "offset": symbol.name_end},
            )
            for symbol in symbols(snapshot.analysis)
            if symbol.kind in ("function", "method")
        ]
        top = codec.range(source, 0, 0)
        for title, command in server.settings.run_commands:
            found.append(types.CodeLens(top, types.Command(title, command, arguments=[snapshot.uri])))
        return found

    @server.feature(types.CODE_LENS_RESOLVE)
    async def resolve_lens(lens: types.CodeLens) -> types.CodeLens:
        data = lens.data if isinstance(lens.data, dict) else {}
        snapshot = server.documents.get(str(data.get("uri")))
        offset = data.get("offset")
        if snapshot is None or not isinstance(offset, int):
            return lens

        def compute(wanted: Wanted) -> list[types.Location]:
            workspace = server.workspace_of(snapshot.document.path)
            found = references(snapshot.analysis, offset, server.catalogue, workspace, wanted)
            codec = server.documents.codec
            return [
                types.Location(
                    server.uri_of(one.analysis), codec.range(one.analysis.document.source, one.start, one.end)
                )
                for one in (found.occurrences if found is not None else ())
                if one.use in ("read", "call")
            ]

        places = await server.background.run(compute)
        title = f"{len(places)} reference{'' if len(places) == 1 else 's'}"
        name = server.settings.references_command if places else ""
        arguments: list[Any] | None = [snapshot.uri, lens.range.start, places] if name else None
        lens.command = types.Command(title, name, arguments=arguments)
        return lens

"""textDocument/diagnostic, for clients that ask; the others are told by `diagnostics`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types

from llmspell_lsp.convert import to_diagnostic

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer


def register(server: LlmspellServer) -> None:
    @server.feature(
        types.TEXT_DOCUMENT_DIAGNOSTIC,
        types.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=False),
    )
    async def diagnostic(params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return types.RelatedFullDocumentDiagnosticReport(items=[])
        found = await asyncio.wrap_future(server.diagnostics.submit(snapshot))
        codec = server.documents.codec
        items = [to_diagnostic(each, snapshot, codec) for each in found]
        return types.RelatedFullDocumentDiagnosticReport(items=items)

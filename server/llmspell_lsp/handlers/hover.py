"""textDocument/hover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmspell_analysis.features.hover import hover as hover_at
from lsprotocol import types

from llmspell_lsp.convert import markdown

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer


def register(server: LlmspellServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(params: types.HoverParams) -> types.Hover | None:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return None
        codec = server.documents.codec
        offset = codec.offset(snapshot.source, params.position)
        found = hover_at(snapshot.analysis, offset, server.catalogue, server.project)
        if found is None:
            return None
        return types.Hover(markdown(found.markdown), codec.range(snapshot.source, found.start, found.end))

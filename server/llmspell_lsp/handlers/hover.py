"""textDocument/hover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmspell_analysis.features.hover import hover as hover_at
from llmspell_analysis.features.live_questions import hover_question
from lsprotocol import types

from llmspell_lsp.convert import markdown
from llmspell_lsp.documents import Snapshot

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer


_RULE, _FENCE = "\n\n---\n\n", "```"
# of a value's text, in characters
_LONGEST = 2000


def register(server: LlmspellServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(params: types.HoverParams) -> types.Hover | None:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return None
        codec = server.documents.codec
        offset = codec.offset(snapshot.source, params.position)
        found = hover_at(snapshot.analysis, offset, server.catalogue, server.project)
        live = _live(server, snapshot, offset)
        if found is None and not live:
            return None
        text = _RULE.join(part for part in (found.markdown if found is not None else "", live) if part)
        place = codec.range(snapshot.source, found.start, found.end) if found is not None else None
        return types.Hover(markdown(text), place)


def _live(server: LlmspellServer, snapshot: Snapshot, offset: int) -> str:
    """The value in the running kernel, as far as it is known already."""
    live = server.live(snapshot)
    question = hover_question(snapshot.analysis, offset, server.catalogue, server.project) if live is not None else None
    if live is None or question is None:
        return ""
    value = live.value(question.about)[:_LONGEST].replace(_FENCE, "'" * 3)
    return f"live, in the running kernel:\n\n{_FENCE}text\n{value}\n{_FENCE}" if value else ""

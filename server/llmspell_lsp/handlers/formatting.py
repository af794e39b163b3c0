"""Formatting of a document, a range, and what was just typed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from llmspell_analysis.formatting.formatter import Style, format_document, format_lines
from llmspell_analysis.formatting.typing import after_line_break
from llmspell_analysis.syntax.tree import Edit
from lsprotocol import types

from llmspell_lsp.background import Wanted
from llmspell_lsp.convert import to_text_edit
from llmspell_lsp.documents import Snapshot

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer


def register(server: LlmspellServer) -> None:
    def edits(snapshot: Snapshot, found: Iterable[Edit]) -> list[types.TextEdit]:
        return [to_text_edit(edit, snapshot, server.documents.codec) for edit in found]

    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    async def formatting(params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return None

        def compute(_: Wanted) -> list[types.TextEdit]:
            return edits(snapshot, format_document(snapshot.document, _style(params.options)))

        return await server.background.run(compute)

    @server.feature(types.TEXT_DOCUMENT_RANGE_FORMATTING)
    async def range_formatting(params: types.DocumentRangeFormattingParams) -> list[types.TextEdit] | None:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return None
        first, end = params.range.start.line, params.range.end
        # a selection of whole lines ends at the beginning of the next one
        last = end.line - 1 if end.character == 0 and end.line > first else end.line

        def compute(_: Wanted) -> list[types.TextEdit]:
            return edits(snapshot, format_lines(snapshot.document, _style(params.options), first, last))

        return await server.background.run(compute)

    @server.feature(
        types.TEXT_DOCUMENT_ON_TYPE_FORMATTING,
        types.DocumentOnTypeFormattingOptions(first_trigger_character="\n"),
    )
    def on_type(params: types.DocumentOnTypeFormattingParams) -> list[types.TextEdit] | None:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return None
        return edits(snapshot, after_line_break(snapshot.document, _style(params.options), params.position.line))


def _style(options: types.FormattingOptions) -> Style:
    return Style(
        tab_size=max(1, min(options.tab_size, 16)),
        insert_spaces=options.insert_spaces,
        insert_final_newline=options.insert_final_newline is not False,
        trim_final_newlines=options.trim_final_newlines is not False,
    )

"""Plain data of the analysis to LSP types."""

from __future__ import annotations

from llmspell_analysis.rules.model import Diagnostic
from llmspell_analysis.syntax.text import decode
from llmspell_analysis.syntax.tree import Edit
from lsprotocol import types

from llmspell_lsp.documents import Snapshot
from llmspell_lsp.positions import PositionCodec

SOURCE = "llmspell"

_TAGS = {
    "unnecessary": types.DiagnosticTag.Unnecessary,
    "deprecated": types.DiagnosticTag.Deprecated,
}


def to_diagnostic(found: Diagnostic, snapshot: Snapshot, codec: PositionCodec) -> types.Diagnostic:
    source = snapshot.source
    related = [
        types.DiagnosticRelatedInformation(
            types.Location(snapshot.uri, codec.range(source, each.start, each.end)), each.message
        )
        for each in found.related
    ]
    return types.Diagnostic(
        range=codec.range(source, found.start, found.end),
        message=found.message,
        severity=types.DiagnosticSeverity(int(found.severity)),
        code=found.code,
        source=SOURCE,
        tags=[_TAGS[tag] for tag in found.tags] or None,
        related_information=related or None,
    )


def to_text_edit(edit: Edit, snapshot: Snapshot, codec: PositionCodec) -> types.TextEdit:
    return types.TextEdit(codec.range(snapshot.source, edit.start, edit.end), decode(edit.new))


def markdown(text: str) -> types.MarkupContent:
    return types.MarkupContent(types.MarkupKind.Markdown, text)

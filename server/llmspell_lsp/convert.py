"""Plain data of the analysis to LSP types."""

from __future__ import annotations

from typing import Protocol

from llmspell_analysis.rules.model import Diagnostic
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.text import SourceText, decode
from llmspell_analysis.syntax.tree import Edit
from lsprotocol import types
from pygls.uris import from_fs_path

from llmspell_lsp.documents import Snapshot
from llmspell_lsp.positions import PositionCodec

SOURCE = "llmspell"

_TAGS = {
    "unnecessary": types.DiagnosticTag.Unnecessary,
    "deprecated": types.DiagnosticTag.Deprecated,
}


SYMBOL_KINDS: dict[str, types.SymbolKind] = {
    "function": types.SymbolKind.Function,
    "method": types.SymbolKind.Method,
    "variable": types.SymbolKind.Variable,
    "table": types.SymbolKind.Object,
    "field": types.SymbolKind.Field,
}


def file_uri(path: str) -> str:
    """Empty for a document that is no file."""
    return from_fs_path(path) or ""


class Located(Protocol):
    """A text that the client knows by its URI."""

    @property
    def uri(self) -> str: ...
    @property
    def source(self) -> SourceText: ...


def to_diagnostic(found: Diagnostic, text: Located, codec: PositionCodec) -> types.Diagnostic:
    source = text.source
    related = [
        types.DiagnosticRelatedInformation(
            types.Location(text.uri, codec.range(source, each.start, each.end)), each.message
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


def to_text_edit(edit: Edit, text: Snapshot | Document, codec: PositionCodec) -> types.TextEdit:
    return types.TextEdit(codec.range(text.source, edit.start, edit.end), decode(edit.new))


def markdown(text: str) -> types.MarkupContent:
    return types.MarkupContent(types.MarkupKind.Markdown, text)

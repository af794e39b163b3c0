"""textDocument/codeAction: the fixes that diagnostics carry, and comments that silence them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmspell_analysis.rules.model import Diagnostic
from llmspell_analysis.rules.table import SYNTAX_CODES
from llmspell_analysis.syntax.tree import Edit
from lsprotocol import types

from llmspell_lsp.convert import to_diagnostic, to_text_edit
from llmspell_lsp.documents import Snapshot

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer


def register(server: LlmspellServer) -> None:
    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix]),
    )
    def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        snapshot = server.documents.get(params.text_document.uri)
        only = params.context.only
        if snapshot is None or (only is not None and types.CodeActionKind.QuickFix not in only):
            return []
        codec = server.documents.codec
        start = codec.offset(snapshot.source, params.range.start)
        end = codec.offset(snapshot.source, params.range.end)
        found = [each for each in server.diagnostics.latest(snapshot) if each.start <= end and start <= each.end]
        actions = [action for each in found for action in _fixes(each, snapshot, server)]
        return actions + [action for each in found for action in _suppressions(each, snapshot, server)]


def _fixes(found: Diagnostic, snapshot: Snapshot, server: LlmspellServer) -> Iterator[types.CodeAction]:
    for fix in found.fixes:
        yield _action(fix.title, fix.edits, found, snapshot, server, preferred=len(found.fixes) == 1)


def _suppressions(found: Diagnostic, snapshot: Snapshot, server: LlmspellServer) -> Iterator[types.CodeAction]:
    if found.code in SYNTAX_CODES:
        return
    source = snapshot.source
    start, end = source.line_span(source.line_of(found.start))
    indent = source.data[start:end][: len(source.data[start:end]) - len(source.data[start:end].lstrip(b" \t"))]
    comment = indent + f"---@diagnostic disable-next-line: {found.code}\n".encode()
    yield _action(f"Disable `{found.code}` on this line", (Edit(start, start, comment),), found, snapshot, server)


def _action(
    title: str,
    edits: tuple[Edit, ...],
    found: Diagnostic,
    snapshot: Snapshot,
    server: LlmspellServer,
    *,
    preferred: bool = False,
) -> types.CodeAction:
    codec = server.documents.codec
    changes = [to_text_edit(edit, snapshot, codec) for edit in edits]
    workspace = server.client_capabilities.workspace
    edit_capability = workspace.workspace_edit if workspace is not None else None
    if edit_capability is not None and edit_capability.document_changes:
        identifier = types.OptionalVersionedTextDocumentIdentifier(snapshot.uri, snapshot.document.version)
        edit = types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(identifier, list(changes))])
    else:
        edit = types.WorkspaceEdit(changes={snapshot.uri: changes})
    return types.CodeAction(
        title,
        types.CodeActionKind.QuickFix,
        diagnostics=[to_diagnostic(found, snapshot, codec)],
        is_preferred=preferred or None,
        edit=edit,
    )

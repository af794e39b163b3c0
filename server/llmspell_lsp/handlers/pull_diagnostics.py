"""textDocument/diagnostic and workspace/diagnostic, for clients that ask; the others are told by `diagnostics`.

A result's id stands for what the client sees: the same findings at the same places have the same id.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterable
from hashlib import blake2b
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import to_fs_path

from llmspell_lsp.background import Wanted
from llmspell_lsp.convert import to_diagnostic
from llmspell_lsp.progress import Work, shown

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer
    from llmspell_lsp.workspace_findings import FileFindings, WorkspaceFindings

# So many reports are sent together where the client takes them piece by piece.
_REPORTS_AT_ONCE = 20
_WorkspaceReport = types.WorkspaceFullDocumentDiagnosticReport | types.WorkspaceUnchangedDocumentDiagnosticReport


def register(server: LlmspellServer) -> None:
    @functools.cache
    def findings() -> WorkspaceFindings:
        # what it needs is not loaded before somebody asks
        from llmspell_lsp.workspace_findings import WorkspaceFindings

        return WorkspaceFindings(server)

    async def items_of(uri: str) -> list[types.Diagnostic]:
        snapshot = server.documents.get(uri)
        if snapshot is not None:
            found = await server.diagnostics.of(snapshot)
            return [to_diagnostic(each, snapshot, server.documents.codec) for each in found]
        path = to_fs_path(uri) or ""
        mistakes = server.configuration_files.mistakes_at(uri, path)
        if mistakes is not None:
            return mistakes
        if not path.endswith(".lua"):
            return []
        one = await server.scanning.run(lambda _: findings().of_file(path))
        return _items(server, one) if one is not None else []

    @server.feature(
        types.TEXT_DOCUMENT_DIAGNOSTIC,
        types.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=True),
    )
    async def diagnostic(params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
        server.diagnostics.client_pulls()
        items = await items_of(params.text_document.uri)
        result_id = _result_id(items)
        if result_id == params.previous_result_id:
            return types.RelatedUnchangedDocumentDiagnosticReport(result_id)
        return types.RelatedFullDocumentDiagnosticReport(items, result_id=result_id)

    @server.feature(types.WORKSPACE_DIAGNOSTIC)
    async def workspace_diagnostic(params: types.WorkspaceDiagnosticParams) -> types.WorkspaceDiagnosticReport:
        server.diagnostics.client_pulls()
        loop = asyncio.get_running_loop()
        previous = {each.uri: each.value for each in params.previous_result_ids}
        opened = list(server.documents)
        token = params.partial_result_token

        def send(reports: list[_WorkspaceReport]) -> None:
            value = types.WorkspaceDiagnosticReportPartialResult(reports)
            server.protocol.notify(types.PROGRESS, types.ProgressParams(token or 0, value))

        def compute(work: Work, wanted: Wanted) -> list[_WorkspaceReport]:
            reports: list[_WorkspaceReport] = []
            seen = set()
            for one in findings().look(opened, work, wanted):
                seen.add(one.uri)
                reports.append(_report(one.uri, one.version, _items(server, one), previous))
                if token is not None and len(reports) >= _REPORTS_AT_ONCE:
                    loop.call_soon_threadsafe(send, reports)
                    reports = []
            for uri, items in server.configuration_files.known_mistakes():
                seen.add(uri)
                reports.append(_report(uri, server.configuration_files.version(uri), items, previous))
            # what was said of a file that is gone is withdrawn
            return reports + ([_report(uri, None, [], {}) for uri in previous.keys() - seen] if wanted() else [])

        reports = await shown(server, "Checking the workspace", params.work_done_token, compute, server.scanning)
        if token is None:
            return types.WorkspaceDiagnosticReport(reports)
        if reports:
            send(reports)
        return types.WorkspaceDiagnosticReport([])


def _items(server: LlmspellServer, one: FileFindings) -> list[types.Diagnostic]:
    return [to_diagnostic(each, one, server.documents.codec) for each in one.found]


def _report(uri: str, version: int | None, items: list[types.Diagnostic], previous: dict[str, str]) -> _WorkspaceReport:
    result_id = _result_id(items)
    if previous.get(uri) == result_id:
        return types.WorkspaceUnchangedDocumentDiagnosticReport(uri, result_id, version)
    return types.WorkspaceFullDocumentDiagnosticReport(uri, items, version, result_id=result_id)


def _result_id(items: Iterable[types.Diagnostic]) -> str:
    digest = blake2b(digest_size=12)
    for each in items:
        parts = (_place(each.range), each.code, each.severity, each.message, each.tags)
        related = [
            (one.location.uri, _place(one.location.range), one.message) for one in each.related_information or ()
        ]
        digest.update(repr((parts, related)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _place(range_: types.Range) -> tuple[int, int, int, int]:
    return range_.start.line, range_.start.character, range_.end.line, range_.end.character

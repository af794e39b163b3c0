"""Mistakes in configuration files, told where they stand: as diagnostics of the file, also while it is edited.

A file that is open counts as the client has it, any other one as it is on the disk.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import to_fs_path

from llmspell_lsp.convert import SOURCE, file_uri
from llmspell_lsp.documents import Documents, Snapshot

if TYPE_CHECKING:
    from llmspell_analysis.configuration import FileConfiguration, Problem
    from llmspell_analysis.syntax.text import SourceText

    from llmspell_lsp.server import LlmspellServer

CODE = "configuration"


class ConfigurationFiles:
    """What is open of them, and what was found in those that hold for a script."""

    def __init__(self, server: LlmspellServer) -> None:
        self._server = server
        self._documents = Documents(accepts=_is_configuration)
        # Paths with their mistakes, as they were when a script was last looked at.
        self._found: dict[str, tuple[Problem, ...]] = {}
        self._told: dict[str, tuple[Problem, ...]] = {}

    # --- documents -----------------------------------------------------------------------------------------------

    def did_open(self, item: types.TextDocumentItem) -> None:
        self._documents.codec = self._server.documents.codec
        if (snapshot := self._documents.open(item)) is not None:
            self._publish_opened(snapshot)

    def did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        document = params.text_document
        if (snapshot := self._documents.change(document.uri, document.version, params.content_changes)) is not None:
            self._publish_opened(snapshot)

    def did_close(self, uri: str) -> None:
        snapshot = self._documents.get(uri)
        if snapshot is None:
            return
        self._documents.close(uri)
        path = snapshot.document.path
        self._told.pop(path, None)
        self._server.diagnostics.push(uri, None, [])
        if self._found.get(path):
            self.tell()

    def version(self, uri: str) -> int | None:
        snapshot = self._documents.get(uri)
        return snapshot.document.version if snapshot is not None else None

    # --- mistakes ------------------------------------------------------------------------------------------------

    def learn(self, configuration: FileConfiguration) -> None:
        """What holds for a script, by any thread."""
        for path in configuration.sources:
            self._found[path] = tuple(each for each in configuration.problems if each.path == path)

    def tell(self) -> None:
        """Publishes what has changed in the files that are not open."""
        for path, problems in list(self._found.items()):
            if self._told.get(path, ()) != problems and self._documents.uri_at(path) is None:
                self._told[path] = problems
                self._server.diagnostics.push(file_uri(path), None, self._on_disk(path, problems))

    def mistakes_at(self, uri: str, path: str) -> list[types.Diagnostic] | None:
        """Those of one file; None for one that configures nothing."""
        if not _is_configuration(uri):
            return None
        if (snapshot := self._documents.get(uri)) is not None:
            return self._in_text(snapshot)
        from llmspell_analysis.configuration import read_file

        source = read_file(path)
        return self._on_disk(path, source.problems) if source is not None else []

    def known_mistakes(self) -> list[tuple[str, list[types.Diagnostic]]]:
        """Those of all files that hold for a script, and of those that are open; by any thread."""
        opened = [(snapshot.uri, self._in_text(snapshot)) for snapshot in self._documents]
        closed = [(path, found) for path, found in list(self._found.items()) if self._documents.uri_at(path) is None]
        return opened + [(file_uri(path), self._on_disk(path, found)) for path, found in closed]

    def _publish_opened(self, snapshot: Snapshot) -> None:
        self._told.pop(snapshot.document.path, None)
        self._server.diagnostics.push(snapshot.uri, snapshot.document.version, self._in_text(snapshot))

    def _in_text(self, snapshot: Snapshot) -> list[types.Diagnostic]:
        from llmspell_analysis.configuration import read_opened

        source = snapshot.source
        problems = read_opened(snapshot.document.path, source.slice(0, len(source))).problems
        return [self._diagnostic(each, source) for each in problems]

    def _on_disk(self, path: str, problems: tuple[Problem, ...]) -> list[types.Diagnostic]:
        from llmspell_analysis.configuration import MAX_CONFIGURATION_BYTES
        from llmspell_analysis.syntax.text import SourceText

        if not problems:
            return []
        try:
            with open(path, "rb") as file:
                source = SourceText(file.read(MAX_CONFIGURATION_BYTES))
        except OSError:
            source = SourceText(b"")
        return [self._diagnostic(each, source) for each in problems]

    def _diagnostic(self, problem: Problem, source: SourceText) -> types.Diagnostic:
        return types.Diagnostic(
            range=self._server.documents.codec.range(source, *_span(problem, source)),
            message=f"{problem.key}: {problem.message}" if problem.key else problem.message,
            severity=types.DiagnosticSeverity.Error if problem.is_ours else types.DiagnosticSeverity.Warning,
            code=CODE,
            source=SOURCE,
        )


def _is_configuration(uri: str, language: str = "") -> bool:
    from llmspell_analysis.configuration import NAMES

    return os.path.basename(to_fs_path(uri) or "") in NAMES


def _span(problem: Problem, source: SourceText) -> tuple[int, int]:
    """The key's last name on the line of a mistake; the text of the line where it is not there."""
    if not 0 < problem.line <= len(source.line_starts):
        return 0, 0
    start, end = source.line_span(problem.line - 1)
    line = source.data[start:end]
    name = problem.key.rpartition(".")[2].partition("[")[0].encode()
    found = re.search(rb"(?<![\w-])" + re.escape(name) + rb"(?![\w-])", line) if name else None
    if found is not None:
        return start + found.start(), start + found.end()
    text = line.strip()
    begin = start + line.find(text)
    return begin, begin + len(text)

"""Diagnostics in the background: after a short pause in typing, on a thread of their own, never for a stale text.

Invariant: a client sees a finding once: one that pulls is not pushed to, and before it pulls for the first time it is
told like all others.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.segments import Segments
from llmspell_analysis.rules.model import Diagnostic, Options
from lsprotocol import types

from llmspell_lsp.convert import to_diagnostic
from llmspell_lsp.documents import NOTHING_GIVEN, Given, Snapshot

if TYPE_CHECKING:
    from llmspell_analysis.configuration import Configurations, Problem
    from llmspell_analysis.project_types import ProjectTypes

    from llmspell_lsp.server import LlmspellServer

logger = logging.getLogger(__name__)

# Short enough to feel immediate, long enough to skip the letters of one word.
_DEBOUNCE_SECONDS = 0.03
# Once nothing has been typed for so long, the tables of the whole text are made, for completion elsewhere in it.
_IDLE_SECONDS = 1.0


def _load() -> None:
    from llmspell_analysis.catalogue import load_catalogue
    from llmspell_analysis.syntax.compiler import compile_error

    load_catalogue()
    compile_error(b"")


class Diagnostics:
    """Computes, keeps and publishes the findings of the open documents."""

    def __init__(self, server: LlmspellServer) -> None:
        self._server = server
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="diagnostics")
        self._timers: dict[str, asyncio.TimerHandle] = {}
        # What was found last, with the snapshot it is about.
        self._found: dict[str, tuple[Snapshot, tuple[Diagnostic, ...]]] = {}
        # What each document gave to others when it was last looked at: names of globals and of types.
        self._given: dict[str, Given] = {}
        # What is kept of each document from version to version, so that a keystroke costs little.
        self._segments: dict[str, Segments] = {}
        # Made when first asked: nothing of it is needed while the server starts.
        self._configurations: Configurations | None = None
        self._project_types: ProjectTypes | None = None
        # Mistakes in configuration files, and whether nobody has been told of them yet.
        self._problems: dict[Problem, bool] = {}
        self._closed = False
        self._is_pulled = False
        # What was published last, by URI, where it was not nothing.
        self._pushed: set[str] = set()
        # What the files of each root give that are not open, once all of them were looked at.
        self._files_give: dict[str | None, Given] = {}
        self._refresh: asyncio.TimerHandle | None = None

    def close(self) -> None:
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def warm_up(self) -> None:
        """Loads what the first findings will need, while the client is busy with our answer."""
        if not self._closed:
            self._executor.submit(_load)

    # --- who is told, and how --------------------------------------------------------------------------------------

    def client_pulls(self) -> None:
        """From now on it asks: what it was told is withdrawn."""
        document = self._server.client_capabilities.text_document
        if self._is_pulled or document is None or document.diagnostic is None:
            return
        for uri in list(self._pushed):
            self.push(uri, None, [])
        self._is_pulled = True

    def push(self, uri: str, version: int | None, items: list[types.Diagnostic]) -> None:
        document = self._server.client_capabilities.text_document
        asks_only = document is not None and document.publish_diagnostics is None and document.diagnostic is not None
        if self._is_pulled or asks_only:
            return
        (self._pushed.add if items else self._pushed.discard)(uri)
        self._server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, items, version))

    async def of(self, snapshot: Snapshot) -> tuple[Diagnostic, ...]:
        """The findings of this very snapshot, computed now if need be."""
        kept = self._found.get(snapshot.uri)
        if kept is not None and kept[0] is snapshot:
            return kept[1]
        found = await asyncio.wrap_future(self._executor.submit(self.compute, snapshot))
        if self._server.documents.get(snapshot.uri) is snapshot:
            self._keep(snapshot, found)
        return found

    def _ask_to_pull(self) -> None:
        """Something else than a document's text has changed: a client that pulls does so again."""
        workspace = self._server.client_capabilities.workspace
        capability = workspace.diagnostics if workspace is not None else None
        if not self._is_pulled or capability is None or not capability.refresh_support:
            return
        if self._refresh is not None:
            self._refresh.cancel()
        self._refresh = asyncio.get_running_loop().call_later(
            _DEBOUNCE_SECONDS, self._server.workspace_diagnostic_refresh, None
        )

    # --- when ------------------------------------------------------------------------------------------------------

    def schedule(self, uri: str, delay: float = _DEBOUNCE_SECONDS) -> None:
        """Looks at a document once nothing has changed in it for `delay` seconds."""
        if self._closed:
            return
        if (timer := self._timers.pop(uri, None)) is not None:
            timer.cancel()
        self._timers[uri] = asyncio.get_running_loop().call_later(delay, self._start, uri)

    def schedule_all(self, but: str | None = None) -> None:
        for snapshot in self._server.documents:
            if snapshot.uri != but:
                self._found.pop(snapshot.uri, None)
                self.schedule(snapshot.uri)
        self._ask_to_pull()

    def clear(self, uri: str) -> None:
        """The document was closed: what was said about it is withdrawn."""
        if (timer := self._timers.pop(uri, None)) is not None:
            timer.cancel()
        self._found.pop(uri, None)
        self._segments.pop(uri, None)
        if self._given.pop(uri, NOTHING_GIVEN) != NOTHING_GIVEN:
            self.schedule_all()
        self.push(uri, None, [])

    def _start(self, uri: str) -> None:
        self._timers.pop(uri, None)
        snapshot = self._server.documents.get(uri)
        if snapshot is None or self._closed or (uri in self._found and self._found[uri][0] is snapshot):
            return
        loop = asyncio.get_running_loop()
        future = self._executor.submit(self.compute, snapshot)

        def done(finished: Future[tuple[Diagnostic, ...]]) -> None:
            if not finished.cancelled() and not loop.is_closed():
                loop.call_soon_threadsafe(self._finish, snapshot, finished)

        future.add_done_callback(done)

    def compute(self, snapshot: Snapshot) -> tuple[Diagnostic, ...]:
        """The findings of a snapshot, by any thread."""
        from llmspell_analysis.catalogue import load_catalogue
        from llmspell_analysis.project_types import UNDEFINED_TYPE, ProjectTypes
        from llmspell_analysis.rules.check import check_file
        from llmspell_analysis.validation import compiler_findings, declared_types

        server = self._server
        options = self._options(snapshot)
        if options is None:
            return ()
        if snapshot.is_too_large:
            return compiler_findings(snapshot.source)
        other_globals, other_types = self.given_in(server.project.root_of(snapshot.document.path), but=snapshot.uri)
        options = replace(options, other_globals=other_globals, other_types=other_types)
        segments = self._segments.setdefault(snapshot.uri, Segments())
        found, file = check_file(snapshot.document, load_catalogue(), server.project, options, segments)
        if any(each.code == UNDEFINED_TYPE for each in found) and snapshot.document.path:
            if self._project_types is None:
                self._project_types = ProjectTypes()
            declared = self._project_types.of(snapshot.document.path)
            options = replace(options, other_types=options.other_types | declared)
            found, file = check_file(snapshot.document, load_catalogue(), server.project, options, segments)
        snapshot.given = frozenset(file.globals_assigned), declared_types(snapshot.source.data)
        snapshot.prepare()
        return found

    def given_in(self, root: str | None, but: str = "") -> Given:
        """What the files of a root define, open ones and others, as far as they were looked at; by any thread."""
        root_of, path_at = self._server.project.root_of, self._server.documents.path_at
        given = [each for uri, each in list(self._given.items()) if uri != but and root_of(path_at(uri)) == root]
        given.append(self._files_give.get(root, NOTHING_GIVEN))
        return frozenset().union(*(names for names, _ in given)), frozenset().union(*(types for _, types in given))

    def files_give(self, given: dict[str | None, Given]) -> None:
        """What the files of each root define that are not open, by any thread."""
        if given != self._files_give:
            self._files_give = given
            self._server.call_soon(self.schedule_all)

    def _options(self, snapshot: Snapshot) -> Options | None:
        """What the client's settings and the project's configuration files say; None for no findings at all."""
        from llmspell_analysis.configuration import Configurations

        settings = self._server.settings
        if not settings.diagnostics:
            return None
        if not snapshot.document.path:
            return settings.options
        if self._configurations is None:
            self._configurations = Configurations()
        configuration = self._configurations.of(snapshot.document.path, settings.as_configuration())
        self._problems = dict.fromkeys(configuration.problems, True) | self._problems
        self._server.configuration_files.learn(configuration)
        return None if configuration.is_excluded else configuration.options

    def _tell_problems(self) -> None:
        """What is wrong with configuration files, each mistake once, and where it stands."""
        self._server.configuration_files.tell()
        for problem, is_new in list(self._problems.items()):
            if is_new:
                self._problems[problem] = False
                self._server.warn(f"LLMSpell configuration: {problem}")

    def _finish(self, snapshot: Snapshot, finished: Future[tuple[Diagnostic, ...]]) -> None:
        if self._closed or self._server.documents.get(snapshot.uri) is not snapshot:
            return  # the text has changed: newer findings are on their way
        error = finished.exception()
        if error is not None:
            logger.error("diagnostics of %s failed", snapshot.uri, exc_info=error)
            return
        found = finished.result()
        codec = self._server.documents.codec
        self.push(snapshot.uri, snapshot.document.version, [to_diagnostic(each, snapshot, codec) for each in found])
        self._keep(snapshot, found)

    def _keep(self, snapshot: Snapshot, found: tuple[Diagnostic, ...]) -> None:
        self._tell_problems()
        self._found[snapshot.uri] = (snapshot, found)
        asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._make_tables, snapshot)
        if self._given.get(snapshot.uri, NOTHING_GIVEN) != snapshot.given:
            self._given[snapshot.uri] = snapshot.given
            self.schedule_all(but=snapshot.uri)

    def _make_tables(self, snapshot: Snapshot) -> None:
        if not self._closed and self._server.documents.get(snapshot.uri) is snapshot:
            self._executor.submit(lambda: snapshot.analysis)

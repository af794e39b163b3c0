"""The language server: state, life cycle and the event loop. What it offers is in `handlers`.

Execution model: everything that changes state, and every quick answer, runs on the event loop's thread.
Diagnostics are computed on one thread of their own from an immutable snapshot, and dropped when it is stale.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.analysis.python_tools import project_root
from llmspell_analysis.catalogue import Catalogue, load_catalogue
from llmspell_analysis.features.workspace import Step, Workspace, is_wide
from llmspell_analysis.rules.table import RULES
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.text import MAX_CHECKED_BYTES
from llmspell_analysis.syntax.tree import Edit
from llmspell_kernel.version import __version__
from lsprotocol import types
from pygls.io_ import StdoutWriter
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from llmspell_lsp.background import Background
from llmspell_lsp.configuration_files import ConfigurationFiles
from llmspell_lsp.convert import file_uri, to_text_edit
from llmspell_lsp.diagnostics import Diagnostics
from llmspell_lsp.documents import Documents, Snapshot
from llmspell_lsp.handlers import register
from llmspell_lsp.live import LiveKernel
from llmspell_lsp.orphan import watch_parent
from llmspell_lsp.positions import PositionCodec
from llmspell_lsp.progress import Work
from llmspell_lsp.protocol import PARSE_ERROR, LlmspellProtocol
from llmspell_lsp.settings import SECTION, Settings, read_settings
from llmspell_lsp.transport import FramingError, InOrder, StdioReader, StreamFramer, parse

logger = logging.getLogger(__name__)


class LlmspellServer(LanguageServer):
    """One client's server. `stop` ends it with an exit code."""

    protocol: LlmspellProtocol

    def __init__(self) -> None:
        super().__init__(
            name="llmspell-lsp",
            version=__version__,
            text_document_sync_kind=types.TextDocumentSyncKind.Incremental,
            protocol_cls=LlmspellProtocol,
        )
        self.documents = Documents()
        self.settings = Settings()
        self.project = Project(open_document=self.documents.at_path)
        self.diagnostics = Diagnostics(self)
        self.configuration_files = ConfigurationFiles(self)
        self.background = Background()
        # what looks at all files of the workspace holds up nothing else
        self.scanning = Background()
        self.works: dict[types.ProgressToken, Work] = {}
        self._told_settings: tuple[str, ...] = ()
        self._told_too_large: set[str] = set()
        self._live: dict[str, LiveKernel] = {}
        self.exit_code: int | None = None
        self._stopped: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        register(self)

    @property
    def catalogue(self) -> Catalogue:
        return load_catalogue()

    def workspace_of(self, script: str = "", step: Step | None = None) -> Workspace:
        """The files of the root that a script belongs to; those of all roots without one."""
        return Workspace(self.project, self._searched_roots(), script, step)

    def _searched_roots(self) -> list[str]:
        """The roots; instead of a home directory the projects in it whose files are open."""
        roots = [root for root in self.project.roots if not is_wide(root)]
        if len(roots) < len(self.project.roots):
            opened = (project_root(each.document.path) for each in self.documents)
            roots += [folder for folder in opened if folder is not None and not is_wide(folder)]
        return list(dict.fromkeys(roots))

    def live(self, snapshot: Snapshot) -> LiveKernel | None:
        """The kernel of a document's folder; None for one that is no file, and where live data is off."""
        if not self.settings.live or not snapshot.document.path:
            return None
        folder = str(Path(snapshot.document.path).parent)
        return self._live.setdefault(folder, LiveKernel(folder))

    def uri_of(self, analysis: Analysis) -> str:
        """The URI under which the client knows the file of these tables."""
        return self.documents.uri_at(analysis.document.path) or file_uri(analysis.document.path)

    def analysis_of(self, uri: str) -> Analysis | None:
        """The tables of an open document, or of a file of the project."""
        snapshot = self.documents.get(uri)
        if snapshot is not None:
            return snapshot.analysis
        path = to_fs_path(uri)
        return self.project.file(path) if path else None

    def edits_of(
        self, changes: Iterable[tuple[Analysis, Iterable[Edit]]]
    ) -> Iterator[tuple[str, Document, Iterable[Edit]]]:
        """Edits of the files that these tables were made from, as `workspace_edit` takes them."""
        for analysis, edits in changes:
            yield self.uri_of(analysis), analysis.document, edits

    def workspace_edit(self, changes: Iterable[tuple[str, Document, Iterable[Edit]]]) -> types.WorkspaceEdit:
        """Edits of documents, each against its text."""
        found = {
            uri: (document.version, [to_text_edit(edit, document, self.documents.codec) for edit in edits])
            for uri, document, edits in changes
        }
        workspace = self.client_capabilities.workspace
        capability = workspace.workspace_edit if workspace is not None else None
        if capability is None or not capability.document_changes:
            return types.WorkspaceEdit(changes={uri: texts for uri, (_, texts) in found.items()})
        return types.WorkspaceEdit(
            document_changes=[
                types.TextDocumentEdit(types.OptionalVersionedTextDocumentIdentifier(uri, version), list(texts))
                for uri, (version, texts) in found.items()
            ]
        )

    # --- the loop ----------------------------------------------------------------------------------------------

    def serve_stdio(self, stdin: BinaryIO, stdout: BinaryIO) -> int:
        """Serves one client until it leaves; the process's exit code."""
        return asyncio.run(self._serve_stdio(stdin, stdout))

    async def _serve_stdio(self, stdin: BinaryIO, stdout: BinaryIO) -> int:
        self._begin()
        self.protocol.set_writer(StdoutWriter(stdout))
        reader = StdioReader(stdin, self.receive, self.refuse, self.client_left)
        reader.start(asyncio.get_running_loop())
        return await self._until_stopped()

    def serve_tcp(self, host: str, port: int) -> int:
        """Waits for one client on a loopback address, serves it, and ends with it."""
        return asyncio.run(self._serve_tcp(host, port))

    async def _serve_tcp(self, host: str, port: int) -> int:
        self._begin()
        accepted: list[asyncio.StreamWriter] = []

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if accepted:
                writer.close()  # one client per process: state is the client's
                return
            accepted.append(writer)
            self.protocol.set_writer(_TcpWriter(writer))
            await _read_tcp(reader, self)

        listener = await asyncio.start_server(connected, host, port)
        address = listener.sockets[0].getsockname()
        print(f"llmspell-lsp listens on {address[0]}:{address[1]}", file=sys.stderr, flush=True)  # noqa: T201
        try:
            return await self._until_stopped()
        finally:
            listener.close()
            for writer in accepted:
                writer.close()

    def _begin(self) -> None:
        self._stopped = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def call_soon(self, run: Callable[[], None]) -> None:
        """On the loop's thread, by any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(run)

    async def _until_stopped(self) -> int:
        if self._stopped is None:
            raise RuntimeError("the server was not begun")
        await self._stopped.wait()
        self.diagnostics.close()
        self.background.close()
        self.scanning.close()
        for live in self._live.values():
            live.close()
        return self.exit_code or 0

    def stop(self, exit_code: int) -> None:
        """Ends the loop. The first exit code counts."""
        if self.exit_code is None:
            self.exit_code = exit_code
        if self._stopped is not None:
            self._stopped.set()

    def client_left(self) -> None:
        """The client's end of the connection is closed."""
        logger.info("the client closed the connection")
        self.stop(0 if self.protocol.is_shut_down else 1)

    def receive(self, message: dict[str, Any]) -> None:
        try:
            self.protocol.receive(message)
        except BrokenPipeError:
            self.client_left()

    def refuse(self, reason: str) -> None:
        """Answers what is no message, as JSON-RPC says: with an error that has no id."""
        logger.warning("ignored a message: %s", reason)
        try:
            self.protocol.answer_error(None, PARSE_ERROR, reason)
        except BrokenPipeError:
            self.client_left()

    def report_server_error(self, error: Exception, source: Any) -> None:
        """A handler's failure is in its response or the log; a person can do nothing about it in a pop-up."""
        logger.debug("%s: %s", getattr(source, "__name__", source), error)

    # --- life cycle --------------------------------------------------------------------------------------------

    def initialize(self, params: types.InitializeParams) -> None:
        self.documents.codec = PositionCodec(self.workspace.position_encoding)
        folders = [folder.uri for folder in params.workspace_folders or []] or [params.root_uri or ""]
        paths = [path for uri in folders if uri and (path := to_fs_path(uri))]
        if not paths and params.root_path:
            paths = [params.root_path]
        self.project = Project(dict.fromkeys(map(os.path.normpath, paths)), self.documents.at_path)
        self.apply_settings(params.initialization_options)
        if params.process_id is not None:
            watch_parent(params.process_id, asyncio.get_running_loop(), self.client_left)

    def change_roots(self, added: Iterable[str], removed: Iterable[str]) -> None:
        """Folders, by their URIs, that the client has opened and closed."""
        gone = {os.path.normpath(path) for uri in removed if (path := to_fs_path(uri))}
        new = [os.path.normpath(path) for uri in added if (path := to_fs_path(uri))]
        self.project.roots = tuple(dict.fromkeys([*(root for root in self.project.roots if root not in gone), *new]))
        self.diagnostics.schedule_all()

    def apply_settings(self, raw: object) -> None:
        if isinstance(raw, dict) and SECTION in raw:
            raw = raw[SECTION]
        commands = self.settings.commands
        self.settings, problems = read_settings(raw, frozenset(RULES))
        if not isinstance(raw, dict) or "commands" not in raw:
            # they are no setting: the client tells them once
            self.settings = replace(self.settings, commands=commands)
        if problems and problems != self._told_settings:
            self.warn(f"LLMSpell settings: {'; '.join(problems)}")
        self._told_settings = problems
        self.diagnostics.schedule_all()

    def warn(self, message: str) -> None:
        self.window_show_message(types.ShowMessageParams(types.MessageType.Warning, message))

    # --- documents ---------------------------------------------------------------------------------------------

    def did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        snapshot = self.documents.open(params.text_document)
        if snapshot is None:
            self.configuration_files.did_open(params.text_document)
            return
        self.diagnostics.schedule(snapshot.uri, delay=0)
        self._tell_too_large(snapshot)

    def did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        document = params.text_document
        snapshot = self.documents.change(document.uri, document.version, params.content_changes)
        if snapshot is None:
            self.configuration_files.did_change(params)
            return
        self.diagnostics.schedule(snapshot.uri)
        self._tell_too_large(snapshot)

    def did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        if self.documents.get(uri) is None:
            self.configuration_files.did_close(uri)
            return
        self.documents.close(uri)
        self._told_too_large.discard(uri)
        self.diagnostics.clear(uri)

    def _tell_too_large(self, snapshot: Snapshot) -> None:
        """Once, until it is closed."""
        if not snapshot.is_too_large or snapshot.uri in self._told_too_large:
            return
        self._told_too_large.add(snapshot.uri)
        text = (
            f"{snapshot.document.path or snapshot.uri} has {len(snapshot.source)} bytes, more than the "
            f"{MAX_CHECKED_BYTES} that are analysed: only the compiler looks at it"
        )
        self.window_log_message(types.LogMessageParams(types.MessageType.Info, text))


class _TcpWriter:
    """pygls' synchronous writer over asyncio's buffered one."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def close(self) -> None:
        self._writer.close()


async def _read_tcp(reader: asyncio.StreamReader, server: LlmspellServer) -> None:
    framer, steps = StreamFramer(), InOrder(asyncio.get_running_loop())
    while data := await reader.read(1 << 16):
        for body in framer.feed(data):
            if isinstance(body, FramingError):
                steps.put(partial(server.refuse, str(body)))
                continue
            try:
                message = parse(body)
            except FramingError as error:
                steps.put(partial(server.refuse, str(error)))
                continue
            steps.put(partial(server.receive, message))
    steps.put(server.client_left)

"""The open documents: text exactly as the client has it, one immutable snapshot per version.

Changes are applied on the event loop's thread alone; snapshots may be read by any thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from llmspell_analysis.analysis.builder import analyze
from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.synchronisation import synchronised_start
from llmspell_analysis.syntax.text import MAX_CHECKED_BYTES, SourceText
from llmspell_analysis.syntax.tree import Edit
from lsprotocol.types import TextDocumentContentChangeEvent, TextDocumentContentChangePartial, TextDocumentItem
from pygls.uris import to_fs_path

from llmspell_lsp.positions import PositionCodec

LANGUAGES = frozenset({"lua", "llmspell"})

# Names of the globals that a document assigns, and of the types that its annotations declare.
Given = tuple[frozenset[str], frozenset[str]]
NOTHING_GIVEN: Given = (frozenset(), frozenset())


class Snapshot:
    """One version of one open document. Its tables are made once, by whoever asks first."""

    def __init__(self, uri: str, document: Document, earlier: Analysis | None = None, unchanged_until: int = 0) -> None:
        self.uri = uri
        self.document = document
        # The tables of an earlier version, and up to where its text is still this one's.
        self._earlier = earlier
        self._unchanged_until = unchanged_until
        self._analysis: Analysis | None = None
        self._lock = threading.Lock()
        # What it gives to others, once its findings are known.
        self.given: Given = NOTHING_GIVEN

    @property
    def source(self) -> SourceText:
        return self.document.source

    @property
    def is_too_large(self) -> bool:
        """No structure is looked for in it; the compiler alone looks at it."""
        return len(self.source) > MAX_CHECKED_BYTES

    @property
    def analysis(self) -> Analysis:
        with self._lock:
            if self._analysis is None:
                self._analysis = analyze(self.document)
                self._earlier = None
            return self._analysis

    def prepare(self) -> None:
        """Makes the tables of the first version, from which completion in later ones begins."""
        if self._earlier is None:
            self.analysis  # noqa: B018 -- made by being asked for

    def analysis_before(self, offset: int) -> Analysis:
        """Tables that are right for what is before the statement at `offset`; no waiting for new ones."""
        if self._analysis is not None:
            return self._analysis
        earlier = self._earlier
        if earlier is None or synchronised_start(self.document, offset) > self._unchanged_until:
            return self.analysis
        return replace(earlier, document=self.document)

    def changed(self, edits: Sequence[Edit], version: int | None) -> Snapshot:
        document = self.document.edited(edits, version)
        first = min((edit.start for edit in edits), default=len(self.source))
        if self._analysis is not None:
            return Snapshot(self.uri, document, self._analysis, first)
        return Snapshot(self.uri, document, self._earlier, min(self._unchanged_until, first))


def is_script(uri: str, language: str) -> bool:
    return language in LANGUAGES or uri.endswith(".lua")


class Documents:
    """Open documents by URI. `accepts` says by URI and language which ones are kept."""

    def __init__(self, accepts: Callable[[str, str], bool] = is_script) -> None:
        self._accepts = accepts
        self.codec = PositionCodec()
        self._snapshots: dict[str, Snapshot] = {}
        self._by_path: dict[str, str] = {}

    def open(self, item: TextDocumentItem) -> Snapshot | None:
        """None for a document of another kind."""
        if not self._accepts(item.uri, item.language_id):
            return None
        path = to_fs_path(item.uri) or ""
        document = Document(SourceText.from_str(item.text), path, item.version)
        self._snapshots[item.uri] = Snapshot(item.uri, document)
        if path:
            self._by_path[path] = item.uri
        return self._snapshots[item.uri]

    def change(
        self, uri: str, version: int | None, changes: Sequence[TextDocumentContentChangeEvent]
    ) -> Snapshot | None:
        """The next version; None when the document is not open here."""
        current = self._snapshots.get(uri)
        if current is None:
            return None
        for change in changes:
            source = current.source
            if isinstance(change, TextDocumentContentChangePartial):
                start = self.codec.offset(source, change.range.start)
                end = max(start, self.codec.offset(source, change.range.end))
            else:
                start, end = 0, len(source)
            edit = Edit(start, end, SourceText.from_str(change.text).data)
            current = current.changed((edit,), version)
        self._snapshots[uri] = current
        return current

    def close(self, uri: str) -> None:
        snapshot = self._snapshots.pop(uri, None)
        if snapshot is not None:
            self._by_path.pop(snapshot.document.path, None)

    def get(self, uri: str) -> Snapshot | None:
        return self._snapshots.get(uri)

    def at_path(self, path: str) -> Analysis | None:
        """Tables of the open document that is the file at `path`."""
        uri = self._by_path.get(path)
        snapshot = self._snapshots.get(uri) if uri is not None else None
        return snapshot.analysis if snapshot is not None else None

    def uri_at(self, path: str) -> str | None:
        """The URI of the open document that is the file at `path`."""
        return self._by_path.get(path)

    def path_at(self, uri: str) -> str:
        """Where an open document is; empty for one that is no file."""
        snapshot = self._snapshots.get(uri)
        return snapshot.document.path if snapshot is not None else ""

    def __iter__(self) -> Iterator[Snapshot]:
        return iter(list(self._snapshots.values()))

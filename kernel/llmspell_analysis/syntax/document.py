"""A document: an immutable snapshot of one version of a text, its tree parsed when first needed.

Edits only splice bytes, so that a thousand changes a second cost little; the tree is brought up to date once,
by whoever asks first.
"""

import threading
from collections.abc import Sequence

from tree_sitter import Tree

from llmspell_analysis.syntax.text import MAX_CHECKED_BYTES, SourceText
from llmspell_analysis.syntax.tree import Edit, parse, reparse

# Beyond so many unparsed edits a fresh parse is cheaper than replaying them.
_MAX_PENDING_EDITS = 64


class Document:
    """Text, version and tree. Attributes never change after construction; threads may share it."""

    __slots__ = ("_base", "_lock", "_tree", "path", "source", "synchronised", "version")

    def __init__(self, source: SourceText, path: str = "", version: int | None = None) -> None:
        self.source = source
        self.path = path
        self.version = version
        # the last offset that reading was synchronised for, and where it may start: one request asks several times
        self.synchronised: tuple[int, int] = 0, 0
        self._tree: Tree | None = None
        self._base: tuple[Tree, tuple[tuple[bytes, Edit], ...]] | None = None
        self._lock = threading.Lock()

    @property
    def is_binary(self) -> bool:
        """A text with NUL bytes early on, or one that is too large: no structure is looked for in it."""
        return len(self.source) > MAX_CHECKED_BYTES or b"\0" in self.source.data[:8192]

    @property
    def tree(self) -> Tree:
        # Once made it stays: who finds it needs no lock.
        if self._tree is not None:
            return self._tree
        with self._lock:
            if self._tree is None:
                self._tree = self._parse()
                self._base = None
            return self._tree

    def _parse(self) -> Tree:
        if self.is_binary:
            return parse(b"")
        if self._base is None:
            return parse(self.source.data)
        tree, pending = self._base
        for index, (old, edit) in enumerate(pending):
            new = pending[index + 1][0] if index + 1 < len(pending) else self.source.data
            tree = reparse(tree, old, edit, new)
        return tree

    def edited(self, edits: Sequence[Edit], version: int | None = None) -> "Document":
        """The next version: each edit applies to the text that the one before it left."""
        data = self.source.data
        steps = []
        for edit in edits:
            steps.append((data, edit))
            data = data[: edit.start] + edit.new + data[edit.end :]
        successor = Document(SourceText(data), self.path, version)
        with self._lock:
            base = (self._tree, ()) if self._tree is not None else self._base
        if base is not None and not self.is_binary:
            pending = (*base[1], *steps)
            if len(pending) <= _MAX_PENDING_EDITS:
                successor._base = (base[0], pending)
        return successor

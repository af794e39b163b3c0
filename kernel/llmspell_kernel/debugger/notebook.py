"""The cells of a session as files: what JupyterLab's debugger needs to find the cell in which a script is stopped.

JupyterLab computes a cell's path itself: ``tmpFilePrefix + murmur2(code, hashSeed) + tmpFileSuffix``. Chunks of cells
keep the name that they have without a debugger (``=cell 3``); only what a client sees is given the path.

Invariants: a cell's path depends on its text alone; the files lie in a folder of this process' user alone, which is
removed at the session's end, and where a process was killed, by the zygote or the next one that makes such a folder.
"""

import errno
import fcntl
import os
import threading
from collections.abc import Mapping
from typing import Any

from ..protocol.ldp import RequestError
from .inspection import visible

HASH_METHOD = "Murmur2"  # the only one that JupyterLab knows
HASH_SEED = 0xC70F6907
SUFFIX = ".lua"

# Cells that ran before: the stack of a stop may show functions of any of them.
MAX_CELLS = 10_000
MAX_TEXT = 16 * 1024 * 1024

_FOLDER_PREFIX = "llmspell-cells-"
_MULTIPLIER = 0x5BD1E995
_MASK = 0xFFFFFFFF
_PRIVATE_FILE = 0o600
_ATTEMPTS = 10


def murmur2(data: bytes, seed: int) -> int:
    """MurmurHash2 of 32 bits (Austin Appleby), as JupyterLab and ipykernel compute it."""
    hashed = (seed ^ len(data)) & _MASK
    whole = len(data) & ~3
    for position in range(0, whole, 4):
        word = int.from_bytes(data[position : position + 4], "little") * _MULTIPLIER & _MASK
        word = (word ^ word >> 24) * _MULTIPLIER & _MASK
        hashed = (hashed * _MULTIPLIER & _MASK) ^ word
    if whole < len(data):
        hashed = (hashed ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER & _MASK
    hashed = (hashed ^ hashed >> 13) * _MULTIPLIER & _MASK
    return hashed ^ hashed >> 15


def cell_hash(code: str) -> str:
    return str(murmur2(code.encode("utf-8", "replace"), HASH_SEED))


class Cells:
    """The cells of one session. Thread-safe; nothing is hashed or written before a debugger asks."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._code_by_chunk: dict[str, str] = {}
        self._size = 0
        self._hash_by_chunk: dict[str, str] = {}
        self._code_by_hash: dict[str, str] = {}
        self._written: set[str] = set()
        self._folder: tuple[int, str] | None = None  # the descriptor that holds its lock, and its path

    def ran(self, chunk_name: str, code: str) -> None:
        """A cell is about to run under this chunk name."""
        with self._lock:
            self._forget(chunk_name)
            self._code_by_chunk[chunk_name] = code
            self._size += len(code)
            while len(self._code_by_chunk) > MAX_CELLS or self._size > MAX_TEXT:
                self._forget(next(iter(self._code_by_chunk)))

    def _forget(self, chunk_name: str) -> None:
        self._size -= len(self._code_by_chunk.pop(chunk_name, ""))
        self._hash_by_chunk.pop(chunk_name, None)

    @property
    def prefix(self) -> str:
        """``tmpFilePrefix``. Raises OSError when there can be no folder for the cells."""
        with self._lock:
            if self._folder is None:
                self._folder = _make_folder()
            # JupyterLab calls a source "Cell [n]" only where its path has this word
            return os.path.join(self._folder[1], f"ipykernel_{os.getpid()}", "")

    def path(self, cell: str) -> str:
        """The path of the cell whose text has this hash."""
        return f"{self.prefix}{cell}{SUFFIX}"

    def cell(self, path: str) -> str | None:
        """The hash in a cell's path; None for other paths."""
        if self._folder is None or not path.startswith(self.prefix) or not path.endswith(SUFFIX):
            return None
        name = path[len(self.prefix) : -len(SUFFIX)]
        return name if name.isdecimal() else None

    def text(self, cell: str) -> str | None:
        """The text of a cell that was dumped, or was seen by a debugger while it ran."""
        return self._code_by_hash.get(cell)

    def source(self, chunk_name: str) -> str | None:
        """The path that stands for a chunk; None for one that is no cell."""
        with self._lock:
            cell = self._hash_by_chunk.get(chunk_name)
            if cell is None:
                code = self._code_by_chunk.get(chunk_name)
                if code is None:
                    return None
                cell = self._hash_by_chunk[chunk_name] = cell_hash(code)
                self._keep(cell, code)
            try:
                return self.path(cell)
            except OSError:
                return None

    def dump(self, code: str) -> tuple[str, str | None]:
        """The path of a cell with this text, and why its file could not be written, if so. Raises OSError when it can
        have no path."""
        with self._lock:
            cell = cell_hash(code)
            path = self.path(cell)
            return path, self._keep(cell, code)

    def _keep(self, cell: str, code: str) -> str | None:
        """Clients get the text from here; the file is for those who open it themselves."""
        self._code_by_hash[cell] = code
        while len(self._code_by_hash) > MAX_CELLS:
            del self._code_by_hash[next(iter(self._code_by_hash))]
        if cell in self._written:
            return None
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            path = self.path(cell)
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            with os.fdopen(os.open(path, flags, _PRIVATE_FILE), "wb") as file:
                file.write(code.encode("utf-8", "replace"))
        except OSError as error:
            return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
        self._written.add(cell)
        return None

    def close(self) -> None:
        """Remove the files."""
        with self._lock:
            folder, self._folder = self._folder, None
            self._written.clear()
        if folder is not None:
            _remove(folder[1])
            os.close(folder[0])


def front_end_variable(variable: Mapping[str, Any]) -> dict[str, Any]:
    """A variable for JupyterLab, which shows the value only of those whose type Python has, or which have none."""
    return {name: value for name, value in variable.items() if name != "type"}


def rich_variable(shown: Mapping[str, Any]) -> dict[str, Any]:
    """The body of ``richInspectVariables``: a value as a cell would show it. Raises RequestError."""
    text = visible(shown["text"])
    if shown.get("data") is None:
        return {"data": {"text/plain": text}, "metadata": {}}
    from ..runtime.bundles import BundleError, mime_bundle

    try:
        bundle = mime_bundle(shown["data"], shown.get("metadata"), text)
    except BundleError as error:
        raise RequestError(f"__mimebundle: {error}") from error
    return {"data": bundle.data, "metadata": bundle.metadata}


def _make_folder() -> tuple[int, str]:
    parent = os.path.realpath(_temporary_folder())
    remove_left_behind()
    for _ in range(_ATTEMPTS):
        folder = os.path.join(parent, _FOLDER_PREFIX + os.urandom(8).hex())
        os.mkdir(folder, 0o700)
        descriptor = _hold(folder)  # not before another process saw it unheld, and removed it
        if descriptor is not None:
            return descriptor, folder
        _remove(folder)
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK), parent)


def _temporary_folder() -> str:
    """The system's; ``tempfile`` would say it, but takes half a megabyte in every process that runs a cell."""
    named = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return next((folder for folder in named if folder), "/tmp")  # noqa: S108 - what is made there has a random name


def remove_left_behind() -> None:
    """Remove the folders of processes that were killed: nobody holds them any more."""
    with os.scandir(_temporary_folder()) as entries:
        folders = [entry.path for entry in entries if entry.name.startswith(_FOLDER_PREFIX)]
    for folder in folders:
        descriptor = _hold(folder)
        if descriptor is not None:
            _remove(folder)
            os.close(descriptor)


def _remove(folder: str) -> None:
    import shutil

    # what cannot be removed now is removed by the next one
    shutil.rmtree(folder, ignore_errors=True)


def _hold(folder: str) -> int | None:
    """Lock a folder of ours for as long as the descriptor is open; None if another holds it, or it is gone."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    if os.fstat(descriptor).st_uid == os.geteuid() and _lock(descriptor) and os.path.exists(folder):
        return descriptor
    os.close(descriptor)
    return None


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

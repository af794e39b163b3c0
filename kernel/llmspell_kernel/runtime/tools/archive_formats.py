"""Reading zip and tar archives that nobody vouches for.

Invariant: no more than MAX_TOTAL bytes are ever unpacked, whatever an archive says of itself; only plain files and
folders with names that stay below a folder are given out, anything else is an error.
"""

import bz2
import gzip
import io
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, BinaryIO, cast

from ..cancellation import check_cancelled
from .output import ToolError

MAX_TOTAL = 512 * 1024 * 1024
MAX_ENTRIES = 10_000
MAX_NAME = 1024
_ENCRYPTED = 0x1
# LZMA is left out: the memory that it takes is what the archive says; and bzip2: zipfile unpacks what it has read of it
# all at once, a gigabyte out of some hundred bytes.
_ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# The list of all entries, which zipfile reads before it gives the first one.
_MAX_ZIP_DIRECTORY = MAX_ENTRIES * (46 + MAX_NAME)
_ZIP_END = b"PK\x05\x06"
_MAX_ZIP_END = 22 + 0xFFFF
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, OSError, ValueError, KeyError)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder of an archive; `name` has slashes and no leading or trailing one."""

    name: str
    size: int
    is_folder: bool
    modified: str | None


def read_format(file: BinaryIO) -> str:
    """Which of zip, tar, tar.gz, tar.bz2 a file is, by its content."""
    start = file.read(512)
    file.seek(0)
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if start.startswith(b"\x1f\x8b"):
        return "tar.gz"
    if start.startswith(b"BZh"):
        return "tar.bz2"
    if start[257:262] == b"ustar" or (len(start) == 512 and not start.strip(b"\0")):
        return "tar"
    raise ToolError("the file is none of zip, tar, tar.gz, tar.bz2", "invalid_input")


def entries(file: BinaryIO, kind: str) -> Iterator[tuple[Entry, IO[bytes] | None]]:
    """Each entry, and for a file what reads it until the next entry is asked for. Raises ToolError."""
    found = _zip_entries(file) if kind == "zip" else _tar_entries(file, kind)
    total = count = 0
    with _explained():
        for entry, content in found:
            check_cancelled()
            count, total = count + 1, total + entry.size
            if count > MAX_ENTRIES:
                raise ToolError(f"the archive has more than {MAX_ENTRIES} entries", "too_large")
            if total > MAX_TOTAL:
                raise _too_large()
            yield entry, content


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise ToolError(f"the archive is damaged: {str(error) or type(error).__name__}", "invalid_input") from error


def copy(content: IO[bytes], target: BinaryIO, size: int) -> None:
    """Unpack one file. Raises ToolError when it is not as long as the archive says."""
    left = size
    with _explained():
        while chunk := content.read(min(65536, left + 1)):
            check_cancelled()
            left -= len(chunk)
            if left < 0:
                break
            target.write(chunk)
    if left:
        raise ToolError("the archive is damaged: a file is not as long as it says", "invalid_input")


def _too_large() -> ToolError:
    return ToolError(f"the archive holds more than the limit of {MAX_TOTAL} bytes", "too_large")


def _safe_name(given: str) -> str:
    parts = [part for part in given.split("/") if part not in {"", "."}]
    wrong = given.startswith("/") or ".." in parts or re.search(r"[\0\\]|^[A-Za-z]:", given) or len(given) > MAX_NAME
    if wrong:
        raise ToolError(f"the archive's entry {given[:100]!r} would lead out of the folder", "access_denied")
    return "/".join(parts)


def _check_directory(file: BinaryIO) -> None:
    """Raises ToolError for a zip archive whose list of entries would take too much memory."""
    file.seek(max(file.seek(0, io.SEEK_END) - _MAX_ZIP_END, 0))
    tail = file.read(_MAX_ZIP_END)
    file.seek(0)
    for found in re.finditer(re.escape(_ZIP_END), tail):
        size = tail[found.start() + 12 : found.start() + 16]
        if len(size) == 4 and int.from_bytes(size, "little") > _MAX_ZIP_DIRECTORY:
            raise ToolError(f"the archive has more than {MAX_ENTRIES} entries", "too_large")


def _zip_entries(file: BinaryIO) -> Iterator[tuple[Entry, IO[bytes] | None]]:
    _check_directory(file)
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
                raise _not_plain(info.filename)
            if info.flag_bits & _ENCRYPTED:
                raise ToolError(f"the archive's entry {info.filename[:100]!r} is encrypted", "invalid_input")
            if info.compress_type not in _ZIP_METHODS:
                raise ToolError(
                    f"the archive's entry {info.filename[:100]!r} is packed by a method that is not supported",
                    "invalid_input",
                )
            modified = "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}".format(*info.date_time)
            entry = Entry(_safe_name(info.filename), info.file_size, info.is_dir(), modified)
            if not entry.name:
                continue
            if info.is_dir():
                yield entry, None
            else:
                with archive.open(info) as content:
                    yield entry, content


def _tar_entries(file: BinaryIO, kind: str) -> Iterator[tuple[Entry, IO[bytes] | None]]:
    plain: IO[bytes] = file
    if kind == "tar.gz":
        plain = cast("IO[bytes]", gzip.GzipFile(fileobj=file, mode="rb"))
    elif kind == "tar.bz2":
        plain = bz2.BZ2File(file)
    # As a stream, so that what is counted is what is unpacked.
    with tarfile.open(fileobj=cast("IO[bytes]", _Counted(plain)), mode="r|") as archive:
        for info in archive:
            if not (info.isdir() or info.isreg()) or info.issparse():
                raise _not_plain(info.name)
            try:
                modified = datetime.fromtimestamp(info.mtime, UTC).isoformat(timespec="seconds")[:19]
            except (OverflowError, OSError, ValueError):
                modified = None
            entry = Entry(_safe_name(info.name), 0 if info.isdir() else info.size, info.isdir(), modified)
            if entry.name:
                yield entry, None if info.isdir() else archive.extractfile(info)


def _not_plain(name: str) -> ToolError:
    return ToolError(
        f"the archive's entry {name[:100]!r} is neither a plain file nor a folder (a link, a device)", "access_denied"
    )


class _Counted(io.RawIOBase):
    """A stream that ends with an error after MAX_TOTAL bytes and the headers of all entries that are allowed."""

    def __init__(self, inner: IO[bytes]) -> None:
        super().__init__()
        self._inner = inner
        self._left = MAX_TOTAL + 2 * 512 * MAX_ENTRIES

    def read(self, size: int = -1) -> bytes:
        check_cancelled()
        chunk = self._inner.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._left -= len(chunk)
        if self._left < 0:
            raise _too_large()
        return chunk

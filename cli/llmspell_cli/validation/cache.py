"""Reports of scripts that have not changed, kept in ``$LLMSPELL_HOME/validator.sqlite``.

A report is found by all that it depends on: the script's bytes and path, the options, LLMSpell's own code, what the
project has around it. Beside it stand the modules that it depends on, with their contents' checksums; it is believed
only when these are still right, and when it is signed with a key that stands in a file of its own. So a damaged or
foreign cache can make the command slower, and nothing else.
"""

import hashlib
import hmac
import json
import os
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from re import Pattern
from typing import TYPE_CHECKING, Any

import llmspell_analysis
from llmspell_analysis.validation import Options, Report
from llmspell_kernel.protocol.connection import ConnectionFileError, llmspell_home, private_folder
from llmspell_kernel.runtime.database import DatabaseFileError, Schema, database_errors, open_database
from llmspell_kernel.version import __version__

from llmspell_cli.validation.stored import UnfitError, from_json, to_json

if TYPE_CHECKING:
    import sqlite3

_SCHEMA = Schema(
    1,
    (
        "CREATE TABLE reports (key BLOB PRIMARY KEY, report TEXT NOT NULL, modules TEXT NOT NULL,"
        " signature BLOB NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID",
    ),
)
_BUSY_SECONDS = 2.0
_MAX_REPORTS = 20_000
_KEY_BYTES = 32
_DAY = 86_400
_PRIVATE_FILE = 0o600
_OTHERS = 0o077
_NOT_FOLLOWED = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class CacheError(Exception):
    """The cache cannot be used; the message is complete."""


class Cache:
    """Never raises once it is open: what cannot be read or kept is as if it had never been there."""

    def __init__(self, connection: "sqlite3.Connection", path: Path, secret: bytes) -> None:
        self._connection = connection
        self._path = path
        self._secret = secret
        self._checksums: dict[str, str] = {}
        self._day = int(time.time() // _DAY)

    @staticmethod
    def open() -> "Cache":
        """Raises CacheError."""
        home = llmspell_home()
        path = home / "validator.sqlite"
        try:
            private_folder(home)
            return Cache(open_database(path, _SCHEMA, _BUSY_SECONDS), path, _secret(home / "validator.key"))
        except (DatabaseFileError, ConnectionFileError) as error:
            raise CacheError(str(error)) from error

    def close(self) -> None:
        """Leaves the newest ones there."""
        with suppress(DatabaseFileError), database_errors(self._path, _BUSY_SECONDS):
            (count,) = self._connection.execute("SELECT count(*) FROM reports").fetchone()
            if count > _MAX_REPORTS:
                self._connection.execute(
                    "DELETE FROM reports WHERE key IN (SELECT key FROM reports ORDER BY used LIMIT ?)",
                    (count - _MAX_REPORTS // 2,),
                )
            self._connection.close()

    def forget_checksums(self) -> None:
        """Files may have changed since they were last looked at."""
        self._checksums.clear()

    def get(self, key: bytes, size: int) -> Report | None:
        try:
            with database_errors(self._path, _BUSY_SECONDS):
                row = self._connection.execute(
                    "SELECT report, modules, signature, used FROM reports WHERE key = ?", (key,)
                ).fetchone()
            if row is None:
                return None
            report, modules, signature, used = row
            if not hmac.compare_digest(signature, self._signature(key, report, modules)):
                return None
            if any(self._checksum(path) != known for path, known in json.loads(modules).items()):
                return None
            found = from_json(report, size)
            if used != self._day:
                with database_errors(self._path, _BUSY_SECONDS):
                    self._connection.execute("UPDATE reports SET used = ? WHERE key = ?", (self._day, key))
        except (DatabaseFileError, UnfitError, TypeError, ValueError, AttributeError):
            return None
        return found

    def put(self, entries: Mapping[bytes, tuple[Report, frozenset[str]]]) -> None:
        """Keeps reports, each with the paths at which its modules were looked for."""
        rows = []
        for key, (report, paths) in entries.items():
            text = to_json(report)
            modules = json.dumps({path: self._checksum(path) for path in sorted(paths)})
            rows.append((key, text, modules, self._signature(key, text, modules), self._day))
        with suppress(DatabaseFileError), database_errors(self._path, _BUSY_SECONDS):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT OR REPLACE INTO reports VALUES (?, ?, ?, ?, ?)", rows)
            self._connection.execute("COMMIT")

    def _signature(self, key: bytes, report: str, modules: str) -> bytes:
        told = hmac.new(self._secret, key, hashlib.sha256)
        for part in (report, modules):
            data = part.encode("utf-8", "surrogatepass")
            told.update(len(data).to_bytes(8, "big") + data)
        return told.digest()

    def _checksum(self, path: str) -> str:
        """That of a file's content; "" where there is none."""
        if path not in self._checksums:
            try:
                self._checksums[path] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
            except (OSError, ValueError):
                self._checksums[path] = ""
        return self._checksums[path]


def _secret(path: Path) -> bytes:
    """The key that reports are signed with; a new one where there is none that can be believed."""
    try:
        while True:
            with suppress(FileNotFoundError):
                if (secret := _read_secret(path)) is not None:
                    return secret
                path.unlink()
            with suppress(FileExistsError):  # another command was faster: its key is as good
                return _new_secret(path)
    except OSError as error:
        raise CacheError(f"{path}: {error.strerror or error}") from error


def _read_secret(path: Path) -> bytes | None:
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _NOT_FOLLOWED), "rb") as file:
        status = os.fstat(file.fileno())
        is_ours = os.name != "posix" or (status.st_uid == os.geteuid() and not status.st_mode & _OTHERS)
        secret = file.read(_KEY_BYTES) if stat.S_ISREG(status.st_mode) and is_ours else b""
    return secret if len(secret) == _KEY_BYTES else None


def _new_secret(path: Path) -> bytes:
    """Appears whole or not at all."""
    secret = os.urandom(_KEY_BYTES)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOT_FOLLOWED, _PRIVATE_FILE), "wb") as file:
        file.write(secret)
    try:
        os.link(temporary, path)
    finally:
        temporary.unlink()
    return secret


def key_of(data: bytes, path: str, options: Options, surroundings: object) -> bytes:
    """By which a report is found: of all that it depends on but the modules."""
    told = hashlib.sha256(_own_code())
    for part in (data, os.fsencode(path), _canonical((options, surroundings)).encode("utf-8", "surrogatepass")):
        told.update(len(part).to_bytes(8, "big") + part)
    return told.digest()


@cache
def _own_code() -> bytes:
    """Changes with the version, and with every change of the rules' code while they are worked on."""
    told = hashlib.sha256(__version__.encode())
    for folder, folders, names in os.walk(os.path.dirname(llmspell_analysis.__file__)):
        folders[:] = sorted(each for each in folders if each != "__pycache__")
        for name in sorted(names):
            status = os.stat(os.path.join(folder, name))
            told.update(f"{folder}/{name} {status.st_mtime_ns} {status.st_size}\n".encode("utf-8", "surrogateescape"))
    return told.digest()


def _canonical(value: Any) -> str:
    """The same text for the same value, in every process."""
    if is_dataclass(value):
        return f"{type(value).__name__}({','.join(_canonical(getattr(value, each.name)) for each in fields(value))})"
    if isinstance(value, Mapping):
        return "{" + ",".join(sorted(f"{_canonical(key)}:{_canonical(each)}" for key, each in value.items())) + "}"
    if isinstance(value, (set, frozenset)):
        return "<" + ",".join(sorted(map(_canonical, value))) + ">"
    if isinstance(value, (tuple, list)):
        return "[" + ",".join(map(_canonical, value)) + "]"
    if isinstance(value, Pattern):
        return f"/{value.pattern!r}/{value.flags}"
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, (str, bytes, int, float, bool)):
        return repr(value)
    raise TypeError(f"no canonical text of {type(value).__name__}")

"""Breakpoints and watch expressions that a project keeps between kernels: one small file, ``debugger.json``.

Invariants: the file is whole at any moment and its user's alone; several processes write it, and each changes only
what its client has changed; a file that cannot be used is set aside, never overwritten; no value of a script is in it.
"""

import contextlib
import fcntl
import json
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..protocol.connection import ConnectionFileError, private_folder
from ..protocol.ldp import MAX_INTEGER

VERSION = 1
MAX_SOURCES = 1000
MAX_CELLS = 200
MAX_BREAKPOINTS = 1000
MAX_WATCH_EXPRESSIONS = 1000
MAX_FILE_BYTES = 1024 * 1024
LOCK_SECONDS = 1.0
LOCK_AGAIN_SECONDS = 0.01

TEXT_FIELDS = ("condition", "hitCondition", "logMessage")
_KEPT_FIELDS = ("column", *TEXT_FIELDS, "ignoreCount", "mode")

SourceBreakpoint = Mapping[str, Any]
_PRIVATE_FILE = 0o600
_OTHERS_WRITE = 0o022


class PersistenceError(Exception):
    """Nothing was read or written; the message names the file and says why."""


class SetAsideError(PersistenceError):
    """The file could not be used and was moved away; the message says why and where it is."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a project keeps. ``breakpoints``: by path, as DAP's ``SourceBreakpoint``; ``cells``: the same by the hash
    of a cell's text, in the order in which they were set, the newest last."""

    breakpoints: Mapping[str, Sequence[SourceBreakpoint]] = field(default_factory=dict)
    cells: Mapping[str, Sequence[SourceBreakpoint]] = field(default_factory=dict)
    watch_expressions: Sequence[str] = ()

    def with_source(self, path: str, breakpoints: Sequence[SourceBreakpoint]) -> "Remembered":
        _check_number(breakpoints)
        sources = {known: kept for known, kept in self.breakpoints.items() if known != path}
        if breakpoints:
            if len(sources) >= MAX_SOURCES:
                raise PersistenceError(f"breakpoints of {MAX_SOURCES} files are kept already; remove some")
            sources[path] = breakpoints
        return replace(self, breakpoints=sources)

    def with_cell(self, cell: str, breakpoints: Sequence[SourceBreakpoint]) -> "Remembered":
        """Each change of a cell's text makes another cell of it: the oldest are dropped."""
        _check_number(breakpoints)
        cells = {known: kept for known, kept in self.cells.items() if known != cell}
        if breakpoints:
            cells[cell] = breakpoints
        return replace(self, cells=dict(list(cells.items())[-MAX_CELLS:]))

    def with_watch_expressions(self, expressions: Sequence[str]) -> "Remembered":
        if len(expressions) > MAX_WATCH_EXPRESSIONS:
            raise PersistenceError(f"{len(expressions)} watch expressions are more than {MAX_WATCH_EXPRESSIONS}")
        return replace(self, watch_expressions=tuple(expressions))


def _check_number(breakpoints: Sequence[SourceBreakpoint]) -> None:
    if len(breakpoints) > MAX_BREAKPOINTS:
        raise PersistenceError(f"{len(breakpoints)} breakpoints in one file are more than {MAX_BREAKPOINTS}")


def kept_fields(one: SourceBreakpoint) -> SourceBreakpoint:
    """What of a request's breakpoint is remembered."""
    off = {"enabled": False} if one.get("enabled") is False else {}
    return {"line": one["line"], **{name: one[name] for name in _KEPT_FIELDS if one.get(name)}, **off}


def load(path: Path) -> Remembered:
    """What the file holds, nothing if there is none. Raises SetAsideError or another PersistenceError."""
    try:
        return _read(path)
    except _UnusableError:
        with _locked(path):  # another process may be replacing it
            return _read_or_set_aside(path)


def update(path: Path, change: Callable[[Remembered], Remembered]) -> str | None:
    """Change the file; gives what there is to tell, if anything. Raises PersistenceError when it is as before."""
    with _locked(path):
        problem = None
        try:
            known = _read_or_set_aside(path)
        except SetAsideError as error:
            known, problem = Remembered(), str(error)
        changed = change(known)
        if changed != known:
            _write(path, changed)
        return problem


class ProjectMemory:
    """What a session's debugger remembers; nothing without a file. ``tell`` gets what goes wrong, for a person: a
    request does not fail for it."""

    def __init__(self, path: Path | None, tell: Callable[[str], None]) -> None:
        self._path = path
        self._tell = tell
        self._told = ""

    @property
    def shared(self) -> bool:
        """Whether this is a session of the project, not of one client."""
        return self._path is not None

    def load(self) -> Remembered:
        if self._path is None:
            return Remembered()
        try:
            return load(self._path)
        except PersistenceError as error:
            self.tell(f"the project's breakpoints and watch expressions are not restored: {error}")
            return Remembered()

    def remember(self, what: str, change: Callable[[Remembered], Remembered]) -> None:
        if self._path is None:
            return
        try:
            problem = update(self._path, change)
        except PersistenceError as error:
            self.tell(f"{what} are not remembered for the project: {error}")
            return
        if problem is None:
            self._told = ""
        else:
            self.tell(f"what the project remembered is lost: {problem}")

    def tell(self, text: str) -> None:
        """Once, until something was remembered again."""
        if text != self._told:
            self._told = text
            self._tell(text)


class _UnusableError(Exception):
    """What is wrong with the file that is there."""


def _read_or_set_aside(path: Path) -> Remembered:
    try:
        return _read(path)
    except _UnusableError as error:
        aside = path.with_name(path.name + ".broken")
        try:
            os.replace(path, aside)
        except OSError as failure:
            raise PersistenceError(f"{path}: {error}; it cannot be moved away: {failure.strerror}") from failure
        raise SetAsideError(f"{path}: {error}; it is now {aside}") from error


def _read(path: Path) -> Remembered:
    # O_NONBLOCK so that opening a pipe which lies there does not wait for its writer
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        return Remembered()
    except OSError as error:
        if os.path.islink(path):
            raise _UnusableError("is a symbolic link") from error
        raise PersistenceError(f"{path}: cannot be opened: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _UnusableError("is not a file")
        if os.name == "posix":
            if status.st_uid != os.geteuid():
                raise _UnusableError(f"belongs to another user (uid {status.st_uid})")
            # conditions and log messages are code that runs in the script
            if status.st_mode & _OTHERS_WRITE:
                raise _UnusableError(f"other users can write it (mode {stat.S_IMODE(status.st_mode):04o})")
        try:
            text = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise PersistenceError(f"{path}: cannot be read: {error.strerror}") from error
    if len(text) > MAX_FILE_BYTES:
        raise _UnusableError(f"is larger than {MAX_FILE_BYTES} bytes")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _UnusableError("is not valid JSON") from error
    return _remembered(path, values)


def _remembered(path: Path, values: Any) -> Remembered:
    if not isinstance(values, dict):
        raise _UnusableError("expected a JSON object")
    version = values.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < VERSION:
        raise _UnusableError(f"version: expected {VERSION}, found {version!r}")
    if version > VERSION:
        raise PersistenceError(f"{path}: was written by a newer LLMSpell (version {version} of the file)")
    expressions = values.get("watchExpressions", [])
    if not _is_list_of(expressions, lambda one: isinstance(one, str)):
        raise _UnusableError("watchExpressions: expected a list of texts")
    return Remembered(_sources(values, "breakpoints"), _sources(values, "cells"), tuple(expressions))


def _sources(values: Mapping[str, Any], name: str) -> Mapping[str, Sequence[SourceBreakpoint]]:
    sources = values.get(name, {})
    if not isinstance(sources, dict):
        raise _UnusableError(f"{name}: expected an object")
    for source, breakpoints in sources.items():
        if not source or "\0" in source or not _is_list_of(breakpoints, _is_breakpoint):
            raise _UnusableError(f"{name}: {source!r}: expected a list of breakpoints")
    return {source: tuple(kept_fields(one) for one in breakpoints) for source, breakpoints in sources.items()}


def _is_list_of(value: object, holds: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and all(holds(one) for one in value)


def _is_breakpoint(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    numbers = (value.get("line"), value.get("column", 1), value.get("ignoreCount", 1))
    if not all(_is_positive(one) for one in numbers) or not isinstance(value.get("enabled", True), bool):
        return False
    return all(isinstance(value.get(name), str | None) for name in TEXT_FIELDS)


def _is_positive(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_INTEGER


def _write(path: Path, remembered: Remembered) -> None:
    values = {
        "version": VERSION,
        "breakpoints": {path: list(kept) for path, kept in remembered.breakpoints.items()},
        "cells": {cell: list(kept) for cell, kept in remembered.cells.items()},
        "watchExpressions": list(remembered.watch_expressions),
    }
    text = json.dumps(values, indent=1).encode() + b"\n"
    if len(text) > MAX_FILE_BYTES:
        raise PersistenceError(f"{path}: would be larger than {MAX_FILE_BYTES} bytes")
    draft = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        try:
            with os.fdopen(os.open(draft, flags, _PRIVATE_FILE), "wb") as file:
                file.write(text)
            os.replace(draft, path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise PersistenceError(f"{path}: cannot be written: {error.strerror}") from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the file's lock. The system frees it when its holder dies, however it dies."""
    lock = path.with_name(path.name + ".lock")
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        private_folder(path.parent)
        descriptor = os.open(lock, flags, _PRIVATE_FILE)
    except ConnectionFileError as error:
        raise PersistenceError(str(error)) from error
    except OSError as error:
        raise PersistenceError(f"{lock}: cannot be opened: {error.strerror}") from error
    pause = threading.Event()
    deadline = time.monotonic() + LOCK_SECONDS
    try:
        while not _try_lock(descriptor):
            if time.monotonic() > deadline:
                raise PersistenceError(f"{path}: another process has been writing it for {LOCK_SECONDS:g} s")
            pause.wait(LOCK_AGAIN_SECONDS)
        _remove_drafts(path)
        yield
    finally:
        os.close(descriptor)  # frees the lock


def _remove_drafts(path: Path) -> None:
    """Nobody writes while we hold the lock: what lies there was left by a process that was killed."""
    for draft in path.parent.glob(f".{path.name}.*"):
        with contextlib.suppress(OSError):
            draft.unlink()


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

"""Connection files: where a kernel listens and the key that signs its messages.

The format is Jupyter's ("Connection files" in the jupyter_client documentation) plus ``kernel_id``, ``pid``,
``started``, ``ldp`` and ``project``. LLMSpell's own kernels write theirs to ``$LLMSPELL_HOME/kernels``.

Invariant: a file is readable by its owner alone from the moment it exists, appears whole or not at all, and
is believed only when it is a regular file that belongs to us and that nobody else can read.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

if TYPE_CHECKING:  # a kernel starts without it: with what it imports it costs as much as half of our own modules
    from pathlib import Path

MAX_FILE_BYTES = 64 * 1024
SIGNATURE_SCHEME = "hmac-sha256"
KERNEL_NAME = "llmspell"
FILE_PREFIX = "llmspell-kernel-"

AnyPath = TypeVar("AnyPath", bound="str | os.PathLike[str]")
Channel = Literal["shell", "iopub", "stdin", "control", "hb"]
CHANNELS: tuple[Channel, ...] = ("shell", "iopub", "stdin", "control", "hb")

_KERNEL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ANY_ADDRESS = {"": "127.0.0.1", "*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700
_OTHERS = 0o077


class ConnectionFileError(Exception):
    """A connection file that cannot be used; the message names the file and what is wrong with it."""


class ConnectionInfo(NamedTuple):
    """A kernel's addresses and key; ``kernel_id``, ``pid``, ``started``, ``ldp`` are None in Jupyter's files.

    ``project`` is the root of the project that the kernel was started for, None when it was started outside of any.
    A port of 0 means "choose one"; it occurs only in a file that is given to a kernel about to start.
    """

    ip: str
    shell_port: int
    iopub_port: int
    stdin_port: int
    control_port: int
    hb_port: int
    key: str
    transport: str = "tcp"
    signature_scheme: str = SIGNATURE_SCHEME
    kernel_name: str = KERNEL_NAME
    kernel_id: str | None = None
    pid: int | None = None
    started: str | None = None
    ldp: str | None = None
    project: str | None = None

    def port(self, channel: Channel) -> int:
        """The TCP port of a channel, or the number that ends its path with ``ipc``."""
        ports: dict[Channel, int] = {
            "shell": self.shell_port,
            "iopub": self.iopub_port,
            "stdin": self.stdin_port,
            "control": self.control_port,
            "hb": self.hb_port,
        }
        return ports[channel]

    def with_ports(self, ports: Mapping[Channel, int]) -> ConnectionInfo:
        """The same connection with the ports that were really bound."""
        changes: dict[str, Any] = {f"{channel}_port": port for channel, port in ports.items()}
        return self._replace(**changes)

    def endpoint(self, channel: Channel) -> str:
        """The ZeroMQ endpoint that a client connects a channel's socket to."""
        port = self.port(channel)
        if self.transport == "ipc":
            return f"ipc://{self.ip}-{port}"
        host = _ANY_ADDRESS.get(self.ip, self.ip)
        return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"

    def to_json(self) -> dict[str, Any]:
        """The object that a connection file holds; absent fields are left out."""
        return {name: value for name, value in self._asdict().items() if value is not None}

    def __repr__(self) -> str:
        """Without the key, so that it gets into no log."""
        shown = ", ".join(f"{name}={value!r}" for name, value in self._asdict().items() if name != "key")
        return f"ConnectionInfo({shown})"


def llmspell_home() -> Path:
    """The folder of a user's LLMSpell files: ``$LLMSPELL_HOME`` or ``~/.llmspell``."""
    from pathlib import Path

    return Path(home_path())


def home_path() -> str:
    """The same as ``llmspell_home``, as text."""
    return os.path.abspath(os.path.expanduser(os.environ.get("LLMSPELL_HOME") or "~/.llmspell"))


def kernels_directory() -> Path:
    """Where running kernels leave their connection files. It may not exist yet."""
    return llmspell_home() / "kernels"


def connection_file_path(kernel_id: str) -> Path:
    """The connection file of the kernel with this id."""
    return llmspell_home() / _file_in_home(kernel_id)


def _file_in_home(kernel_id: str) -> str:
    if not _KERNEL_ID.fullmatch(kernel_id):
        raise ConnectionFileError(f"kernel id {kernel_id!r}: only 1 to 64 letters, digits, '-' and '_' are allowed")
    return os.path.join("kernels", f"{FILE_PREFIX}{kernel_id}.json")


def connection_files() -> list[Path]:
    """The files in the kernels folder that are named like connection files, sorted by name."""
    try:
        return sorted(kernels_directory().glob(f"{FILE_PREFIX}*.json"))
    except OSError as error:
        raise ConnectionFileError(f"{kernels_directory()}: cannot be listed: {error.strerror}") from error


def new_kernel_id() -> str:
    """A fresh kernel id: 16 hexadecimal digits."""
    return os.urandom(8).hex()


def new_key() -> str:
    """A fresh key for message signatures: 256 random bits."""
    return os.urandom(32).hex()


def private_folder(folder: AnyPath) -> AnyPath:
    """Create ``folder`` for its owner alone or make it so; raises ConnectionFileError when it cannot be."""
    try:
        if not os.path.lexists(folder):
            _make_private_folders(folder)
        status = os.lstat(folder)
        if not stat.S_ISDIR(status.st_mode):
            raise ConnectionFileError(f"{folder}: expected a folder, found {_kind(status.st_mode)}")
        if os.name == "posix":
            if status.st_uid != os.geteuid():
                raise ConnectionFileError(f"{folder}: belongs to another user (uid {status.st_uid})")
            if status.st_mode & _OTHERS:
                os.chmod(folder, _PRIVATE_FOLDER)
    except OSError as error:
        raise ConnectionFileError(f"{folder}: cannot be made a private folder: {error.strerror}") from error
    return folder


def _make_private_folders(folder: str | os.PathLike[str]) -> None:
    """``os.makedirs``, whose mode is that of the last folder alone."""
    parent = os.path.dirname(os.path.abspath(folder))
    if not os.path.lexists(parent):
        _make_private_folders(parent)
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, _PRIVATE_FOLDER)


def write_connection_file(info: ConnectionInfo, path: Path | None = None) -> Path:
    """Write a new connection file and return its path; an existing file is never touched.

    Without ``path`` the file goes to the kernels folder, named after ``info.kernel_id``.
    """
    from pathlib import Path

    if path is None:
        return Path(announce(info))
    _write_new(path, info)
    return path


def announce(info: ConnectionInfo) -> str:
    """Write a new connection file to the kernels folder, named after ``info.kernel_id``; gives its path."""
    if info.kernel_id is None:
        raise ConnectionFileError("a connection file in the kernels folder needs a kernel_id")
    path = os.path.join(home_path(), _file_in_home(info.kernel_id))
    private_folder(os.path.dirname(path))
    _write_new(path, info)
    return path


def _write_new(path: str | os.PathLike[str], info: ConnectionInfo) -> None:
    draft = write_private_draft(path, info.to_json())
    try:
        # A hard link fails where the name is taken; a rename would replace what is there.
        os.link(draft, path)
    except FileExistsError:
        raise ConnectionFileError(f"{path}: exists already") from None
    except OSError as error:
        raise ConnectionFileError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        _remove(draft)


def update_connection_file(path: str | os.PathLike[str], info: ConnectionInfo) -> None:
    """Put ``info`` into a file that was given to us (``-f FILE``), keeping fields that only its writer knows.

    The file need not exist. Readers see the old or the new file, never a mixture.
    """
    known = read_private_json(path) if os.path.lexists(path) else {}
    draft = write_private_draft(path, {**known, **info.to_json()})
    try:
        os.replace(draft, path)
    except OSError as error:
        _remove(draft)
        raise ConnectionFileError(f"{path}: cannot be replaced: {error.strerror}") from error


def read_connection_file(path: str | os.PathLike[str], *, template: bool = False) -> ConnectionInfo:
    """Read and check a connection file; raises ConnectionFileError naming the file and the field.

    ``template`` admits what a kernel may be started with: ports of 0 and an empty key (signing off).
    """
    values = read_private_json(path)

    def refuse(name: str, expected: str) -> ConnectionFileError:
        shown = "an empty value" if values.get(name) == "" else "nothing" if name not in values else "another value"
        return ConnectionFileError(f"{path}: {name}: expected {expected}, found {shown}")

    for name, (expected, holds, required) in _FIELDS.items():
        if name not in values and not required:
            continue
        if not holds(values.get(name)):
            raise refuse(name, expected)
    for channel in CHANNELS:
        name = f"{channel}_port"
        port = values.get(name)
        if not _is_integer(port, 0 if template else 1, 65_535):
            raise refuse(name, f"a port from {0 if template else 1} to 65535")
    if not template and not values["key"]:
        raise refuse("key", "a key that signs messages")
    return ConnectionInfo(**{name: value for name, value in values.items() if name in ConnectionInfo._fields})


def remove_connection_file(path: str | os.PathLike[str]) -> None:
    """Remove a connection file; one that is gone already is fine."""
    _remove(path)


def _remove(path: str | os.PathLike[str]) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _is_integer(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_text(value: object, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest and value.isprintable()


def _is_timestamp(value: object) -> bool:
    if not _is_text(value, 64):
        return False
    from datetime import datetime

    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        return False
    return True


# field -> what is expected, the test for it, whether it must be there
_FIELDS: dict[str, tuple[str, Callable[[object], bool], bool]] = {
    "transport": ("'tcp' or 'ipc'", lambda value: value in ("tcp", "ipc"), False),
    "ip": ("an address of at most 255 characters", lambda value: _is_text(value, 255), True),
    "key": ("a text of at most 1024 characters", lambda value: _is_text(value, 1024), True),
    "signature_scheme": (f"'{SIGNATURE_SCHEME}'", lambda value: value == SIGNATURE_SCHEME, False),
    "kernel_name": ("a text of at most 255 characters", lambda value: _is_text(value, 255), False),
    "kernel_id": (
        "1 to 64 letters, digits, '-' and '_'",
        lambda value: isinstance(value, str) and _KERNEL_ID.fullmatch(value) is not None,
        False,
    ),
    "pid": ("a process id", lambda value: _is_integer(value, 1, 2**31 - 1), False),
    "started": ("a time in ISO 8601", _is_timestamp, False),
    "ldp": ("a text of at most 32 characters", lambda value: _is_text(value, 32), False),
    "project": ("an absolute path", lambda value: _is_text(value, 4096) and os.path.isabs(str(value)), False),
}


def _kind(mode: int) -> str:
    for test, kind in (
        (stat.S_ISREG, "a file"),
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
    ):
        if test(mode):
            return kind
    return "a device"


def read_private_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The JSON object in a file that nobody else can have read or written; raises ConnectionFileError."""
    # O_NONBLOCK so that opening a pipe which lies in the folder does not wait for its writer.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise ConnectionFileError(f"{path}: no such connection file") from None
    except OSError as error:
        reason = "is a symbolic link" if os.path.islink(path) else f"cannot be opened: {error.strerror}"
        raise ConnectionFileError(f"{path}: {reason}") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        # Python makes no file of a folder.
        os.close(descriptor)
        raise ConnectionFileError(f"{path}: expected a regular file, found {_kind(status.st_mode)}")
    with os.fdopen(descriptor, "rb") as file:
        if os.name == "posix":
            if status.st_uid != os.geteuid():
                raise ConnectionFileError(f"{path}: belongs to another user (uid {status.st_uid})")
            if status.st_mode & _OTHERS:
                mode = stat.S_IMODE(status.st_mode)
                raise ConnectionFileError(f"{path}: other users can access it (mode {mode:04o}); it must be 0600")
        text = file.read(MAX_FILE_BYTES + 1)
    if len(text) > MAX_FILE_BYTES:
        raise ConnectionFileError(f"{path}: is larger than {MAX_FILE_BYTES} bytes")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        # The parser's message may quote the text around the fault, which may be the key.
        raise ConnectionFileError(f"{path}: is not valid JSON") from None
    if not isinstance(values, dict):
        raise ConnectionFileError(f"{path}: expected a JSON object, found {type(values).__name__}")
    return values


def write_private_draft(path: str | os.PathLike[str], values: Mapping[str, Any]) -> str:
    """A new file beside ``path`` with these values, for its owner alone, to be renamed or linked; gives its path."""
    folder, name = os.path.split(path)
    draft = os.path.join(folder, f".{name}.{os.urandom(8).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(draft, flags, _PRIVATE_FILE)
    except OSError as error:
        raise ConnectionFileError(f"{path}: cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(values, file, indent=2)
            file.write("\n")
    except OSError as error:
        _remove(draft)
        raise ConnectionFileError(f"{path}: cannot be written: {error.strerror}") from error
    return draft

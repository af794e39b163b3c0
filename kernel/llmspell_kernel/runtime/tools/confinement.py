"""Keeps the file tools inside the allowed folders.

A path is resolved first (symbolic links and `..` included) and must then lie in an allowed folder. After that it
is walked from that folder component by component with O_NOFOLLOW, so that a link put in place meanwhile is an
error and not a way out. Where the system has no openat (Windows), only the first half holds. LLMSpell's own folder,
with the keys of kernels, is in no allowed folder, though a home folder that contains it may be.
"""

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ...protocol.connection import home_path
from .output import ToolError

MAX_PATH_LENGTH = 4096
HAS_OPENAT = {os.open, os.mkdir, os.unlink, os.rename, os.stat} <= os.supports_dir_fd
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_DIRECTORY = getattr(os, "O_DIRECTORY", 0)


@dataclass(frozen=True, slots=True)
class Location:
    """A place inside an allowed folder: `name` within the open folder `folder` (None without openat).

    `path` is real and absolute; `at` is what goes to os functions together with `dir_fd=folder`.
    """

    path: Path
    folder: int | None
    name: str

    @property
    def at(self) -> str:
        return str(self.path) if self.folder is None else self.name


def default_roots(project_root: Path, configured: tuple[Path, ...]) -> tuple[Path, ...]:
    """The project's folder, the system's temporary folders and what the configuration adds; real paths."""
    temporary = [Path(tempfile.gettempdir())]
    if os.name == "posix":
        temporary.append(Path("/tmp"))  # noqa: S108 - the folder scripts are promised, not a file name
    roots = [path.resolve() for path in (project_root, *temporary, *configured)]
    return tuple(dict.fromkeys(roots))


def resolve(path: str, roots: tuple[Path, ...]) -> tuple[Path, Path]:
    """The real path and the allowed folder it lies in. Relative paths count from the working folder."""
    if not roots:
        raise ToolError(
            "files may not be accessed: allow_file_access under [runtime.security] in llmspell.toml is false",
            "access_denied",
        )
    if not path or "\0" in path:
        raise ToolError(f"path {path!r} is not a path", "invalid_path")
    if len(path) > MAX_PATH_LENGTH:
        raise ToolError(f"path is longer than {MAX_PATH_LENGTH} characters", "invalid_path")
    try:
        real = Path(path).resolve()
    except (OSError, RuntimeError) as error:
        raise ToolError(f"path '{path}' cannot be resolved: {error}", "invalid_path") from error
    for root in roots:
        if _contains(root, real):
            own = Path(home_path()).resolve()
            if _contains(own, real) and not _contains(own, root):
                raise ToolError(f"path '{path}' lies in {own}, where LLMSpell keeps its own files", "access_denied")
            return real, root
    raise ToolError(
        f"path '{path}' is outside the allowed folders ({', '.join(str(root) for root in roots)}); to allow its "
        "folder, add it to allowed_paths under [tools.file-operations] in llmspell.toml",
        "access_denied",
    )


def _contains(folder: Path, path: Path) -> bool:
    return path == folder or folder in path.parents


@contextmanager
def located(path: str, roots: tuple[Path, ...]) -> Iterator[Location]:
    """The place of a path, with its folder held open. The path itself need not exist, its folder must."""
    real, root = resolve(path, roots)
    if real == root:
        raise ToolError(f"'{path}' is an allowed folder itself and cannot be changed or opened", "access_denied")
    if not HAS_OPENAT:
        yield Location(real, None, real.name)
        return
    folder = _open_folder(root, real.parent)
    try:
        yield Location(real, folder, real.name)
    finally:
        os.close(folder)


@contextmanager
def opened_folder(path: str, roots: tuple[Path, ...]) -> Iterator[tuple[Path, int | str]]:
    """A folder (an allowed one included) and what os.scandir takes for it."""
    real, root = resolve(path, roots)
    if not HAS_OPENAT:
        yield real, str(real)
        return
    folder = _open_folder(root, real)
    try:
        yield real, folder
    finally:
        os.close(folder)


def open_file(location: Location, flags: int) -> int:
    """Open the file itself without following a link; a pipe or device is refused instead of waited for."""
    flags |= _NOFOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(location.at, flags, 0o666, dir_fd=location.folder)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise ToolError(f"'{location.path}' is not a regular file", "not_a_file")


def open_for_reading(path: str, roots: tuple[Path, ...]) -> BinaryIO:
    """The file at a path, open. Raises ToolError."""
    try:
        with located(path, roots) as location:
            return os.fdopen(open_file(location, os.O_RDONLY), "rb")
    except OSError as error:
        raise explain(error, path) from error


def read_file(path: str, roots: tuple[Path, ...], limit: int) -> bytes:
    """The whole content of a file. Raises ToolError, also when it is larger than `limit` bytes."""
    with open_for_reading(path, roots) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ToolError(f"'{path}' is larger than the limit of {limit} bytes", "too_large")
    return content


def write_file(path: str, roots: tuple[Path, ...], content: bytes) -> Path:
    """Replace or create a file so that a reader sees the old or the new content, never a part. Gives its real path."""
    try:
        with located(path, roots) as location:
            replace_file(location, lambda file: file.write(content))
            return location.path
    except OSError as error:
        raise explain(error, path) from error


def replace_file(location: Location, fill: Callable[[BinaryIO], object], mode: int | None = None) -> None:
    """Write a file beside the one at `location` and put it in its place. `mode` is that of the old file, if any."""
    try:
        present = os.stat(location.at, dir_fd=location.folder, follow_symlinks=False)
    except FileNotFoundError:
        present = None
    if present is not None and stat.S_ISDIR(present.st_mode):
        raise ToolError(f"'{location.path}' is a folder", "not_a_file")
    if mode is None and present is not None and stat.S_ISREG(present.st_mode):
        mode = stat.S_IMODE(present.st_mode)
    name = f".{location.name[:100]}.{os.urandom(6).hex()}"
    temporary = Location(location.path.with_name(name), location.folder, name)
    descriptor = open_file(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        with os.fdopen(descriptor, "wb") as file:
            fill(file)
            if mode is not None and hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), mode)
        os.replace(temporary.at, location.at, src_dir_fd=location.folder, dst_dir_fd=location.folder)
    except BaseException:
        os.unlink(temporary.at, dir_fd=location.folder)
        raise


def explain(error: OSError, path: str) -> ToolError:
    """The ToolError for what the system said about a path."""
    reason = error.strerror or str(error)
    codes = {FileNotFoundError: "not_found", PermissionError: "access_denied", FileExistsError: "already_exists"}
    if isinstance(error, FileNotFoundError):
        reason = "no such file or folder"
    return ToolError(f"'{path}': {reason[:1].lower()}{reason[1:]}", codes.get(type(error), "io_error"))


def _open_folder(root: Path, folder: Path) -> int:
    descriptor = os.open(root, os.O_RDONLY | _DIRECTORY | getattr(os, "O_CLOEXEC", 0))
    for part in folder.relative_to(root).parts:
        try:
            inner = os.open(part, os.O_RDONLY | _DIRECTORY | _NOFOLLOW, dir_fd=descriptor)
        finally:
            os.close(descriptor)
        descriptor = inner
    return descriptor

"""The tool `file-operations`: files and folders inside the allowed folders (see confinement).

Invariant: a file is written whole or not at all, and no operation follows a symbolic link out of an allowed folder.
"""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from llmspell_analysis.catalogue import load_tool

from ..values import Value
from .confinement import (
    Location,
    explain,
    located,
    open_file,
    open_for_reading,
    opened_folder,
    read_file,
    replace_file,
    resolve,
    write_file,
)
from .copying import copy_content
from .output import ToolError, ToolOutput, text_meta
from .registry import Parameters, ToolContext

MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_COPY_BYTES = 1024 * 1024 * 1024
MAX_ENTRIES = 10_000
MAX_DEPTH = 40


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    tool = load_tool("file-operations")
    operation = tool.operation(parameters["operation"])
    assert operation is not None, "the schema allows only the catalogue's operations"  # noqa: S101
    return _OPERATIONS[operation.name](parameters, context)


def _read(parameters: Parameters, context: ToolContext) -> ToolOutput:
    path = parameters["path"]
    content = read_file(path, context.allowed_roots, MAX_FILE_BYTES)
    result: Value = {"path": path, "size": len(content)}
    return text_meta("read", content.decode("utf-8", "surrogateescape"), result)


def _content(parameters: Parameters) -> bytes:
    content: bytes = parameters["input"].encode("utf-8", "surrogateescape")
    if len(content) > MAX_FILE_BYTES:
        raise ToolError(f"parameter 'input' is larger than the limit of {MAX_FILE_BYTES} bytes", "too_large")
    return content


def _write(parameters: Parameters, context: ToolContext) -> ToolOutput:
    path, content = parameters["path"], _content(parameters)
    real = write_file(path, context.allowed_roots, content)
    return _message("write", f"Wrote {len(content)} bytes to {real}", {"path": str(real), "size": len(content)})


def _append(parameters: Parameters, context: ToolContext) -> ToolOutput:
    path, content = parameters["path"], _content(parameters)
    try:
        with located(path, context.allowed_roots) as location:
            descriptor = open_file(location, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            with os.fdopen(descriptor, "ab") as file:
                file.write(content)
                size = file.tell()
    except OSError as error:
        raise explain(error, path) from error
    real = str(location.path)
    return _message("append", f"Appended {len(content)} bytes to {real}", {"path": real, "size": size})


def _delete(parameters: Parameters, context: ToolContext) -> ToolOutput:
    path, recursive = parameters["path"], parameters["recursive"]
    try:
        with located(path, context.allowed_roots) as location:
            if not stat.S_ISDIR(_status(location).st_mode):
                os.unlink(location.at, dir_fd=location.folder)
            elif recursive:
                shutil.rmtree(location.at, dir_fd=location.folder)
            else:
                _remove_empty(location, path)
    except OSError as error:
        raise explain(error, path) from error
    return _message("delete", f"Deleted {location.path}", {"path": str(location.path)})


def _remove_empty(location: Location, path: str) -> None:
    try:
        os.rmdir(location.at, dir_fd=location.folder)
    except OSError as error:
        raise ToolError(
            f"'{path}' is a folder that is not empty; set recursive = true to delete what is in it", "not_empty"
        ) from error


def _create_dir(parameters: Parameters, context: ToolContext) -> ToolOutput:
    path = parameters["path"]
    real, root = resolve(path, context.allowed_roots)
    made = False
    for folder in (*reversed(real.relative_to(root).parents), real.relative_to(root)):
        if folder.parts:
            made = _make_folder(str(root / folder), context) or made
    message = f"Created {real}" if made else f"{real} is there already"
    return _message("create_dir", message, {"path": str(real), "created": made})


def _make_folder(path: str, context: ToolContext) -> bool:
    try:
        with located(path, context.allowed_roots) as location:
            os.mkdir(location.at, dir_fd=location.folder)
    except FileExistsError:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise ToolError(f"'{path}' is there already and is not a folder", "already_exists") from None
        return False
    except OSError as error:
        raise explain(error, path) from error
    return True


def _list_dir(parameters: Parameters, context: ToolContext) -> ToolOutput:
    path = parameters["path"]
    entries: list[Value] = list(_entries(path, context, parameters["recursive"], 0))
    noun = "entry" if len(entries) == 1 else "entries"
    result: Value = {"entries": entries, "count": len(entries)}
    return _message("list_dir", f"{len(entries)} {noun} in {path}", result)


def _entries(path: str, context: ToolContext, recursive: bool, depth: int) -> Iterator[Value]:
    if depth > MAX_DEPTH:
        raise ToolError(f"'{path}' is nested deeper than {MAX_DEPTH} folders", "too_large")
    try:
        with opened_folder(path, context.allowed_roots) as (real, folder), os.scandir(folder) as scan:
            found = []
            for entry in scan:
                found.append((entry.name, entry.stat(follow_symlinks=False)))
                if len(found) > MAX_ENTRIES:
                    raise ToolError(f"'{path}' has more than {MAX_ENTRIES} entries", "too_large")
    except OSError as error:
        raise explain(error, path) from error
    for name, status in sorted(found):
        yield {
            "name": name,
            "path": str(real / name),
            "type": _kind(status.st_mode),
            "size": status.st_size,
            "modified": _time(status.st_mtime),
        }
        if recursive and stat.S_ISDIR(status.st_mode):
            yield from _entries(str(real / name), context, True, depth + 1)


def _copy(parameters: Parameters, context: ToolContext) -> ToolOutput:
    source, target = parameters["source_path"], parameters["target_path"]
    try:
        with located(source, context.allowed_roots) as location:
            mode = _status(location).st_mode
    except OSError as error:
        raise explain(error, source) from error
    if not stat.S_ISDIR(mode):
        size = _copy_file(source, target, context)
        return _message("copy", f"Copied {source} to {target}", {"path": target, "size": size})
    if not parameters["recursive"]:
        raise ToolError(f"'{source}' is a folder; set recursive = true to copy it", "not_a_file")
    real_target, _ = resolve(target, context.allowed_roots)
    if location.path == real_target or location.path in real_target.parents:
        raise ToolError(f"'{source}' cannot be copied into itself", "invalid_path")
    size = 0
    _make_folder(str(real_target), context)
    for entry in _entries(source, context, True, 0):
        assert isinstance(entry, dict)  # noqa: S101 - made above
        relative = os.path.relpath(str(entry["path"]), location.path)
        copied = str(real_target / relative)
        if entry["type"] == "directory":
            _make_folder(copied, context)
        elif entry["type"] == "file":
            size += _copy_file(str(entry["path"]), copied, context)
        else:
            raise ToolError(f"'{entry['path']}' is neither a file nor a folder and is not copied", "not_a_file")
    return _message("copy", f"Copied {source} to {target}", {"path": str(real_target), "size": size})


def _copy_file(source: str, target: str, context: ToolContext) -> int:
    with open_for_reading(source, context.allowed_roots) as reader:
        status = os.fstat(reader.fileno())
        if status.st_size > MAX_COPY_BYTES:
            raise ToolError(f"'{source}' is larger than the limit of {MAX_COPY_BYTES} bytes", "too_large")
        try:
            with located(target, context.allowed_roots) as place:
                if resolve(source, context.allowed_roots)[0] == place.path:
                    raise ToolError(f"'{source}' and '{target}' are the same file", "invalid_path")
                replace_file(place, lambda file: copy_content(reader, file), stat.S_IMODE(status.st_mode))
        except OSError as error:
            raise explain(error, target) from error
    return status.st_size


def _move(parameters: Parameters, context: ToolContext) -> ToolOutput:
    source, target = parameters["source_path"], parameters["target_path"]
    try:
        with located(source, context.allowed_roots) as origin, located(target, context.allowed_roots) as place:
            os.rename(origin.at, place.at, src_dir_fd=origin.folder, dst_dir_fd=place.folder)
    except OSError as error:
        if error.errno != _OTHER_DEVICE:
            raise explain(error, source) from error
        _copy({**parameters, "recursive": True}, context)
        _delete({"path": source, "recursive": True}, context)
    return _message("move", f"Moved {source} to {target}", {"path": str(place.path)})


def _metadata(parameters: Parameters, context: ToolContext) -> ToolOutput:
    path = parameters["path"]
    try:
        status, real = _status_of(path, context)
    except OSError as error:
        raise explain(error, path) from error
    result: Value = {
        "path": real,
        "name": os.path.basename(real),
        "type": _kind(status.st_mode),
        "size": status.st_size,
        "modified": _time(status.st_mtime),
        "accessed": _time(status.st_atime),
        "permissions": f"{stat.S_IMODE(status.st_mode):04o}",
        "readonly": not status.st_mode & stat.S_IWUSR,
    }
    return _message("metadata", f"{real}: {_kind(status.st_mode)}, {status.st_size} bytes", result)


def _exists(parameters: Parameters, context: ToolContext) -> ToolOutput:
    path = parameters["path"]
    try:
        _status_of(path, context)
        found = True
    except (FileNotFoundError, NotADirectoryError):
        found = False
    except OSError as error:
        raise explain(error, path) from error
    return _message("exists", f"{path} {'exists' if found else 'does not exist'}", {"exists": found})


def _status_of(path: str, context: ToolContext) -> tuple[os.stat_result, str]:
    real, root = resolve(path, context.allowed_roots)
    if real == root:
        return real.lstat(), str(real)
    with located(path, context.allowed_roots) as location:
        return _status(location), str(location.path)


def _status(location: Location) -> os.stat_result:
    return os.stat(location.at, dir_fd=location.folder, follow_symlinks=False)


def _message(operation: str, message: str, result: Value) -> ToolOutput:
    return text_meta(operation, message, result, message)


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "directory"
    return "symlink" if stat.S_ISLNK(mode) else "other"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


_OTHER_DEVICE = 18  # EXDEV: rename does not reach across file systems
_OPERATIONS: dict[str, Callable[[Parameters, ToolContext], ToolOutput]] = {
    "read": _read,
    "write": _write,
    "append": _append,
    "delete": _delete,
    "create_dir": _create_dir,
    "list_dir": _list_dir,
    "copy": _copy,
    "move": _move,
    "metadata": _metadata,
    "exists": _exists,
}

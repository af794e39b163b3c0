"""The tool `archive-handler`: packs, lists and unpacks zip and tar archives in the allowed folders.

Invariant: an archive is looked through as a whole before its first file is written, and every file is written below
the target folder through confinement.
"""

import os
import stat
import tarfile
import time
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ..values import Value
from . import archive_formats
from .archive_formats import Entry, entries, read_format
from .confinement import explain, located, open_for_reading, opened_folder, replace_file, resolve
from .copying import copy_content
from .output import ToolError, ToolOutput, text_meta
from .registry import Parameters, ToolContext

COMPRESSION_LEVEL = 6
MAX_DEPTH = 40
_ENDINGS = {
    ".zip": "zip",
    ".tar.gz": "tar.gz",
    ".tgz": "tar.gz",
    ".tar.bz2": "tar.bz2",
    ".tbz2": "tar.bz2",
    ".tar": "tar",
}
_TAR_MODES = {"tar": "", "tar.gz": "gz", "tar.bz2": "bz2"}


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    return _OPERATIONS[parameters["operation"]](parameters, context)


def _list(parameters: Parameters, context: ToolContext) -> ToolOutput:
    path = parameters["path"]
    with open_for_reading(path, context.allowed_roots) as file:
        kind = read_format(file)
        files: list[Value] = [_described(entry) for entry, _ in entries(file, kind)]
    message = f"{path} is a {kind} archive with {len(files)} {'entry' if len(files) == 1 else 'entries'}"
    return text_meta("list", message, {"format": kind, "files": files, "file_count": len(files)}, message)


def _described(entry: Entry) -> Value:
    found: dict[str, Value] = {"path": entry.name, "size": entry.size, "is_directory": entry.is_folder}
    if entry.modified is not None:
        found["modified"] = entry.modified
    return found


def _extract(parameters: Parameters, context: ToolContext) -> ToolOutput:
    path, roots = parameters["path"], context.allowed_roots
    target, _ = resolve(parameters["target_path"], roots)
    with open_for_reading(path, roots) as file:
        kind = read_format(file)
        for _ in entries(file, kind):
            pass  # an entry that is refused is found before anything is written
        file.seek(0)
        _make_folders(target, context)
        extracted: list[Value] = []
        total = 0
        for entry, content in entries(file, kind):
            place = target / entry.name
            if resolve(str(place), roots)[0] != place:
                raise ToolError(f"'{place}' is a symbolic link or lies behind one", "access_denied")
            _make_folders(place if entry.is_folder else place.parent, context)
            if content is None:
                continue
            _write(place, context, partial(archive_formats.copy, content, size=entry.size))
            extracted.append(str(place))
            total += entry.size
    message = f"Extracted {len(extracted)} file{'' if len(extracted) == 1 else 's'} ({total} bytes) to {target}"
    result: Value = {"extracted_files": extracted, "total_size": total, "output_dir": str(target)}
    return text_meta("extract", message, result, message)


def _make_folders(folder: Path, context: ToolContext) -> None:
    real, root = resolve(str(folder), context.allowed_roots)
    inner = real.relative_to(root)
    for part in (*reversed(inner.parents), inner):
        if not part.parts:
            continue
        place = root / part
        try:
            with located(str(place), context.allowed_roots) as location:
                os.mkdir(location.at, dir_fd=location.folder)
        except FileExistsError:
            if not stat.S_ISDIR(os.lstat(place).st_mode):
                raise ToolError(f"'{place}' is there already and is not a folder", "already_exists") from None
        except OSError as error:
            raise explain(error, str(place)) from error


def _write(place: Path | str, context: ToolContext, fill: Callable[[BinaryIO], object]) -> None:
    try:
        with located(str(place), context.allowed_roots) as location:
            replace_file(location, fill)
    except OSError as error:
        raise explain(error, str(place)) from error


def _create(parameters: Parameters, context: ToolContext) -> ToolOutput:
    path, roots = parameters["path"], context.allowed_roots
    kind = next((kind for ending, kind in _ENDINGS.items() if path.lower().endswith(ending)), None)
    if kind is None:
        raise ToolError(
            f"parameter 'path': the archive's kind is told by its ending, one of {', '.join(_ENDINGS)}",
            "invalid_parameters",
        )
    archive, _ = resolve(path, roots)
    members = _members(parameters["input"], archive, context)
    sizes: list[int] = []

    def fill(file: BinaryIO) -> None:
        pack = _pack_zip(file, members, context) if kind == "zip" else _pack_tar(file, kind, members, context)
        with closing(pack):
            for size in pack:
                sizes.append(size)
                if sum(sizes) > archive_formats.MAX_TOTAL:
                    raise ToolError(
                        f"the files are larger than the limit of {archive_formats.MAX_TOTAL} bytes", "too_large"
                    )

    _write(path, context, fill)
    total = sum(sizes)
    message = f"Packed {len(members)} file{'' if len(members) == 1 else 's'} ({total} bytes) into {archive}"
    names: list[Value] = list(members)
    result: Value = {
        "archive_path": str(archive),
        "archived_files": names,
        "total_size": total,
        "compression_level": 0 if kind == "tar" else COMPRESSION_LEVEL,
    }
    return text_meta("create", message, result, message)


def _members(given: list[str], archive: Path, context: ToolContext) -> dict[str, Path]:
    """The files to pack by their names in the archive: a file's own name, and those below a folder with its name."""
    members: dict[str, Path] = {}
    for path in given:
        real, _ = resolve(path, context.allowed_roots)
        if real == archive:
            raise ToolError(f"'{path}' is the archive itself", "invalid_path")
        for name, file in _below(real, real.name, path, context, 0):
            if file == archive:
                continue
            if name in members:
                raise ToolError(f"'{members[name]}' and '{file}' would both be '{name}' in the archive", "invalid_path")
            members[name] = file
            if len(members) > archive_formats.MAX_ENTRIES:
                raise ToolError(f"there are more than {archive_formats.MAX_ENTRIES} files", "too_large")
    if not members:
        raise ToolError("parameter 'input': there is no file to pack", "invalid_parameters")
    return members


def _below(real: Path, name: str, path: str, context: ToolContext, depth: int) -> Iterator[tuple[str, Path]]:
    """A file itself, or the files below a folder. Links are left out, as they may lead anywhere."""
    if depth > MAX_DEPTH:
        raise ToolError(f"'{path}' is nested deeper than {MAX_DEPTH} folders", "too_large")
    try:
        mode = real.lstat().st_mode
        if stat.S_ISREG(mode):
            yield name, real
            return
        if not stat.S_ISDIR(mode):
            if depth == 0:
                raise ToolError(f"'{path}' is neither a file nor a folder", "not_a_file")
            return
        with opened_folder(str(real), context.allowed_roots) as (_, folder):
            inner = sorted(os.listdir(folder))
    except OSError as error:
        raise explain(error, str(real)) from error
    for each in inner:
        yield from _below(real / each, f"{name}/{each}", path, context, depth + 1)


def _pack_zip(file: BinaryIO, members: Mapping[str, Path], context: ToolContext) -> Generator[int, None, None]:
    """Packs the files one by one and gives the size of each before it is packed; so does `_pack_tar`."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION_LEVEL) as archive:
        for name, path in members.items():
            with open_for_reading(str(path), context.allowed_roots) as source:
                status = os.fstat(source.fileno())
                # Zip knows no time before 1980 and none after 2107.
                moment = min(max(time.gmtime(status.st_mtime)[:6], (1980, 1, 1, 0, 0, 0)), (2107, 12, 31, 23, 59, 58))
                info = zipfile.ZipInfo(name, moment)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr = status.st_mode << 16
                info.file_size = status.st_size
                yield status.st_size
                with archive.open(info, "w") as packed:
                    copy_content(source, packed)


def _pack_tar(
    file: BinaryIO, kind: str, members: Mapping[str, Path], context: ToolContext
) -> Generator[int, None, None]:
    compressed = {} if kind == "tar" else {"compresslevel": COMPRESSION_LEVEL}
    with tarfile.open(fileobj=file, mode=f"w:{_TAR_MODES[kind]}", **compressed) as archive:  # type: ignore[call-overload]
        for name, path in members.items():
            with open_for_reading(str(path), context.allowed_roots) as source:
                status = os.fstat(source.fileno())
                info = tarfile.TarInfo(name)
                info.size, info.mtime, info.mode = status.st_size, int(status.st_mtime), stat.S_IMODE(status.st_mode)
                yield status.st_size
                archive.addfile(info, source)


_OPERATIONS: Mapping[str, Callable[[Parameters, ToolContext], ToolOutput]] = {
    "list": _list,
    "extract": _extract,
    "create": _create,
}

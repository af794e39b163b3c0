"""Files that templates read, and the sorting of files into categories.

Invariants: no file outside of the allowed folders is touched; a file is never written over; a link is not followed.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..host import Host, HostError
from ..policy import allowed_folders
from ..tools.confinement import located, open_for_reading, opened_folder, read_file, resolve
from ..tools.output import ToolError
from ..values import Value

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_FILES = 5000
_SNIFFED_BYTES = 512

_CATEGORIES = {
    "documents": "pdf doc docx odt rtf txt md rst tex epub xls xlsx ods csv ppt pptx odp",
    "images": "png jpg jpeg gif bmp svg webp tif tiff heic ico",
    "audio": "mp3 wav flac ogg m4a aac",
    "video": "mp4 mkv avi mov webm",
    "code": "py lua rs js ts go java c cc cpp h hpp rb php sh sql html css ipynb",
    "data": "json yaml yml toml xml parquet sqlite db log ini",
    "archives": "zip tar gz tgz bz2 xz 7z rar",
    "programs": "exe msi deb rpm dmg appimage apk",
}
_BY_ENDING = {ending: category for category, endings in _CATEGORIES.items() for ending in endings.split()}
_PRESETS = {
    "documents": ("documents",),
    "media": ("images", "audio", "video"),
    "code": ("code", "data"),
    "downloads": tuple(_CATEGORIES),
}
_OTHER = "other"
# The first bytes of files whose kind shows there.
_BEGINNINGS = (
    (b"%PDF", "documents"),
    (b"\x89PNG", "images"),
    (b"\xff\xd8\xff", "images"),
    (b"GIF8", "images"),
    (b"ID3", "audio"),
    (b"OggS", "audio"),
    (b"fLaC", "audio"),
    (b"PK\x03\x04", "archives"),
    (b"\x1f\x8b", "archives"),
    (b"SQLite format 3", "data"),
    (b"\x7fELF", "programs"),
    (b"MZ", "programs"),
    (b"#!", "code"),
)


def text_of(host: Host, function: str, path: str) -> str:
    """A file's text. Raises HostError."""
    try:
        data = read_file(path, allowed_folders(host.context), MAX_FILE_BYTES)
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise HostError(f"{function}: '{path[:200]}' is no text in UTF-8") from None
    except (ToolError, OSError) as error:
        raise HostError(f"{function}: {error}") from error


def classify(host: Host, parameters: dict[str, Any]) -> Value:
    """`{files: [{path, category, reason, target?}], by_category, action, done}`; carried out unless it is a dry run."""
    function = "Template.execute: file-classification"
    roots = allowed_folders(host.context)
    action, strategy = parameters["action"], parameters["classification_strategy"]
    wanted = _PRESETS.get(parameters.get("category_preset", ""))
    base = parameters.get("destination_base") or parameters["source_path"]
    is_done = action != "report" and not parameters["dry_run"]
    files: list[dict[str, Value]] = []
    try:
        for path in _files(parameters["source_path"], roots, parameters["recursive"]):
            category, reason = _category(path, strategy, roots)
            if wanted is not None and category not in wanted:
                continue
            one: dict[str, Value] = {"path": str(path), "category": category, "reason": reason}
            if action != "report":
                one["target"] = str(Path(base) / category / path.name)
            files.append(one)
        if is_done:
            for one in files:
                _carry_out(action, str(one["path"]), str(one["target"]), roots)
    except ToolError as error:
        raise HostError(f"{function}: {error}") from error
    except OSError as error:
        raise HostError(f"{function}: {error.strerror}: '{error.filename}'") from error
    by_category: dict[str, Value] = {}
    for one in files:
        count = by_category.get(str(one["category"]), 0)
        by_category[str(one["category"])] = (count if isinstance(count, int) else 0) + 1
    return {"files": list[Value](files), "by_category": by_category, "action": action, "done": is_done}


def _files(folder: str, roots: tuple[Path, ...], is_recursive: bool) -> Iterator[Path]:
    pending, count = [folder], 0
    while pending:
        with opened_folder(pending.pop(), roots) as (real, handle), os.scandir(handle) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                if entry.is_file(follow_symlinks=False) and not entry.name.startswith("."):
                    count += 1
                    if count > MAX_FILES:
                        raise ToolError(f"'{folder}' has more than {MAX_FILES} files, the limit", "too_large")
                    yield real / entry.name
                elif is_recursive and entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                    pending.append(str(real / entry.name))


def _category(path: Path, strategy: str, roots: tuple[Path, ...]) -> tuple[str, str]:
    by_ending = _BY_ENDING.get(path.suffix.lower().removeprefix("."))
    if strategy == "extension" or (strategy == "hybrid" and by_ending is not None):
        return (by_ending, f"ending '{path.suffix}'") if by_ending else (_OTHER, "unknown ending")
    with open_for_reading(str(path), roots) as file:
        start = file.read(_SNIFFED_BYTES)
    for beginning, category in _BEGINNINGS:
        if start.startswith(beginning):
            return category, "its first bytes"
    if b"\0" in start:
        return _OTHER, "unknown bytes"
    return "documents", "it is text"


def _carry_out(action: str, path: str, target: str, roots: tuple[Path, ...]) -> None:
    with located(path, roots) as source:
        resolved, _ = resolve(target, roots)  # before a folder is made for it
        resolved.parent.mkdir(parents=True, exist_ok=True)
        with located(target, roots) as place:
            if os.path.lexists(place.path):
                raise ToolError(f"'{place.path}' exists already and is not written over", "already_exists")
            if action == "move":
                os.rename(source.at, place.at, src_dir_fd=source.folder, dst_dir_fd=place.folder)
            else:
                shutil.copyfile(source.path, place.path, follow_symlinks=False)

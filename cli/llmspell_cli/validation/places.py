"""What the formats have in common: lines and columns from one, columns in code points; paths; JSON."""

import json
import os
import re
from pathlib import Path
from typing import NamedTuple

from llmspell_analysis.syntax.text import SourceText, decode

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Place(NamedTuple):
    line: int
    column: int


def place_of(source: SourceText, offset: int) -> Place:
    offset = min(offset, len(source))
    line = source.line_of(offset)
    start = source.line_starts[line]
    return Place(line + 1, len(decode(source.data[start:offset])) + 1)


def document_text(value: object) -> str:
    """JSON that every reader takes: bytes that are no UTF-8 become the replacement character."""
    return json.dumps(_readable(value), indent=2)


def _readable(value: object) -> object:
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {key: _readable(each) for key, each in value.items()}
    return [_readable(each) for each in value] if isinstance(value, list) else value


def root_folder() -> Path:
    """What paths in reports are relative to: the repository around the current folder, or this folder itself."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def relative_to_root(name: str, root: Path) -> str | None:
    """A path with slashes as it is below the root; None when it is not below it."""
    path = os.path.abspath(name)
    relative = os.path.relpath(path, root) if os.path.splitdrive(path)[0] == root.drive else ".."
    return None if relative.split(os.sep)[0] == ".." else relative.replace(os.sep, "/")

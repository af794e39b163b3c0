"""The files that media tools read and write."""

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any, BinaryIO

from .confinement import explain, located, replace_file
from .output import ToolError
from .registry import ToolContext


def checked_size(file: BinaryIO, path: str, limit: int) -> int:
    """The size of an open file. Raises ToolError when it is too large."""
    size = file.seek(0, 2)
    if size > limit:
        raise ToolError(f"'{path}' is larger than the limit of {limit} bytes", "too_large")
    return size


def target_format(path: str, given: str | None, endings: Mapping[str, str]) -> str:
    """The format to write: the one that is asked for, else the one of the path's ending. Raises ToolError."""
    kind = given or endings.get(PurePath(path).suffix.lower())
    if kind is None:
        known = ", ".join(endings)
        raise ToolError(f"parameter 'target_path': expected one of the endings {known}", "invalid_parameters")
    return kind


def write_target(path: str, context: ToolContext, fill: Callable[[BinaryIO], Any]) -> Any:
    """What ``fill`` gives, which writes the new file; it takes its place when it is whole. Raises ToolError."""
    answers: list[Any] = []
    try:
        with located(path, context.allowed_roots) as location:
            replace_file(location, lambda output: answers.append(fill(output)))
    except OSError as error:
        raise explain(error, path) from error
    return answers[0]

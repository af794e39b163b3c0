"""The files that media tools read and write."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, BinaryIO

from ..values import Value
from .child_work import work
from .confinement import explain, located, replace_file
from .media_formats import Test, detect
from .output import ToolError, ToolOutput, envelope
from .registry import ToolContext


def checked_size(file: BinaryIO, path: str, limit: int) -> int:
    """The size of an open file. Raises ToolError when it is too large."""
    size = file.seek(0, 2)
    if size > limit:
        raise ToolError(f"'{path}' is larger than the limit of {limit} bytes", "too_large")
    return size


@dataclass(frozen=True, slots=True)
class Media:
    """What a tool is for: `what` in a message, the formats that it knows, what its child is asked for facts. With
    `mime_type` `detect` tells that too, which begins so."""

    what: str
    formats: Mapping[str, Test]
    max_bytes: int
    worker: str
    metadata: str
    mime_type: str = ""


def looked_at(operation: str, path: str, file: BinaryIO, media: Media, context: ToolContext) -> ToolOutput | None:
    """The answer to the operations `detect` and `metadata`; None for others, of a file that was found fit. Raises
    ToolError."""
    kind = detect(file, media.formats)
    if operation == "detect":
        facts: dict[str, Value] = {"file_path": path, "format": kind or "unknown", "supported": kind is not None}
        if media.mime_type:
            facts["mime_type"] = f"{media.mime_type}/{kind}" if kind else "application/octet-stream"
        return envelope("detect", facts)
    size = checked_size(file, path, media.max_bytes)
    if kind is None:
        raise ToolError(f"'{path}' is no {media.what} of a known format ({', '.join(media.formats)})", "unsupported")
    if operation != "metadata":
        return None
    found = work(media.worker, {"operation": media.metadata}, file, context)
    return envelope("metadata", {"file_path": path, "metadata": {**found, "format": kind, "file_size": size}})


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

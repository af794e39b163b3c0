"""The request ``breakpointLocations``: where in a range of a source breakpoints can be."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from ..protocol.ldp import MAX_INTEGER, RequestError, integer_argument, response
from .breakpoints import BreakpointTable
from .string_chunks import source_of_reference


def breakpoint_locations(
    table: BreakpointTable, request: Mapping[str, Any], respond: Callable[[dict[str, Any]], None]
) -> None:
    """Answer with each place's line and column. Without columns whole lines are meant, without ``endLine`` one line."""
    arguments = request.get("arguments") or {}
    source = arguments.get("source")
    reference = integer_argument(source, "sourceReference", default=0) if isinstance(source, dict) else 0
    path = source.get("path") if isinstance(source, dict) else None
    if not reference and (not isinstance(path, str) or not path or "\0" in path):
        raise RequestError(f"source.path: expected a path, got {path!r}")
    line = integer_argument(arguments, "line")
    start = (line, integer_argument(arguments, "column", default=1))
    end = (integer_argument(arguments, "endLine", default=line), integer_argument(arguments, "endColumn", MAX_INTEGER))
    try:
        read = source_of_reference(reference) if reference else os.path.realpath(path or "")
        points = table.locations(read, start, end)
    except OSError as error:
        raise RequestError(f"source.path: {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise RequestError(f"{'source.sourceReference' if reference else 'source.path'}: {error}") from error
    respond(response(request, {"breakpoints": [{"line": one.line, "column": one.column} for one in points]}))

"""The tool `video-processor`: looks at video files and takes frames, in a process of its own (media_work)."""

import math

from ..values import Value
from .child_work import work
from .confinement import open_for_reading
from .media_files import checked_size, target_format, write_target
from .media_formats import VIDEO, detect
from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext

MAX_BYTES = 4 * 1024 * 1024 * 1024
THUMBNAIL_SIDE = 320
_ENDINGS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    operation, path = parameters["operation"], parameters["file_path"]
    with open_for_reading(path, context.allowed_roots) as file:
        kind = detect(file, VIDEO)
        if operation == "detect":
            return envelope("detect", {"file_path": path, "format": kind or "unknown", "supported": kind is not None})
        size = checked_size(file, path, MAX_BYTES)
        if kind is None:
            raise ToolError(f"'{path}' is no video of a known format ({', '.join(VIDEO)})", "unsupported")
        if operation == "metadata":
            found = work("media_work", {"operation": "video_metadata"}, file, context)
            metadata: Value = {**found, "format": kind, "file_size": size}
            return envelope("metadata", {"file_path": path, "metadata": metadata})
        target, seconds = parameters["target_path"], parameters["timestamp_seconds"]
        if not 0 <= seconds < math.inf:
            raise ToolError("parameter 'timestamp_seconds': expected 0 or more", "invalid_parameters")
        request = {
            "operation": "frame",
            "seconds": seconds,
            "format": target_format(target, None, _ENDINGS),
            "side": THUMBNAIL_SIDE if operation == "thumbnail" else None,
        }
        write_target(target, context, lambda output: work("media_work", request, file, context, output))
    result: Value = {"video_path": path, "target_path": target, "timestamp_seconds": seconds, "success": True}
    return envelope(operation, result)

"""The tool `video-processor`: looks at video files and takes frames, in a process of its own (media_work)."""

import math

from ..values import Value
from .child_work import work
from .confinement import open_for_reading
from .media_files import Media, looked_at, target_format, write_target
from .media_formats import VIDEO
from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext

MAX_BYTES = 4 * 1024 * 1024 * 1024
THUMBNAIL_SIDE = 320
_VIDEO = Media("video", VIDEO, MAX_BYTES, "media_work", "video_metadata")
_ENDINGS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    operation, path = parameters["operation"], parameters["file_path"]
    with open_for_reading(path, context.allowed_roots) as file:
        answer = looked_at(operation, path, file, _VIDEO, context)
        if answer is not None:
            return answer
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

"""The tool `audio-processor`: looks at sound files and converts them, in a process of its own (media_work)."""

from ..values import Value
from .child_work import work
from .confinement import open_for_reading
from .media_files import checked_size, target_format, write_target
from .media_formats import AUDIO, detect
from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext

MAX_BYTES = 500 * 1024 * 1024
_ENDINGS = {".wav": "wav", ".mp3": "mp3"}


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    operation = parameters["operation"]
    path = parameters["source_path" if operation == "convert" else "file_path"]
    with open_for_reading(path, context.allowed_roots) as file:
        kind = detect(file, AUDIO)
        if operation == "detect":
            return envelope("detect", {"file_path": path, "format": kind or "unknown", "supported": kind is not None})
        size = checked_size(file, path, MAX_BYTES)
        if kind is None:
            raise ToolError(f"'{path}' is no sound file of a known format ({', '.join(AUDIO)})", "unsupported")
        if operation == "metadata":
            found = work("media_work", {"operation": "audio_metadata"}, file, context)
            metadata: Value = {**found, "format": kind, "file_size": size}
            return envelope("metadata", {"file_path": path, "metadata": metadata})
        target = parameters["target_path"]
        wanted = target_format(target, parameters.get("target_format"), _ENDINGS)
        request = {"operation": "convert", "format": wanted}
        write_target(target, context, lambda output: work("media_work", request, file, context, output))
    return envelope("convert", {"source_path": path, "target_path": target, "target_format": wanted, "success": True})

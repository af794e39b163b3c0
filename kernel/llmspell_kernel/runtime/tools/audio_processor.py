"""The tool `audio-processor`: looks at sound files and converts them, in a process of its own (media_work)."""

from .child_work import work
from .confinement import open_for_reading
from .media_files import Media, looked_at, target_format, write_target
from .media_formats import AUDIO
from .output import ToolOutput, envelope
from .registry import Parameters, ToolContext

MAX_BYTES = 500 * 1024 * 1024
_SOUND = Media("sound file", AUDIO, MAX_BYTES, "media_work", "audio_metadata")
_ENDINGS = {".wav": "wav", ".mp3": "mp3"}


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    operation = parameters["operation"]
    path = parameters["source_path" if operation == "convert" else "file_path"]
    with open_for_reading(path, context.allowed_roots) as file:
        answer = looked_at(operation, path, file, _SOUND, context)
        if answer is not None:
            return answer
        target = parameters["target_path"]
        wanted = target_format(target, parameters.get("target_format"), _ENDINGS)
        request = {"operation": "convert", "format": wanted}
        write_target(target, context, lambda output: work("media_work", request, file, context, output))
    return envelope("convert", {"source_path": path, "target_path": target, "target_format": wanted, "success": True})

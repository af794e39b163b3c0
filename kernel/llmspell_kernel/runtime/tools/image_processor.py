"""The tool `image-processor`: looks at images and changes them, in a process of its own (image_work)."""

from collections.abc import Mapping
from typing import Any, BinaryIO

from ..values import Value
from .child_work import work
from .confinement import open_for_reading
from .media_files import Media, looked_at, target_format, write_target
from .media_formats import IMAGES
from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext

MAX_BYTES = 200 * 1024 * 1024
MAX_SIDE = 20_000
_IMAGE = Media("image", IMAGES, MAX_BYTES, "image_work", "metadata", mime_type="image")
_ENDINGS: Mapping[str, str] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif", ".webp": "webp"}
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "resize": ("width", "height", "maintain_aspect_ratio"),
    "convert": (),
    "crop": ("x", "y", "width", "height"),
    "rotate": ("degrees",),
    "thumbnail": ("max_width", "max_height"),
}


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    operation = parameters["operation"]
    path = parameters["file_path" if operation in {"detect", "metadata"} else "source_path"]
    with open_for_reading(path, context.allowed_roots) as file:
        answer = looked_at(operation, path, file, _IMAGE, context)
        if answer is not None:
            return answer
        return envelope(operation, _change(file, parameters, context))


def _change(file: BinaryIO, parameters: Parameters, context: ToolContext) -> Value:
    operation, target = parameters["operation"], parameters["target_path"]
    given = {name: parameters[name] for name in _FIELDS[operation] if name in parameters}
    _check(operation, given)
    kind = target_format(target, parameters.get("target_format"), _ENDINGS)
    request = {"operation": operation, "format": kind, **given}
    answer = write_target(target, context, lambda output: work("image_work", request, file, context, output))
    return {
        "source_path": parameters["source_path"],
        "target_path": target,
        **given,
        **answer,
        "target_format": kind,
        "success": True,
    }


def _check(operation: str, given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        least = 0 if name in {"x", "y"} else 1
        if name not in {"degrees", "maintain_aspect_ratio"} and not least <= value <= MAX_SIDE:
            raise ToolError(f"parameter '{name}': expected {least} to {MAX_SIDE}", "invalid_parameters")
    if operation == "rotate" and given["degrees"] not in {90, 180, 270}:
        raise ToolError("parameter 'degrees': expected 90, 180 or 270", "invalid_parameters")

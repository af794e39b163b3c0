"""Reads and changes images for `image-processor`; runs in the process of child_work."""

import warnings
from typing import Any, BinaryIO

from .child import WorkError

MAX_PIXELS = 100_000_000
MAX_FRAMES = 1000
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
_BITS = {"1": 1, "I": 32, "F": 32, "I;16": 16}


def work(request: dict[str, Any], source: BinaryIO, target: BinaryIO) -> Any:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        image = Image.open(source, formats=_FORMATS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise WorkError(f"the image has more than {MAX_PIXELS} pixels", "too_large") from None
    if request["operation"] == "metadata":
        return _metadata(image)
    return _write(_changed(image, request), request["format"], target)


def _metadata(image: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "dimensions": {"width": image.width, "height": image.height},
        "color_mode": image.mode,
        "bit_depth": _BITS.get(image.mode, 8),
    }
    if "dpi" in image.info:
        found["dpi"] = [round(float(one)) for one in image.info["dpi"]]
    if exif := _exif(image):
        found["exif"] = exif
    return found


def _exif(image: Any) -> dict[str, Any]:
    from PIL.ExifTags import TAGS

    found: dict[str, Any] = {}
    for number, value in image.getexif().items():
        name = TAGS.get(number, str(number))
        if isinstance(value, bool | int | str):
            found[name] = value if not isinstance(value, str) else value.rstrip("\0")[:1000]
        elif isinstance(value, float) or hasattr(value, "numerator"):
            found[name] = float(value)
    return found


def _changed(image: Any, request: dict[str, Any]) -> Any:
    from PIL import Image

    match request["operation"]:
        case "resize":
            width, height = _size(image, request)
            if width * height > MAX_PIXELS:
                raise WorkError(f"the new image would have more than {MAX_PIXELS} pixels", "too_large")
            return image.resize((width, height), Image.Resampling.LANCZOS)
        case "crop":
            x, y, width, height = (request[name] for name in ("x", "y", "width", "height"))
            if x + width > image.width or y + height > image.height:
                raise WorkError(f"the part lies outside of the image, which has {image.width} x {image.height} pixels",
                                "invalid_parameters")  # fmt: skip
            return image.crop((x, y, x + width, y + height))
        case "rotate":
            # clockwise, as people say it
            turns = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
            return image.transpose(turns[request["degrees"]])
        case "thumbnail":
            image.thumbnail((request["max_width"], request["max_height"]))
    return image


def _size(image: Any, request: dict[str, Any]) -> tuple[int, int]:
    width, height = request.get("width"), request.get("height")
    if not request["maintain_aspect_ratio"]:
        return width or image.width, height or image.height
    factor = min(wanted / present for wanted, present in ((width, image.width), (height, image.height)) if wanted)
    return max(round(image.width * factor), 1), max(round(image.height * factor), 1)


def _write(image: Any, kind: str, target: BinaryIO) -> dict[str, Any]:
    if kind == "jpeg" and image.mode not in {"RGB", "L", "CMYK"}:
        from PIL import Image

        # JPEG has no transparency: what is transparent becomes white
        full = image.convert("RGBA")
        image = Image.new("RGB", full.size, "white")
        image.paste(full, mask=full.getchannel("A"))
    elif kind in {"png", "webp"} and image.mode in {"CMYK", "F", "YCbCr", "LAB", "HSV"}:
        image = image.convert("RGB")
    image.save(target, format=kind.upper())
    return {"width": image.width, "height": image.height}

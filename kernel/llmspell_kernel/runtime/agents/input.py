"""What a script asks an agent: the table of ``agent:execute``, read and checked.

Invariant: keys that mean nothing here are left out, as the catalogue says; a key with a wrong value raises.
"""

import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..host import HostError
from ..providers.model import Image
from ..tools.parameters import describe
from ..values import Value
from .definition import Fields

MAX_TEXT_BYTES = 16 * 1024 * 1024
MAX_IMAGES = 100
# Parameters that go to the model as they are.
_SAMPLING = ("top_p", "top_k", "stop", "seed", "frequency_penalty", "presence_penalty")
_MIME = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}


@dataclass(frozen=True, slots=True)
class AgentInput:
    text: str
    images: tuple[Image, ...] = ()
    temperature: float | None = None
    max_tokens: int | None = None
    schema: Mapping[str, Any] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


def input_of(given: Value) -> AgentInput:
    """Raises HostError that names the field."""
    if not isinstance(given, dict):
        raise HostError(f"input: expected a table with a field 'text', got {describe(given)}")
    fields = Fields("", "input", given)
    text = given.get("text")
    if not isinstance(text, str):
        raise HostError(f"input.text: expected a text, got {describe(text)}")
    if len(text) > MAX_TEXT_BYTES:
        raise HostError(f"input.text: longer than {MAX_TEXT_BYTES} characters")
    parameters = fields.table("parameters")
    images = _images(given)
    return AgentInput(
        text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
        images,
        parameters.number("temperature", None, 0, 2),
        parameters.whole("max_tokens", None, 1),
        parameters.schema("output_schema"),
        {name: parameters.values[name] for name in _SAMPLING if name in parameters.values},
    )


def _images(given: Mapping[str, Value]) -> tuple[Image, ...]:
    media = given.get("media")
    listed = media if isinstance(media, list) else [] if media in (None, {}) else None
    if listed is None:
        raise HostError(f"input.media: expected a list, got {describe(media)}")
    one = given.get("image")
    every = [*listed, *([] if one is None else [one])]
    if len(every) > MAX_IMAGES:
        raise HostError(f"input.media: more than {MAX_IMAGES} images")
    return tuple(_image(f"input.media[{number}]", item) for number, item in enumerate(every, 1))


def _image(place: str, given: Value) -> Image:
    if not isinstance(given, dict) or not isinstance(given.get("base64"), str):
        raise HostError(f"{place}: expected a table with a text 'base64'")
    form = given.get("format", "png")
    mime_type = _MIME.get(str(form).lower().removeprefix("image/"))
    if mime_type is None:
        raise HostError(f"{place}.format: unknown format {describe(form)} (known: {', '.join(_MIME)})")
    try:
        binascii.a2b_base64(str(given["base64"]), strict_mode=True)
    except (binascii.Error, ValueError):
        raise HostError(f"{place}.base64: this is not Base64") from None
    return Image(str(given["base64"]), mime_type)

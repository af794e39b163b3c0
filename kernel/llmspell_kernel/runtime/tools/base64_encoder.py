"""The tool `base64-encoder`: text or a file to Base64 and back.

Invariant: what is encoded and decoded again is the same, byte for byte, whatever the bytes are.
"""

import base64
import binascii

from ..values import Value
from .confinement import read_file, write_file
from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext

MAX_BYTES = 16 * 1024 * 1024


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    operation, variant = parameters["operation"], parameters["variant"]
    given = _input(parameters, context)
    if len(given) > MAX_BYTES:
        raise ToolError(f"the input is larger than the limit of {MAX_BYTES} bytes", "too_large")
    made = _encoded(given, variant) if operation == "encode" else _decoded(given, variant)
    output = made.decode("utf-8", "surrogateescape")
    result: dict[str, Value] = {
        "output": output,
        "variant": variant,
        "binary": parameters["binary_input"] if operation == "encode" else not _is_text(made),
    }
    if "output_file" in parameters:
        result["output_file"] = str(write_file(parameters["output_file"], context.allowed_roots, made))
    return envelope(operation, result)


def _input(parameters: Parameters, context: ToolContext) -> bytes:
    if "input" not in parameters:
        return read_file(parameters["input_file"], context.allowed_roots, MAX_BYTES)
    text: str = parameters["input"]
    if parameters["operation"] == "encode" and parameters["binary_input"]:
        try:
            return bytes.fromhex(text)
        except ValueError:
            raise ToolError("parameter 'input': not hexadecimal, as binary_input asks", "invalid_parameters") from None
    return text.encode("utf-8", "surrogateescape")


def _encoded(given: bytes, variant: str) -> bytes:
    return base64.urlsafe_b64encode(given) if variant == "url-safe" else base64.b64encode(given)


def _decoded(given: bytes, variant: str) -> bytes:
    text = b"".join(given.split())
    text += b"=" * (-len(text) % 4)  # padding is optional in the url-safe variant and often lost elsewhere
    try:
        return base64.b64decode(text, altchars=b"-_" if variant == "url-safe" else None, validate=True)
    except binascii.Error as error:
        raise ToolError(f"the input is not {variant} Base64: {error}", "invalid_input") from None


def _is_text(made: bytes) -> bool:
    try:
        made.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True

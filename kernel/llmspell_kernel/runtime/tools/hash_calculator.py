"""The tool `hash-calculator`: hashes of text and of files.

Invariant: hashes are compared in constant time.
"""

import base64
import binascii
import hashlib
import hmac

from ..cancellation import check_cancelled
from .confinement import open_for_reading
from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    algorithm = parameters["algorithm"]
    digest = _digest(parameters, context)
    if parameters["operation"] == "hash":
        form = parameters["format"]
        return envelope("hash", {"algorithm": algorithm, "hash": _written(digest, form), "format": form})
    form = parameters["expected_format"]
    expected = _parsed(parameters["expected_hash"], form)
    return envelope(
        "verify",
        {
            "verified": hmac.compare_digest(digest, expected),
            "algorithm": algorithm,
            "expected": parameters["expected_hash"],
            "actual": _written(digest, form),
        },
    )


def _digest(parameters: Parameters, context: ToolContext) -> bytes:
    hasher = hashlib.new(parameters["algorithm"], usedforsecurity=False)
    if parameters["input_type"] == "string":
        hasher.update(parameters["input"].encode("utf-8", "surrogateescape"))
        return hasher.digest()
    with open_for_reading(parameters["file"], context.allowed_roots) as file:
        while block := file.read(1024 * 1024):
            check_cancelled()
            hasher.update(block)
    return hasher.digest()


def _written(digest: bytes, form: str) -> str:
    return digest.hex() if form == "hex" else base64.b64encode(digest).decode("ascii")


def _parsed(text: str, form: str) -> bytes:
    try:
        return bytes.fromhex(text) if form == "hex" else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise ToolError(f"parameter 'expected_hash': not {form} text", "invalid_parameters") from None

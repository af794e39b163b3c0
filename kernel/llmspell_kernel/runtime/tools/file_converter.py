"""The tool `file-converter`: encoding, line endings and indentation of text files in the allowed folders.

Invariant: a file is written whole or not at all, and never with a character lost: what the new encoding cannot say,
or the old one does not hold, is an error that names the place.
"""

import codecs
import re
from collections.abc import Callable, Mapping

from .confinement import read_file, resolve, write_file
from .output import ToolError, ToolOutput, text_meta
from .registry import Parameters, ToolContext

MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_TAB_SIZE = 64
_ENDINGS = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    operation, path = parameters["operation"], parameters["path"]
    target = parameters.get("target_path", path)
    source, _ = resolve(path, context.allowed_roots)
    content = read_file(path, context.allowed_roots, MAX_FILE_BYTES)
    converted = _OPERATIONS[operation](content, parameters)
    if len(converted) > MAX_FILE_BYTES:
        raise ToolError(f"the result is larger than the limit of {MAX_FILE_BYTES} bytes", "too_large")
    written = write_file(target, context.allowed_roots, converted)
    message = f"Converted the {operation.replace('_', ' ')} of {source} into {written}"
    result: dict[str, str] = {"input_path": str(source), "output_path": str(written), "operation": operation}
    return text_meta(operation, message, {**result}, message)


def _encoding(content: bytes, parameters: Parameters) -> bytes:
    given = parameters.get("from_encoding")
    old = _codec("from_encoding", given) if given is not None else _marked(content) or "utf-8"
    new = _codec("to_encoding", parameters["to_encoding"])
    try:
        text = content.decode(old)
    except UnicodeError as error:
        place = f" at byte {error.start}" if isinstance(error, UnicodeDecodeError) else ""
        advice = "" if given is not None else "; say in which encoding it is with from_encoding"
        raise ToolError(f"'{parameters['path']}' is not {old}{place}{advice}", "invalid_input") from None
    try:
        return text.encode(new)
    except UnicodeError as error:
        if not isinstance(error, UnicodeEncodeError):
            raise ToolError(f"'{parameters['path']}' cannot be {new}: {error}", "invalid_input") from None
        line = text.count("\n", 0, error.start) + 1
        raise ToolError(
            f"{new} has no character {text[error.start]!r} (U+{ord(text[error.start]):04X}), which line {line} of "
            f"'{parameters['path']}' has",
            "invalid_input",
        ) from None


def _codec(name: str, given: str) -> str:
    try:
        "".encode(given)  # Python's codecs base64, zlib and the like make no text, and say so here
        known: str | None = codecs.lookup(given).name
    except (LookupError, ValueError):
        known = None
    if known is None or known in _NOT_OF_FILES:
        raise ToolError(
            f"parameter '{name}': unknown encoding {given[:60]!r}; such as utf-8, utf-16, iso-8859-1, windows-1252 are "
            "known",
            "invalid_parameters",
        )
    return known


# Names in addresses, escapes of programs, and what only one machine knows.
_NOT_OF_FILES = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"})


def _marked(content: bytes) -> str | None:
    """The encoding that the file's first bytes tell."""
    return next((name for mark, name in _MARKS if content.startswith(mark)), None)


def _line_endings(content: bytes, parameters: Parameters) -> bytes:
    _refuse_wide(content, parameters["path"])
    return re.sub(rb"\r\n|\r|\n", _ENDINGS[parameters["line_ending"]], content)


def _indentation(content: bytes, parameters: Parameters) -> bytes:
    _refuse_wide(content, parameters["path"])
    size = parameters["tab_size"]
    if not 1 <= size <= MAX_TAB_SIZE:
        raise ToolError(f"parameter 'tab_size': expected 1 to {MAX_TAB_SIZE}, got {size}", "invalid_parameters")
    to_spaces = parameters["convert_to_spaces"]
    if to_spaces and len(content) + content.count(b"\t") * size > MAX_FILE_BYTES:
        raise ToolError(f"the result could be larger than the limit of {MAX_FILE_BYTES} bytes", "too_large")

    def indent(match: re.Match[bytes]) -> bytes:
        spaces = match[0].expandtabs(size)
        return spaces if to_spaces else b"\t" * (len(spaces) // size) + b" " * (len(spaces) % size)

    return re.sub(rb"(?:(?<=[\r\n])|\A)[ \t]+", indent, content)


def _refuse_wide(content: bytes, path: str) -> None:
    """Bytes are worked on, so that the encoding need not be known; this holds where a line's end is one byte."""
    if (_marked(content) or "").startswith(("utf-16", "utf-32")) or b"\0" in content:
        raise ToolError(
            f"'{path}' is not text in an encoding such as utf-8; convert its encoding to utf-8 first", "invalid_input"
        )


_OPERATIONS: Mapping[str, Callable[[bytes, Parameters], bytes]] = {
    "encoding": _encoding,
    "line_endings": _line_endings,
    "indentation": _indentation,
}

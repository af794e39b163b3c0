"""The tool `text-manipulator`: operations on text.

Invariant: lengths and the positions of `substring` count bytes; everything else works on characters and leaves
bytes that are not UTF-8 as they are (`sanitize` removes them).
"""

import json
import re
import textwrap
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from .output import ToolError, ToolOutput, envelope, json_text
from .registry import Parameters, ToolContext

MAX_BYTES = 16 * 1024 * 1024
_ELLIPSIS = "..."
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")

Options = Mapping[str, Any]


def run(parameters: Parameters, _context: ToolContext) -> ToolOutput:
    text, operation = parameters["input"], parameters["operation"]
    made = _OPERATIONS[operation](text, parameters.get("options") or {})
    length = _size(made)
    if length > MAX_BYTES:
        raise ToolError(f"the result is larger than the limit of {MAX_BYTES} bytes", "too_large")
    return envelope(
        operation,
        {"result": made, "operation": operation, "original_length": _size(text), "result_length": length},
    )


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))


def _replace(text: str, options: Options) -> str:
    old, new = options["from"], options["to"]
    if not old:
        raise ToolError("options.from is empty: there is nothing to look for", "invalid_parameters")
    if _size(text) + text.count(old) * max(0, _size(new) - _size(old)) > MAX_BYTES:
        raise ToolError(f"the result would be larger than the limit of {MAX_BYTES} bytes", "too_large")
    return text.replace(old, new)


def _substring(text: str, options: Options) -> str:
    data = text.encode("utf-8", "surrogateescape")
    start, end = options["start"], options["end"]
    if start < 0 or end > len(data) or start > end:
        return ""
    return data[int(start) : int(end)].decode("utf-8", "surrogateescape")


def _split(text: str, options: Options) -> str:
    delimiter = options.get("delimiter", " ")
    parts = text.split(delimiter) if delimiter else list(text)
    return json_text(list(parts))


def _join(text: str, options: Options) -> str:
    try:
        parts = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ToolError(f"parameter 'input': expected a JSON array of strings: {error}", "invalid_input") from None
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ToolError("parameter 'input': expected a JSON array of strings", "invalid_input")
    return str(options.get("delimiter", " ")).join(parts)


def _snake_case(text: str, _options: Options) -> str:
    return "_".join(word.lower() for word in _WORDS.findall(text))


def _pascal_case(text: str, _options: Options) -> str:
    return "".join(word.capitalize() for word in _WORDS.findall(text))


def _camel_case(text: str, options: Options) -> str:
    pascal = _pascal_case(text, options)
    first = _WORDS.findall(text)
    return first[0].lower() + pascal[len(first[0]) :] if first else ""


def _sanitize(text: str, _options: Options) -> str:
    # Controls, invisible format characters (among them those that reorder text) and bytes that are not UTF-8.
    return "".join(
        each for each in text if each in "\n\r\t" or unicodedata.category(each) not in {"Cc", "Cf", "Cs", "Co"}
    )


def _truncate(text: str, options: Options) -> str:
    length = int(options.get("max_length", 100))
    if length < 0:
        raise ToolError("options.max_length is negative", "invalid_parameters")
    if len(text) <= length:
        return text
    if length <= len(_ELLIPSIS):
        return text[:length]
    return text[: length - len(_ELLIPSIS)] + _ELLIPSIS


def _indent(text: str, options: Options) -> str:
    spaces = int(options.get("spaces", 4))
    if not 0 <= spaces <= 1000:
        raise ToolError("options.spaces: expected 0 to 1000", "invalid_parameters")
    return textwrap.indent(text, " " * spaces)


def _word_wrap(text: str, options: Options) -> str:
    width = int(options.get("width", 80))
    if width < 1:
        raise ToolError("options.width: expected 1 or more", "invalid_parameters")
    wrapper = textwrap.TextWrapper(width, break_long_words=False, break_on_hyphens=False)
    return "\n".join(wrapper.fill(line) for line in text.split("\n"))


_OPERATIONS: dict[str, Callable[[str, Options], str]] = {
    "uppercase": lambda text, _: text.upper(),
    "lowercase": lambda text, _: text.lower(),
    "reverse": lambda text, _: text[::-1],
    "trim": lambda text, _: text.strip(),
    "replace": _replace,
    "substring": _substring,
    "split": _split,
    "join": _join,
    "snake_case": _snake_case,
    "camel_case": _camel_case,
    "pascal_case": _pascal_case,
    "sanitize": _sanitize,
    "truncate": _truncate,
    "indent": _indent,
    "dedent": lambda text, _: textwrap.dedent(text),
    "normalize_whitespace": lambda text, _: " ".join(text.split()),
    "word_wrap": _word_wrap,
}

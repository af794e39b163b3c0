"""The host half of the global `JSON`.

Invariant: what is parsed and written again is the same data: integers stay integers, floats floats, and bytes that
are not UTF-8 survive. A table with `#t > 0` is an array, any other an object; keys are written in order.
"""

import json
import math
import re

from ..host import Host, HostError
from ..tools.output import finite
from ..values import Value

MAX_TEXT_BYTES = 64 * 1024 * 1024
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)


def register(host: Host) -> None:
    host.register("JSON.parse", parse)
    host.register("JSON.stringify", stringify)


def parse(_host: Host, text: str) -> Value:
    """The value a JSON text says; null is nil. Raises HostError that begins with "JSON parse error: "."""
    if len(text) > MAX_TEXT_BYTES:
        raise HostError(f"JSON parse error: the text is larger than {MAX_TEXT_BYTES} bytes")
    try:
        _refuse_lone_surrogates(text)
        value: Value = json.loads(text, parse_constant=_refuse_constant, parse_float=_float)
    except json.JSONDecodeError as error:
        what = "the text is empty" if not text.strip() else error.msg
        raise HostError(f"JSON parse error: {what} at line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise HostError("JSON parse error: the text is nested too deeply") from None
    except ValueError as error:
        raise HostError(f"JSON parse error: {error}") from None
    return value


def stringify(_host: Host, value: Value) -> str:
    """Compact JSON text with keys in order; NaN and infinities become null."""
    try:
        return _text(value)
    except ValueError:
        return _text(finite(value))


def _text(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)


def _refuse_constant(name: str) -> Value:
    raise ValueError(f"{name} is not a JSON value")


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"number {text[:40]} is out of range")
    return value


def _refuse_lone_surrogates(text: str) -> None:
    """Half of a surrogate pair is no character, and would be mistaken for a byte that is not UTF-8."""
    if "\\ud" not in text and "\\uD" not in text:
        return
    open_pair = -1
    for found in _ESCAPE.finditer(text):
        code = int(found[1], 16) if found[1] else 0
        is_low = 0xDC00 <= code < 0xE000
        if is_low != (open_pair == found.start()):
            raise ValueError("half of a surrogate pair in a \\u escape")
        open_pair = found.end() if 0xD800 <= code < 0xDC00 else -1
    if open_pair >= 0:
        raise ValueError("half of a surrogate pair in a \\u escape")

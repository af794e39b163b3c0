"""Values that cross between Lua and Python: a shape string and the scalars in pre-order.

The shape is one ASCII byte per item: ``s`` one scalar, ``n`` nil, ``[`` … ``]`` an array, ``{`` … ``}`` key and
value in turn. Both halves (this one and ``lua/values.lua``) keep the same rules: a table with ``#t > 0`` is an
array and its other keys are dropped, any other table an object, nil in an object vanishes.

Invariant: only nil, booleans, numbers and byte strings cross. Text is UTF-8 with ``surrogateescape``, so that
any byte sequence survives a round trip.
"""

import math
from collections.abc import Sequence

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]
Scalar = bool | int | float | bytes

MAX_DEPTH = 200
MAX_ITEMS = 2_000_000
_INTEGER_MIN, _INTEGER_MAX = -(2**63), 2**63 - 1


class ValueCodecError(ValueError):
    """A value that cannot cross; the message says which."""


def text_bytes(text: str) -> bytes:
    """The bytes of a text; surrogates that stand for no byte (JSON's ``"\\ud800"``) become question marks."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def decode(shape: bytes, scalars: Sequence[Scalar | None]) -> list[Value]:
    """Rebuild the values (a list of arguments or results) that ``shape`` lists."""
    values: list[Value] = []
    stack: list[tuple[list[Value], bool]] = []
    current = values
    supply = iter(scalars)
    for code in shape:
        match code:
            case 0x73:  # s
                scalar = next(supply)
                current.append(scalar.decode("utf-8", "surrogateescape") if isinstance(scalar, bytes) else scalar)
            case 0x6E:  # n
                current.append(None)
            case 0x5B | 0x7B:  # [ {
                stack.append((current, code == 0x7B))
                current = []
            case _:
                items = current
                current, is_object = stack.pop()
                current.append(_as_object(items) if is_object else items)
    return values


def _as_object(items: list[Value]) -> dict[str, Value]:
    keys = iter(items)
    return {_key(key): value for key, value in zip(keys, keys, strict=True)}


def _key(key: Value) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)


def encode(value: Value) -> tuple[bytes, list[Scalar]]:
    """The shape and the scalars of one value. Raises ValueCodecError for what Lua cannot hold."""
    shape = bytearray()
    scalars: list[Scalar] = []
    _append(value, 0, shape, scalars)
    if len(shape) > MAX_ITEMS:
        raise ValueCodecError(f"value has more than {MAX_ITEMS} parts")
    return bytes(shape), scalars


def _append(value: Value, depth: int, shape: bytearray, scalars: list[Scalar]) -> None:
    if depth > MAX_DEPTH:
        raise ValueCodecError(f"value is nested deeper than {MAX_DEPTH} levels")
    if len(shape) >= MAX_ITEMS:
        raise ValueCodecError(f"value has more than {MAX_ITEMS} parts")
    # in the order of how often they come
    if isinstance(value, (str, int, float)):
        shape.append(0x73)
        scalars.append(_scalar(value))
    elif value is None:
        shape.append(0x6E)
    elif isinstance(value, dict):
        shape.append(0x7B)
        for key, item in value.items():
            if item is not None:
                shape.append(0x73)
                scalars.append(text_bytes(str(key)))
                _append(item, depth + 1, shape, scalars)
        shape.append(0x7D)
    elif isinstance(value, (list, tuple)):
        shape.append(0x5B)
        for item in value:
            _append(item, depth + 1, shape, scalars)
        shape.append(0x5D)
    else:
        raise ValueCodecError(f"a Python {type(value).__name__} cannot cross to Lua")


def _scalar(value: bool | int | float | str) -> Scalar:
    if isinstance(value, str):
        return text_bytes(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if _INTEGER_MIN <= value <= _INTEGER_MAX:
            return value
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return value

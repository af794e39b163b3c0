"""Values that cross between Lua and Python: a shape string and the scalars in pre-order.

The shape is one ASCII byte per item: ``s`` one scalar, ``n`` nil, ``[`` … ``]`` an array, ``{`` … ``}`` key and
value in turn, ``<`` … ``>`` an object as an array of its keys, which are texts, and one of its values. Within an array,
``I``, ``D`` and ``Z`` are runs of integers, floats and texts, each packed into one scalar (before that of texts stands
their number): a value by itself costs ten times as much on its way. Both halves (this one and ``lua/values.lua``) keep
the same rules: a table with ``#t > 0`` is an array and its other keys are dropped, any other table an object, nil in an
object vanishes.

Invariant: only nil, booleans, numbers and byte strings cross. Text is UTF-8 with ``surrogateescape``, so that
any byte sequence survives a round trip.
"""

import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]
Scalar = bool | int | float | bytes

MAX_DEPTH = 200
MAX_ITEMS = 2_000_000
# So many values of one kind in a row make a run; more than the second number make several.
RUN, MAX_RUN = 8, 4000
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
    if shape == b"s":  # most calls
        (scalar,) = scalars
        return [scalar.decode("utf-8", "surrogateescape") if isinstance(scalar, bytes) else scalar]
    if not shape.strip(b"s"):
        return [one.decode("utf-8", "surrogateescape") if isinstance(one, bytes) else one for one in scalars]
    values: list[Value] = []
    stack: list[tuple[list[Value], int]] = []
    current = values
    supply = iter(scalars)
    for code in shape:
        match code:
            case 0x73:  # s
                scalar = next(supply)
                current.append(scalar.decode("utf-8", "surrogateescape") if isinstance(scalar, bytes) else scalar)
            case 0x5B | 0x7B | 0x3C:  # [ { <
                stack.append((current, code))
                current = []
            case 0x5D | 0x7D | 0x3E:  # ] } >
                items = current
                current, opened = stack.pop()
                current.append(items if opened == 0x5B else _as_object(items) if opened == 0x7B else _as_columns(items))
            case 0x6E:  # n
                current.append(None)
            case _:  # I D Z
                current.extend(_run(code, supply))
    return values


def _run(code: int, supply: Iterator[Scalar | None]) -> Sequence[Value]:
    data = next(supply)
    if code == 0x5A:  # its number, which the zeros between the texts tell too
        data = next(supply)
        assert isinstance(data, bytes)  # noqa: S101 - what lua/values.lua gives
        return data[:-1].decode("utf-8", "surrogateescape").split("\0")
    assert isinstance(data, bytes)  # noqa: S101
    return struct.unpack(f"={len(data) // 8}{'q' if code == 0x49 else 'd'}", data)


def _as_columns(items: list[Value]) -> dict[str, Value]:
    keys, values = items
    return dict(zip(keys, values, strict=True))  # type: ignore[arg-type]


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
    if value is None:
        return b"n", []
    if isinstance(value, (str, int, float)):
        return b"s", [_scalar(value)]
    encoder = _Encoder()
    encoder.append(value, 0)
    return bytes(encoder.shape), encoder.scalars


def made_values(shape: bytes, scalars: Sequence[object]) -> int:
    """How many values Lua makes of these, about; never less than there are."""
    if len(shape) == 1 or (b"Z" not in shape and b"I" not in shape and b"D" not in shape):
        return len(shape)
    packed = [one for one in scalars if isinstance(one, bytes) and len(one) >= RUN]
    return len(shape) + sum(max(one.count(b"\0"), len(one) // 8) for one in packed)


class _Encoder:
    def __init__(self) -> None:
        self.shape = bytearray()
        self.scalars: list[Scalar] = []
        self._items = 0

    def append(self, value: Value, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise ValueCodecError(f"value is nested deeper than {MAX_DEPTH} levels")
        self._count(1)
        # in the order of how often they come
        if isinstance(value, (str, int, float)):
            self.shape.append(0x73)
            self.scalars.append(_scalar(value))
        elif value is None:
            self.shape.append(0x6E)
        elif isinstance(value, dict):
            self._append_object(value, depth)
        elif isinstance(value, (list, tuple)):
            self._append_array(value, depth)
        else:
            raise ValueCodecError(f"a Python {type(value).__name__} cannot cross to Lua")

    def _count(self, amount: int) -> None:
        self._items += amount
        if self._items > MAX_ITEMS:
            raise ValueCodecError(f"value has more than {MAX_ITEMS} parts")

    def _append_object(self, value: dict[str, Value], depth: int) -> None:
        present = {key: item for key, item in value.items() if item is not None} if None in value.values() else value
        if len(present) >= RUN and set(map(type, present)) == {str}:
            self.shape.append(0x3C)
            self._append_array(list(present), depth)
            self._append_array(list(present.values()), depth)
            self.shape.append(0x3E)
            return
        self._count(len(present))
        self.shape.append(0x7B)
        for key, item in present.items():
            self.shape.append(0x73)
            self.scalars.append(text_bytes(str(key)))
            self.append(item, depth + 1)
        self.shape.append(0x7D)

    def _append_array(self, value: Sequence[Value], depth: int) -> None:
        self.shape.append(0x5B)
        kinds = set(map(type, value)) if len(value) >= RUN else ()
        pack = _RUNS.get(next(iter(kinds))) if len(kinds) == 1 else None
        for start in range(0, len(value), MAX_RUN) if pack else (0,):
            part = value[start : start + MAX_RUN] if pack else value
            run = pack(part) if pack else None
            if run is None:
                for item in part:
                    self.append(item, depth + 1)
                continue
            self._count(len(part))
            self.shape.append(run[0])
            self.scalars.extend(run[1:])
        self.shape.append(0x5D)


def _pack_integers(values: Sequence[Value]) -> tuple[int, bytes] | None:
    try:
        return 0x49, struct.pack(f"={len(values)}q", *values)
    except struct.error:
        return None  # one has more than 64 bits


def _pack_floats(values: Sequence[Value]) -> tuple[int, bytes] | None:
    return 0x44, struct.pack(f"={len(values)}d", *values)


def _pack_texts(values: Sequence[Value]) -> tuple[int, int, bytes] | None:
    try:
        data = "\0".join(values).encode("utf-8", "surrogateescape")  # type: ignore[arg-type]
    except UnicodeEncodeError:
        return None  # surrogates that stand for no byte
    return (0x5A, len(values), data + b"\0") if data.count(b"\0") == len(values) - 1 else None


_RUNS: Mapping[type, Callable[[Sequence[Value]], tuple[Any, ...] | None]] = {
    int: _pack_integers,
    float: _pack_floats,
    str: _pack_texts,
}


def _scalar(value: bool | int | float | str) -> Scalar:
    if isinstance(value, str):
        return text_bytes(value)
    if isinstance(value, int) and not _INTEGER_MIN <= value <= _INTEGER_MAX:
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return value

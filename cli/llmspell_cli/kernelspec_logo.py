"""The kernel's logo, drawn from a few shapes: as SVG, and as PNG in any size.

Invariant: both come from the same list of shapes, so that they show the same picture; nothing binary is kept.
"""

import struct
import zlib
from math import sqrt
from typing import Literal, NamedTuple

# The picture is this many units wide and high.
_UNITS = 64
# Samples for each pixel and direction: smooth edges without any geometry.
_SAMPLES = 4


class _Shape(NamedTuple):
    kind: Literal["disc", "spark"]
    x: float
    y: float
    radius: float
    colour: tuple[int, int, int]

    def covers(self, x: float, y: float) -> bool:
        across, down = abs(x - self.x), abs(y - self.y)
        if self.kind == "disc":
            return across * across + down * down <= self.radius * self.radius
        # Four quadratic Bézier curves with their control points in the centre are, together, exactly this.
        return sqrt(across / self.radius) + sqrt(down / self.radius) <= 1

    def svg(self) -> str:
        fill = "#{:02x}{:02x}{:02x}".format(*self.colour)
        if self.kind == "disc":
            return f'<circle cx="{self.x:g}" cy="{self.y:g}" r="{self.radius:g}" fill="{fill}"/>'
        x, y, radius = self.x, self.y, self.radius
        tips = ((x + radius, y), (x, y + radius), (x - radius, y), (x, y - radius))
        curves = "".join(f"Q{x:g} {y:g} {to_x:g} {to_y:g}" for to_x, to_y in tips)
        return f'<path d="M{x:g} {y - radius:g}{curves}Z" fill="{fill}"/>'


_NIGHT, _MOON, _SPARK = (38, 52, 143), (138, 156, 240), (255, 206, 84)
# From the bottom to the top: a disc and its moon, as the language's own sign has them, and a spark.
_SHAPES = (
    _Shape("disc", 28, 36, 27, _NIGHT),
    _Shape("disc", 55.5, 8.5, 8, _MOON),
    _Shape("spark", 28, 36, 23, _SPARK),
)


def svg() -> bytes:
    """The picture as a SVG file."""
    shapes = "".join(f"  {shape.svg()}\n" for shape in _SHAPES)
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_UNITS} {_UNITS}">'
    return f"{opening}\n{shapes}</svg>\n".encode()


def png(size: int) -> bytes:
    """The picture as a PNG file of ``size`` by ``size`` pixels, with a transparent ground."""
    rows = bytearray()
    for row in range(size):
        rows.append(0)  # this row is not filtered
        for column in range(size):
            rows += _pixel(column, row, _UNITS / size)
    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)  # 8 bits for each of red, green, blue and opacity
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(bytes(rows), 9))
        + _chunk(b"IEND", b"")
    )


def _pixel(column: int, row: int, scale: float) -> bytes:
    seen = [
        colour
        for down in range(_SAMPLES)
        for across in range(_SAMPLES)
        if (colour := _colour((column + (across + 0.5) / _SAMPLES) * scale, (row + (down + 0.5) / _SAMPLES) * scale))
    ]
    if not seen:
        return bytes(4)
    mean = [round(sum(channel) / len(seen)) for channel in zip(*seen, strict=True)]
    return bytes((*mean, round(255 * len(seen) / _SAMPLES**2)))


def _colour(x: float, y: float) -> tuple[int, int, int] | None:
    return next((shape.colour for shape in reversed(_SHAPES) if shape.covers(x, y)), None)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

"""Vectors that stand for texts, and how near they are to each other.

Invariants: a vector has length 1 (or is all zero for a text without words), so that the product of two is their cosine;
the vector of a text from an embedder depends on the text alone, in any process.
"""

import math
import re
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from operator import itemgetter, mul
from typing import Protocol, TypeAlias
from zlib import crc32

Vector: TypeAlias = "array[float]"

MAX_DIMENSIONS = 8192


class Embedder(Protocol):
    """``name`` is kept with each vector: those of different embedders are not compared."""

    @property
    def name(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        """A vector for each text. Raises HostError when it cannot."""


_WORD = re.compile(r"[^\W_]+")
# Words that are in any text tell little of what it is about.
_COMMON = frozenset(
    _WORD.findall(
        "a an and are as at be been but by can could did do does for from had has have he her his how i if in into is "
        "it its me my no not of on or our she so than that the their them then there these they this to us was we were "
        "what when where which who why will with would you your about tell explain please"
    )
)
_ENDINGS = ("ings", "ing", "ies", "ed", "es", "s")
_SHORTEST_STEM = 4
_WEIGHT_OF_COMMON, _WEIGHT_OF_PART = 0.05, 0.35


class HashingEmbedder:
    """Offline, without a model: words, their stems and parts of them are hashed to dimensions. It finds texts that
    share words or parts of words, not those that say the same in other words."""

    name = "local-hashing-384"
    _DIMENSIONS = 384

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> Vector:
        values = [0.0] * self._DIMENSIONS
        for word, count in Counter(_WORD.findall(text.casefold())).items():
            weight = (1 + math.log(count)) * (_WEIGHT_OF_COMMON if word in _COMMON else 1.0)
            _add(values, _stem(word), weight)
            padded = f" {word} "
            parts = max(1, len(padded) - 2)
            for start in range(parts):
                _add(values, padded[start : start + 3] + "#", weight * _WEIGHT_OF_PART / math.sqrt(parts))
        return normalised(values)


def normalised(values: Sequence[float]) -> Vector:
    length = math.sqrt(sum(map(mul, values, values)))
    if not length or not math.isfinite(length):
        return array("f", [0.0] * len(values))
    return array("f", [value / length for value in values])


def nearness_to(vector: Vector) -> Callable[[bytes], float]:
    """A function that gives the cosine of ``vector`` and of another that is given as bytes."""
    filled = [index for index, value in enumerate(vector) if value]
    if not filled:
        return lambda _other: 0.0
    if len(filled) > len(vector) // 2 or len(filled) == 1:
        return lambda other: sum(map(mul, vector, memoryview(other).cast("f")))
    # of a short text most are zero
    values, chosen = [vector[index] for index in filled], itemgetter(*filled)
    return lambda other: sum(map(mul, values, chosen(memoryview(other).cast("f"))))


def _add(values: list[float], feature: str, weight: float) -> None:
    number = crc32(feature.encode("utf-8", "surrogatepass"))
    values[(number >> 1) % len(values)] += weight if number & 1 else -weight


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)]
    return word

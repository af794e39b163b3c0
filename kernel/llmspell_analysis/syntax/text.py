"""One version of a source text as bytes, with its lines.

Invariant: every position inside `llmspell_analysis` is a byte offset into `SourceText.data`; lines and columns
exist only for messages and for the protocols, which convert at their own edge.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

# A text above this size is not analysed: it is data, not a script that somebody edits.
MAX_SOURCE_BYTES = 10 * 1024 * 1024
# A larger text is data that somebody has generated: no structure is looked for in it, the compiler alone looks at it.
MAX_CHECKED_BYTES = 2 * 1024 * 1024

# Lua counts `\r\n` and `\n\r` as one line break (llex.c, inclinenumber); LSP does not know the second.
_LUA_LINE_BREAK = re.compile(rb"\r\n|\n\r|\n|\r")


@dataclass(frozen=True)
class SourceText:
    """The bytes of one version of a text. Bytes that are not UTF-8 are legal: Lua strings may hold anything."""

    data: bytes

    @staticmethod
    def from_str(text: str) -> "SourceText":
        return SourceText(encode(text))

    @cached_property
    def is_ascii(self) -> bool:
        return self.data.isascii()

    @cached_property
    def line_starts(self) -> list[int]:
        """Offset of each line's first byte, with `\\n`, `\\r\\n` and `\\r` as breaks; never empty."""
        lengths = map(len, self.data.splitlines(keepends=True))
        starts = [0, *accumulate(lengths)]
        if len(starts) > 1 and self.data[-1:] not in (b"\n", b"\r"):
            starts.pop()
        return starts

    def line_of(self, offset: int) -> int:
        """0-based line that holds `offset`."""
        return bisect_right(self.line_starts, offset) - 1

    def line_span(self, line: int) -> tuple[int, int]:
        """Start and end of a 0-based line without its line break."""
        starts = self.line_starts
        start = starts[line]
        end = starts[line + 1] if line + 1 < len(starts) else len(self.data)
        while end > start and self.data[end - 1] in b"\r\n":
            end -= 1
        return start, end

    def compiler_line_span(self, line: int) -> tuple[int, int]:
        """Start and end of the 1-based line of a message of the Lua compiler."""
        if b"\n\r" not in self.data:
            return self.line_span(max(0, min(line, len(self.line_starts)) - 1))
        starts = [0, *(match.end() for match in _LUA_LINE_BREAK.finditer(self.data))]
        start = starts[max(0, min(line, len(starts)) - 1)]
        end = next((match.start() for match in _LUA_LINE_BREAK.finditer(self.data, start)), len(self.data))
        return start, end

    def slice(self, start: int, end: int) -> str:
        return decode(self.data[start:end])

    def __len__(self) -> int:
        return len(self.data)


def encode(text: str) -> bytes:
    """UTF-8; lone surrogates, which JSON can carry, survive."""
    return text.encode("utf-8", "surrogatepass")


def decode(data: bytes) -> str:
    """Inverse of `encode`; any other invalid byte becomes one surrogate-escaped character."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape")

"""A part of a text in which a comment switches diagnostics off, or on again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmspell_analysis.rules.model import Diagnostic


@dataclass(frozen=True, slots=True)
class SuppressedRange:
    """From `start` to `end`: `codes`, None for all, of variables that `name` matches, None for whatever they name."""

    start: int
    end: int
    codes: frozenset[str] | None
    name: re.Pattern[str] | None = None
    is_off: bool = True

    def is_about(self, diagnostic: Diagnostic, data: bytes) -> bool:
        if not self.start <= diagnostic.start < self.end:
            return False
        if self.codes is not None and diagnostic.code not in self.codes:
            return False
        if self.name is None:
            return True
        return self.name.search(data[diagnostic.start : diagnostic.end].decode("utf-8", "replace")) is not None

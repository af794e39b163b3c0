"""Where a value goes that a script gives to the API, and the finding for a text that is none of the allowed ones."""

from __future__ import annotations

from dataclasses import dataclass

from llmspell_analysis.rules.literals import Literal
from llmspell_analysis.rules.model import Diagnostic, Fix, Severity
from llmspell_analysis.rules.nearest import listed, nearest
from llmspell_analysis.syntax.tree import Edit


@dataclass(frozen=True, slots=True)
class Slot:
    """`what` names it, `code` is that of a wrong value, `at` the span of the whole argument.

    `owner` is what the options in the value belong to. `has_references`: a text with `{{…}}` is replaced before it
    is used.
    """

    what: str
    owner: str
    code: str
    at: tuple[int, int]
    is_protected: bool = False
    has_references: bool = False

    def severity(self, severity: Severity) -> Severity:
        """An error inside `pcall` may be meant."""
        return Severity.WARNING if self.is_protected and severity is Severity.ERROR else severity

    def place(self, literal: Literal) -> tuple[int, int]:
        return literal.at if literal.is_here else self.at

    def opening(self, literal: Literal) -> tuple[int, int]:
        """The brace of a constructor, where what is missing in it is reported."""
        start = literal.node.start_byte
        return (start, start + 1) if literal.is_here else self.at


def choice(found: Diagnostic, allowed: list[str], literal: Literal, lead: str = "it can be") -> Diagnostic:
    """`found` with the nearest of the allowed texts, or with all of them after `lead`."""
    near = nearest(literal.text or "", allowed)
    message, fixes = found.message, found.fixes
    if near is not None:
        message += f": did you mean `{near}`?"
        quote = literal.data[literal.node.start_byte : literal.node.start_byte + 1]
        if literal.is_here and quote in (b'"', b"'"):
            edit = Edit(found.start, found.end, quote + near.encode() + quote)
            fixes = (Fix(f"Change to `{near}`", (edit,)),)
    else:
        message += f"; {lead} {listed(allowed, 12)}"
    return Diagnostic(found.code, found.severity, message, found.start, found.end, fixes=fixes)

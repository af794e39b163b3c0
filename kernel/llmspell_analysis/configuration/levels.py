"""Severities as configuration files name them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from llmspell_analysis.rules.model import Severity
from llmspell_analysis.rules.other_names import of_name
from llmspell_analysis.rules.table import RULES, SYNTAX_CODES

# "on": with the severity that each finding has by itself
Level = Severity | Literal["on"] | None
ON: Final = "on"

SEVERITIES: Mapping[str, Severity] = {each.name.lower(): each for each in Severity}
LEVELS: Mapping[str, Level] = {**SEVERITIES, "on": ON, "off": None}
# Codes whose level can be set; the compiler's verdicts are no matter of taste.
OPTIONAL_CODES = tuple(code for code in RULES if code not in SYNTAX_CODES)


def of_names(names: Iterable[object]) -> frozenset[str]:
    """Our optional codes for another tool's names; its other names mean nothing here."""
    found = frozenset().union(*(of_name(name) for name in names if isinstance(name, str)))
    return found.intersection(OPTIONAL_CODES)


def all_at(codes: Iterable[str], level: Level) -> dict[str, Level]:
    return {code: level for code in codes if code in RULES and code not in SYNTAX_CODES}


def as_severities(levels: Mapping[str, Level]) -> dict[str, Severity | None]:
    """What the rules are told; a code that is on anyway needs no word."""
    found: dict[str, Severity | None] = {}
    for code, level in levels.items():
        if level != ON:
            found[code] = level
        elif not RULES[code].is_on:
            found[code] = RULES[code].severity
    return found

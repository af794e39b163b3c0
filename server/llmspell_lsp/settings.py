"""What a user can set, read from what a client sends. A mistake is named, and the default stays in force."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llmspell_analysis.rules.model import Options, Severity

if TYPE_CHECKING:
    from llmspell_analysis.configuration import Settings as Configured

SECTION = "llmspell"

_SEVERITIES: dict[str, Severity | None] = {
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "information": Severity.INFORMATION,
    "hint": Severity.HINT,
    "off": None,
}


@dataclass(frozen=True, slots=True)
class Settings:
    """`llmspell.diagnostics.enable`, `.globals`, `.tools` and `.severity`."""

    diagnostics: bool = True
    options: Options = field(default_factory=Options)

    def as_configuration(self) -> Configured:
        """The same in the shape of a configuration file, of which it is the weakest."""
        from llmspell_analysis.configuration import Settings as Configured

        return Configured(self.options.globals, tools=self.options.tools, levels=self.options.severities)


def read_settings(raw: object, known_codes: frozenset[str]) -> tuple[Settings, tuple[str, ...]]:
    """Settings from a client's JSON, and what is wrong with it, each mistake named by its setting."""
    problems: list[str] = []
    if raw is None:
        return Settings(), ()
    if not isinstance(raw, dict):
        return Settings(), (f"{SECTION} must be an object",)
    section: Any = raw.get("diagnostics", {})
    if not isinstance(section, dict):
        return Settings(), (f"{SECTION}.diagnostics must be an object",)
    enabled = section.get("enable", True)
    if not isinstance(enabled, bool):
        problems.append(f"{SECTION}.diagnostics.enable must be true or false")
        enabled = True
    options = Options(
        globals=_names(section, "globals", problems),
        tools=_names(section, "tools", problems),
        severities=_severities(section.get("severity", {}), known_codes, problems),
    )
    return Settings(enabled, options), tuple(problems)


def _names(section: dict[str, Any], key: str, problems: list[str]) -> frozenset[str]:
    value = section.get(key, [])
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return frozenset(value)
    problems.append(f"{SECTION}.diagnostics.{key} must be a list of names")
    return frozenset()


def _severities(value: object, known_codes: frozenset[str], problems: list[str]) -> dict[str, Severity | None]:
    if not isinstance(value, dict):
        problems.append(f"{SECTION}.diagnostics.severity must be an object of codes")
        return {}
    found: dict[str, Severity | None] = {}
    for code, name in value.items():
        if code not in known_codes:
            problems.append(f"{SECTION}.diagnostics.severity.{code}: there is no such diagnostic")
        elif not isinstance(name, str) or name not in _SEVERITIES:
            allowed = ", ".join(_SEVERITIES)
            problems.append(f"{SECTION}.diagnostics.severity.{code} must be one of {allowed}")
        else:
            found[code] = _SEVERITIES[name]
    return found

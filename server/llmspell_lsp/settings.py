"""What a user can set, read from what a client sends. A mistake is named, and the default stays in force."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llmspell_analysis.features.inlay_hints import ParameterHints
from llmspell_analysis.rules.model import Options, Severity
from llmspell_analysis.rules.nearest import nearest

if TYPE_CHECKING:
    from llmspell_analysis.configuration import Settings as Configured

SECTION = "llmspell"
_RUN_COMMANDS = (("Run", "llmspell.runFile"), ("Debug", "llmspell.debugFile"))
_SHOW_REFERENCES = "llmspell.showReferences"
_PARAMETER_HINTS: tuple[ParameterHints, ...] = ("all", "literals", "off")

# What may stand below each name. The last three of the first are the client's own, and `commands` no setting.
_KNOWN: dict[str, tuple[str, ...]] = {
    "": ("diagnostics", "hints", "codeLens", "live", "commands", "python", "files", "trace"),
    "diagnostics": ("enable", "globals", "tools", "severity"),
    "hints": ("parameters", "types"),
    "codeLens": ("enable",),
    "live": ("enable",),
}

_SEVERITIES: dict[str, Severity | None] = {
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "information": Severity.INFORMATION,
    "hint": Severity.HINT,
    "off": None,
}


@dataclass(frozen=True, slots=True)
class Settings:
    """`llmspell.diagnostics.enable`, `.globals`, `.tools` and `.severity`; `llmspell.hints.parameters` and `.types`;
    `llmspell.codeLens.enable`; `llmspell.live.enable`. `commands` are those of ours that the client has."""

    diagnostics: bool = True
    options: Options = field(default_factory=Options)
    parameter_hints: ParameterHints = "literals"
    type_hints: bool = True
    code_lens: bool = True
    live: bool = True
    commands: frozenset[str] = frozenset()

    @property
    def run_commands(self) -> list[tuple[str, str]]:
        """Title and name of what runs the whole file."""
        return [(title, name) for title, name in _RUN_COMMANDS if name in self.commands]

    @property
    def references_command(self) -> str:
        """What shows places that a lens has counted; empty where the client has nothing of the kind."""
        return _SHOW_REFERENCES if _SHOW_REFERENCES in self.commands else ""

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
    problems += _unknown(raw)
    section = _section(raw, "diagnostics", problems)
    enabled = section.get("enable", True)
    if not isinstance(enabled, bool):
        problems.append(f"{SECTION}.diagnostics.enable must be true or false")
        enabled = True
    options = Options(
        globals=_names(section, "globals", problems),
        tools=_names(section, "tools", problems),
        severities=_severities(section.get("severity", {}), known_codes, problems),
    )
    hints, lens = _section(raw, "hints", problems), _section(raw, "codeLens", problems)
    parameters = hints.get("parameters", "literals")
    if parameters not in _PARAMETER_HINTS:
        problems.append(f"{SECTION}.hints.parameters must be one of {', '.join(_PARAMETER_HINTS)}")
        parameters = "literals"
    commands = raw.get("commands", [])
    if not isinstance(commands, list) or not all(isinstance(each, str) for each in commands):
        problems.append(f"{SECTION}.commands must be a list of names")
        commands = []
    settings = Settings(
        enabled,
        options,
        parameters,
        type_hints=_switch(hints, "hints.types", problems),
        code_lens=_switch(lens, "codeLens.enable", problems),
        live=_switch(_section(raw, "live", problems), "live.enable", problems),
        commands=frozenset(commands),
    )
    return settings, tuple(problems)


def _unknown(raw: dict[str, Any]) -> list[str]:
    """Names that are no settings. Where all are unknown, they are those of somebody else."""
    if not raw.keys() & set(_KNOWN[""]):
        return []
    found: list[str] = []
    for name, known in _KNOWN.items():
        section = raw.get(name, {}) if name else raw
        for key in section.keys() - set(known) if isinstance(section, dict) else ():
            near = nearest(str(key), known)
            advice = f"did you mean {near!r}?" if near else f"known: {', '.join(known)}"
            found.append(f"{SECTION}.{f'{name}.' if name else ''}{key}: there is no such setting; {advice}")
    return sorted(found)


def _section(raw: dict[str, Any], name: str, problems: list[str]) -> dict[str, Any]:
    section = raw.get(name, {})
    if isinstance(section, dict):
        return section
    problems.append(f"{SECTION}.{name} must be an object")
    return {}


def _switch(section: dict[str, Any], name: str, problems: list[str]) -> bool:
    value = section.get(name.rpartition(".")[2], True)
    if isinstance(value, bool):
        return value
    problems.append(f"{SECTION}.{name} must be true or false")
    return True


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

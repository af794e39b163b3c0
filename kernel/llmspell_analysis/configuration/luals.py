"""`.luarc.json` and `.luarc.jsonc` of the Lua language server, `.emmyrc.json` of EmmyLua's: what both have alike.

Their other settings mean nothing here, and their other codes have no finding here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from re import Pattern
from typing import Any

from llmspell_analysis.configuration.globs import GlobError, Globs
from llmspell_analysis.configuration.levels import OPTIONAL_CODES, SEVERITIES, Level, all_at, of_names
from llmspell_analysis.configuration.libraries import globals_below
from llmspell_analysis.configuration.model import Problem, Settings, Source
from llmspell_analysis.configuration.reading import UnreadableError, read_json, read_text
from llmspell_analysis.rules.model import IgnoredName
from llmspell_analysis.rules.name_patterns import from_lua, from_regex, from_stars
from llmspell_analysis.rules.standards import STANDARDS, of_runtime

# Groups of LuaLS's `diagnostics.groupSeverity` and `groupFileStatus`, as far as we have their codes.
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "ambiguity": ("ambiguity-1", "count-down-loop", "different-requires", "newfield-call", "newline-call"),
    "await": ("await-in-sync", "not-yieldable"),
    "codestyle": ("codestyle-check", "name-style-check", "spell-check"),
    "conventions": ("global-element",),
    "duplicate": ("duplicate-index", "duplicate-set-field"),
    "global": ("global-in-nil-env", "lowercase-global", "undefined-env-child", "undefined-global"),
    "redefined": ("redefined-local",),
    "strict": ("close-non-object", "deprecated", "discard-returns"),
    "type-check": (
        *("assign-type-mismatch", "cast-local-type", "cast-type-mismatch", "inject-field", "need-check-nil"),
        *("param-type-mismatch", "return-type-mismatch", "undefined-field"),
    ),
    "unbalanced": (
        *("missing-fields", "missing-parameter", "missing-return", "missing-return-value", "redundant-parameter"),
        *("redundant-return-value", "redundant-value", "unbalanced-assignments"),
    ),
    "unused": (
        *("code-after-break", "empty-block", "redundant-return", "trailing-space", "unreachable-code"),
        *("unused-function", "unused-label", "unused-local", "unused-vararg"),
    ),
}
_UNDEFINED = frozenset({"undefined-global", "set-undefined-global", "lowercase-global"})
_LIBRARIES = "${3rd}/"


def read_luarc(path: str) -> Source:
    return _read(path, from_lua)


def read_emmyrc(path: str) -> Source:
    return _read(path, from_regex)


def _read(path: str, pattern: Callable[[str], Pattern[str] | None]) -> Source:
    try:
        given = _flat(read_json(read_text(path)))
    except UnreadableError as error:
        return Source(path, problems=(Problem(path, error.line, "", str(error), is_ours=False),))
    names: set[str] = set(_texts(given.get("diagnostics.globals")))
    standards = [of_runtime(given["runtime.version"])] if isinstance(given.get("runtime.version"), str) else []
    for library in _texts(given.get("workspace.library")):
        if library.startswith(_LIBRARIES):
            standards.append(STANDARDS.get(library.removeprefix(_LIBRARIES).partition("/")[0]))
        else:
            place = library.replace("${workspaceFolder}", os.path.dirname(path))
            names |= globals_below(os.path.join(os.path.dirname(path), os.path.expanduser(place)))
    patterns = [pattern(each) for each in _texts(given.get("diagnostics.globalsRegex"))]
    unused = of_names(("unused-local",))
    ignored = [IgnoredName(_UNDEFINED, each) for each in patterns if each is not None]
    locals_left_out = map(from_stars, _texts(given.get("diagnostics.unusedLocalExclude")))
    ignored.extend(IgnoredName(unused, each) for each in locals_left_out if each is not None)
    settings = Settings(
        globals=frozenset(names).union(*(each for each in standards if each is not None)),
        levels=_levels(given),
        ignored=tuple(ignored),
        has_unknown_globals=None in standards or None in patterns,
    )
    ignored_folders = (*_texts(given.get("workspace.ignoreDir")), *_texts(given.get("workspace.ignoreGlobs")))
    return Source(path, settings, exclude=_globs(path, ignored_folders))


def _levels(given: Mapping[str, Any]) -> dict[str, Level]:
    if given.get("diagnostics.enable") is False:
        return all_at(OPTIONAL_CODES, None)
    levels: dict[str, Level] = {}
    for group, severity in _table(given, "diagnostics.groupSeverity").items():
        if (level := SEVERITIES.get(_word(severity))) is not None:
            levels.update(all_at(of_names(_GROUPS.get(group, ())), level))
    for group, status in _table(given, "diagnostics.groupFileStatus").items():
        levels.update(_by_status(_GROUPS.get(group, ()), status, levels))
    for name, severity in _table(given, "diagnostics.severity").items():
        if (level := SEVERITIES.get(_word(severity))) is not None:
            levels.update(all_at(of_names((name,)), level))
    for name, status in _table(given, "diagnostics.neededFileStatus").items():
        levels.update(_by_status((name,), status, levels))
    levels.update(all_at(of_names(_texts(given.get("diagnostics.enables"))) - levels.keys(), "on"))
    levels.update(all_at(of_names(_texts(given.get("diagnostics.disable"))), None))
    return levels


def _by_status(names: Iterable[str], status: object, levels: Mapping[str, Level]) -> dict[str, Level]:
    """`None` switches off, `Any` and `Opened` on, at the severity that was given."""
    word = _word(status)
    if word == "none":
        return all_at(of_names(names), None)
    return {code: levels.get(code) or "on" for code in of_names(names)} if word in ("any", "opened") else {}


def _word(value: object) -> str:
    """`Error!` is an error, whatever the group says."""
    return value.rstrip("!").lower() if isinstance(value, str) else ""


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by dotted name, however they are nested; `Lua.` before it means nothing."""
    found: dict[str, Any] = {}
    sections = ("diagnostics", "workspace", "runtime")
    for key, value in document.items():
        if key == "Lua" and isinstance(value, dict):
            found.update(_flat(value))
            continue
        name = key.removeprefix("Lua.")
        if name in sections and isinstance(value, dict):
            found.update({f"{name}.{inner}": each for inner, each in value.items()})
        else:
            found[name] = value
    return found


def _table(given: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = given.get(key)
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> tuple[str, ...]:
    """The texts of a list; an object's keys, since LuaLS took that for libraries too."""
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, (list, dict)) else ()


def _globs(path: str, patterns: Iterable[str]) -> Globs:
    """Those that can be read; the tool itself reads more of them."""
    folder = os.path.dirname(path)
    kept = []
    for pattern in patterns:
        relative = str(PurePosixPath(pattern).relative_to(folder)) if pattern.startswith(folder + "/") else pattern
        try:
            Globs.of(folder, (relative,))
        except GlobError:
            continue
        kept.append(relative)
    return Globs.of(folder, kept)

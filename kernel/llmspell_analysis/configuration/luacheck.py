"""`.luacheckrc`: Lua that sets options, for all files and for some of them.

Its numbers are mapped to our codes, so that what it ignores is ignored here; codes that luacheck does not have are
left alone. Options that are about luacheck's own output mean nothing here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from llmspell_analysis.configuration.globs import GlobError, Globs
from llmspell_analysis.configuration.levels import Level, all_at
from llmspell_analysis.configuration.model import Override, Problem, Settings, Source
from llmspell_analysis.configuration.reading import UnreadableError, read_text
from llmspell_analysis.rules.model import IgnoredName
from llmspell_analysis.rules.name_patterns import from_lua
from llmspell_analysis.rules.other_names import of_luacheck_pattern
from llmspell_analysis.rules.standards import STANDARDS
from llmspell_analysis.syntax.evaluation import EvaluationError, LuaTable, evaluate

# What a macro stands for, in luacheck's order.
_MACROS = (("redefined", "^4"), ("unused", "^[23]"), ("global", "^1"), ("unused_args", "^21[23]"))
_NEW_GLOBALS = frozenset({"set-undefined-global", "lowercase-global"})
_GLOBAL_OPTIONS = ("globals", "read_globals", "new_globals", "new_read_globals")
# Files that luacheck knows without being told.
_KNOWN_FILES = (
    ("**/spec/**/*_spec.lua", "busted"),
    ("**/test/**/*_spec.lua", "busted"),
    ("**/tests/**/*_spec.lua", "busted"),
    ("**/*.rockspec", "rockspec"),
    ("**/*.luacheckrc", "luacheckrc"),
)

# All that luacheck has too.
_EVERY = of_luacheck_pattern(re.compile("."))

_Standards = Mapping[str, frozenset[str]]


def read(path: str) -> Source:
    try:
        given = evaluate(read_text(path).encode())
    except (UnreadableError, EvaluationError) as error:
        return Source(path, problems=(Problem(path, error.line, "", str(error), is_ours=False),))
    own = given.get("stds")
    standards = {
        **STANDARDS,
        **{name: _of_tables(each) for name, each in _fields(own).items() if isinstance(each, LuaTable)},
    }
    folder = os.path.dirname(path)
    known = (Override(Globs.of(folder, (files,)), Settings(standards[name])) for files, name in _KNOWN_FILES)
    overrides = (
        Override(_globs(folder, (files,)), _settings(_fields(options), standards))
        for files, options in _fields(given.get("files")).items()
    )
    include = _texts(given.get("include_files"))
    return Source(
        path,
        _settings(given, standards),
        (*known, *overrides),
        _globs(folder, include) if include else None,
        _globs(folder, _texts(given.get("exclude_files"))),
    )


def _settings(given: Mapping[str, Any], standards: _Standards) -> Settings:
    known = _standard(given.get("std"), standards)
    names = set(known or ())
    for option in _GLOBAL_OPTIONS:
        names |= _names(given.get(option))
    removed = frozenset(name for name in _texts(given.get("not_globals")) if "." not in name)
    patterns = [*_patterns(given.get("ignore"))]
    ignored = (IgnoredName(codes, name) for codes, name in patterns if name is not None)
    length = given.get("max_line_length")
    return Settings(
        globals=frozenset(names) - removed,
        removed_globals=removed,
        levels=_levels(given, patterns),
        ignored=tuple(ignored),
        line_length=int(length) if isinstance(length, int | float) and length >= 1 else None,
        has_unknown_globals=known is None,
    )


def _levels(
    given: Mapping[str, Any], ignored: Iterable[tuple[frozenset[str] | None, re.Pattern[str] | None]]
) -> dict[str, Level]:
    levels: dict[str, Level] = {}
    for option, pattern in _MACROS:
        if isinstance(given.get(option), bool):
            levels.update(all_at(of_luacheck_pattern(re.compile(pattern)), "on" if given[option] else None))
    if any(given.get(option) is True for option in ("allow_defined", "allow_defined_top", "module")):
        levels.update(all_at(_NEW_GLOBALS, None))
    length = given.get("max_line_length")
    if length is False:
        levels.update(all_at(("line-too-long",), None))
    elif isinstance(length, int | float) and length is not True:
        levels.update(all_at(("line-too-long",), "on"))
    for codes, name in _patterns(given.get("enable")):
        if name is None:
            levels.update(all_at(codes or (), "on"))
    for codes, name in ignored:
        if name is None:
            levels.update(all_at(codes or (), None))
    if "only" in given:
        kept = frozenset[str]().union(*(_EVERY if codes is None else codes for codes, _ in _patterns(given["only"])))
        levels.update(all_at(_EVERY - kept, None))
    return levels


def _patterns(value: object) -> Iterator[tuple[frozenset[str] | None, re.Pattern[str] | None]]:
    """Codes and name of each pattern, None for any: `211`, `21*/foo.*`, `self`."""
    for written in _texts(value):
        code, slash, name = written.partition("/")
        if not slash and any(character.isalpha() or character == "_" for character in code):
            code, name = "", code
        codes = from_lua(_anchored(code)) if code else None
        names = from_lua(_anchored(name, at_end=True)) if name else None
        if (code and codes is None) or (name and names is None) or not (code or name):
            continue
        yield of_luacheck_pattern(codes) if codes is not None else None, names


def _anchored(pattern: str, *, at_end: bool = False) -> str:
    if pattern.startswith("^") or pattern.endswith("$"):
        return pattern
    return f"^{pattern}$" if at_end else f"^{pattern}"


def _standard(value: object, standards: _Standards) -> frozenset[str] | None:
    """The globals of `std`; None when they cannot be known."""
    if isinstance(value, LuaTable):
        return _of_tables(value)
    if not isinstance(value, str):
        return frozenset()
    names = [name.strip() for name in value.split("+") if name.strip()]
    if any(name not in standards for name in names):
        return None
    return frozenset().union(*(standards[name] for name in names))


def _of_tables(standard: LuaTable) -> frozenset[str]:
    return _names(standard.fields.get("globals")) | _names(standard.fields.get("read_globals"))


def _names(value: object) -> frozenset[str]:
    """Names in a list, which may be dotted, and names that are keys."""
    return frozenset(name.partition(".")[0] for name in (*_texts(value), *_fields(value)))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value.items if isinstance(each, str)) if isinstance(value, LuaTable) else ()


def _fields(value: object) -> Mapping[str, Any]:
    return value.fields if isinstance(value, LuaTable) else {}


def _globs(folder: str, patterns: Iterable[str]) -> Globs:
    """Paths start at the file's folder, also those without a slash. What cannot be read covers nothing."""
    kept = []
    for pattern in patterns:
        anchored = pattern.removeprefix(folder)
        anchored = anchored if anchored.startswith(("/", "./", "**")) else "/" + anchored
        try:
            Globs.of(folder, (anchored,))
        except GlobError:
            continue
        kept.append(anchored)
    return Globs.of(folder, kept)

"""The table `[validator]` of `llmspell.toml`. Every mistake in it is named, with the nearest right name."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from llmspell_analysis.configuration.globs import GlobError, Globs
from llmspell_analysis.configuration.levels import LEVELS, OPTIONAL_CODES, Level
from llmspell_analysis.configuration.model import Override, Problem, Settings, Source
from llmspell_analysis.configuration.reading import UnreadableError, read_text, toml_line
from llmspell_analysis.rules.nearest import nearest
from llmspell_analysis.rules.other_names import of_name
from llmspell_analysis.rules.table import SYNTAX_CODES

SECTION = "validator"
_OF_FILES = ("globals", "tools", "line_length", "severity")
_KEYS = (*_OF_FILES, "include", "exclude", "other_tools", "overrides")
_OVERRIDE_KEYS = ("files", *_OF_FILES)
_LINE_LENGTHS = range(20, 10_001)
_KINDS: Mapping[type, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


def read(path: str) -> Source:
    try:
        text = read_text(path)
    except UnreadableError as error:
        return Source(path, problems=(Problem(path, error.line, "", str(error)),))
    return read_opened(path, text)


def read_opened(path: str, text: str) -> Source:
    """The file as somebody has it who edits it."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Source(path, problems=(_syntax_problem(path, str(error)),))
    except RecursionError:
        return Source(path, problems=(Problem(path, 0, "", "is nested too deeply"),))
    return read_section(path, text, document.get(SECTION, {}))


def read_section(path: str, text: str, section: object) -> Source:
    """`text` is the file's, in which keys have their lines."""
    return _Reader(path, text).source(section)


def _syntax_problem(path: str, message: str) -> Problem:
    what, _, place = message.partition(" (at line ")
    line = place.partition(",")[0]
    return Problem(path, int(line) if line.isdigit() else 0, "", what[:1].lower() + what[1:])


class _Reader:
    """Reads one document and collects what is wrong with it."""

    def __init__(self, path: str, text: str) -> None:
        self._path, self._text = path, text
        self._problems: list[Problem] = []

    def source(self, section: object) -> Source:
        if not self._is(section, dict, SECTION):
            return Source(self._path, problems=tuple(self._problems))
        table: dict[str, Any] = section  # type: ignore[assignment]
        self._refuse_unknown(table, _KEYS, (SECTION,))
        place = (SECTION,)
        settings = self._settings(table, place)
        include = self._globs(table, place, "include") if "include" in table else None
        exclude = self._globs(table, place, "exclude")
        other_tools = table.get("other_tools", True)
        if not self._is(other_tools, bool, *place, "other_tools"):
            other_tools = True
        overrides = tuple(self._overrides(table.get("overrides", []), place))
        return Source(self._path, settings, overrides, include, exclude, other_tools, tuple(self._problems))

    def _overrides(self, entries: object, place: tuple[str | int, ...]) -> Iterable[Override]:
        where = (*place, "overrides")
        if not self._is(entries, list, *where):
            return
        for index, entry in enumerate(entries):  # type: ignore[arg-type, var-annotated]
            here = (*where, index)
            if not self._is(entry, dict, *here):
                continue
            self._refuse_unknown(entry, _OVERRIDE_KEYS, here)
            if "files" not in entry:
                self._problem("has no `files`: name the files that it is about", *here)
                continue
            yield Override(self._globs(entry, here, "files"), self._settings(entry, here))

    def _settings(self, table: dict[str, Any], place: tuple[str | int, ...]) -> Settings:
        return Settings(
            globals=frozenset(each.partition(".")[0] for each in self._texts(table, place, "globals")),
            tools=frozenset(self._texts(table, place, "tools")),
            levels=self._levels(table.get("severity", {}), (*place, "severity")),
            line_length=self._line_length(table, place),
        )

    def _line_length(self, table: dict[str, Any], place: tuple[str | int, ...]) -> int | None:
        if "line_length" not in table:
            return None
        value = table["line_length"]
        if not self._is(value, int, *place, "line_length"):
            return None
        if value not in _LINE_LENGTHS:
            self._problem(
                f"expected {_LINE_LENGTHS.start} to {_LINE_LENGTHS.stop - 1}, got {value}", *place, "line_length"
            )
            return None
        return int(value)

    def _levels(self, table: object, place: tuple[str | int, ...]) -> dict[str, Level]:
        found: dict[str, Level] = {}
        if not self._is(table, dict, *place):
            return found
        entries: dict[str, object] = table  # type: ignore[assignment]
        for code, name in entries.items():
            if code in SYNTAX_CODES:
                self._problem("is the compiler's verdict, whose severity cannot be set", *place, code)
            elif code not in OPTIONAL_CODES:
                self._problem(f"there is no such diagnostic{_advice(code)}", *place, code)
            elif not isinstance(name, str) or name not in LEVELS:
                near = nearest(name, LEVELS) if isinstance(name, str) else None
                advice = f"; did you mean {near!r}?" if near else ""
                self._problem(f"expected {_listed(LEVELS)}, got {name!r}{advice}", *place, code)
            else:
                found[code] = LEVELS[name]
        return found

    def _texts(self, table: dict[str, Any], place: tuple[str | int, ...], key: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if not self._is(value, list, *place, key):
            return ()
        for each in value:
            if not isinstance(each, str):
                self._problem(f"expected a list of texts, got {each!r} in it", *place, key)
        return tuple(each for each in value if isinstance(each, str))

    def _globs(self, table: dict[str, Any], place: tuple[str | int, ...], key: str) -> Globs:
        folder = os.path.dirname(self._path)
        for pattern in (patterns := self._texts(table, place, key)):
            try:
                Globs.of(folder, (pattern,))
            except GlobError as error:
                self._problem(str(error), *place, key)
                return Globs()
        return Globs.of(folder, patterns)

    def _refuse_unknown(self, table: dict[str, Any], known: tuple[str, ...], place: tuple[str | int, ...]) -> None:
        for key in table.keys() - set(known):
            near = nearest(key, known)
            advice = f"did you mean {near!r}?" if near else f"known: {', '.join(known)}"
            self._problem(f"there is no such setting; {advice}", *place, key)

    def _is(self, value: object, kind: type, *place: str | int) -> bool:
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return True
        got = _KINDS.get(type(value), type(value).__name__)
        self._problem(f"expected {_KINDS[kind]}, got {got}", *place)
        return False

    def _problem(self, message: str, *place: str | int) -> None:
        key = ""
        for part in place:
            key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else part
        self._problems.append(Problem(self._path, toml_line(self._text, *place), key, message))


def _listed(names: Iterable[str]) -> str:
    *first, last = (f'"{name}"' for name in names)
    return f"{', '.join(first)} or {last}"


def _advice(code: str) -> str:
    meant = sorted(of_name(code).intersection(OPTIONAL_CODES))
    if meant:
        return f"; it is called {' and '.join(map(repr, meant))} here"
    near = nearest(code, OPTIONAL_CODES)
    return f"; did you mean {near!r}?" if near else "; `llmspell validate --list-rules` lists them"

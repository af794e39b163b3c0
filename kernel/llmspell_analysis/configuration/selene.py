"""`selene.toml`, and the standard libraries that a project describes beside it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from llmspell_analysis.configuration.globs import GlobError, Globs
from llmspell_analysis.configuration.levels import Level, all_at, of_names
from llmspell_analysis.configuration.model import Problem, Settings, Source
from llmspell_analysis.configuration.reading import UnreadableError, read_text
from llmspell_analysis.rules.model import IgnoredName, Severity
from llmspell_analysis.rules.name_patterns import from_regex
from llmspell_analysis.rules.standards import STANDARDS

_LEVELS: Mapping[str, Level] = {"allow": None, "warn": Severity.WARNING, "deny": Severity.ERROR}
_STANDARD_NAME = re.compile(r"[\w.-]+")
# `globals:` of a library in YAML, and the names one step below it
_YAML_KEY = re.compile(r"""( *)(?:"([^"]+)"|'([^']+)'|([\w.*-]+)):""")
_MAX_BASES = 10


def read(path: str) -> Source:
    try:
        document = tomllib.loads(read_text(path))
    except UnreadableError as error:
        return Source(path, problems=(Problem(path, error.line, "", str(error), is_ours=False),))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return Source(path, problems=(Problem(path, 0, "", str(error), is_ours=False),))
    levels: dict[str, Level] = {}
    for section in ("rules", "lints"):  # as it was, and as it is called
        for name, level in _table(document, section).items():
            if isinstance(level, str) and level in _LEVELS:
                levels.update(all_at(of_names((name,)), _LEVELS[level]))
    standard = document.get("std")
    names = _standards(standard, os.path.dirname(path)) if isinstance(standard, str) else frozenset[str]()
    settings = Settings(
        globals=names or frozenset(),
        levels=levels,
        ignored=tuple(_ignored(_table(document, "config"))),
        has_unknown_globals=names is None,
    )
    return Source(path, settings, exclude=_globs(path, document.get("exclude", [])))


def _ignored(config: Mapping[str, Any]) -> Iterable[IgnoredName]:
    for name in config:
        pattern = _table(config, name).get("ignore_pattern")
        compiled = from_regex(pattern) if isinstance(pattern, str) else None
        if compiled is not None:
            yield IgnoredName(of_names((name,)), compiled)


def _standards(written: str, folder: str) -> frozenset[str] | None:
    """The globals of `lua51+mine`; None when one of them cannot be known."""
    found: frozenset[str] = frozenset()
    for name in written.split("+"):
        known = STANDARDS.get(name.strip())
        names = known if known is not None else _described(name.strip(), folder, _MAX_BASES)
        if names is None:
            return None
        found |= names
    return found


def _described(name: str, folder: str, depth: int) -> frozenset[str] | None:
    """The globals of a library that the project describes in a file of its own."""
    if _STANDARD_NAME.fullmatch(name) is None or depth == 0:
        return None
    for ending, read_file in ((".yml", _from_yaml), (".yaml", _from_yaml), (".toml", _from_toml)):
        path = os.path.join(folder, name + ending)
        if not os.path.isfile(path):
            continue
        try:
            names, base = read_file(read_text(path))
        except (UnreadableError, tomllib.TOMLDecodeError, RecursionError):
            return None
        for each in base.split("+") if base else ():
            below = STANDARDS.get(each)
            below = below if below is not None else _described(each, folder, depth - 1)
            if below is None:
                return None
            names |= below
        return names
    return None


def _from_toml(text: str) -> tuple[frozenset[str], str]:
    document = tomllib.loads(text)
    base = _table(document, "selene").get("base", "")
    return _roots(document.keys() - {"selene"}), base if isinstance(base, str) else ""


def _from_yaml(text: str) -> tuple[frozenset[str], str]:
    """The keys below `globals`, by their indentation: the one shape that selene writes and documents."""
    names, base, inside, step = set(), "", False, 0
    for line in text.splitlines():
        key = _YAML_KEY.match(line)
        if key is None:
            continue
        indent, name = len(key[1]), key[2] or key[3] or key[4]
        if indent == 0:
            inside, step = name == "globals", 0
            if name == "base":
                base = line.partition(":")[2].partition("#")[0].strip(" \"'")
        elif inside:
            step = step or indent
            if indent == step:
                names.add(name)
    return _roots(names), base


def _roots(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.partition(".")[0] for name in names)


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _globs(path: str, patterns: object) -> Globs:
    kept = []
    for pattern in patterns if isinstance(patterns, list) else ():
        try:
            Globs.of("/", (pattern,) if isinstance(pattern, str) else ())
        except GlobError:
            continue
        kept.append(pattern)
    return Globs.of(os.path.dirname(path), (each for each in kept if isinstance(each, str)))

"""What configuration files say, as plain data: the same shape for ours and for those of other tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from llmspell_analysis.configuration.globs import Globs
from llmspell_analysis.configuration.levels import Level, as_severities
from llmspell_analysis.rules.model import MAX_LINE, IgnoredName, Options


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in a configuration file. `line` is 1-based, 0 where none can be told; `key` is "" for the whole file.

    `is_ours`: in `llmspell.toml`, where a mistake ends the command; a file of another tool is passed over instead.
    """

    path: str
    line: int
    key: str
    message: str
    is_ours: bool = True

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a configuration, or a part of one, says of a file.

    `has_unknown_globals`: it names a set of globals that is not known here, so that nothing can be told of undefined
    ones. `removed_globals` are taken back from what weaker ones add.
    """

    globals: frozenset[str] = frozenset()
    removed_globals: frozenset[str] = frozenset()
    tools: frozenset[str] = frozenset()
    levels: Mapping[str, Level] = field(default_factory=dict)
    ignored: tuple[IgnoredName, ...] = ()
    line_length: int | None = None
    has_unknown_globals: bool = False

    def over(self, weaker: Settings) -> Settings:
        """Both together; where they contradict each other, this one counts."""
        levels = {**weaker.levels, **self.levels}
        on = {code for code, level in self.levels.items() if level is not None}
        return Settings(
            (weaker.globals - self.removed_globals) | self.globals,
            (weaker.removed_globals - self.globals) | self.removed_globals,
            weaker.tools | self.tools,
            levels,
            (*(each for each in weaker.ignored if each.codes is None or not each.codes <= on), *self.ignored),
            weaker.line_length if self.line_length is None else self.line_length,
            weaker.has_unknown_globals or self.has_unknown_globals,
        )

    def options(self) -> Options:
        """What the rules are given."""
        severities = as_severities(self.levels)
        if self.has_unknown_globals:
            for code in ("undefined-global", "set-undefined-global", "lowercase-global"):
                severities[code] = None
        length = MAX_LINE if self.line_length is None else self.line_length
        return Options(self.globals, self.tools, severities, ignored=self.ignored, line_length=length)


@dataclass(frozen=True, slots=True)
class Override:
    """What holds for the files that `files` covers alone."""

    files: Globs
    settings: Settings


@dataclass(frozen=True, slots=True)
class Source:
    """One configuration file, read. Its relative paths start at its folder.

    `include` None: what a folder is searched for is not said. `other_tools`: whether their files count beside it.
    """

    path: str
    settings: Settings = field(default_factory=Settings)
    overrides: tuple[Override, ...] = ()
    include: Globs | None = None
    exclude: Globs = field(default_factory=Globs)
    other_tools: bool = True
    problems: tuple[Problem, ...] = ()

    def of(self, path: str) -> Settings:
        """What it says of one file; a later override is the stronger one."""
        found = self.settings
        for override in self.overrides:
            if override.files.covers(path):
                found = override.settings.over(found)
        return found


@dataclass(frozen=True, slots=True)
class FileConfiguration:
    """What all configuration files together say of one file. `sources` are their paths, the strongest first."""

    options: Options = field(default_factory=Options)
    is_excluded: bool = False
    is_included: bool = True
    sources: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

"""Finds the configuration of a file: of each kind the nearest one upwards.

The search ends at the folder that holds `.git`. Ours is the strongest, then `.luarc.json`, `.emmyrc.json`,
`.luacheckrc` and `selene.toml`; what a stronger one does not say, a weaker one may.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

from llmspell_analysis.configuration import llmspell_toml, luacheck, luals, selene
from llmspell_analysis.configuration.model import FileConfiguration, Problem, Settings, Source

_Reader = Callable[[str], Source]
OURS = "llmspell.toml"
# The strongest first; of one kind the first that a folder has.
_KINDS: tuple[tuple[tuple[str, ...], _Reader], ...] = (
    ((OURS,), llmspell_toml.read),
    ((".luarc.json", ".luarc.jsonc"), luals.read_luarc),
    ((".emmyrc.json",), luals.read_emmyrc),
    ((".luacheckrc",), luacheck.read),
    (("selene.toml",), selene.read),
)
NAMES = tuple(name for names, _ in _KINDS for name in names)
_READERS = {name: read for names, read in _KINDS for name in names}
_LAST_FOLDER = ".git"

_Stamp = tuple[int, int, int]


def read_file(path: str) -> Source | None:
    """One configuration file of any kind by itself; None where there is none."""
    read = _READERS.get(os.path.basename(path))
    return read(path) if read is not None and os.path.isfile(path) else None


def read_opened(path: str, text: str) -> Source:
    """One that is being edited; of a kind that is not ours nothing is said before it is saved."""
    return llmspell_toml.read_opened(path, text) if os.path.basename(path) == OURS else Source(path)


class Configurations:
    """Reads each file once, and again when it has changed.

    `only`: a file of ours that counts instead of all that would be found. `isolated`: there are none.
    `is_steady`: what was found once stays as it is, for a command that looks at thousands of files.
    """

    def __init__(self, only: str | None = None, *, isolated: bool = False, is_steady: bool = False) -> None:
        self._only = os.path.abspath(only) if only is not None else None
        self._isolated = isolated
        self._is_steady = is_steady
        self._read: dict[str, tuple[_Stamp, Source]] = {}
        self._found: dict[str, tuple[Source, ...]] = {}

    def of(self, path: str, weaker: Settings | None = None) -> FileConfiguration:
        """What holds for one file. `weaker` is what anybody else says, such as the settings of an editor."""
        path = os.path.abspath(path)
        sources = self._sources(os.path.dirname(path))
        settings = weaker or Settings()
        for source in reversed(sources):
            settings = source.of(path).over(settings)
        # Its name is known, so is what folders are searched for: the strongest that says so counts.
        include = next((source.include for source in sources if source.include is not None), None)
        return FileConfiguration(
            settings.options(),
            is_excluded=any(source.exclude.covers(path) for source in sources),
            is_included=path.endswith(".lua") if include is None else include.covers(path),
            sources=tuple(source.path for source in sources),
            problems=tuple(problem for source in sources for problem in source.problems),
        )

    def excludes_folder(self, folder: str) -> bool:
        folder = os.path.abspath(folder)
        return any(source.exclude.covers(folder) for source in self._sources(os.path.dirname(folder)))

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the files that were read so far."""
        found = (problem for sources in self._found.values() for source in sources for problem in source.problems)
        return tuple(dict.fromkeys(found))

    def files(self) -> tuple[str, ...]:
        """The files that were read so far."""
        return tuple(self._read)

    def _sources(self, folder: str) -> tuple[Source, ...]:
        if self._isolated:
            return ()
        if self._is_steady and folder in self._found:
            return self._found[folder]
        if self._only is not None:
            found: tuple[Source, ...] = (self._load(self._only, llmspell_toml.read) or _missing(self._only),)
        else:
            found = tuple(self._search(folder))
        self._found[folder] = found
        return found

    def _search(self, folder: str) -> list[Source]:
        nearest: dict[int, Source] = {}
        current = folder
        while True:
            for kind, (names, read) in enumerate(_KINDS):
                for name in names if kind not in nearest else ():
                    source = self._load(os.path.join(current, name), read)
                    if source is not None:
                        nearest[kind] = source
                        break
            above = os.path.dirname(current)
            if above == current or os.path.lexists(os.path.join(current, _LAST_FOLDER)):
                break
            current = above
        if 0 in nearest and not nearest[0].other_tools:
            return [nearest[0]]
        return [nearest[kind] for kind in sorted(nearest)]

    def _load(self, path: str, read: _Reader) -> Source | None:
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        kept = self._read.get(path)
        if kept is None or kept[0] != stamp:
            kept = (stamp, read(path))
            self._read[path] = kept
        return kept[1]


def _missing(path: str) -> Source:
    return Source(path, problems=(Problem(path, 0, "", "does not exist or cannot be read"),))

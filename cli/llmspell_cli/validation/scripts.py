"""Which scripts the paths of a command line mean.

A file that is named is taken, whatever it is called and whatever the configuration leaves out; a folder is searched
for what the configuration includes. Links to folders are not followed, so that no circle is walked; a script that
several paths lead to is taken once.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmspell_analysis.configuration import Configurations

from llmspell_cli.failure import problem_of

_NOT_SEARCHED = frozenset({"node_modules", "__pycache__", "lua_modules"})


@dataclass(frozen=True, slots=True)
class Found:
    """Scripts as the person would name them, and what could not be looked at, one message each."""

    scripts: tuple[str, ...]
    problems: tuple[str, ...]


def find_scripts(paths: Sequence[Path], configurations: Configurations) -> Found:
    scripts: dict[str, str] = {}
    problems: list[str] = []
    for path in paths:
        if (problem := problem_of(path)) is not None:
            problems.append(f"{path} {problem}")
            continue
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            for script in _below(path, configurations, problems):
                scripts.setdefault(os.path.realpath(script), script)
        elif stat.S_ISREG(mode):
            scripts.setdefault(os.path.realpath(path), str(path))
        else:
            problems.append(f"{path} is neither a file nor a folder")
    return Found(tuple(scripts.values()), tuple(problems))


def _below(path: Path, configurations: Configurations, problems: list[str]) -> Iterator[str]:
    unread: list[OSError] = []
    found: list[str] = []
    for folder, folders, names in os.walk(path, onerror=unread.append):
        folders[:] = [each for each in folders if not _is_left_out(os.path.join(folder, each), configurations)]
        found.extend(_scripts_in(folder, names, configurations, problems))
    problems.extend(f"{error.filename} cannot be read: {error.strerror}" for error in unread)
    yield from sorted(found)


def _is_left_out(folder: str, configurations: Configurations) -> bool:
    name = os.path.basename(folder)
    return name.startswith(".") or name in _NOT_SEARCHED or configurations.excludes_folder(folder)


def _scripts_in(
    folder: str, names: Iterable[str], configurations: Configurations, problems: list[str]
) -> Iterator[str]:
    for name in names:
        path = os.path.normpath(os.path.join(folder, name))
        if name.startswith("."):
            continue
        configuration = configurations.of(path)
        if not configuration.is_included or configuration.is_excluded:
            continue
        if (problem := problem_of(Path(path))) is not None:
            problems.append(f"{path} is a link that leads nowhere" if os.path.islink(path) else f"{path} {problem}")
        elif os.path.isfile(path):
            yield path

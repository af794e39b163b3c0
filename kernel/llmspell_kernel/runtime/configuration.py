"""A project's ``llmspell.toml``, as far as the runtime reads it, and where the project is.

Invariant: a mistake in the file is reported with the file's path and the setting's name; it is never ignored.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

CONFIGURATION_FILE = "llmspell.toml"
_PROJECT_MARKS = (CONFIGURATION_FILE, ".git")
MAX_CONFIGURATION_BYTES = 1024 * 1024

_NEAR = 0.75  # of difflib: a letter or two are wrong

# What may stand in a table, by the table's keys. The other sections are those that Config.get gives to scripts.
_KNOWN_KEYS: Mapping[tuple[str, ...], Collection[str]] = {
    (): ("security", "tools", "default_engine", "engines", "providers", "runtime", "events", "debug", "rag"),
    ("security",): ("allow_processes",),
    ("tools",): ("file-operations",),
    ("tools", "file-operations"): ("allowed_paths",),
}


class ConfigurationError(ValueError):
    """``llmspell.toml`` cannot be used; the message names file, setting and what was expected."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings of a project. ``allowed_paths``: absolute folders that file tools may touch besides the defaults."""

    allow_processes: bool = False
    allowed_paths: tuple[Path, ...] = ()


def find_project_root(start: Path) -> Path:
    """The nearest folder at or above ``start`` that holds ``llmspell.toml`` or ``.git``; else ``start`` itself."""
    start = start.resolve()
    folder = start if start.is_dir() else start.parent
    for candidate in (folder, *folder.parents):
        if any((candidate / mark).exists() for mark in _PROJECT_MARKS):
            return candidate
    return folder


def load_configuration(project_root: Path) -> Configuration:
    """Read ``llmspell.toml`` of a project; defaults when there is none. Raises ConfigurationError."""
    path = project_root / CONFIGURATION_FILE
    try:
        with path.open("rb") as file:
            text = file.read(MAX_CONFIGURATION_BYTES + 1)
    except FileNotFoundError:
        return Configuration()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    if len(text) > MAX_CONFIGURATION_BYTES:
        raise ConfigurationError(f"{path}: larger than {MAX_CONFIGURATION_BYTES} bytes")
    try:
        document = tomllib.loads(text.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    _refuse_unknown_keys(document, path)
    allow_processes = _setting(document, path, ("security", "allow_processes"), bool, False)
    allowed = _setting(document, path, ("tools", "file-operations", "allowed_paths"), list, [])
    for item in allowed:
        if not isinstance(item, str):
            raise ConfigurationError(
                f"{path}: tools.file-operations.allowed_paths: expected strings, got {type(item).__name__}"
            )
    try:
        allowed_paths = tuple((project_root / Path(item).expanduser()).resolve() for item in allowed)
    except (OSError, RuntimeError, ValueError) as error:  # ~nobody, a NUL, a circle of links
        raise ConfigurationError(f"{path}: tools.file-operations.allowed_paths: {error}") from error
    return Configuration(allow_processes=allow_processes, allowed_paths=allowed_paths)


def _refuse_unknown_keys(document: dict[str, Any], path: Path) -> None:
    for keys, known in _KNOWN_KEYS.items():
        for key in _setting(document, path, keys, dict, {}):
            if key not in known:
                name = ".".join((*keys, key))
                from difflib import get_close_matches

                nearest = get_close_matches(key, known, 1, _NEAR)
                if keys == ("tools",) and not nearest:
                    continue  # settings of other tools, which the runtime does not read
                advice = f"did you mean '{'.'.join((*keys, nearest[0]))}'?" if nearest else f"known: {', '.join(known)}"
                raise ConfigurationError(f"{path}: {name}: there is no such setting; {advice}")


def _setting(document: dict[str, Any], path: Path, keys: tuple[str, ...], kind: type[T], default: T) -> T:
    value: Any = document
    for depth, key in enumerate(keys):
        if not isinstance(value, dict):
            raise ConfigurationError(f"{path}: {'.'.join(keys[:depth])}: expected a table")
        if key not in value:
            return default
        value = value[key]
    if not isinstance(value, kind):
        expected = "a table" if kind is dict else kind.__name__
        raise ConfigurationError(f"{path}: {'.'.join(keys)}: expected {expected}, got {type(value).__name__} {value!r}")
    return value

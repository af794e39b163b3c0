"""The tool `file-watcher`: what changes in files and folders while a script waits.

Folders are looked through again and again: it needs no library, works on every file system, and stays within the
allowed folders, which the system's own notifications would not where links lead out.

Invariant: links are not followed, and no more than MAX_ENTRIES are watched.
"""

import os
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

from ..values import Value
from .confinement import explain, opened_folder, resolve
from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext

MAX_PATHS = 100
MAX_ENTRIES = 50_000
MAX_EVENTS = 10_000
MAX_SECONDS = 3600
DEFAULT_SECONDS = 300
DEFAULT_DEBOUNCE_MS = 100
_LEAST_MS = 20

# What tells one state of a file from the next.
State = tuple[int, int, int]


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    if parameters["operation"] == "config":
        return envelope(
            "config",
            {
                "max_events": MAX_EVENTS,
                "default_timeout": DEFAULT_SECONDS,
                "default_debounce_ms": DEFAULT_DEBOUNCE_MS,
                "max_paths": MAX_PATHS,
            },
        )
    events = _watch(parameters, context)
    return envelope("watch", {"events": events, "event_count": len(events)})


def _watch(parameters: Parameters, context: ToolContext) -> list[Value]:
    watched = _Watched(parameters, context)
    most, interval = parameters["max_events"], parameters["debounce_ms"]
    if not 1 <= most <= MAX_EVENTS:
        raise ToolError(f"parameter 'max_events': expected 1 to {MAX_EVENTS}", "invalid_parameters")
    if not 0 <= interval <= 60_000:
        raise ToolError("parameter 'debounce_ms': expected 0 to 60000", "invalid_parameters")
    ends = time.monotonic() + _seconds(parameters)
    events: list[Value] = []
    before = watched.states()
    while len(events) < most and (remaining := ends - time.monotonic()) > 0:
        context.cancellation.wait(min(max(interval, _LEAST_MS) / 1000, remaining))
        now = watched.states()
        events.extend(_changes(before, now))
        before = now
    return events[:most]


def _seconds(parameters: Parameters) -> float:
    name = "timeout_ms" if "timeout_ms" in parameters else "timeout_seconds"
    seconds: float = parameters[name] / (1000 if name == "timeout_ms" else 1)
    if not 0 < seconds <= MAX_SECONDS:
        raise ToolError(f"parameter '{name}': expected more than 0 and at most {MAX_SECONDS} seconds",
                        "invalid_parameters")  # fmt: skip
    return seconds


def _changes(before: Mapping[str, State], now: Mapping[str, State]) -> Iterator[Value]:
    time_of_look = datetime.now(UTC).isoformat()
    for path in sorted(before.keys() | now.keys()):
        if before.get(path) == now.get(path):
            continue
        kind = "created" if path not in before else "deleted" if path not in now else "modified"
        yield {"event_type": kind, "path": path, "timestamp": time_of_look}


class _Watched:
    """The paths that are watched, as they were when the watching began."""

    def __init__(self, parameters: Parameters, context: ToolContext) -> None:
        self._roots = context.allowed_roots
        self._cancellation = context.cancellation
        self._pattern: str | None = parameters.get("pattern")
        self._recursive: bool = parameters["recursive"]
        given = parameters["input"]
        if not 1 <= len(given) <= MAX_PATHS:
            raise ToolError(f"parameter 'input': expected 1 to {MAX_PATHS} paths", "invalid_parameters")
        self._folders: list[Path] = []
        self._files: list[Path] = []
        for path in given:
            real, _ = resolve(path, self._roots)
            try:
                is_folder = real.is_dir()
                real.stat()
            except OSError as error:
                raise explain(error, path) from error
            (self._folders if is_folder else self._files).append(real)

    def states(self) -> dict[str, State]:
        found: dict[str, State] = {}
        for file in self._files:
            try:
                facts = file.lstat()
            except OSError:
                continue  # it is gone, or cannot be seen now
            found[str(file)] = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
        for folder in self._folders:
            self._look(folder, found)
        return found

    def _look(self, folder: Path, found: dict[str, State]) -> None:
        """Add what is in the folder. What vanishes or is closed meanwhile is not there."""
        waiting = [folder]
        while waiting:
            self._cancellation.check()
            here = waiting.pop()
            try:
                with opened_folder(str(here), self._roots) as (_, handle), os.scandir(handle) as entries:
                    for entry in entries:
                        path = here / entry.name
                        facts = entry.stat(follow_symlinks=False)
                        is_folder = entry.is_dir(follow_symlinks=False)
                        if is_folder and self._recursive:
                            waiting.append(path)
                        if self._pattern is None or fnmatchcase(entry.name, self._pattern):
                            found[str(path)] = (0 if is_folder else facts.st_mtime_ns,
                                                0 if is_folder else facts.st_size, facts.st_ino)  # fmt: skip
            except (OSError, ToolError):
                continue
            if len(found) > MAX_ENTRIES or len(waiting) > MAX_ENTRIES:
                raise ToolError(f"more than {MAX_ENTRIES} files are not watched; name fewer, or a pattern", "too_large")

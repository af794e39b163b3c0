"""The host half of the global `Debug`: its log, timers and counters. Values are rendered in ``lua/debug_dump.lua``.

Invariants: no secret is logged (``secrets.redacted``); what is kept of a log is bounded in entries and in bytes.
"""

import json
from collections import deque
from dataclasses import dataclass, field

from ..host import Host
from ..module_filters import ModuleFilters, type_of
from ..secrets import redacted
from ..timers import Timers
from ..timestamps import now_text
from ..values import Value
from .json import stringify

MAX_ENTRIES = 1000
MAX_MESSAGE = 16 * 1024
MAX_METADATA = 16 * 1024
LEVELS = ("off", "error", "warn", "info", "debug", "trace")


@dataclass(slots=True)
class DebugLog:
    """What one session logs by `Debug`, and what of it is let through."""

    level: str = "info"
    is_enabled: bool = True
    filters: ModuleFilters = field(default_factory=ModuleFilters)
    entries: deque[dict[str, Value]] = field(default_factory=lambda: deque(maxlen=MAX_ENTRIES))

    def add(self, level: str, message: str, module: str | None, metadata: Value) -> Value:
        """Keep an entry; the line to write, or None when it is not let through."""
        if not self.is_enabled or level == "off" or LEVELS.index(level) > LEVELS.index(self.level):
            return None
        if module is not None and not self.filters.lets_through(module):
            return None
        text = str(redacted(_shortened(message)))
        entry: dict[str, Value] = {
            "timestamp": now_text(),
            "level": level.upper(),
            "message": text,
        }
        if module is not None:
            entry["module"] = module[:1000]
        data = "" if metadata is None else stringify_bounded(metadata, entry)
        self.entries.append(entry)
        source = f" [{entry['module']}]" if module is not None else ""
        return f"{entry['timestamp']} {entry['level']}{source} {text}{data}\n"

    def set_level(self, level: str) -> bool:
        if level.lower() not in LEVELS:
            return False
        self.level = level.lower()
        return True


def register(host: Host) -> None:
    log, timers = DebugLog(), Timers()
    filters = log.filters

    def captured(_host: Host, limit: int | None) -> Value:
        found: list[Value] = list(log.entries)
        return found if limit is None else found[max(0, len(found) - limit) :]

    def set_enabled(_host: Host, enabled: bool) -> None:
        log.is_enabled = enabled

    def set_default(_host: Host, enabled: bool) -> None:
        filters.default = enabled

    host.register("Debug.log", lambda _host, *arguments: log.add(*arguments))
    host.register("Debug.captured", captured)
    host.register("Debug.clearCaptured", lambda _host: log.entries.clear())
    host.register("Debug.setLevel", lambda _host, level: log.set_level(level))
    host.register("Debug.getLevel", lambda _host: log.level.upper())
    host.register("Debug.setEnabled", set_enabled)
    host.register("Debug.isEnabled", lambda _host: log.is_enabled)
    host.register("Debug.setDefaultFilterEnabled", set_default)
    host.register("Debug.addFilter", lambda _host, *arguments: filters.add(*arguments))
    host.register("Debug.addModuleFilter", lambda _host, name, enabled: filters.add(name, type_of(name), enabled))
    host.register("Debug.removeModuleFilter", lambda _host, pattern: filters.remove(pattern))
    host.register("Debug.clearModuleFilters", lambda _host: filters.rules.clear())
    host.register("Debug.getFilterSummary", lambda _host: filters.summary())
    host.register("Debug.startTimer", lambda _host, name, memory: timers.start(name[:1000], memory))
    host.register("Debug.stopTimer", lambda _host, identifier: timers.stop(identifier))
    host.register("Debug.elapsed", lambda _host, identifier: timers.elapsed(identifier))
    host.register("Debug.lap", lambda _host, identifier, name: timers.lap(identifier, name[:1000]))
    host.register(
        "Debug.recordEvent",
        lambda _host, identifier, name, metadata: timers.record(identifier, name[:1000], redacted(_bounded(metadata))),
    )
    host.register("Debug.memorySnapshot", lambda _host, memory: timers.memory(memory))
    host.register("Debug.processMemory", lambda _host: _process_memory())
    host.register("Debug.performanceReport", lambda _host: timers.report_text())
    host.register("Debug.jsonReport", lambda here: stringify(here, timers.report()))
    host.register("Debug.flameGraph", lambda _host: timers.folded())
    host.register("Debug.redacted", lambda _host, value: redacted(value))


def stringify_bounded(metadata: Value, entry: dict[str, Value]) -> str:
    """Put metadata into an entry; gives how it reads in a line."""
    kept = redacted(_bounded(metadata))
    entry["metadata"] = kept
    return " " + json.dumps(kept, ensure_ascii=False, sort_keys=True)


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}… ({len(text)} characters)"


def _bounded(metadata: Value) -> Value:
    """Metadata, or how it begins when it is too large to be kept."""
    if metadata is None:
        return None
    text = json.dumps(metadata, ensure_ascii=False)
    return metadata if len(text) <= MAX_METADATA else f"{text[:MAX_METADATA]}… ({len(text)} characters of JSON)"


def _process_memory() -> Value:
    """What the process holds and has asked for, in bytes."""
    import resource
    import sys

    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            fields = [int(part) * resource.getpagesize() for part in file.read().split()]
    except OSError:  # a system without /proc tells its highest
        highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return {"resident_bytes": highest, "allocated_bytes": highest}
    return {"resident_bytes": fields[1], "allocated_bytes": fields[5]}

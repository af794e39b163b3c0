"""The timers of the global `Debug` and the reports over them.

Invariants: time is that of a clock which never goes back; at most MAX_TIMERS are kept, the oldest give way.
"""

import time
from dataclasses import dataclass, field

from .correlation import new_id
from .values import Value

MAX_TIMERS = 10_000
MAX_NOTES = 1000  # laps, and events, of one timer


@dataclass(slots=True)
class Timer:
    id: str
    name: str
    path: tuple[str, ...]
    started: float
    memory: int
    ended: float | None = None
    inner: float = 0.0  # seconds of timers that were started and stopped inside
    parent: "Timer | None" = None
    laps: list[Value] = field(default_factory=list)
    events: list[Value] = field(default_factory=list)

    def seconds(self, now: float) -> float:
        return (now if self.ended is None else self.ended) - self.started


class Timers:
    """The timers of one session. Times given out are milliseconds, memory is bytes of Lua."""

    def __init__(self) -> None:
        self._kept: dict[str, Timer] = {}
        self._open: dict[str, Timer] = {}

    def start(self, name: str, memory: int) -> str:
        parent = next(reversed(self._open.values()), None)
        path = (*parent.path, name) if parent and len(parent.path) < 50 else (name,)
        made = Timer(f"timer_{new_id()}", name, path, time.perf_counter(), memory, parent=parent)
        self._kept[made.id] = self._open[made.id] = made
        if len(self._kept) > MAX_TIMERS:
            oldest = next(iter(self._kept))
            del self._kept[oldest]
            self._open.pop(oldest, None)
        return made.id

    def stop(self, identifier: str) -> float | None:
        timer = self._open.pop(identifier, None)
        if timer is None:
            return None
        timer.ended = time.perf_counter()
        seconds = timer.ended - timer.started
        if timer.parent is not None and timer.parent.ended is None:
            timer.parent.inner += seconds
        timer.parent = None
        return seconds * 1000

    def elapsed(self, identifier: str) -> float | None:
        timer = self._open.get(identifier)
        return None if timer is None else timer.seconds(time.perf_counter()) * 1000

    def lap(self, identifier: str, name: str) -> bool:
        timer = self._open.get(identifier)
        if timer is None or len(timer.laps) >= MAX_NOTES:
            return False
        timer.laps.append({"name": name, "at_ms": timer.seconds(time.perf_counter()) * 1000})
        return True

    def record(self, identifier: str, name: str, metadata: Value) -> bool:
        """False when the timer is unknown or holds MAX_NOTES events."""
        timer = self._kept.get(identifier)
        if timer is None or len(timer.events) >= MAX_NOTES:
            return False
        at_ms = (time.perf_counter() - timer.started) * 1000
        timer.events.append({"name": name, "at_ms": at_ms, "metadata": metadata})
        return True

    def memory(self, now: int) -> Value:
        """What Lua holds more than when the timers that run were started; of one name the oldest counts."""
        usage: dict[str, Value] = {}
        for timer in self._open.values():
            usage.setdefault(timer.name, now - timer.memory)
        oldest = next(iter(self._open.values()), None)
        return {
            "timestamp_secs": int(time.time()),
            "active_trackers": len(self._open),
            "total_memory_delta_bytes": None if oldest is None else now - oldest.memory,
            "tracker_memory_usage": usage,
        }

    def report(self) -> dict[str, Value]:
        now = time.perf_counter()
        timers: list[Value] = [
            {
                "id": one.id,
                "name": one.name,
                "running": one.ended is None,
                "duration_ms": one.seconds(now) * 1000,
                "laps": one.laps,
                "events": one.events,
            }
            for one in self._kept.values()
        ]
        summary: dict[str, Value] = {name: dict(entry) for name, entry in self._summary(now).items()}
        return {"timestamp_secs": int(time.time()), "timers": timers, "summary": summary}

    def _summary(self, now: float) -> dict[str, dict[str, float]]:
        by_name: dict[str, list[float]] = {}
        for one in self._kept.values():
            by_name.setdefault(one.name, []).append(one.seconds(now) * 1000)
        return {
            name: {
                "count": len(times),
                "total_ms": sum(times),
                "average_ms": sum(times) / len(times),
                "min_ms": min(times),
                "max_ms": max(times),
            }
            for name, times in by_name.items()
        }

    def report_text(self) -> str:
        """A table for a person: one line for each name, the longest total first."""
        now = time.perf_counter()
        lines = [f"Performance report: {len(self._kept)} timers, {len(self._open)} running"]
        totals: list[tuple[float, str]] = []
        for name, entry in self._summary(now).items():
            line = (
                f"  {name}: {entry['count']:.0f} times, total {entry['total_ms']:.3f} ms, average "
                f"{entry['average_ms']:.3f} ms, min {entry['min_ms']:.3f} ms, max {entry['max_ms']:.3f} ms"
            )
            totals.append((-entry["total_ms"], line))
        return "\n".join(lines + [line for _, line in sorted(totals)])

    def folded(self) -> str:
        """Lines of `outer;inner microseconds`, the time of a timer's own, as flame graph tools read them."""
        now = time.perf_counter()
        own: dict[str, int] = {}
        for one in self._kept.values():
            stack = ";".join(" ".join(name.replace(";", "_").split()) or "?" for name in one.path)
            own[stack] = own.get(stack, 0) + max(0, round((one.seconds(now) - one.inner) * 1e6))
        return "\n".join(f"{stack} {microseconds}" for stack, microseconds in own.items())

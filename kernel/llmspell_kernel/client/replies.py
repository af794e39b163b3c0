"""What a kernel answers, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from llmspell_kernel.protocol.wire import JsonObject


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A script session of a kernel.

    ``pid`` is its process, None while it has none. ``owned``: it ends with its owners. ``queued``: requests that wait.
    ``deaths``: how often its process ended unasked, and ``last_death`` why.
    """

    session: str
    state: str
    pid: int | None
    folder: str = ""
    owned: bool = False
    debugged: bool = False
    queued: int = 0
    deaths: int = 0
    last_death: str | None = None

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> "SessionInfo":
        return cls(
            session=str(row["session"]),
            state=str(row["state"]),
            pid=row.get("pid"),
            folder=str(row.get("folder", "")),
            owned=bool(row.get("owned")),
            debugged=bool(row.get("debugged")),
            queued=int(row.get("queued", 0)),
            deaths=int(row.get("deaths", 0)),
            last_death=row.get("last_death"),
        )


@dataclass(frozen=True, slots=True)
class KernelStatus:
    """What a kernel says of itself. ``dropped``: messages that it did not take, by reason.

    ``slow_subscriber_stalls``: how often a client that did not read was found full, and lost messages from then on.
    """

    kernel_id: str
    pid: int
    project: str | None
    started: str
    uptime: float
    clients: int
    sessions: tuple[SessionInfo, ...]
    received: int
    published: int
    dropped: Mapping[str, int]
    slow_subscriber_stalls: int

    @classmethod
    def read(cls, content: JsonObject) -> "KernelStatus":
        return cls(
            kernel_id=str(content["kernel_id"]),
            pid=int(content["pid"]),
            project=content["project"],
            started=str(content["started"]),
            uptime=float(content["uptime"]),
            clients=int(content["clients"]),
            sessions=tuple(SessionInfo.read(row) for row in content["sessions"]),
            received=int(content["received"]),
            published=int(content["published"]),
            dropped={str(reason): int(count) for reason, count in content["dropped"].items()},
            slow_subscriber_stalls=int(content["slow_subscriber_stalls"]),
        )


@dataclass(frozen=True, slots=True)
class Completions:
    """What may stand from ``cursor_start`` to ``cursor_end`` (in code points) instead of what stands there."""

    matches: tuple[str, ...]
    cursor_start: int
    cursor_end: int
    metadata: JsonObject

    @classmethod
    def read(cls, content: JsonObject) -> "Completions":
        return cls(
            matches=tuple(str(match) for match in content["matches"]),
            cursor_start=int(content["cursor_start"]),
            cursor_end=int(content["cursor_end"]),
            metadata=dict(content.get("metadata") or {}),
        )


@dataclass(frozen=True, slots=True)
class Completeness:
    """Whether code can be run: ``complete``, ``incomplete`` (``indent`` starts its next line), ``invalid``."""

    status: str
    indent: str = ""

    @classmethod
    def read(cls, content: JsonObject) -> "Completeness":
        return cls(str(content["status"]), str(content.get("indent", "")))


class HistoryEntry(NamedTuple):
    """Code that was run: the number of its history session, its line in that, and its result where it was asked for."""

    session: int
    line: int
    source: str
    output: str | None = None

    @classmethod
    def read(cls, row: list[Any]) -> "HistoryEntry":
        session, line, entry = row
        source, output = entry if isinstance(entry, list) else (entry, None)
        return cls(int(session), int(line), str(source), None if output is None else str(output))

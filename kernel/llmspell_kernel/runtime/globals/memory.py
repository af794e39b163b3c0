"""The host half of the global `Memory`. What it keeps is in ``runtime/memories``, loaded when first used."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..host import Host
from ..values import Value

if TYPE_CHECKING:
    from ..memories.entities import Entities
    from ..memories.episodes import Episodes


class Memories:
    """The memories of one project."""

    def __init__(self, host: Host) -> None:
        self._host = host

    @cached_property
    def _database(self) -> Any:
        from ..memories.storage import memory_database

        return memory_database(self._host)

    @cached_property
    def episodes(self) -> "Episodes":
        from ..memories.episodes import Episodes

        return Episodes(self._database)

    @cached_property
    def entities(self) -> "Entities":
        from ..memories.entities import Entities

        return Entities(self._database)

    def stats(self) -> Value:
        return {
            "episodic_count": self.episodes.count(),
            "semantic_count": self.entities.count(),
            "sessions_with_unprocessed": self.episodes.unprocessed_sessions(),
            "has_episodic": True,
            "has_semantic": True,
            "has_consolidation": True,
        }


def register(host: Host) -> None:
    memories = host.memories

    def add(_host: Host, session: str, role: str, content: str, metadata: Value = None) -> Value:
        return memories.episodes.add(session, role, content, metadata)

    host.register("Memory.episodic.add", add)
    host.register(
        "Memory.episodic.search",
        lambda _host, session, query, limit: [one.entry for one in memories.episodes.search(session, query, limit)],
    )
    host.register(
        "Memory.semantic.query",
        lambda _host, query, limit: [one.entity for one in memories.entities.query(query, limit)],
    )
    host.register("Memory.consolidate", lambda _host, session, forced: memories.entities.consolidate(session, forced))
    host.register("Memory.stats", lambda _host: memories.stats())

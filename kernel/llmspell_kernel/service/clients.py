"""Who listens on iopub: topics that somebody subscribes to, and clients that have left.

A client of ours subscribes to a topic of its own besides everything (client/channels.py); libzmq tells of a topic's
first subscriber, of each further one, and when the last is gone.

Invariant: a client counts as gone only when nobody has subscribed to its topic for ``GRACE_SECONDS``: a connection
that was cut comes back by itself.
"""

import time

PRESENCE_PREFIX = "llmspell.client."
GRACE_SECONDS = 0.5
# Whoever names a topic to own a session with has this long to subscribe to it.
ARRIVAL_SECONDS = 10.0


class Clients:
    """``subscribed`` and ``left`` are told of topics; ``gone`` gives the topics whose client has left for good."""

    def __init__(self) -> None:
        self._topics: set[str] = set()
        self._leaving: dict[str, float] = {}

    def subscribed(self, topic: str) -> None:
        self._topics.add(topic)
        self._leaving.pop(topic, None)

    def left(self, topic: str) -> None:
        self._topics.discard(topic)
        self._leaving[topic] = time.monotonic() + GRACE_SECONDS

    def expect(self, topic: str) -> None:
        """A session is to live as long as this topic has a subscriber, who may not have come yet."""
        if topic not in self._topics:
            self._leaving.setdefault(topic, time.monotonic() + ARRIVAL_SECONDS)

    def gone(self) -> list[str]:
        now = time.monotonic()
        topics = [topic for topic, deadline in self._leaving.items() if deadline <= now]
        for topic in topics:
            del self._leaving[topic]
        return topics

    def wait_milliseconds(self, longest: int) -> int:
        """How long nothing can change by itself, at most ``longest``."""
        if not self._leaving:
            return longest
        return max(0, min(longest, int((min(self._leaving.values()) - time.monotonic()) * 1000) + 1))

    @property
    def count(self) -> int:
        """How many there are: those with a topic of their own, or one for whoever else listens."""
        own = sum(topic.startswith(PRESENCE_PREFIX) for topic in self._topics)
        return own or bool(self._topics)

"""The host half of the global `Event`: the session's event bus.

Invariants: events reach a subscription in the order in which they were published, each once; a subscription that is
not read keeps at most MAX_WAITING events, the oldest give way and are counted; scripts publish at a limited rate.
"""

import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from ..correlation import new_id
from ..host import Host, HostError
from ..timestamps import now_text
from ..values import Value

RATE_PER_SECOND = 1000.0
BURST = 2000.0
MAX_WAITING = 10_000
MAX_SUBSCRIPTIONS = 1000
MAX_CLOSED = 1000
MAX_NAME_BYTES = 1024
_LANGUAGE = "Lua"


@dataclass(slots=True)
class Subscription:
    id: str
    pattern: str
    language: str
    waiting: deque[tuple[float, dict[str, Value]]] = field(default_factory=deque)
    dropped: int = 0
    received: int = 0

    def wants(self, event_type: str) -> bool:
        if self.pattern.endswith("*"):
            return event_type.startswith(self.pattern[:-1])
        return event_type == self.pattern


class EventBus:
    """What one session publishes and subscribes to."""

    def __init__(self) -> None:
        self._open: dict[str, Subscription] = {}
        # what was unsubscribed with events waiting, which may still be read
        self._closed: OrderedDict[str, Subscription] = OrderedDict()
        self._sequence = 0
        self._violations = 0
        self._dropped = 0
        self._expired = 0
        self._allowance = BURST
        self._refilled = time.monotonic()

    def register(self, host: Host) -> None:
        host.register("Event.publish", self.publish)
        host.register("Event.announce", self.announce)
        host.register("Event.subscribe", self.subscribe)
        host.register("Event.receive", self.receive)
        host.register("Event.unsubscribe", self.unsubscribe)
        host.register("Event.list_subscriptions", self.list_subscriptions)
        host.register("Event.get_stats", self.get_stats)

    def publish(
        self, host: Host, event_type: str, data: Value, options: dict[str, Value], about: dict[str, Value]
    ) -> Value:
        """Publish for a script. Raises HostError when it publishes faster than its rate."""
        _check_name("Event.publish", "event type", event_type)
        self._spend()
        self._add(host, event_type, data, options, about)
        return True

    def announce(self, host: Host, event_type: str, data: Value, about: dict[str, Value]) -> None:
        """Publish what LLMSpell itself has to say; its rate is that of what happens."""
        self._add(host, event_type, data, {}, about)

    def subscribe(self, host: Host, pattern: str, language: str) -> Value:
        _check_name("Event.subscribe", "pattern", pattern)
        if len(self._open) >= MAX_SUBSCRIPTIONS:
            raise HostError(
                f"Event.subscribe: {MAX_SUBSCRIPTIONS} subscriptions are open, the limit; close some with "
                "Event.unsubscribe(id)"
            )
        made = Subscription(f"subscription_{new_id()}", pattern, language)
        with host.waits.changed:
            self._open[made.id] = made
        return made.id

    def receive(self, host: Host, identifier: str, deadline: float) -> Value:
        """`{event}`; `{}` when there is none until the deadline (ms of `Clock.now`); None when Lua has to look."""
        subscription = self._open.get(identifier) or self._closed.get(identifier)
        if subscription is None:
            raise HostError(f"No active subscription found: '{identifier[:100]}'; Event.subscribe gives ids")
        until = 0.0 if identifier in self._closed else deadline / 1000  # nothing more comes to what is closed
        if not host.waits.until(lambda: self._has_event(subscription), until):
            return {} if time.monotonic() >= until else None
        with host.waits.changed:
            _, event = subscription.waiting.popleft()
        subscription.received += 1
        return {"event": event}

    def _has_event(self, subscription: Subscription) -> bool:
        now = time.monotonic()
        while subscription.waiting and subscription.waiting[0][0] <= now:
            subscription.waiting.popleft()
            self._expired += 1
        return bool(subscription.waiting)

    def unsubscribe(self, host: Host, identifier: str) -> Value:
        with host.waits.changed:
            subscription = self._open.pop(identifier, None)
            if subscription is None:
                return False
            self._closed[identifier] = subscription
            while len(self._closed) > MAX_CLOSED:
                self._closed.popitem(last=False)
            return True

    def list_subscriptions(self, _host: Host) -> Value:
        return [
            {
                "id": one.id,
                "pattern": one.pattern,
                "language": one.language,
                "waiting": len(one.waiting),
                "received": one.received,
                "dropped": one.dropped,
            }
            for one in self._open.values()
        ]

    def get_stats(self, _host: Host) -> Value:
        languages: dict[str, Value] = {}
        for one in self._open.values():
            languages[one.language] = int(languages.get(one.language, 0) or 0) + 1  # type: ignore[arg-type]
        return {
            "event_bus_stats": {
                "events_processed": self._sequence,
                "rate_limit_violations": self._violations,
                "buffer_size": sum(len(one.waiting) for one in self._open.values()),
                "events_dropped": self._dropped,
                "events_expired": self._expired,
            },
            "bridge_stats": {"active_subscriptions": len(self._open), "subscriptions_by_language": languages},
        }

    def _spend(self) -> None:
        now = time.monotonic()
        self._allowance = min(BURST, self._allowance + (now - self._refilled) * RATE_PER_SECOND)
        self._refilled = now
        if self._allowance < 1:
            self._violations += 1
            raise HostError(
                f"Event.publish: rate limited: more than {RATE_PER_SECOND:.0f} events per second (and {BURST:.0f} at "
                "once); publish fewer, or several things in one event"
            )
        self._allowance -= 1

    def _add(
        self, host: Host, event_type: str, data: Value, options: dict[str, Value], about: dict[str, Value]
    ) -> None:
        correlation = options.get("correlation_id") or about.get("correlation_id") or ""
        ttl = options.get("ttl_seconds")
        expires = time.monotonic() + ttl if isinstance(ttl, (int, float)) else float("inf")
        self._sequence += 1
        event: dict[str, Value] = {
            "id": new_id(),
            "event_type": event_type,
            "data": data,
            "timestamp": now_text(),
            "sequence": self._sequence,
            "correlation_id": correlation,
            "language": options.get("language") or _LANGUAGE,
            "ttl": ttl,
            "metadata": {
                "correlation_id": correlation,
                "source": about.get("source"),
                "parents": about.get("parents"),
                "tags": [event_type.partition(".")[0]],
                "ttl": ttl,
            },
            "target_language": _LANGUAGE,
            "serialization_version": "1.0",
        }
        with host.waits.changed:
            for one in self._open.values():
                if one.wants(event_type):
                    self._put(one, expires, event)
            host.waits.changed.notify_all()

    def _put(self, subscription: Subscription, expires: float, event: dict[str, Value]) -> None:
        if len(subscription.waiting) >= MAX_WAITING:
            subscription.waiting.popleft()
            subscription.dropped += 1
            self._dropped += 1
        subscription.waiting.append((expires, event))


def register(host: Host) -> None:
    EventBus().register(host)


def _check_name(function: str, what: str, name: str) -> None:
    if not name:
        raise HostError(f"{function}: the {what} is empty")
    if len(name.encode("utf-8", "surrogateescape")) > MAX_NAME_BYTES:
        raise HostError(f"{function}: the {what} is longer than {MAX_NAME_BYTES} bytes")

"""The host half of the global `Utils`: what Lua cannot do alone."""

import time

from ..correlation import new_id
from ..host import Host
from ..timestamps import now_text
from ..values import Value


def register(host: Host) -> None:
    host.register("Utils.uuid", lambda _host: new_id())
    host.register("Utils.timestamp", lambda _host: now_text())
    host.register("Utils.sleep", _sleep)


def _sleep(host: Host, deadline: float) -> Value:
    """True when the deadline (ms of `Clock.now`) is over; False when Lua has to look first."""
    return host.waits.until(lambda: time.monotonic() * 1000 >= deadline, deadline / 1000) or (
        time.monotonic() * 1000 >= deadline
    )

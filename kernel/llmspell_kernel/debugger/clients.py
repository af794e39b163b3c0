"""The clients that debug a session: who set what, and whether anybody is left.

Each has breakpoints of its own; what is in force is the union. Jupyter's front ends give themselves a new id whenever
their page is loaded and never say that they leave, so they count as one client. One that gives its debug session a
name can come back under it after its connection was lost, within a time that it chooses.

Invariant: a client that has left, or was lost for longer than it chose, owns nothing.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from ..protocol.ldp import RequestError, integer_argument
from ..runtime.service_threads import ServiceTimer

# The clientID of JupyterLab and Notebook
_FRONT_END = "jupyterlab"
# a client's id is a text of its own making; no client is called so
_ALL_FRONT_ENDS = "\0front ends"
_NAMED = "\0session "
MAX_RESUME_SECONDS = 24 * 3600


class DebugClients:
    """Thread-safe. ``owner`` gives the name under which a client's breakpoints are kept; ``expired`` is told of one
    that was lost and has not come back in time."""

    def __init__(self, expired: Callable[[str], None]) -> None:
        self._lock = threading.Lock()
        self._expired = expired
        self._owners: dict[str, str] = {}  # by client, of those that debug
        self._resume_seconds: dict[str, int] = {}  # by owner
        self._lost: dict[str, ServiceTimer] = {}  # by owner

    def owner(self, client: str) -> str:
        with self._lock:
            return self._owner(client)

    def _owner(self, client: str) -> str:
        """The caller holds the lock."""
        # a front end that was loaded again does not introduce itself
        default = _ALL_FRONT_ENDS if _ALL_FRONT_ENDS in self._owners.values() else client
        return self._owners.get(client, default)

    def initialize(self, client: str, arguments: Mapping[str, Any]) -> str:
        """A client begins to debug, with the arguments of its ``initialize``; gives its owner's name.

        ``debugSession`` is the name under which it can come back, ``resumeSeconds`` how long it may be away.
        """
        name, seconds = arguments.get("debugSession"), integer_argument(arguments, "resumeSeconds", default=0)
        if name is not None and (not isinstance(name, str) or not name):
            raise RequestError(f"debugSession: expected a name, got {name!r}")
        if seconds > MAX_RESUME_SECONDS:
            raise RequestError(f"resumeSeconds: {seconds} are more than {MAX_RESUME_SECONDS}")
        owner = client if name is None else _NAMED + name
        if arguments.get("clientID") == _FRONT_END:
            owner = _ALL_FRONT_ENDS
        with self._lock:
            self._owners[client] = owner
            self._resume_seconds[owner] = 0 if name is None else seconds
            waiting = self._lost.pop(owner, None)
        if waiting is not None:
            waiting.cancel()
        return owner

    def lose(self, client: str) -> bool:
        """A client's connection is gone. True when it may come back, or shares its name with one that is there."""
        with self._lock:
            owner = self._owners.get(client, client)
            seconds = self._resume_seconds.get(owner, 0)
            if not seconds or owner in self._lost:
                return False
            self._owners.pop(client, None)
            if owner not in self._owners.values():
                timer = ServiceTimer(seconds, self._expire, owner, name="lost-client")
                self._lost[owner] = timer
                timer.start()
            return True

    def _expire(self, owner: str) -> None:
        with self._lock:
            if self._lost.pop(owner, None) is None:
                return  # it has come back
        self._expired(owner)

    def attach(self, client: str) -> None:
        """A client debugs, whether it has introduced itself or not."""
        with self._lock:
            self._owners[client] = self._owner(client)

    def leave_to_namesake(self, client: str) -> bool:
        """True when another client debugs under the name of this one, which leaves: to that one stays what is set."""
        with self._lock:
            owner = self._owners.get(client, client)
            if self.is_front_end(owner) or list(self._owners.values()).count(owner) < 2:
                return False
            del self._owners[client]
            return True

    def leave(self, owner: str) -> bool:
        """True when nobody is left."""
        with self._lock:
            self._owners = {client: one for client, one in self._owners.items() if one != owner}
            self._resume_seconds.pop(owner, None)
            return not self._owners and not self._lost

    @property
    def any(self) -> bool:
        return bool(self._owners or self._lost)

    @property
    def several(self) -> bool:
        with self._lock:
            return len(set(self._owners.values())) > 1

    @staticmethod
    def is_front_end(owner: str) -> bool:
        return owner == _ALL_FRONT_ENDS

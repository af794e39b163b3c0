"""The clients that debug a session: who set what, and whether anybody is left.

Each has breakpoints of its own; what is in force is the union. Jupyter's front ends give themselves a new id whenever
their page is loaded and never say that they leave, so they count as one client.

Invariant: a client that has left owns nothing.
"""

import threading
from collections.abc import Mapping
from typing import Any

# The clientID of JupyterLab and Notebook
_FRONT_END = "jupyterlab"
# a client's id is a text of its own making; no client is called so
_ALL_FRONT_ENDS = "\0front ends"


class DebugClients:
    """Thread-safe. ``owner`` gives the name under which a client's breakpoints are kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owners: dict[str, str] = {}  # by client, of those that debug

    def owner(self, client: str) -> str:
        with self._lock:
            # a front end that was loaded again does not introduce itself
            default = _ALL_FRONT_ENDS if _ALL_FRONT_ENDS in self._owners.values() else client
            return self._owners.get(client, default)

    def initialize(self, client: str, arguments: Mapping[str, Any]) -> str:
        """A client begins to debug, with the arguments of its ``initialize``; gives its owner's name."""
        owner = _ALL_FRONT_ENDS if arguments.get("clientID") == _FRONT_END else client
        with self._lock:
            self._owners[client] = owner
        return owner

    def attach(self, client: str) -> None:
        with self._lock:
            self._owners.setdefault(client, client)

    def leave(self, owner: str) -> bool:
        """True when nobody is left."""
        with self._lock:
            self._owners = {client: one for client, one in self._owners.items() if one != owner}
            return not self._owners

    @property
    def any(self) -> bool:
        return bool(self._owners)

    @staticmethod
    def is_front_end(owner: str) -> bool:
        return owner == _ALL_FRONT_ENDS

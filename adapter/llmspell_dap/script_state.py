"""What a client has been told of the script: whether it runs, where it is stopped, that it has ended.

Invariant: ``exited`` and ``terminated`` are told once for each run, in this order, and no event between the end and
another run.
"""

import asyncio
from typing import Any

Json = dict[str, Any]


class ScriptState:
    """``terminated`` is set once the end was told; ``stopped_thread`` is None while nothing is stopped; ``stop_number``
    is that of the stop that the client was told of last, None once it has let the script go on from there."""

    def __init__(self) -> None:
        self.terminated = asyncio.Event()
        self.stopped_thread: int | None = None
        self.stop_number: int | None = None
        self._exited = False
        self._own_resumes = 0
        self._is_looking = False
        self._early_stop: Json | None = None

    def admits(self, told: Json) -> bool:
        """Whether an event is to be told; one that is counts as told."""
        name = told["event"]
        if not self._is_looking and name in ("stopped", "continued"):
            self._early_stop = told if name == "stopped" else None
            return False
        if self.terminated.is_set() or (name == "exited" and self._exited) or self._is_own_resume(name):
            return False
        if name == "stopped":
            body = told.get("body", {})
            # LDP's own: DAP has no such field
            self.stopped_thread, self.stop_number = body.get("threadId"), body.pop("stopNumber", None)
        elif name == "continued":
            self.stopped_thread = None
        elif name == "exited":
            self._exited = True
        elif name == "terminated":
            self.terminated.set()
        return True

    def looks(self) -> Json | None:
        """The client is configured: it hears of stops from now on, and of the one that there may be already, which
        others have caused."""
        self._is_looking = True
        return self._early_stop

    def resumes(self) -> None:
        """The client lets the script go on: the response to its request tells it so."""
        self._own_resumes += 1

    def does_not_resume(self) -> None:
        """The request was refused."""
        self._own_resumes -= 1

    def runs_again(self) -> None:
        """Another run of the script begins."""
        self.terminated.clear()
        self.stopped_thread = self.stop_number = None
        self._exited = False
        self._own_resumes = 0

    def _is_own_resume(self, name: str) -> bool:
        """Whether an event tells the client only what the response to its own request has told it."""
        if name == "stopped":
            self._own_resumes = 0
        if name != "continued" or not self._own_resumes:
            return False
        self._own_resumes -= 1
        self.stopped_thread = None
        return True

"""The threads of a session as clients see them: the request ``threads``, the events ``thread``, ``terminateThreads``.

A thread is a coroutine of the script; 1 is the script itself. While the script runs its coroutines are those of its
last stop: nothing is noted meanwhile, so that a script pays nothing for them.

Invariant: a thread that an event has said to have started is said to have exited, at the end of the script at last.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..protocol.ldp import MAX_INTEGER, RequestError, list_argument, object_argument, response
from .script_requests import Request, Respond, ScriptRequests, SendEvent

_MAIN = {"id": 1, "name": "main"}


class Threads:
    """``tell`` warns the clients."""

    def __init__(self, script: ScriptRequests, send_event: SendEvent, tell: Callable[[str], None]) -> None:
        self._script = script
        self._send_event = send_event
        self._tell = tell
        self._titles: dict[int, str] = {}  # of the coroutines that clients know, by their id
        self._started: set[int] = set()  # those that an event has told of
        self.handlers: Mapping[str, Callable[[Request, Respond], None]] = {
            "threads": self._list,
            "terminateThreads": self._terminate,
        }

    # The script's thread ------------------------------------------------------------------------------------

    def changed(self, started: int, *told: int | bytes) -> None:
        """Called from Lua: ids and titles of those that have started, ids of those that have ended."""
        news = iter(told)
        for _ in range(started):
            identifier, title = _integer(news), next(news)
            self._titles[identifier] = title.decode("utf-8", "replace") if isinstance(title, bytes) else ""
            self._started.add(identifier)
            self._send_event("thread", {"reason": "started", "threadId": identifier})
        for ended in news:
            self._exited(int(ended))

    def job_ends(self) -> None:
        for identifier in sorted(self._started):
            self._exited(identifier)
        self._titles = {}

    def _exited(self, identifier: int) -> None:
        self._titles.pop(identifier, None)
        self._started.discard(identifier)
        self._send_event("thread", {"reason": "exited", "threadId": identifier})

    # Requests, from any thread ------------------------------------------------------------------------------

    def _list(self, request: Request, respond: Respond) -> None:
        if self._script.stopped_thread is not None:
            self._script.ask(request, respond, "threads", [], self._listed)
            return
        known = [{"id": identifier, "name": title} for identifier, title in sorted(dict(self._titles).items())]
        respond(response(request, {"threads": [_MAIN, *known]}))

    def _listed(self, listed: list[dict[str, Any]]) -> dict[str, Any]:
        self._titles = {one["id"]: one["title"] for one in listed if one["id"] != _MAIN["id"]}
        return {"threads": [{"id": one["id"], "name": one["name"]} for one in listed]}

    def _terminate(self, request: Request, respond: Respond) -> None:
        wanted = list_argument(object_argument(request, "arguments"), "threadIds")
        for index, one in enumerate(wanted):
            if isinstance(one, bool) or not isinstance(one, int) or not 1 <= one <= MAX_INTEGER:
                raise RequestError(f"threadIds[{index}]: expected a thread's id, got {one!r}")
        if not wanted:
            raise RequestError("threadIds: expected at least one")
        ends_stopped = False

        def finish(result: Mapping[str, Any]) -> dict[str, Any]:
            nonlocal ends_stopped
            ends_stopped = result["stopped"]
            for message in result["messages"] or []:
                self._tell(f"while a coroutine was closed an error was raised: {message}")
            return {}

        def answer(answered: dict[str, Any]) -> None:
            respond(answered)
            if ends_stopped:
                self._script.raise_in_stopped("thread_terminated")

        self._script.ask_or_look(request, answer, "terminateThreads", [list(dict.fromkeys(wanted))], finish)


def _integer(news: Iterator[int | bytes]) -> int:
    return int(next(news))

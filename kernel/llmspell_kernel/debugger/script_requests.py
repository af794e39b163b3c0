"""Requests that the script's own thread answers: while the script is stopped, or while the session is idle.

They arrive on any thread. A stop is a loop in Lua on the stopped coroutine (``lua/stops.lua``) that takes them one by
one from ``next_request``; an idle session has its job thread look.

Invariant: every request is answered exactly once, also when the script goes on or ends meanwhile.
"""

import queue
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from lupa.lua54 import LuaError

from ..protocol.ldp import RequestError, error_response, object_argument, response
from ..runtime.interrupt import AsyncHook
from ..runtime.service_threads import ServiceThread
from ..runtime.values import Scalar, Value, decode, encode

Respond = Callable[[dict[str, Any]], None]
SendEvent = Callable[[str, dict[str, Any]], None]
Request = Mapping[str, Any]
RunIdle = Callable[[Callable[[], None]], bool | None]
Look = Callable[..., None]

CANCELLED = "cancelled"
# An evaluation that takes longer is interrupted, and again while it goes on.
EVALUATE_SECONDS = 10.0
INTERRUPT_AGAIN_SECONDS = 0.02
# a stop without a client would hold the script for ever; requests beyond this wait for none
MAX_WAITING = 1000
# What may run code of the script, and so may take for ever.
_EVALUATING = frozenset(
    {b"evaluate", b"watch", b"richInspectVariables", b"setVariable", b"setExpression", b"terminateThreads"}
)
_NOT_STOPPED = "the script is not stopped"
_STOPPED_ANEW = "the script is not stopped there any more: another client has let it go on, and it has stopped anew"


@dataclass(frozen=True, slots=True)
class _Pending:
    request: Request
    respond: Respond
    finish: Callable[[Any], dict[str, Any]]
    busy: Callable[[], dict[str, Any]] | None = None


class ScriptRequests:
    """``look`` is called by the job thread to answer while no script runs.

    ``run_idle`` has the job thread run a function when it is idle; it gives False where a script runs. ``uncounted``
    is entered while a stopped script waits for a request. ``stops`` is told of each stop before the clients are.
    """

    def __init__(
        self,
        hook: AsyncHook,
        send_event: SendEvent,
        *,
        look: Look,
        stops: Callable[[], None],
        run_idle: RunIdle | None = None,
        uncounted: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._hook = hook
        self._send_event = send_event
        self._look_at = look
        self._stops = stops
        self._run_idle = run_idle
        self._uncounted = uncounted
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self._waiting: dict[int, _Pending] = {}
        self._next_number = 1
        self._stopped_thread: int | None = None
        self._stop: dict[str, Any] = {}
        self._stops_so_far = 0
        self._running = False
        self._nobody = False
        self.evaluate_seconds = EVALUATE_SECONDS
        self._evaluation_ended = threading.Event()
        self._evaluation_ended.set()
        self._interrupting = threading.Lock()
        self._parts: list[Any] = []  # of an answer that comes in parts
        self._evaluating = 0  # the number of the request that an evaluation is for
        self._cancelled: set[int] = set()

    @property
    def stopped_thread(self) -> int | None:
        """The id of the coroutine that has stopped, None while none has."""
        return self._stopped_thread

    @property
    def stop(self) -> dict[str, Any] | None:
        """The body of the event that told of the stop, None while the script is not stopped."""
        with self._lock:
            return None if self._stopped_thread is None else self._stop

    @property
    def running(self) -> bool:
        """Whether a job's script runs, or is stopped."""
        return self._running

    # The job thread ----------------------------------------------------------------------------------------

    def job_begins(self) -> None:
        with self._lock:
            self._running = True
            overtaken = list(self._waiting.values())
            self._waiting.clear()
        for pending in overtaken:
            self._answer_busy(pending)

    def job_ends(self) -> None:
        with self._lock:
            self._running = False
        self._hook.withdraw()

    # Called from Lua; flat values, no exceptions -----------------------------------------------------------

    def on_stopped(self, reason: bytes, thread_id: int, text: bytes, *breakpoint_ids: int) -> None:
        body: dict[str, Any] = {"reason": reason.decode(), "threadId": thread_id, "allThreadsStopped": True}
        if breakpoint_ids:
            body["hitBreakpointIds"] = list(breakpoint_ids)
        if text:
            body["text"] = body["description"] = text.decode("utf-8", "replace")
        # a pause that is under way has what it was for
        self._hook.withdraw("pause")
        with self._lock:
            if self._nobody:
                # a step or a pause that was under way when the last client left
                self._queue.put((b"resume", b"continue"))
                return
            self._stops_so_far += 1
            body["stopNumber"] = self._stops_so_far
            self._stopped_thread, self._stop = thread_id, body
        self._stops()
        self._send_event("stopped", body)

    def next_request(self) -> tuple[Any, ...]:
        while True:
            with self._uncounted():
                item = self._queue.get()
            if item[0] != b"request" or self._begin_evaluation(item[1], item[2]):
                return item

    def answer(self, number: int, ok: bool | None, shape: bytes, *scalars: Any) -> None:
        """``ok`` is None for a part of the scalars, more of which follow."""
        if ok is None:
            self._parts.extend(scalars)
            return
        self._end_evaluation()
        scalars, self._parts = (*self._parts, *scalars), []
        with self._lock:
            pending = self._waiting.pop(number)
            cancelled = number in self._cancelled
            self._cancelled.discard(number)
        if not ok:
            problem = CANCELLED if cancelled else shape.decode("utf-8", "replace")
            pending.respond(error_response(pending.request, problem))
            return
        try:
            body = pending.finish(decode(shape, scalars)[0])
        except RequestError as error:
            pending.respond(error_response(pending.request, str(error)))
            return
        except Exception as error:  # noqa: BLE001 - called from Lua, which no exception may cross
            pending.respond(error_response(pending.request, f"internal error: {error!r}"))
            return
        pending.respond(response(pending.request, body))

    # Evaluations: limited in time, and cancelled -----------------------------------------------------------

    def _begin_evaluation(self, number: int, command: bytes) -> bool:
        """False for a request that was cancelled while it waited."""
        with self._lock:
            if number and number not in self._waiting:
                return False
            if command not in _EVALUATING:
                return True
            self._evaluating = number
            self._evaluation_ended = threading.Event()
        self._watch_evaluation(self.evaluate_seconds)
        return True

    def _watch_evaluation(self, seconds: float) -> None:
        ended = self._evaluation_ended
        ServiceThread(self._limit_evaluation, ended, seconds, name="evaluate").start()

    def _limit_evaluation(self, ended: threading.Event, wait: float) -> None:
        """Interrupt an evaluation that takes too long, in whatever coroutine it is, until it has ended."""
        while not ended.wait(wait) and self._hook.available:
            with self._interrupting:
                if ended.is_set():
                    return  # what runs now is not ours to interrupt
                self._hook.request("interrupt")
            wait = INTERRUPT_AGAIN_SECONDS

    def _end_evaluation(self) -> None:
        if self._evaluation_ended.is_set():
            return
        with self._interrupting:
            self._evaluation_ended.set()
            self._hook.withdraw("interrupt")

    def cancel(self, sequence: int, client: str) -> None:
        """Interrupt the evaluation that a client's request (by its ``seq``) is for, or take it back while it waits."""
        overtaken = None
        with self._lock:
            wanted = (sequence, client)
            found = (
                number
                for number, one in self._waiting.items()
                if (one.request.get("seq"), one.request.get("client")) == wanted
            )
            number = next(found, 0)
            if number and number == self._evaluating and not self._evaluation_ended.is_set():
                self._cancelled.add(number)
                self._watch_evaluation(0)
            elif number:
                overtaken = self._waiting.pop(number)
        if overtaken is not None:
            overtaken.respond(error_response(overtaken.request, CANCELLED))

    # Requests, from any thread -----------------------------------------------------------------------------

    def ask(
        self,
        request: Request,
        respond: Respond,
        command: str,
        arguments: list[Value],
        finish: Callable[[Any], dict[str, Any]],
    ) -> None:
        """Have the stopped thread answer."""
        shape, scalars = _encoded(arguments)
        with self._lock:
            if self._stopped_thread is None:
                raise RequestError(_NOT_STOPPED)
            number = self._wait_for(_Pending(request, respond, finish))
            self._queue.put((b"request", number, command.encode(), shape, *scalars))

    def _wait_for(self, pending: _Pending) -> int:
        """Note that an answer is to come. The caller holds the lock."""
        if len(self._waiting) >= MAX_WAITING:
            raise RequestError(f"{MAX_WAITING} requests are waiting already")
        number = self._next_number
        self._next_number += 1
        self._waiting[number] = pending
        return number

    def ask_or_look(
        self,
        request: Request,
        respond: Respond,
        command: str,
        arguments: list[Value],
        finish: Callable[[Any], dict[str, Any]],
        *,
        busy: Callable[[], dict[str, Any]] | None = None,
    ) -> None:
        """Have the stopped thread answer, or the job thread while it is idle. ``busy`` gives the answer while a
        script runs; without it that is an error."""
        if self._stopped_thread is not None:
            self.ask(request, respond, command, arguments, finish)
            return
        pending = _Pending(request, respond, finish, busy)
        run_idle = self._run_idle
        with self._lock:
            running = self._running
            number = 0 if running or run_idle is None else self._wait_for(pending)
        if running or run_idle is None:
            self._answer_busy(pending)
            return
        if run_idle(lambda: self._look(number, command.encode(), arguments)) is False:
            with self._lock:
                overtaken = self._waiting.pop(number, None)
            if overtaken is not None:
                self._answer_busy(overtaken)

    def _answer_busy(self, pending: _Pending) -> None:
        if pending.busy is not None:
            pending.respond(response(pending.request, pending.busy()))
        elif self._run_idle is None:
            pending.respond(error_response(pending.request, _NOT_STOPPED))
        else:
            pending.respond(error_response(pending.request, "a script is running: pause it, or wait for its end"))

    def _look(self, number: int, command: bytes, arguments: list[Value]) -> None:
        """Called by the job thread while no script runs."""
        with self._lock:
            if number not in self._waiting:
                return  # a script began first, and the request was answered then
        problem = "internal error: no answer"
        try:
            shape, scalars = _encoded(arguments)
            if not self._begin_evaluation(number, command):
                return
            self._look_at(number, command, shape, *scalars)
        except LuaError as error:
            # an interrupt that came when what it was for had ended
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end the session
            problem = f"internal error: {error!r}"
        finally:
            self._end_evaluation()
        with self._lock:
            pending = self._waiting.pop(number, None)
        if pending is not None:
            pending.respond(error_response(pending.request, problem))

    def update(self) -> None:
        """Have the script's thread take what has changed: now if it is stopped, at its next instruction if it runs."""
        with self._lock:
            stopped, running = self._stopped_thread is not None, self._running
            if stopped:
                self._queue.put((b"request", 0, b"update", b""))
        if running and not stopped and self._hook.available:
            self._hook.request("update")

    def update_if_running(self) -> None:
        """The same, but not while it is stopped."""
        if self._stopped_thread is None:
            self.update()

    def resume(self, request: Request, respond: Respond, *parameters: bytes | int) -> None:
        """Let the stopped thread go on; the command is the mode, and may have parameters for ``stepping.begin``.

        ``stopNumber`` among the request's arguments is that of the stop which the client has seen.
        """
        command, seen = request["command"], object_argument(request, "arguments").get("stopNumber")
        with self._lock:
            thread = self._stopped_thread
            if thread is None:
                raise RequestError(_NOT_STOPPED)
            if seen is not None and seen != self._stops_so_far:
                raise RequestError(_STOPPED_ANEW)
            self._stopped_thread = None
            # before the thread goes on: the response precedes whatever it does next
            respond(response(request, {"allThreadsContinued": True} if command == "continue" else {}))
            self._send_event("continued", {"threadId": thread, "allThreadsContinued": True})
            self._queue.put((b"resume", command.encode(), *parameters))

    def raise_in_stopped(self, kind: str, before: Callable[[], None] = lambda: None) -> bool:
        """Let a stopped script go on with an error (``interrupted``, ``terminated``); False when it is not stopped.

        ``before`` is called before anybody hears of that; it must not ask anything here.
        """
        with self._lock:
            if self._stopped_thread is None:
                return False
            before()
            self._tell_continued()
            self._queue.put((b"raise", kind.encode()))
            return True

    def somebody_debugs(self) -> None:
        self._nobody = False

    def nobody_debugs(self) -> None:
        """No client is left: nothing stops from now on."""
        with self._lock:
            self._nobody = True

    def let_go(self) -> bool:
        """Have a stopped script take what has changed and go on, though nobody has asked; False when none is."""
        with self._lock:
            if self._stopped_thread is None:
                return False
            self._tell_continued()
            self._queue.put((b"request", 0, b"update", b""))
            self._queue.put((b"resume", b"continue"))
            return True

    def _tell_continued(self) -> None:
        """The script goes on, though no client has asked for it by a step or a continue; called with the lock."""
        thread, self._stopped_thread = self._stopped_thread, None
        self._send_event("continued", {"threadId": thread, "allThreadsContinued": True})


def _encoded(arguments: list[Value]) -> tuple[bytes, list[Scalar]]:
    shape, scalars = encode(arguments)
    return shape if arguments else b"{}", scalars

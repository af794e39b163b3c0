"""Requests on the shell channel: one queue for each session, one request at a time with its worker.

Invariant: every request that is taken is answered once, with ``busy`` before and ``idle`` after. (Messages of comms
have no answer; ``busy`` and ``idle`` they have.)
"""

import time
from collections.abc import Mapping
from itertools import count
from typing import Any

from ..protocol.connection import CHANNELS, ConnectionInfo
from ..protocol.frames import FrameError
from ..protocol.wire import COMM_MESSAGES, Message, WireError, encode, timestamp
from .description import kernel_info
from .outgoing import Content, Outgoing, refusal
from .sessions import MAIN, MAX_QUEUED, PendingRequest, Session, SessionError, Sessions, client_of
from .workers import Workers

# What a session's worker answers, in order.
_WORKER_REQUESTS = COMM_MESSAGES | {
    "execute_request",
    "is_complete_request",
    "complete_request",
    "inspect_request",
    "history_request",
    "comm_info_request",
}


MAX_COMM_METADATA = 256 * 1024
# For so long after an error a request may still come that was sent before its client could know of the error.
ABORTING_SECONDS = 1.0


class ShellRequests:
    """``receive`` queues a request; ``finish`` answers the one that a session works on, ``next`` takes the next."""

    def __init__(
        self, info: ConnectionInfo, outgoing: Outgoing, sessions: Sessions, workers: Workers, numbers: "count[int]"
    ) -> None:
        self._outgoing = outgoing
        self._sessions = sessions
        self._workers = workers
        self._numbers = numbers
        # What the kernel answers itself, in the session's order.
        self._own_answers: Mapping[str, dict[str, Any]] = {
            "kernel_info_request": kernel_info(info.kernel_id or ""),
            "connect_request": {"status": "ok", **{f"{one}_port": info.port(one) for one in CHANNELS}},
        }

    def receive(self, message: Message) -> None:
        msg_type = message.msg_type
        if msg_type not in _WORKER_REQUESTS and msg_type not in self._own_answers:
            self._outgoing.dropped["unknown request on shell"] += 1
            self._refuse(message, refusal(f"{msg_type} is not known on the shell channel"))
            return
        try:
            session = self._session_of_comm(message) if msg_type in COMM_MESSAGES else self._sessions.of(message)
        except WireError as error:  # a comm's, which has no answer
            self._outgoing.dropped[error.reason] += 1
            self._refuse(message, refusal(str(error)))
            return
        except SessionError as error:
            self._refuse(message, refusal(str(error)))
            return
        if self._was_sent_before_failure(session, message):
            self._refuse(message, {"status": "aborted"})
            return
        if session.is_full:
            self._refuse(
                message, refusal(f"too much waits in session '{session.name}' (at most {MAX_QUEUED} requests)")
            )
            return
        session.enqueue(PendingRequest(message))
        self.next(session)

    def _session_of_comm(self, message: Message) -> Session:
        """Who holds the comm. A front end may send it by a subshell, which is a session without that comm."""
        comm_id = message.content().get("comm_id")
        _check_metadata(message)
        name = message.metadata.get("llmspell_session")
        session = self._sessions.of_comm(comm_id) or self._sessions[MAIN if name is None else name]
        if message.msg_type == "comm_open":
            self._sessions.comm_opened(comm_id, session)
        elif message.msg_type == "comm_close":
            self._sessions.comm_closed(comm_id)
        return session

    def next(self, session: Session) -> None:
        while session.current is None and session.queue:
            request = session.dequeue()
            message = request.message
            self._outgoing.publish_status("busy", message.header_bytes)
            answer = self._own_answers.get(message.msg_type)
            if answer is not None:
                self._answer(message, answer)
                continue
            request.number = next(self._numbers)
            session.current = request
            session.remember(request.number, message)
            header = {"type": "request", "id": request.number, "msg_type": message.msg_type}
            if message.msg_type in COMM_MESSAGES:
                header["metadata"] = message.metadata
            try:
                taken = self._workers.send(session, header, message.content_bytes)
            except OSError as error:
                self.finish(session, refusal(f"session '{session.name}' cannot be started: {error.strerror or error}"))
                continue
            except FrameError as error:
                self.finish(session, refusal(str(error)))
                continue
            if not taken:
                self.finish(session, refusal("the session does not read its requests"))

    def finish(self, session: Session, content: Content, *, stop: bool = False) -> None:
        """Answer what the session works on; ``stop``: what the same client has queued to execute is not run."""
        request, session.current = session.current, None
        session.waiting_input = None
        if request is None:
            return
        if stop:  # before the reply: what its client sends after that is meant to be run
            client = client_of(request.message)
            session.failed_at[client] = (time.monotonic() + ABORTING_SECONDS, timestamp())
        self._answer(request.message, content)
        if stop:
            self._abort_queued(session, client)

    def refuse_queued(self, session: Session, reason: str) -> None:
        """Answer what waits for a state that is no more."""
        while session.queue:
            self._refuse(session.dequeue().message, refusal(reason))

    def _was_sent_before_failure(self, session: Session, message: Message) -> bool:
        """Whether a cell is to be left out with those that were queued when another of its client failed.

        It was on its way then: its header's date is that of an earlier time than the error's reply.
        """
        if message.msg_type != "execute_request" or not session.failed_at:
            return False
        now = time.monotonic()
        session.failed_at = {one: failed for one, failed in session.failed_at.items() if failed[0] > now}
        failed = session.failed_at.get(client_of(message))
        return failed is not None and _is_before(message.header.get("date"), failed[1])

    def _abort_queued(self, session: Session, client: str) -> None:
        waiting = [session.dequeue() for _ in range(len(session.queue))]
        for one in waiting:
            if one.message.msg_type == "execute_request" and client_of(one.message) == client:
                self._refuse(one.message, {"status": "aborted"})
            else:
                session.enqueue(one)

    def _refuse(self, message: Message, content: Content) -> None:
        self._outgoing.publish_status("busy", message.header_bytes)
        self._answer(message, content)

    def _answer(self, message: Message, content: Content) -> None:
        if message.msg_type == "execute_request" and isinstance(content, Mapping):
            content = {"execution_count": 0, **content}  # jupyter console reads it of every answer
        if message.msg_type not in COMM_MESSAGES:
            self._outgoing.reply_shell(message, content)
        self._outgoing.publish_status("idle", message.header_bytes)


def _check_metadata(message: Message) -> None:
    """What goes to the worker in a frame's header must fit there; raises WireError."""
    try:
        size = len(encode(message.metadata))
    except RecursionError:
        raise WireError("malformed", "metadata: JSON is nested too deep") from None
    if size > MAX_COMM_METADATA:
        raise WireError("malformed", f"metadata: {size} bytes are more than {MAX_COMM_METADATA}")


def _is_before(date: object, other: str) -> bool:
    """Whether a message's date is earlier than another; a date that cannot be read is not."""
    from datetime import datetime

    try:
        return isinstance(date, str) and datetime.fromisoformat(date) < datetime.fromisoformat(other)
    except (ValueError, TypeError):  # no date, or one without a time zone
        return False

"""Input that scripts ask for: from a worker to the client that runs it, and back.

Invariant: a worker that asks is always answered: with the input, or with why there will be none.
"""

from itertools import count

from ..protocol.frames import Frame
from ..protocol.wire import Message
from .clients import PRESENCE_PREFIX
from .outgoing import Outgoing
from .sessions import Session, Sessions, WaitingInput
from .workers import Workers


class InputRequests:
    """``ask`` passes a worker's question on, ``receive`` a client's answer back."""

    def __init__(self, outgoing: Outgoing, sessions: Sessions, workers: Workers) -> None:
        self._outgoing = outgoing
        self._sessions = sessions
        self._workers = workers
        self._order = count(1)

    def ask(self, session: Session, frame: Frame) -> None:
        number = frame.header["input"]
        origin = session.origin(frame.header["id"])
        msg_id = None
        if origin.identities:
            msg_id = self._outgoing.ask_input(origin.identities, origin.header, frame.content)
        if msg_id is None:
            self._fail(session, number, "the client that runs this has no stdin channel")
            return
        session.waiting_input = WaitingInput(next(self._order), msg_id, origin.identities, origin.client, number)

    def receive(self, message: Message) -> None:
        session = self._asker(message) if message.msg_type == "input_reply" else None
        if session is None or session.waiting_input is None:
            self._outgoing.dropped["unexpected message on stdin"] += 1
            return
        number, session.waiting_input = session.waiting_input.number, None
        self._workers.send(session, {"type": "input_reply", "id": number}, message.content_bytes)

    def _asker(self, message: Message) -> Session | None:
        """Who waits for this reply. jupyter_client sends it without a parent: then who asked that client first."""
        parent = message.parent_header.get("msg_id")
        asked: tuple[int, Session] | None = None
        for session in self._sessions:
            waiting = session.waiting_input
            if waiting is None:
                continue
            if parent == waiting.msg_id:
                return session
            is_asked = parent is None and message.identities == waiting.identities
            if is_asked and (asked is None or waiting.order < asked[0]):
                asked = waiting.order, session
        return None if asked is None else asked[1]

    def client_gone(self, topic: str) -> None:
        """End what waits for a client whose subscription to its presence topic is gone."""
        for session in self._sessions:
            waiting = session.waiting_input
            if waiting is not None and topic == PRESENCE_PREFIX + waiting.client:
                session.waiting_input = None
                self._fail(session, waiting.number, "the client that runs this is gone")

    def _fail(self, session: Session, number: int, reason: str) -> None:
        self._workers.send(session, {"type": "input_failed", "id": number, "reason": reason})

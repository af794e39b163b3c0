"""Requests on the control channel: answered at once, whatever the sessions do.

Invariant: nothing here waits for a worker; ``debug_request`` alone is passed on, and answered when its worker does.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from ..protocol.connection import CHANNELS, ConnectionInfo
from ..protocol.wire import Message, WireError
from .description import kernel_info
from .outgoing import Outgoing, debug_refusal, refusal
from .sessions import Session, SessionError, Sessions


class Life:
    """What control requests do to sessions and to the kernel; the kernel provides it."""

    def __init__(
        self,
        *,
        start: Callable[[Session], None],
        interrupt: Callable[[Session], None],
        debug: Callable[[Session, Message], None],
        discard: Callable[[Session, str], None],
        stop: Callable[[], None],
        expect: Callable[[str], None],
        clients: Callable[[], int],
    ) -> None:
        self.start = start  # fork its worker; raises OSError
        self.interrupt = interrupt
        self.debug = debug
        self.discard = discard  # end the worker, answer what waits with the reason
        self.stop = stop
        self.expect = expect  # the subscription to an owner's topic
        self.clients = clients


class ControlRequests:
    """``receive`` answers a verified message."""

    def __init__(self, info: ConnectionInfo, outgoing: Outgoing, sessions: Sessions, life: Life) -> None:
        self._info = info
        self._outgoing = outgoing
        self._sessions = sessions
        self._life = life
        self._started = time.monotonic()
        self.received = 0
        self._handlers: Mapping[str, Callable[[Message], dict[str, Any] | None]] = {
            "kernel_info_request": lambda _: kernel_info(info.kernel_id or ""),
            "connect_request": lambda _: {f"{one}_port": info.port(one) for one in CHANNELS},
            "interrupt_request": self._interrupt,
            "shutdown_request": self._shutdown,
            "debug_request": self._debug,
            "usage_request": self._usage,
            "create_subshell_request": self._create_subshell,
            "delete_subshell_request": self._delete_subshell,
            "list_subshell_request": self._list_subshells,
            "create_session_request": self._create_session,
            "attach_session_request": self._attach_session,
            "release_session_request": self._release_session,
            "reset_session_request": self._reset_session,
            "delete_session_request": self._delete_session,
            "list_sessions_request": self._list_sessions,
            "kernel_status_request": self._kernel_status,
        }

    def receive(self, message: Message) -> None:
        outgoing = self._outgoing
        outgoing.publish_status("busy", message.header_bytes)
        handler = self._handlers.get(message.msg_type)
        if handler is None:
            outgoing.dropped["unknown request on control"] += 1
            answer: dict[str, Any] | None = refusal(f"{message.msg_type} is not known on the control channel")
        else:
            try:
                answer = handler(message)
            except (WireError, SessionError) as error:
                answer = refusal(str(error))
        if answer is not None:
            outgoing.reply_control(message, {"status": "ok", **answer})
            outgoing.publish_status("idle", message.header_bytes)

    def _interrupt(self, message: Message) -> dict[str, Any]:
        self._life.interrupt(self._sessions.of(message))
        return {}

    def _shutdown(self, message: Message) -> dict[str, Any]:
        answer = {"status": "ok", "restart": bool(message.content().get("restart"))}
        self._outgoing.publish("shutdown_reply", answer, message.header_bytes)
        self._life.stop()
        return answer

    def _debug(self, message: Message) -> None:
        try:
            session = self._sessions.of(message)
        except SessionError as error:
            self._outgoing.reply_control(message, debug_refusal(message, str(error)))
            self._outgoing.publish_status("idle", message.header_bytes)
            return
        self._life.debug(session, message)

    def _usage(self, _: Message) -> dict[str, Any]:
        from .usage import usage

        return usage()

    # Subshells (JEP 91): isolated sessions, forked when first used --------------------------------------------

    def _create_subshell(self, _: Message) -> dict[str, Any]:
        return {"subshell_id": self._sessions.create(None, is_subshell=True).name}

    def _delete_subshell(self, message: Message) -> dict[str, Any]:
        identifier = message.content().get("subshell_id")
        session = self._sessions[identifier]
        if not session.is_subshell:
            raise SessionError(f"subshell_id: '{session.name}' is a session, not a subshell")
        self._delete(session, f"the subshell '{session.name}' was deleted")
        return {}

    def _list_subshells(self, _: Message) -> dict[str, Any]:
        return {"subshell_id": [one.name for one in self._sessions if one.is_subshell]}

    # Sessions ------------------------------------------------------------------------------------------------

    def _create_session(self, message: Message) -> dict[str, Any]:
        content = message.content()
        session = self._sessions.create(content.get("name"), content.get("folder"), content.get("owner"))
        try:
            self._life.start(session)
        except OSError as error:
            self._sessions.remove(session)
            raise SessionError(f"the session cannot be started: {error.strerror}") from error
        for owner in session.owners:
            self._life.expect(owner)
        return {"session": session.name}

    def _attach_session(self, message: Message) -> dict[str, Any]:
        content = message.content()
        session, owner = self._sessions[content.get("session")], content.get("owner")
        if owner is not None and not isinstance(owner, str):
            raise SessionError("owner: expected the topic of a subscription")
        if owner and session.is_owned:
            session.owners.add(owner)
            self._life.expect(owner)
        return {"session": session.description()}

    def _release_session(self, message: Message) -> dict[str, Any]:
        """From now on it lives until it is deleted, whoever owned it."""
        session = self._sessions[message.content().get("session")]
        session.owners.clear()
        session.is_owned = False
        return {"session": session.description()}

    def _reset_session(self, message: Message) -> dict[str, Any]:
        session = self._sessions[message.content().get("session")]
        self._life.discard(session, f"the session '{session.name}' was reset")
        return {"session": session.description()}

    def _delete_session(self, message: Message) -> dict[str, Any]:
        session = self._sessions[message.content().get("session")]
        self._delete(session, f"the session '{session.name}' was deleted")
        return {}

    def _delete(self, session: Session, reason: str) -> None:
        self._sessions.remove(session)
        self._life.discard(session, reason)

    def _list_sessions(self, _: Message) -> dict[str, Any]:
        return {"sessions": [one.description() for one in self._sessions]}

    def _kernel_status(self, _: Message) -> dict[str, Any]:
        info, outgoing = self._info, self._outgoing
        return {
            "kernel_id": info.kernel_id,
            "pid": info.pid,
            "project": info.project,
            "started": info.started,
            "uptime": time.monotonic() - self._started,
            "clients": self._life.clients(),
            "sessions": [one.description() for one in self._sessions],
            "received": self.received,
            "published": outgoing.published,
            "dropped": dict(outgoing.dropped),
            "slow_subscriber_stalls": outgoing.slow_subscriber_stalls,
        }

"""The router: five channels on one side, one worker for each session on the other.

Invariants: no message is looked at before its signature holds; every request that the protocol knows is answered
once, with busy before and idle after; nothing here waits for a worker or for a client.
"""

import os
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import zmq

from ..protocol.connection import ConnectionInfo
from ..protocol.frames import Frame, FrameDecoder, FrameError, pack
from ..protocol.ldp import error_response
from ..protocol.wire import JsonObject, Message, Signer, WireError, new_header
from .channels import Channels
from .description import kernel_info
from .sessions import MAIN, PendingRequest, Session, WorkerLink

# Requests that a session answers in order; the kernel answers kernel_info_request itself, in its turn.
_WORKER_REQUESTS = frozenset(
    {"execute_request", "is_complete_request", "complete_request", "inspect_request", "history_request"}
)
MAX_QUEUED = 10_000
MAX_SESSIONS = 256
_SESSION_NAME_LENGTH = 64


class Kernel:
    """``serve`` returns when a client asked for shutdown, ``stop`` was called or nobody needed the kernel."""

    def __init__(
        self, channels: Channels, info: ConnectionInfo, zygote: socket.socket, *, folder: str, home: str
    ) -> None:
        self._channels = channels
        self._signer = Signer(info.key.encode())
        self._kernel_id = info.kernel_id or ""
        self._session = os.urandom(16).hex()
        self._zygote = zygote
        self._zygote_decoder = FrameDecoder()
        self._folder, self._home = folder, home
        self._sessions: dict[str, Session] = {MAIN: Session(MAIN, folder)}
        self._numbers = count(1)
        self._poller = zmq.Poller()
        self._running = True
        self._subscriptions = 0
        self._last_activity = time.monotonic()
        self._next_check = 0.0
        self.dropped: Counter[str] = Counter()
        self._control_handlers: Mapping[str, Callable[[Message], None]] = {
            "kernel_info_request": lambda message: self._reply_control(message, kernel_info(self._kernel_id)),
            "interrupt_request": self._interrupt_request,
            "shutdown_request": self._shutdown_request,
            "debug_request": self._debug_request,
            "create_session_request": self._create_session,
            "list_sessions_request": self._list_sessions,
            "delete_session_request": self._delete_session,
        }

    # The loop ----------------------------------------------------------------------------------------------

    def serve(
        self, wake: int, *, idle_timeout: float | None = None, still_wanted: Callable[[], bool] = lambda: True
    ) -> None:
        """Route until the end. ``idle_timeout``: seconds without subscribers and without work; None: for ever.

        ``wake`` gives the number of each signal that has come. ``still_wanted`` is asked about once a second (is the
        process that started us alive?).
        """
        channels, poller = self._channels, self._poller
        for source in (channels.control, channels.shell, channels.stdin, channels.iopub):
            poller.register(source, zmq.POLLIN)
        poller.register(self._zygote.fileno(), zmq.POLLIN)
        poller.register(wake, zmq.POLLIN)
        self._publish_status("starting", {})
        while self._running:
            ready = dict(poller.poll(1000))
            if self._starter_gone(still_wanted) or (not ready and self._idle_for(idle_timeout)):
                return
            if wake in ready and signal.SIGINT in os.read(wake, 64):
                self.interrupt()
            # control first, whatever else has come
            if channels.control in ready:
                self._receive(channels.control, self._on_control)
            if self._zygote.fileno() in ready:
                self._on_zygote()
            if channels.iopub in ready:
                self._on_subscription()
            for session in list(self._sessions.values()):
                if session.link is not None and session.link.fileno() in ready:
                    self._on_worker(session, ready[session.link.fileno()])
            if channels.shell in ready:
                self._receive(channels.shell, self._on_shell)
            if channels.stdin in ready:
                self._receive(channels.stdin, self._on_stdin)

    def stop(self) -> None:
        """End ``serve``; called from a signal handler."""
        self._running = False

    def _starter_gone(self, still_wanted: Callable[[], bool]) -> bool:
        now = time.monotonic()
        if now < self._next_check:
            return False
        self._next_check = now + 1
        return not still_wanted()

    def _idle_for(self, seconds: float | None) -> bool:
        busy = any(one.current or one.debug_requests for one in self._sessions.values())
        if seconds is None or busy or self._subscriptions > 0:
            self._last_activity = time.monotonic()
            return False
        return time.monotonic() - self._last_activity > seconds

    def _receive(self, channel: "zmq.Socket[bytes]", handle: Callable[[Message], None]) -> None:
        frames = channel.recv_multipart()
        self._last_activity = time.monotonic()
        try:
            handle(self._signer.deserialize(frames))
        except WireError as error:
            self.dropped[error.reason] += 1

    def _on_subscription(self) -> None:
        event = self._channels.iopub.recv()
        if event[:1] == b"\x01":
            self._subscriptions += 1
            topic = event[1:]
            self._publish("iopub_welcome", {"subscription": topic.decode("utf-8", "replace")}, {}, topic=topic)
        elif event[:1] == b"\x00":
            self._subscriptions -= 1
            owner = event[1:].decode("utf-8", "replace")
            for session in [one for one in self._sessions.values() if owner and one.owner == owner]:
                self._delete(session, f"the client that owned session '{session.name}' is gone")

    # Messages out ------------------------------------------------------------------------------------------

    def _publish(
        self,
        msg_type: str,
        content: Mapping[str, Any] | bytes,
        parent: JsonObject,
        *,
        topic: bytes | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        if topic is None:
            topic = f"kernel.{self._kernel_id}.{msg_type}".encode()
        header = new_header(msg_type, self._session)
        self._channels.iopub.send_multipart(
            self._signer.serialize(header, parent, content, metadata=metadata, identities=[topic])
        )

    def _publish_status(self, state: str, parent: JsonObject) -> None:
        self._publish("status", {"execution_state": state}, parent)

    def _reply(
        self, channel: "zmq.Socket[bytes]", message: Message, content: Mapping[str, Any] | bytes, msg_type: str = ""
    ) -> None:
        header = new_header(msg_type or message.msg_type.removesuffix("_request") + "_reply", self._session)
        frames = self._signer.serialize(header, message.header, content, identities=message.identities)
        try:
            channel.send_multipart(frames, zmq.DONTWAIT)
        except zmq.Again:
            self.dropped["unread reply"] += 1

    def _reply_control(self, message: Message, content: Mapping[str, Any] | bytes) -> None:
        self._reply(self._channels.control, message, content)

    def _reply_shell(self, message: Message, content: Mapping[str, Any] | bytes) -> None:
        self._reply(self._channels.shell, message, content)

    # Shell -------------------------------------------------------------------------------------------------

    def _session_of(self, message: Message) -> Session | str:
        name = message.metadata.get("llmspell_session", MAIN)
        if not isinstance(name, str):
            return "metadata.llmspell_session: expected a string"
        return self._sessions.get(name) or f"there is no session '{name}'"

    def _on_shell(self, message: Message) -> None:
        if message.msg_type == "shutdown_request":  # taken on shell too, as older clients send it
            self._reply_shell(message, {"status": "ok", "restart": False})
            self._running = False
            return
        session = self._session_of(message)
        problem = session if isinstance(session, str) else None
        if problem is None and message.msg_type not in _WORKER_REQUESTS and message.msg_type != "kernel_info_request":
            problem = f"{message.msg_type} is not supported by this version of LLMSpell"
        if isinstance(session, Session) and len(session.queue) >= MAX_QUEUED:
            problem = f"{MAX_QUEUED} requests are waiting in session '{session.name}' already"
        if isinstance(session, str) or problem is not None:
            self._publish_status("busy", message.header)
            self._reply_shell(message, _refusal(problem or ""))
            self._publish_status("idle", message.header)
            return
        session.queue.append(PendingRequest(message))
        self._next_request(session)

    def _next_request(self, session: Session) -> None:
        while session.current is None and session.queue:
            request = session.queue.popleft()
            message = request.message
            self._publish_status("busy", message.header)
            if message.msg_type == "kernel_info_request":
                self._reply_shell(message, kernel_info(self._kernel_id))
                self._publish_status("idle", message.header)
                continue
            request.number = next(self._numbers)
            session.current = request
            session.remember(request.number, message.header)
            header = {"type": "request", "id": request.number, "msg_type": message.msg_type}
            if not self._send(session, header, message.content_bytes):
                self._finish(session, _refusal("the session does not read its requests"))

    def _finish(self, session: Session, content: Mapping[str, Any] | bytes) -> None:
        request, session.current = session.current, None
        if request is None:
            return
        self._reply_shell(request.message, content)
        self._publish_status("idle", request.message.header)

    def _abort_queued(self, session: Session, client: object) -> None:
        """After an error the requests that the same client has queued are not run (stop_on_error)."""
        kept = [one for one in session.queue if not _is_execute_of(one.message, client)]
        aborted = [one for one in session.queue if _is_execute_of(one.message, client)]
        session.queue.clear()
        session.queue.extend(kept)
        for one in aborted:
            self._publish_status("busy", one.message.header)
            self._reply_shell(one.message, {"status": "aborted"})
            self._publish_status("idle", one.message.header)

    def _on_stdin(self, message: Message) -> None:
        self.dropped[f"unexpected {message.msg_type[:40]} on stdin"] += 1

    # Control -----------------------------------------------------------------------------------------------

    def _on_control(self, message: Message) -> None:
        self._publish_status("busy", message.header)
        handler = self._control_handlers.get(message.msg_type)
        if handler is None:
            self._reply_control(message, _refusal(f"{message.msg_type} is not known on the control channel"))
        else:
            try:
                handler(message)
            except WireError as error:
                self._reply_control(message, _refusal(str(error)))
                self._publish_status("idle", message.header)
                return
        if message.msg_type != "debug_request":
            self._publish_status("idle", message.header)

    def _interrupt_request(self, message: Message) -> None:
        session = self._session_of(message)
        if isinstance(session, str):
            self._reply_control(message, _refusal(session))
            return
        self.interrupt(session.name)
        self._reply_control(message, {"status": "ok"})

    def interrupt(self, name: str = MAIN) -> None:
        """Interrupt what runs in a session."""
        session = self._sessions[name]
        if session.link is not None:
            self._send(session, {"type": "interrupt"})

    def _shutdown_request(self, message: Message) -> None:
        content = {"status": "ok", "restart": bool(message.content().get("restart"))}
        self._reply_control(message, content)
        self._publish("shutdown_reply", content, message.header)
        self._running = False

    def _debug_request(self, message: Message) -> None:
        session = self._session_of(message)
        if isinstance(session, str):
            self._end_debug_request(message, error_response(message.content(), session))
            return
        number = next(self._numbers)
        session.debug_requests[number] = message
        session.debugged = True
        session.remember(number, message.header)
        if not self._send(session, {"type": "debug", "id": number}, message.content_bytes):
            del session.debug_requests[number]
            self._end_debug_request(
                message, error_response(message.content(), "the session does not read its requests")
            )

    def _end_debug_request(self, message: Message, content: Mapping[str, Any] | bytes) -> None:
        self._reply(self._channels.control, message, content, "debug_reply")
        self._publish_status("idle", message.header)

    def _create_session(self, message: Message) -> None:
        content = message.content()
        name, folder, owner = content.get("name"), content.get("folder", self._folder), content.get("owner", "")
        if name is None:
            name = os.urandom(8).hex()
        problem = None
        if not isinstance(name, str) or not 0 < len(name) <= _SESSION_NAME_LENGTH or not name.isprintable():
            problem = f"name: expected 1 to {_SESSION_NAME_LENGTH} printable characters"
        elif name in self._sessions:
            problem = f"name: there is a session '{name}' already"
        elif not isinstance(folder, str) or not os.path.isdir(folder):
            problem = "folder: expected the path of a folder"
        elif not isinstance(owner, str):
            problem = "owner: expected the topic of a subscription"
        elif len(self._sessions) >= MAX_SESSIONS:
            problem = f"{MAX_SESSIONS} sessions exist already: delete one first"
        if problem is not None:
            self._reply_control(message, _refusal(problem))
            return
        session = Session(str(name), str(folder), owner=str(owner))
        self._sessions[session.name] = session
        self._link(session)
        self._reply_control(message, {"status": "ok", "session": session.name})

    def _list_sessions(self, message: Message) -> None:
        listed = [{"session": one.name, "state": one.state, "pid": one.pid} for one in self._sessions.values()]
        self._reply_control(message, {"status": "ok", "sessions": listed})

    def _delete_session(self, message: Message) -> None:
        name = message.content().get("session")
        session = self._sessions.get(name) if isinstance(name, str) else None
        if session is None:
            self._reply_control(message, _refusal(f"session: there is no session {name!r}"))
            return
        self._delete(session, f"the session '{session.name}' was deleted")
        self._reply_control(message, {"status": "ok"})

    def _delete(self, session: Session, reason: str) -> None:
        self._kill_worker(session)
        self._end_worker(session, reason)
        self._refuse_queued(session, reason)
        if session.name != MAIN:
            del self._sessions[session.name]

    def _refuse_queued(self, session: Session, reason: str) -> None:
        """Answer the requests of a session that is no more."""
        while session.queue:
            message = session.queue.popleft().message
            self._publish_status("busy", message.header)
            self._reply_shell(message, _refusal(reason))
            self._publish_status("idle", message.header)

    # Workers -----------------------------------------------------------------------------------------------

    def _link(self, session: Session) -> WorkerLink:
        """The session's worker, forked now if it has none."""
        if session.link is None:
            ours, theirs = socket.socketpair()
            session.worker = next(self._numbers)
            request = {"type": "spawn", "number": session.worker, "folder": session.folder, "home": self._home}
            socket.send_fds(self._zygote, [pack(request)], [theirs.fileno()])
            theirs.close()
            session.link = WorkerLink(ours)
            session.exit_code = None
            self._poller.register(session.link.fileno(), zmq.POLLIN)
        return session.link

    def _send(self, session: Session, header: Mapping[str, Any], content: bytes = b"") -> bool:
        """Send a frame to the session's worker, what it does not take now when it does; False when too much waits."""
        link = self._link(session)
        taken = link.send(header, content)
        if link.has_unsent and link.fileno() in self._poller:
            self._poller.modify(link.fileno(), zmq.POLLIN | zmq.POLLOUT)
        return taken

    def _on_zygote(self) -> None:
        data = self._zygote.recv(1 << 16)
        if not data:
            print("llmspell-kernel: the process that starts sessions has ended", file=sys.stderr)  # noqa: T201
            self._running = False
            return
        for frame in self._zygote_decoder.feed(data):
            number = frame.header["number"]
            session = next((one for one in self._sessions.values() if one.worker == number), None)
            if session is None:  # its session has been deleted, or has another worker by now
                continue
            if frame.type == "spawned":
                session.pid = frame.header["pid"]
            elif frame.type == "ended":
                self._drain(session)
                reason = _death_reason(session, frame.header["status"])
                self._end_worker(session, reason)
                if session.name == MAIN:
                    self._next_request(session)
                else:
                    self._refuse_queued(session, reason)
                    del self._sessions[session.name]

    def _kill_worker(self, session: Session) -> None:
        if session.worker:
            self._zygote.sendall(pack({"type": "kill", "number": session.worker}))

    def _drain(self, session: Session) -> None:
        """Take what a worker said before it ended."""
        while session.link is not None:
            frames = session.link.read()
            if frames is None:
                return
            some = False
            for frame in frames:
                some = True
                self._on_frame(session, frame)
            if not some:
                return

    def _end_worker(self, session: Session, reason: str) -> None:
        """Answer everything that waits for a worker that is no more, and tell its clients."""
        if session.link is not None:
            if session.link.fileno() in self._poller:
                self._poller.unregister(session.link.fileno())
            session.link.close()
        session.link, session.pid, session.worker = None, None, 0
        request = session.current
        error = {"ename": "SessionEnded", "evalue": reason, "traceback": [reason]}
        if request is not None:
            self._publish("error", error, request.message.header)
            self._finish(session, {"status": "error", "execution_count": 0, **error})
        for message in session.debug_requests.values():
            self._end_debug_request(message, error_response(_content_or_nothing(message), reason))
        session.debug_requests.clear()
        if session.debugged:
            session.debugged = False
            code = 1 if session.exit_code is None else session.exit_code
            parent = session.parent(next(reversed(session.parents), None))
            if session.exit_code is None:
                self._publish_of(session, "stream", {"name": "stderr", "text": f"llmspell: {reason}\n"}, parent)
            for event, body in (("exited", {"exitCode": code}), ("terminated", {})):
                self._publish_of(
                    session, "debug_event", {"type": "event", "seq": 0, "event": event, "body": body}, parent
                )

    def _publish_of(
        self, session: Session, msg_type: str, content: Mapping[str, Any] | bytes, parent: JsonObject
    ) -> None:
        self._publish(msg_type, content, parent, metadata={"llmspell_session": session.name})

    def _on_worker(self, session: Session, events: int) -> None:
        link = session.link
        if link is None:
            return
        if events & zmq.POLLOUT:
            link.write()
        if events & (zmq.POLLIN | zmq.POLLERR):
            try:
                frames = link.read()
                if frames is None:
                    # that it has ended, and how, is told by the zygote; until then there is nothing to read
                    self._poller.unregister(link.fileno())
                    return
                for frame in frames:
                    self._on_frame(session, frame)
            except FrameError as error:
                self._kill_worker(session)
                self._end_worker(session, f"the session sent what is no frame: {error}")
                return
        if session.link is link:
            self._poller.modify(link.fileno(), zmq.POLLIN | (zmq.POLLOUT if link.has_unsent else 0))

    def _on_frame(self, session: Session, frame: Frame) -> None:
        header = frame.header
        match frame.type:
            case "iopub":
                self._publish_of(session, header["msg_type"], frame.content, session.parent(header["id"]))
            case "reply":
                request = session.current
                if request is None or request.number != header["id"]:
                    return
                self._finish(session, frame.content)
                if header.get("stop"):
                    self._abort_queued(session, request.message.header.get("session"))
                self._next_request(session)
            case "debug_reply":
                message = session.debug_requests.pop(header["id"], None)
                if message is not None:
                    self._end_debug_request(message, frame.content)
            case "exit":
                session.exit_code = header["code"]


def _content_or_nothing(message: Message) -> JsonObject:
    try:
        return message.content()
    except WireError:
        return {}


def _is_execute_of(message: Message, client: object) -> bool:
    return message.msg_type == "execute_request" and message.header.get("session") == client


def _refusal(message: str) -> dict[str, Any]:
    return {"status": "error", "ename": "RequestError", "evalue": message, "traceback": [message]}


def _death_reason(session: Session, status: int) -> str:
    if session.exit_code is not None:
        return f"the script ended its session with exit code {session.exit_code}"
    if status < 0:
        return f"the process of session '{session.name}' was killed by signal {-status}"
    return f"the process of session '{session.name}' ended with status {status}"

"""The router: five channels on one side, one worker for each session on the other.

Invariants: no message is looked at before its signature holds; every request that the protocol knows is answered
once, with busy before and idle after; nothing here waits for a worker or for a client; no message ends the kernel.
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import zmq

from ..protocol.connection import ConnectionInfo
from ..protocol.flight_record import read_record
from ..protocol.frames import Frame, FrameError
from ..protocol.wire import Message, Signer, WireError, encode
from .channels import Channels
from .clients import PRESENCE_PREFIX, Clients
from .control import ControlRequests, Life
from .outgoing import NO_PARENT, Content, Outgoing, Parent, debug_refusal, refusal
from .sessions import MAIN, Session, Sessions, client_of
from .shell import ShellRequests
from .stdin import InputRequests
from .workers import Ended, Workers


class Kernel:
    """``serve`` returns when a client asked for shutdown, ``stop`` was called or nobody needed the kernel."""

    def __init__(
        self, channels: Channels, info: ConnectionInfo, zygote: socket.socket, *, folder: str, home: str
    ) -> None:
        numbers = count(1)
        self._channels = channels
        self._signer = Signer(info.key.encode())
        self._numbers = numbers
        self._poller = zmq.Poller()
        self._outgoing = Outgoing(channels, self._signer, info.kernel_id or "")
        self._sessions = Sessions(folder)
        self._workers = Workers(zygote, self._poller, home, numbers)
        self._shell = ShellRequests(info, self._outgoing, self._sessions, self._workers, numbers)
        self._inputs = InputRequests(self._outgoing, self._sessions, self._workers)
        self._clients = Clients()
        life = Life(
            start=self._workers.start,
            interrupt=self._interrupt,
            debug=self._debug,
            discard=self._discard,
            stop=self.stop,
            expect=self._clients.expect,
            clients=lambda: self._clients.count,
        )
        self._control = ControlRequests(info, self._outgoing, self._sessions, life)
        self._running = True
        self._last_activity = time.monotonic()
        self._next_check = 0.0

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
        poller.register(wake, zmq.POLLIN)
        while channels.iopub.poll(0):  # the first that a subscriber hears is its welcome
            self._on_subscription()
        self._outgoing.publish_status("starting", NO_PARENT)
        while self._running:
            ready = dict(poller.poll(self._clients.wait_milliseconds(1000)))
            for topic in self._clients.gone():
                self._client_gone(topic)
            if self._starter_gone(still_wanted) or (not ready and self._idle_for(idle_timeout)):
                break
            if wake in ready and signal.SIGINT in os.read(wake, 64):
                self._interrupt(self._sessions[MAIN])
            self._dispatch(ready)
        self._workers.end_all()
        for session in self._sessions:
            self._worker_ended(session, "the kernel was shut down")

    def _dispatch(self, ready: Mapping[Any, int]) -> None:
        """One message of each source that has some."""
        # control first, whatever else has come
        if self._channels.control in ready:
            self._guarded(self._receive, self._channels.control, self._control.receive, self._outgoing.reply_control)
        if self._workers.zygote_descriptor in ready:
            self._guarded(self._on_zygote)
        if self._channels.iopub in ready:
            self._guarded(self._on_subscription)
        for source, events in ready.items():
            if isinstance(source, int) and (session := self._workers.session_at(source)) is not None:
                self._guarded(self._on_worker, session, events)
        if self._channels.shell in ready:
            self._guarded(self._receive, self._channels.shell, self._on_shell, self._outgoing.reply_shell)
        if self._channels.stdin in ready:
            self._guarded(self._receive, self._channels.stdin, self._inputs.receive, None)

    def _guarded(self, handle: Callable[..., None], *arguments: Any) -> None:
        try:
            handle(*arguments)
        except (TimeoutError, BrokenPipeError) as error:
            _report(error)
            print("llmspell-kernel: the process that starts sessions does not answer", file=sys.stderr)  # noqa: T201
            self._running = False
        except Exception as error:  # noqa: BLE001 - nothing that comes in ends the kernel
            _report(error)
            self._outgoing.dropped["internal error"] += 1

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
        if seconds is None or self._clients.count > 0 or any(one.is_busy for one in self._sessions):
            self._last_activity = time.monotonic()
            return False
        return time.monotonic() - self._last_activity > seconds

    def _receive(
        self,
        channel: "zmq.Socket[bytes]",
        handle: Callable[[Message], None],
        answer: Callable[[Message, Content], None] | None,
    ) -> None:
        frames = channel.recv_multipart()
        self._last_activity = time.monotonic()
        self._control.received += 1
        try:
            message = self._signer.deserialize(frames)
        except WireError as error:
            self._outgoing.dropped[error.reason] += 1
            return
        try:
            handle(message)
        except WireError as error:
            self._outgoing.dropped[error.reason] += 1
            self._answer_fault(message, answer, str(error))
        except (TimeoutError, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001 - no message ends the kernel
            _report(error)
            self._outgoing.dropped["internal error"] += 1
            self._answer_fault(message, answer, f"internal error: {error!r} (a fault of LLMSpell)")

    def _answer_fault(self, message: Message, answer: Callable[[Message, Content], None] | None, problem: str) -> None:
        if answer is not None:
            answer(message, refusal(problem))
            self._outgoing.publish_status("idle", message.header_bytes)

    def _on_shell(self, message: Message) -> None:
        if message.msg_type != "shutdown_request":
            self._shell.receive(message)
            return
        # taken on shell too, as older clients send it
        answer = {"status": "ok", "restart": bool(message.content().get("restart"))}
        self._outgoing.publish_status("busy", message.header_bytes)
        self._outgoing.reply_shell(message, answer)
        self._outgoing.publish_status("idle", message.header_bytes)
        self.stop()

    def _on_subscription(self) -> None:
        event = self._channels.iopub.recv()
        kind, topic, text = event[:1], event[1:], event[1:].decode("utf-8", "replace")
        if kind == b"\x01":
            self._clients.subscribed(text)
            self._outgoing.publish("iopub_welcome", {"subscription": text}, NO_PARENT, topic=topic)
        elif kind == b"\x00":
            self._clients.left(text)

    def _client_gone(self, topic: str) -> None:
        self._inputs.client_gone(topic)
        client = topic.removeprefix(PRESENCE_PREFIX)
        for session in self._sessions:
            if client in session.debuggers:
                session.debuggers.discard(client)
                self._detach(session, client)
            if topic in session.owners:
                session.owners.discard(topic)
                if not session.owners:
                    self._sessions.remove(session)
                    self._discard(session, f"the client that owned session '{session.name}' is gone")

    def _detach(self, session: Session, client: str) -> None:
        """A client that debugged a session is gone: what it has set goes with it, and the script goes on."""
        if session.link is None:
            return
        request = encode({"type": "request", "seq": 0, "command": "disconnect", "arguments": {"lost": True}})
        self._workers.send(session, {"type": "debug", "id": next(self._numbers), "client": client}, request)

    # What control requests do ------------------------------------------------------------------------------

    def _interrupt(self, session: Session) -> None:
        if session.link is not None:
            self._workers.send(session, {"type": "interrupt"})

    def _debug(self, session: Session, message: Message) -> None:
        number, client = next(self._numbers), client_of(message)
        session.remember(number, message)
        frame = {"type": "debug", "id": number, "client": client}
        try:
            taken = self._workers.send(session, frame, message.content_bytes)
        except OSError as error:
            self._end_debug_request(message, f"session '{session.name}' cannot be started: {error.strerror}")
            return
        if not taken:
            self._end_debug_request(message, "the session does not read its requests")
            return
        session.debug_requests[number] = message
        session.debugged = True  # until the worker says whether anybody debugs: it may end before
        session.debuggers.add(client)

    def _end_debug_request(self, message: Message, answer: bytes | str) -> None:
        """Pass a worker's answer on; a text is the reason why there is none."""
        content = debug_refusal(message, answer) if isinstance(answer, str) else answer
        self._outgoing.reply_control(message, content, "debug_reply")
        self._outgoing.publish_status("idle", message.header_bytes)

    def _discard(self, session: Session, reason: str) -> None:
        """End a session's worker and answer what waits for it; the next request gets a fresh one."""
        self._workers.kill(session)
        self._worker_ended(session, reason)

    # Workers -----------------------------------------------------------------------------------------------

    def _on_zygote(self) -> None:
        ended = self._workers.read_zygote()
        if ended is None:
            print("llmspell-kernel: the process that starts sessions has ended", file=sys.stderr)  # noqa: T201
            self._running = False
            return
        for one in ended:
            session = self._workers.session_of(one.number)
            if session is not None:
                self._drain(session)
                session.deaths += 1
                reason = session.last_death = _death_reason(session, one)
                self._worker_ended(session, reason, died=True)

    def _drain(self, session: Session) -> None:
        """Take what a worker said before it ended."""
        while session.link is not None:
            frames = session.link.read()
            some = False
            for frame in frames or ():
                some = True
                self._on_frame(session, frame)
            if not some:
                return

    def _worker_ended(self, session: Session, reason: str, *, died: bool = False) -> None:
        """Answer everything that waits for a worker that is no more, and tell its clients.

        ``died``: nobody asked for its end.
        """
        record = session.flight_record
        whereabouts = "" if record is None else read_record(record)
        self._workers.forget(session)
        self._sessions.forget_comms(session)
        request = session.current
        lines = [reason, *whereabouts.splitlines()]
        error = {"ename": "SessionEnded", "evalue": reason, "traceback": lines}
        if request is not None:
            self._publish_of(session, "error", error, request.message.header_bytes)
            self._shell.finish(session, {"status": "error", "execution_count": 0, **error})
        self._shell.refuse_queued(session, f"{reason}; this request was not run")
        for message in session.debug_requests.values():
            self._end_debug_request(message, reason)
        session.debug_requests.clear()
        parent = session.last_origin().header
        session.debuggers.clear()
        if request is None and session.exit_code is None and (died or session.debugged):
            text = "llmspell: " + "\n".join(lines) + "\n"
            self._publish_of(session, "stream", {"name": "stderr", "text": text}, parent)
        if session.debugged:
            session.debugged = False
            code = 1 if session.exit_code is None else session.exit_code
            for event, body in (("exited", {"exitCode": code}), ("terminated", {})):
                content = {"type": "event", "seq": 0, "event": event, "body": body}
                self._publish_of(session, "debug_event", content, parent)

    def _publish_of(
        self,
        session: Session,
        msg_type: str,
        content: Content,
        parent: Parent,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self._outgoing.publish(msg_type, content, parent, session=session.name, metadata=metadata)

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
                    self._workers.ignore(session)
                    return
                for frame in frames:
                    self._on_frame(session, frame)
            except FrameError as error:
                self._discard(session, f"the session sent what is no frame: {error}")
                return
        if session.link is link:
            self._workers.watch(session)

    def _on_frame(self, session: Session, frame: Frame) -> None:
        header = frame.header
        match frame.type:
            case "iopub":
                self._note_comm(session, header)
                parent = session.origin(header["id"]).header
                self._publish_of(session, header["msg_type"], frame.content, parent, header.get("metadata"))
            case "reply":
                request = session.current
                if request is not None and request.number == header["id"]:
                    self._shell.finish(session, frame.content, stop=bool(header.get("stop")))
                    self._shell.next(session)
            case "debug_reply":
                session.debugged = header["debugged"]
                message = session.debug_requests.pop(header["id"], None)
                if message is not None:
                    self._end_debug_request(message, frame.content)
            case "program":
                session.runs_program = header["runs"]
            case "input":
                self._inputs.ask(session, frame)
            case "exit":
                session.exit_code = header["code"]
                session.exit_reason = header.get("reason", "")

    def _note_comm(self, session: Session, header: dict[str, Any]) -> None:
        comm_id = header.get("comm_id")
        if comm_id is None:
            return
        if header["msg_type"] == "comm_open":
            self._sessions.comm_opened(comm_id, session)
        elif header["msg_type"] == "comm_close":
            self._sessions.comm_closed(comm_id)


def _report(error: BaseException) -> None:
    """To stderr, without importing anything: there may be no descriptor left to do so with."""
    sys.excepthook(type(error), error, error.__traceback__)


def _death_reason(session: Session, ended: Ended) -> str:
    if ended.failure:
        return f"session '{session.name}' cannot be started: {ended.failure}"
    if session.exit_reason:
        return f"session '{session.name}' was ended: {session.exit_reason}"
    if session.exit_code is not None:
        return f"the script ended its session with exit code {session.exit_code}"
    if ended.status < 0:
        return f"the process of session '{session.name}' was killed by signal {-ended.status}"
    return f"the process of session '{session.name}' ended with status {ended.status}"

"""What the kernel sends to its clients: signed replies, and numbered messages on iopub.

Invariants: sending never blocks; replies that are not delivered are counted, and so is how often a subscriber was
found full; a subscriber to everything sees the loss of a message as a gap in ``metadata.llmspell_sequence``.
"""

import os
from collections import Counter
from collections.abc import Mapping
from typing import Any

import zmq

from ..protocol.ldp import error_response
from ..protocol.wire import JsonObject, Message, Signer, WireError, new_header
from .channels import Channels

Content = Mapping[str, Any] | bytes
# The header of the request that caused a message, as it came: encoding it again could fail.
Parent = bytes
NO_PARENT: Parent = b"{}"


class Outgoing:
    """``dropped`` counts by reason what came in and was not taken, and what could not be delivered."""

    def __init__(self, channels: Channels, signer: Signer, kernel_id: str) -> None:
        self._channels = channels
        self._signer = signer
        self._kernel_id = kernel_id
        self._session = os.urandom(16).hex()
        self.published = 0
        self.slow_subscriber_stalls = 0
        self.dropped: Counter[str] = Counter()

    def publish(
        self,
        msg_type: str,
        content: Content,
        parent: Parent,
        *,
        topic: bytes | None = None,
        session: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Send to all subscribers; to one whose queue is full it is lost.

        XPUB refuses a message while a subscriber's queue is found full; sent once more with that option off, it goes
        to all others.
        """
        if topic is None:
            topic = f"kernel.{self._kernel_id}.{msg_type}".encode()
        self.published += 1
        numbered = {**(metadata or {}), "llmspell_sequence": self.published}
        if session:
            numbered["llmspell_session"] = session
        header = new_header(msg_type, self._session)
        frames = self._signer.serialize(header, parent, content, metadata=numbered, identities=[topic])
        iopub = self._channels.iopub
        try:
            iopub.send_multipart(frames, zmq.DONTWAIT)
        except zmq.Again:
            self.slow_subscriber_stalls += 1
            iopub.setsockopt(zmq.XPUB_NODROP, 0)
            iopub.send_multipart(frames)
            iopub.setsockopt(zmq.XPUB_NODROP, 1)

    def publish_status(self, state: str, parent: Parent) -> None:
        self.publish("status", {"execution_state": state}, parent)

    def reply(self, channel: "zmq.Socket[bytes]", message: Message, content: Content, msg_type: str = "") -> None:
        """Answer a request on the channel that it came on."""
        header = new_header(msg_type or message.msg_type.removesuffix("_request") + "_reply", self._session)
        self._send(channel, message.identities, header, message.header_bytes, content)

    def reply_control(self, message: Message, content: Content, msg_type: str = "") -> None:
        self.reply(self._channels.control, message, content, msg_type)

    def reply_shell(self, message: Message, content: Content) -> None:
        self.reply(self._channels.shell, message, content)

    def ask_input(self, identities: tuple[bytes, ...], parent: Parent, content: Content) -> str | None:
        """Send an ``input_request``; gives its msg_id, or None when the client has no stdin channel."""
        header = new_header("input_request", self._session)
        sent = self._send(self._channels.stdin, identities, header, parent, content)
        return str(header["msg_id"]) if sent else None

    def _send(
        self,
        channel: "zmq.Socket[bytes]",
        identities: tuple[bytes, ...],
        header: JsonObject,
        parent: Parent,
        content: Content,
    ) -> bool:
        frames = self._signer.serialize(header, parent, content, identities=identities)
        try:
            channel.send_multipart(frames, zmq.DONTWAIT)
        except zmq.Again:
            self.dropped["unread reply"] += 1
            return False
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self.dropped["reply to a client that is gone"] += 1
            return False
        return True


def refusal(message: str) -> dict[str, Any]:
    """The content of a reply to a request that was not carried out."""
    return {"status": "error", "ename": "RequestError", "evalue": message, "traceback": [message]}


def debug_refusal(message: Message, problem: str) -> dict[str, Any]:
    """The response to a ``debug_request`` that is not passed on, or whose worker has ended."""
    try:
        request = message.content()
    except WireError:
        request = {}
    command, seq = request.get("command"), request.get("seq")
    return error_response(
        {"command": command if isinstance(command, str) else "", "seq": seq if isinstance(seq, int) else 0}, problem
    )

"""The worker's end of its socket to the kernel: frames out, each whole, from any thread.

Invariant: whoever waits for a frame gets one: what is too large for a frame goes out as an error that says so.
"""

import os
import socket
import threading
from collections.abc import Mapping
from typing import Any

from ..protocol.frames import FrameError, pack
from ..protocol.ldp import error_response


class KernelLink:
    """Sends frames; ends the process when the kernel is gone, and with it everyone who could hear of anything."""

    def __init__(self, channel: socket.socket) -> None:
        self.channel = channel
        self._lock = threading.Lock()

    def send(self, header: Mapping[str, Any], content: Mapping[str, Any] | bytes = b"") -> None:
        try:
            data = pack(header, content)
        except FrameError as error:
            if isinstance(content, bytes):
                raise
            data = _pack_too_large(header, content, str(error))
        with self._lock:
            try:
                self.channel.sendall(data)
            except OSError:
                os._exit(0)

    def send_iopub(
        self,
        request: int | None,
        msg_type: str,
        content: Mapping[str, Any],
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Publish a message about a request of this session."""
        header = {"type": "iopub", "id": request, "msg_type": msg_type}
        self.send(header if metadata is None else {**header, "metadata": metadata}, content)

    def leave(self, code: int, reason: str = "") -> None:
        """Say with what the process ends, then end it."""
        self.send({"type": "exit", "code": code, "reason": reason})
        self.channel.shutdown(socket.SHUT_WR)
        os._exit(code & 0xFF)


def _pack_too_large(header: Mapping[str, Any], content: Mapping[str, Any], problem: str) -> bytes:
    """The frame that goes out instead of one that is too large: an error for whoever waits, else a word on stderr."""
    if header["type"] == "reply":
        refusal = {"status": "error", "ename": "TooLarge", "evalue": problem, "traceback": [problem]}
        if "execution_count" in content:
            refusal["execution_count"] = content["execution_count"]
        return pack(header, refusal)
    if header["type"] == "debug_reply":
        request = {"seq": content.get("request_seq", 0), "command": content.get("command", "")}
        return pack(header, error_response(request, f"the answer is too large: {problem}"))
    text = f"llmspell: a message '{header.get('msg_type')}' was left out: {problem}\n"
    return pack({**header, "msg_type": "stream"}, {"name": "stderr", "text": text})

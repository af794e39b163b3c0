"""A client for servers that speak JSON with ``Content-Length`` headers on stdio: the LSP and the DAP one.

It reads in the thread that waits, so that no second thread is part of what is timed.
"""

import json
import os
import select
import subprocess
import time
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
LIMIT = 60.0  # far beyond everything that is measured; a wait that reaches it is a fault


class StdioClient:
    """Messages to and from one process."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._buffer = b""
        self._unclaimed: list[Json] = []
        self._sequence = 0

    def send(self, message: Json) -> None:
        body = json.dumps(message).encode()
        stream = self._process.stdin
        assert stream is not None
        stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        stream.flush()

    def wait(self, wanted: Callable[[Json], bool], what: str) -> Json:
        """The first message that is wanted; others are kept for later."""
        for index, message in enumerate(self._unclaimed):
            if wanted(message):
                return self._unclaimed.pop(index)
        deadline = time.monotonic() + LIMIT
        while True:
            message = self._receive(deadline, what)
            if wanted(message):
                return message
            self._unclaimed.append(message)

    def lsp_notify(self, method: str, params: Json) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def lsp_request(self, method: str, params: Json) -> Any:
        """The result of a request that succeeds."""
        self._sequence += 1
        number = self._sequence
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        answer = self.wait(lambda message: message.get("id") == number and "method" not in message, method)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def dap_request(self, command: str, **arguments: Any) -> Json:
        """The body of a response that succeeds."""
        self._sequence += 1
        number = self._sequence
        self.send({"seq": number, "type": "request", "command": command, "arguments": arguments})
        answer = self.wait(lambda message: message.get("request_seq") == number, command)
        if not answer["success"]:
            raise RuntimeError(f"{command}: {answer.get('message')}")
        return dict(answer.get("body") or {})

    def dap_event(self, name: str) -> Json:
        return dict(self.wait(lambda message: message.get("event") == name, f"event {name}").get("body") or {})

    def _receive(self, deadline: float, what: str) -> Json:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            self._fill(deadline, what)
        header, start = self._buffer[:end], end + 4
        length = next(
            int(line.split(b":")[1]) for line in header.split(b"\r\n") if line.lower().startswith(b"content-length:")
        )
        while len(self._buffer) < start + length:
            self._fill(deadline, what)
        body, self._buffer = self._buffer[start : start + length], self._buffer[start + length :]
        return dict(json.loads(body))

    def _fill(self, deadline: float, what: str) -> None:
        stream = self._process.stdout
        assert stream is not None
        if not select.select([stream], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise TimeoutError(f"{what}: nothing came within {LIMIT:g} s")
        data = os.read(stream.fileno(), 1 << 18)
        if not data:
            raise EOFError(f"{what}: the server has ended")
        self._buffer += data

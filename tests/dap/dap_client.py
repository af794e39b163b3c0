"""A DAP client that keeps its conversation."""

import json
import queue
import re
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest

from .protocol_rules import ProtocolRules

Json = dict[str, Any]
LIMIT = 15.0

CLIENT_FEATURES = {
    "adapterID": "llmspell",
    "clientID": "test",
    "pathFormat": "path",
    "linesStartAt1": True,
    "columnsStartAt1": True,
    "supportsVariableType": True,
    "supportsVariablePaging": True,
}


class DapClient:
    """Speaks DAP over two streams. ``conversation`` has every message in the form of llmspell-dap's ``--log``."""

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._sequence = 0
        self._arrived: queue.Queue[Json | None] = queue.Queue()
        self._unclaimed: list[Json] = []
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self.conversation: list[Json] = []
        self.rules = ProtocolRules()
        self.process: subprocess.Popen[bytes] | None = None
        threading.Thread(target=self._read, daemon=True).start()

    # -- bytes

    def _read(self) -> None:
        try:
            while (header := self._incoming.readline()) != b"":
                length = re.fullmatch(rb"Content-Length: (\d+)\r\n", header)
                assert length is not None, f"no DAP header: {header!r}"
                assert self._incoming.readline() == b"\r\n"
                body = self._incoming.read(int(length[1]))
                message = json.loads(body.decode("utf-8"))
                self._note("<-", message)
                self.rules.received(message)
                self._arrived.put(message)
        except OSError:
            # A connection that is reset has ended as well.
            self._note("<-", {"type": "end", "reason": "reset"})
        finally:
            self._arrived.put(None)

    def _note(self, direction: str, message: Json) -> None:
        with self._lock:
            row = {"dir": direction, "t": round(time.monotonic() - self._started, 4), "msg": message}
            self.conversation.append(row)

    def send_bytes(self, data: bytes) -> None:
        self._outgoing.write(data)
        self._outgoing.flush()

    def hang_up(self) -> None:
        self._outgoing.close()

    # -- messages

    def send(self, command: str, **arguments: Any) -> int:
        self._sequence += 1
        request = {"seq": self._sequence, "type": "request", "command": command, "arguments": arguments}
        self._write(request)
        return self._sequence

    def _write(self, message: Json) -> None:
        self._note("->", message)
        self.rules.sent(message)
        body = json.dumps(message).encode()
        self.send_bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def answer(self, request: Json, success: bool = True, message: str | None = None, **body: Any) -> None:
        """Answer a request of the adapter."""
        self._sequence += 1
        answer: Json = {"seq": self._sequence, "type": "response", "request_seq": request["seq"], "success": success}
        answer |= {"command": request["command"], "body": body}
        self._write(answer if message is None else {**answer, "message": message})

    def take(self, wanted: Callable[[Json], bool], what: str, limit: float = LIMIT) -> Json:
        """The first message not yet taken that is wanted; the others stay for later calls."""
        deadline = time.monotonic() + limit
        for index, message in enumerate(self._unclaimed):
            if wanted(message):
                return self._unclaimed.pop(index)
        while True:
            try:
                message = self._arrived.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                pytest.fail(f"no {what} within {limit} s; conversation:\n{self.transcript()}")
            if message is None:
                self._arrived.put(None)
                pytest.fail(f"the adapter ended before {what}; conversation:\n{self.transcript()}")
            if wanted(message):
                return message
            self._unclaimed.append(message)

    def response(self, seq: int, limit: float = LIMIT) -> Json:
        return self.take(lambda message: message.get("request_seq") == seq, f"response to request {seq}", limit)

    def request(self, command: str, **arguments: Any) -> Json:
        """The whole response, whether it succeeded or not."""
        return self.response(self.send(command, **arguments))

    def ask(self, command: str, **arguments: Any) -> Json:
        """The body of a response that must succeed."""
        answer = self.request(command, **arguments)
        assert answer["success"], f"{command} failed: {answer.get('message')}"
        return dict(answer.get("body", {}))

    def event(self, name: str, limit: float = LIMIT) -> Json:
        """The body of the next event of this name."""
        return dict(self.take(lambda m: m.get("event") == name, f"event {name}", limit).get("body", {}))

    def until_end(self, limit: float = LIMIT) -> None:
        """Wait until the adapter closes the connection."""
        deadline = time.monotonic() + limit
        while self._arrived.get(timeout=max(0.0, deadline - time.monotonic())) is not None:
            continue
        self._arrived.put(None)

    def transcript(self) -> str:
        return "\n".join(f"{row['dir']} {json.dumps(row['msg'])[:400]}" for row in self.conversation)

    # -- what every session does

    def initialize(self, **features: Any) -> Json:
        capabilities = self.ask("initialize", **{**CLIENT_FEATURES, **features})
        self.event("initialized")
        return capabilities

    def launch(self, program: Path, lines: tuple[int | Json, ...] = (), **arguments: Any) -> list[Json]:
        """From initialize to configurationDone; returns the breakpoints. ``lines``: line numbers or breakpoints."""
        self.initialize()
        self.ask("launch", program=str(program), **arguments)
        rows = [{"line": line} if isinstance(line, int) else line for line in lines]
        answered = self.ask("setBreakpoints", source={"path": str(program)}, breakpoints=rows)
        self.ask("configurationDone")
        return list(answered["breakpoints"])

    def top_frame(self, thread_id: int) -> Json:
        return dict(self.ask("stackTrace", threadId=thread_id)["stackFrames"][0])

    def variables(self, reference: int, **page: int) -> dict[str, Json]:
        rows = self.ask("variables", variablesReference=reference, **page)["variables"]
        return {row["name"]: row for row in rows}

    def locals(self, frame_id: int) -> dict[str, Json]:
        scope = self.ask("scopes", frameId=frame_id)["scopes"][0]
        return self.variables(scope["variablesReference"])

    def output(self, category: str = "stdout") -> str:
        """All output of a category that was told so far."""
        with self._lock:
            rows = [row["msg"] for row in self.conversation if row["msg"].get("event") == "output"]
        return "".join(row["body"]["output"] for row in rows if row["body"].get("category") == category)

    def outline(self) -> list[str]:
        """What the adapter told, as names in order: ``threads!`` is a response, ``threads?`` a failed one."""
        with self._lock:
            told = [row["msg"] for row in self.conversation if row["dir"] == "<-"]
        return [m.get("event") or m["command"] + ("!" if m["success"] else "?") for m in told]

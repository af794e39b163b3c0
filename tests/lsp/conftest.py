"""A small JSON-RPC client over the real `llmspell-lsp --stdio`, with a limit and a reason for every wait."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Message = dict[str, Any]
# Generous: the tests run beside others on slow machines; nothing waits this long when all is well.
LIMIT_SECONDS = 30.0
URI = "file:///project/script.lua"


class Client:
    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "llmspell_lsp.main", "--stdio", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.received: queue.Queue[Message | None] = queue.Queue()
        self.kept: list[Message] = []
        self.errors: list[bytes] = []
        self._id = 0
        self._threads = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            if not length:
                break
            self.received.put(json.loads(stream.read(length)))
        self.received.put(None)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(self.process.stderr)

    def send_bytes(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message: Any) -> None:
        body = json.dumps(message).encode()
        self.send_bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": {} if params is None else params})

    def call(self, method: str, params: Any = None) -> Message:
        """The whole response to a request."""
        self._id += 1
        identifier = self._id
        self.send({"jsonrpc": "2.0", "id": identifier, "method": method, "params": params})
        return self.wait(lambda message: message.get("id") == identifier, f"the response to {method}")

    def request(self, method: str, params: Any = None) -> Any:
        """The result of a request that succeeds."""
        response = self.call(method, params)
        assert "error" not in response, response
        return response.get("result")

    def wait(self, wanted: Callable[[Message], bool], what: str) -> Message:
        """The first message that is wanted, past or to come."""
        for index, message in enumerate(self.kept):
            if wanted(message):
                return self.kept.pop(index)
        while True:
            try:
                received = self.received.get(timeout=LIMIT_SECONDS)
            except queue.Empty:
                pytest.fail(f"waited {LIMIT_SECONDS} s for {what}; stderr: {self.stderr}")
            if received is None:
                pytest.fail(f"the server ended while we waited for {what}; stderr: {self.stderr}")
            if wanted(received):
                return received
            self.kept.append(received)

    @property
    def stderr(self) -> str:
        return b"".join(self.errors).decode()

    def initialize(self, capabilities: Message | None = None, **params: Any) -> Message:
        result: Message = self.request(
            "initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": capabilities or {}, **params}
        )
        self.notify("initialized")
        return result

    def open(self, text: str, uri: str = URI, version: int = 1, language: str = "lua") -> None:
        document = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def change(self, version: int, *changes: Message, uri: str = URI) -> None:
        self.notify(
            "textDocument/didChange",
            {"textDocument": {"uri": uri, "version": version}, "contentChanges": list(changes)},
        )

    def diagnostics(self, version: int | None = 1, uri: str = URI) -> list[Message]:
        """What is published about this version of a document."""

        def wanted(message: Message) -> bool:
            params = message.get("params") or {}
            return (
                message.get("method") == "textDocument/publishDiagnostics"
                and params["uri"] == uri
                and params.get("version") == version
            )

        items: list[Message] = self.wait(wanted, f"diagnostics of version {version} of {uri}")["params"]["diagnostics"]
        return items

    def at(self, method: str, line: int, character: int, uri: str = URI, **more: Any) -> Any:
        position = {"line": line, "character": character}
        return self.request(f"textDocument/{method}", {"textDocument": {"uri": uri}, "position": position, **more})

    def leave(self) -> int:
        """A proper end; the exit code."""
        self.request("shutdown")
        self.notify("exit")
        return self.ended()

    def ended(self) -> int:
        try:
            code = self.process.wait(LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            pytest.fail(f"the server still ran {LIMIT_SECONDS} s after its client had left; stderr: {self.stderr}")
        for thread in self._threads:
            thread.join(LIMIT_SECONDS)
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(LIMIT_SECONDS)
        for thread in self._threads:
            thread.join(LIMIT_SECONDS)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue


@pytest.fixture
def raw_client() -> Iterator[Client]:
    """A client that has not said `initialize`."""
    client = Client()
    yield client
    client.close()


@pytest.fixture
def client(raw_client: Client) -> Client:
    raw_client.initialize()
    return raw_client


@pytest.fixture(scope="module")
def module_client() -> Iterator[Client]:
    """One initialized server for the tests of a module; use it through `shared_client`."""
    client = Client()
    client.initialize()
    yield client
    client.close()


@pytest.fixture
def shared_client(module_client: Client) -> Iterator[Client]:
    """A running server without open documents: starting one for every test would take most of their time."""
    yield module_client
    module_client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    module_client.call("textDocument/documentSymbol", {"textDocument": {"uri": URI}})  # all before it is handled
    module_client.kept.clear()

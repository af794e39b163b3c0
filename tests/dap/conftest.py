"""A DAP client that drives the real adapter process and keeps the conversation."""

import asyncio
import contextlib
import json
import os
import pty
import queue
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import pytest
from llmspell_dap import opening as opening_module
from llmspell_dap.capabilities import CAPABILITIES
from llmspell_dap.session import DapSession
from llmspell_kernel.client import KernelClient, KernelError, discover_kernels
from llmspell_kernel.protocol.wire import Message, encode, new_header

from .protocol_rules import ProtocolRules

Json = dict[str, Any]
LIMIT = 15.0
SESSION_LIMIT = 5.0
ADAPTER = [sys.executable, "-m", "llmspell_dap.main"]

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


class ClientTerminal:
    """What an editor does with ``runInTerminal``: a pseudo terminal with the program in it."""

    def __init__(self) -> None:
        self.asked: Json = {}
        self.process: subprocess.Popen[bytes] | None = None
        self._side = -1

    def serve(self, client: DapClient) -> None:
        """Answer the adapter's request."""
        request = client.take(lambda m: m.get("command") == "runInTerminal" and m["type"] == "request", "runInTerminal")
        self.asked = request["arguments"]
        self._side, other = pty.openpty()
        self.process = subprocess.Popen(
            self.asked["args"], cwd=self.asked["cwd"], stdin=other, stdout=other, stderr=other, start_new_session=True
        )
        os.close(other)
        client.answer(request, processId=self.process.pid)

    def launch(self, client: DapClient, program: Path, **arguments: Any) -> None:
        """Launch a script in this terminal."""
        client.initialize(supportsRunInTerminalRequest=True)
        launch = client.send("launch", program=str(program), console="integratedTerminal", **arguments)
        self.serve(client)
        assert client.response(launch)["success"]
        client.ask("configurationDone")

    def type(self, text: str) -> None:
        os.write(self._side, text.encode())

    def until(self, text: str) -> str:
        """What is shown, up to a text."""
        shown = ""
        while text not in shown:
            try:
                shown += os.read(self._side, 4096).decode()
            except OSError:
                pytest.fail(f"the terminal ended before {text!r}: {shown!r}")
        return shown

    def close(self) -> None:
        if self._side >= 0:
            os.close(self._side)
        if self.process is not None:
            self.process.wait(LIMIT)


@pytest.fixture
def terminal() -> Iterator[ClientTerminal]:
    made = ClientTerminal()
    yield made
    made.close()


def shut_kernels_down() -> None:
    for found in discover_kernels():
        if found.info is None or found.state != "running":
            continue
        try:
            with KernelClient.connect(found.info) as client:
                client.shutdown()
        except KernelError as error:
            print(f"kernel {found.path} did not shut down: {error}")


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One LLMSpell home, and so one kernel, for the tests of a worker that leave it as it was."""
    home = tmp_path_factory.mktemp("shared-home")
    yield home
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMSPELL_HOME", str(home))
        shut_kernels_down()


@pytest.fixture
def home(shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LLMSPELL_HOME", str(shared_home))
    return shared_home


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home, and so a kernel, that the test may break."""
    monkeypatch.setenv("LLMSPELL_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"
    shut_kernels_down()


@pytest.fixture
def start_adapter() -> Iterator[Callable[..., DapClient]]:
    """Start the adapter over stdio, with more command line arguments if given."""
    started: list[subprocess.Popen[bytes]] = []
    clients: list[DapClient] = []

    def start(*arguments: str, **options: Any) -> DapClient:
        process = subprocess.Popen(
            [*ADAPTER, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ}, **options
        )
        started.append(process)
        assert process.stdin is not None
        assert process.stdout is not None
        client = DapClient(process.stdout, process.stdin)
        client.process = process
        clients.append(client)
        return client

    yield start
    for process in started:
        if process.stdin is not None and not process.stdin.closed:
            process.stdin.close()
        try:
            process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            pytest.fail("the adapter did not end after its client was gone")
        finally:
            if process.stdout is not None:
                process.stdout.close()
    judge(clients)


def judge(clients: Sequence[DapClient]) -> None:
    """What each conversation of a test must hold; with LLMSPELL_DAP_CONVERSATIONS they are kept in that folder."""
    for client in clients:
        keep_conversation(client)
        assert client.rules.findings == []


def keep_conversation(client: DapClient) -> None:
    folder = os.environ.get("LLMSPELL_DAP_CONVERSATIONS")
    if folder is None:
        return
    test = re.sub(r"\W+", "-", os.environ["PYTEST_CURRENT_TEST"].split("::")[-1])
    path = Path(folder) / f"{test}-{id(client)}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in client.conversation), encoding="utf-8")


@pytest.fixture
def adapter(home: Path, start_adapter: Callable[..., DapClient]) -> DapClient:
    """The adapter over stdio, with the shared kernel."""
    return start_adapter()


@pytest.fixture
def connect_tcp() -> Iterator[Callable[..., DapClient]]:
    """Connect to one adapter that listens on a TCP port, started at the first call."""
    opened: list[socket.socket] = []
    clients: list[DapClient] = []
    servers: list[tuple[subprocess.Popen[bytes], tuple[str, int]]] = []

    def connect() -> DapClient:
        if not servers:
            process = subprocess.Popen([*ADAPTER, "--port", "0"], stdout=subprocess.PIPE)
            assert process.stdout is not None
            line = process.stdout.readline().decode()
            found = re.fullmatch(r"llmspell-dap listening on (\S+):(\d+)\n", line)
            assert found is not None, line
            servers.append((process, (found[1], int(found[2]))))
        process, address = servers[0]
        connection = socket.create_connection(address, LIMIT)
        connection.settimeout(None)
        opened.append(connection)
        client = DapClient(connection.makefile("rb"), connection.makefile("wb"))
        client.process = process
        clients.append(client)
        return client

    yield connect
    for connection in opened:
        connection.close()
    for process, _ in servers:
        process.terminate()
        try:
            assert process.wait(LIMIT) == 0
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
    judge(clients)


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Path]:
    """Write a script and return its path."""

    def write(text: str, name: str = "script.lua") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


class ScriptedKernel:
    """Stands for a DebuggedSession and its KernelClient: answers as told, publishes what a test publishes."""

    def __init__(self) -> None:
        self.name = "s1"
        self.own = True
        self.client = self
        self.info = self
        self.kernel_id = "k1"
        self.alive = True
        self.asked: list[tuple[str, Json]] = []
        self.numbers: dict[str, int] = {}
        self.answers: dict[str, Any] = {"initialize": dict(CAPABILITIES)}
        self.open_error: KernelError | None = None
        self.may_open = asyncio.Event()
        self.may_open.set()
        self.ended_with: bool | None = None
        self._listener: Callable[[Message], None] = lambda _: None
        self._end_listener: Callable[[KernelError], None] = lambda _: None

    def listen(self, hear: Any, end: Any, ask: Any) -> None:
        self._listener, self._end_listener, self.ask_for_line = hear, end, ask

    async def introduce(self, debug_session: str, resume_seconds: int = 0) -> tuple[Json, str]:
        self.debug_session = debug_session
        arguments = {"debugSession": debug_session, "resumeSeconds": resume_seconds}
        return await self.request("initialize", arguments), "this client"

    async def another(self, folder: Path) -> "ScriptedKernel":
        return self

    async def interrupt(self) -> None:
        self.asked.append(("interrupt", {}))

    def next_number(self) -> int:
        return 1000 + len(self.asked)

    async def request(
        self, command: str, arguments: Json | None = None, limit: float = 10, number: int | None = None
    ) -> Json:
        self.asked.append((command, dict(arguments or {})))
        if number is not None:
            self.numbers[command] = number
        answer = self.answers.get(command, {})
        if callable(answer):
            answer = answer(arguments)
        if asyncio.isfuture(answer):
            answer = await answer
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    async def delete(self, limit: float = 1) -> None:
        self.asked.append(("delete", {}))

    async def leave(self, *, terminate: bool, suspend: bool = False) -> None:
        self.asked.append(("leave", {"terminate": terminate, "suspend": suspend}))

    async def close(self, terminate: bool) -> None:
        self.ended_with = terminate

    def publish(self, msg_type: str, content: Json, session: str = "s1", **metadata: Any) -> None:
        header = new_header(msg_type, "kernel")
        self._listener(Message((), header, {}, {"llmspell_session": session, **metadata}, encode(content)))

    def tell(self, name: str, **body: Any) -> None:
        self.publish("debug_event", {"type": "event", "event": name, "body": body})

    def die(self, error: KernelError) -> None:
        self.alive = False
        self._end_listener(error)

    def commands(self) -> list[str]:
        return [command for command, _ in self.asked]


class Conversation:
    """The client's side."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self.kernel = ScriptedKernel()
        self.told: list[Json] = []
        self.program = tmp_path / "script.lua"
        self.program.touch()
        self._sequence = 0
        self._changed = asyncio.Event()
        self.session = DapSession(self._take)

        async def in_thread(_: object) -> ScriptedKernel:
            await self.kernel.may_open.wait()
            if self.kernel.open_error is not None:
                raise self.kernel.open_error
            return self.kernel

        monkeypatch.setattr(opening_module, "in_thread", in_thread)

    def _take(self, message: Json) -> None:
        self.told.append(message)
        self._changed.set()

    def send(self, command: str, **arguments: Any) -> int:
        self._sequence += 1
        request = {"seq": self._sequence, "type": "request", "command": command, "arguments": arguments}
        self.session.receive(json.dumps(request).encode())
        return self._sequence

    async def until(self, found: Callable[[], Any]) -> Any:
        async def look() -> Any:
            while not (result := found()):
                self._changed.clear()
                # What the kernel was asked is no message to the client: look again soon.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.01)
            return result

        return await asyncio.wait_for(look(), SESSION_LIMIT)

    async def answer(self, seq: int) -> Json:
        return await self.until(lambda: next((m for m in self.told if m.get("request_seq") == seq), None))

    async def ask(self, command: str, **arguments: Any) -> Json:
        return await self.answer(self.send(command, **arguments))

    async def event(self, name: str) -> Json:
        return await self.until(lambda: next((m for m in self.told if m.get("event") == name), None))

    async def initialize(self, **arguments: Any) -> None:
        assert (await self.ask("initialize", adapterID="llmspell", **arguments))["success"]
        await self.event("initialized")

    async def launch(self, **arguments: Any) -> None:
        await self.initialize()
        assert (await self.ask("launch", program=str(self.program), **arguments))["success"]
        assert (await self.ask("configurationDone"))["success"]

    def outline(self) -> list[str]:
        """What was told, as names in order: ``threads!`` is a response, ``threads?`` a failed one."""
        return [m.get("event") or m["command"] + ("!" if m["success"] else "?") for m in self.told]


@pytest.fixture
def make_conversation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], Conversation]:
    # A session belongs to the loop of its test, so that the test makes it.
    return lambda: Conversation(monkeypatch, tmp_path)

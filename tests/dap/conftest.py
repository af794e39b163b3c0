"""The real adapter as a process, kernels for it, and what tests of it need."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from llmspell_kernel.client import KernelClient, KernelError, discover_kernels, find_or_start_kernel

from .client_terminal import ClientTerminal
from .conversation import Conversation
from .dap_client import LIMIT, DapClient
from .kernel_session import KernelSession

Json = dict[str, Any]
ADAPTER = [sys.executable, "-m", "llmspell_dap.main"]


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


@pytest.fixture
def kernel_session(home: Path, start_adapter: Callable[..., DapClient]) -> Iterator[KernelSession]:
    """A session of the shared kernel that adapters attach to."""
    with KernelClient.connect(find_or_start_kernel(None)) as kernel:
        yield KernelSession(kernel, start_adapter)


@pytest.fixture
def make_conversation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], Conversation]:
    # A session belongs to the loop of its test, so that the test makes it.
    return lambda: Conversation(monkeypatch, tmp_path)

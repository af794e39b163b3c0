"""The client with a real kernel: started, shared, used, interrupted, shut down, killed."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from llmspell_kernel.client import (
    AsyncKernelClient,
    KernelClient,
    KernelDiedError,
    Reconnected,
    ReconnectingClient,
    RequestError,
    discover_kernels,
    find_or_start_kernel,
    start_kernel,
)
from llmspell_kernel.client.process import is_running, wait_for_end
from llmspell_kernel.protocol.connection import ConnectionInfo, connection_file_path, write_connection_file


@pytest.fixture
def info() -> Iterator[ConnectionInfo]:
    started = start_kernel(idle_timeout=60)
    yield started
    assert started.pid is not None
    if is_running(started.pid):
        with KernelClient.connect(started) as client:
            client.shutdown()


@pytest.fixture
def kernel(info: ConnectionInfo) -> Iterator[KernelClient]:
    with KernelClient.connect(info) as client:
        yield client


def run(client: KernelClient, code: str, session: str | None = None) -> str:
    output: list[str] = []
    client.execute(
        code, session=session, on_output=lambda _, content: output.append(content.get("text", "")), timeout=20
    )
    return "".join(output)


def test_started_kernel_is_discovered(info: ConnectionInfo) -> None:
    assert [(found.state, found.info) for found in discover_kernels()] == [("running", info)]


FINDER = """
import sys
from llmspell_kernel.client import find_or_start_kernel

sys.stdin.readline()
for folder in sys.argv[1:]:
    print(find_or_start_kernel(folder, idle_timeout=60).kernel_id, flush=True)
"""


def test_processes_that_start_at_once_get_one_kernel_for_each_project(tmp_path: Path) -> None:
    projects = [tmp_path / name for name in ("one", "two")]
    for project in projects:
        (project / "scripts").mkdir(parents=True)
        (project / "llmspell.toml").touch()
    orders = [[str(projects[0]), str(projects[1])], [str(projects[1] / "scripts"), str(projects[0] / "scripts")]]
    clients = [
        subprocess.Popen(
            [sys.executable, "-c", FINDER, *order], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for order in orders * 2
    ]
    try:
        for client in clients:
            assert client.stdin is not None
            client.stdin.write("go\n")
            client.stdin.flush()
        found = [client.communicate(timeout=60)[0].split() for client in clients]
        running = {str(each.info.kernel_id): each.info.project for each in discover_kernels() if each.info is not None}
        assert [[running[kernel_id] for kernel_id in ids] for ids in found] == [
            [str(Path(folder).parent if folder.endswith("scripts") else folder) for folder in order]
            for order in orders * 2
        ]
        assert len(running) == 2
    finally:
        for client in clients:
            client.kill()
            client.wait()
        for each in discover_kernels():
            if each.info is not None:
                with KernelClient.connect(each.info) as kernel:
                    kernel.shutdown()


def test_output_and_reply_of_code(kernel: KernelClient) -> None:
    assert run(kernel, "print('hello', 6 * 7)") == "hello\t42\n"


def test_error_of_code_is_in_the_reply(kernel: KernelClient) -> None:
    reply = kernel.execute("error('boom')", timeout=20)
    assert reply["status"] == "error"
    assert "boom" in reply["evalue"]


def test_session_has_globals_of_its_own(kernel: KernelClient) -> None:
    session = kernel.create_session()
    run(kernel, "x = 'mine'", session)
    assert run(kernel, "print(x)", session) == "mine\n"
    assert run(kernel, "print(x)") == "nil\n"
    assert session in [each.session for each in kernel.list_sessions()]
    kernel.delete_session(session)
    assert session not in [each.session for each in kernel.list_sessions()]


def test_session_that_is_not_there_is_refused(kernel: KernelClient) -> None:
    with pytest.raises(RequestError, match="nosuch"):
        kernel.delete_session("nosuch")


def test_interrupt_ends_a_busy_loop_and_keeps_its_globals(kernel: KernelClient) -> None:
    started = threading.Event()
    run(kernel, "kept = 1")
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(
            kernel.execute, "print('go') while true do end", on_output=lambda *_: started.set(), timeout=20
        )
        assert started.wait(10)
        kernel.interrupt()
        assert reply.result(20)["status"] == "error"
    assert run(kernel, "print(kept)") == "1\n"


def test_large_output_comes_whole(kernel: KernelClient) -> None:
    assert run(kernel, "for i = 1, 20000 do print(i) end") == "".join(f"{i}\n" for i in range(1, 20_001))


def test_shutdown_ends_the_process_and_removes_its_file(info: ConnectionInfo) -> None:
    assert info.pid is not None
    with KernelClient.connect(info) as client:
        run(client, "print(1)")
        client.shutdown()
    assert not is_running(info.pid)
    assert discover_kernels() == []


def test_killed_kernel_ends_what_waits_for_it_and_its_workers(info: ConnectionInfo) -> None:
    assert info.pid is not None
    with KernelClient.connect(info) as client:
        run(client, "print(1)")
        [worker] = [each.pid for each in client.list_sessions() if each.pid is not None]
        future = client.submit("shell", "execute_request", {"code": "while true do end"})
        os.kill(info.pid, signal.SIGKILL)
        with pytest.raises(KernelDiedError):
            future.result(5)
    assert wait_for_end(worker, 5)
    assert [found.state for found in discover_kernels()] == ["dead"]
    assert discover_kernels() == []


def test_sessions_are_attached_to_and_reset(kernel: KernelClient, info: ConnectionInfo, tmp_path: Path) -> None:
    name = kernel.create_session(folder=tmp_path, owned=True)
    run(kernel, "x = 1", name)
    with KernelClient.connect(info) as other:
        described = other.attach_session(name)
        assert (described.session, described.folder, described.owned) == (name, str(tmp_path), True)
        assert described in kernel.list_sessions()
        assert other.reset_session(name).session == name
        assert run(other, "print(x)", name) == "nil\n"


def test_status_tells_of_the_kernel(kernel: KernelClient, info: ConnectionInfo) -> None:
    run(kernel, "print(1)")
    status = kernel.kernel_status()
    assert (status.kernel_id, status.pid, status.project) == (info.kernel_id, info.pid, info.project)
    assert [each.session for each in status.sessions] == ["main"]
    assert (status.clients, status.published > 0, status.slow_subscriber_stalls) == (1, True, 0)
    assert kernel.usage()["pid"] == info.pid


def test_live_state_is_completed_and_inspected(kernel: KernelClient) -> None:
    run(kernel, "a_name_of_the_test = 42")
    assert "a_name_of_the_test" in kernel.complete("a_name_of").matches
    assert "42" in str(kernel.inspect("a_name_of_the_test"))
    assert kernel.inspect("nosuch") is None
    assert kernel.is_complete("for i = 1, 2 do").status == "incomplete"
    assert kernel.comm_info() == {}


def test_history_tells_what_was_run(kernel: KernelClient) -> None:
    run(kernel, "first = 1")
    run(kernel, "second = 2")
    assert [each.source for each in kernel.history(n=2)] == ["first = 1", "second = 2"]
    assert [each.source for each in kernel.history("search", pattern="sec*")] == ["second = 2"]
    assert [each.line for each in kernel.history("range", start=1, stop=2)] == [1]


def test_script_reads_input_from_the_client_that_runs_it(kernel: KernelClient) -> None:
    output: list[str] = []
    values = iter(["Ada"])

    def answer(_prompt: str, _password: bool) -> str:
        for value in values:
            return value
        raise EOFError

    reply = kernel.execute(
        "print(io.read()) print(io.read())",
        on_output=lambda _, content: output.append(content.get("text", "")),
        on_input=answer,
        timeout=20,
    )
    assert reply["status"] == "ok", reply
    assert "".join(output) == "Ada\nnil\n"


def test_nothing_is_missed_of_a_flood(kernel: KernelClient) -> None:
    run(kernel, "for i = 1, 2000 do io.write(i, '\\n') io.flush() end")
    assert kernel.missed == 0


def test_reconnecting_client_goes_on_with_a_new_kernel(tmp_path: Path) -> None:
    told: list[Reconnected] = []
    with ReconnectingClient.connect(
        lambda: find_or_start_kernel(tmp_path, idle_timeout=60), on_reconnect=told.append
    ) as client:
        started = threading.Event()
        client.add_listener(lambda message: started.set() if message.msg_type == "stream" else None)
        before = client.info
        running = client.submit("shell", "execute_request", {"code": "print('go') while true do end"})
        assert started.wait(10)
        assert before.pid is not None
        os.kill(before.pid, signal.SIGKILL)
        with pytest.raises(KernelDiedError):
            running.result(10)
        assert client.execute("assert(x == nil)", timeout=30)["status"] == "ok"
        assert client.info.kernel_id != before.kernel_id
        assert [(each.info, each.same_kernel) for each in told] == [(client.info, False)]
        client.shutdown()


def test_restart_with_the_same_connection_file_is_noticed(info: ConnectionInfo, tmp_path: Path) -> None:
    """As jupyter_client restarts a kernel: another process with the ports and the key of the one before."""
    given = info._replace(pid=None, kernel_id=None, started=None)
    path = tmp_path / "kernel.json"
    command = [sys.executable, "-m", "llmspell_kernel.service.main", "-f", str(path)]
    assert info.pid is not None
    os.kill(info.pid, signal.SIGTERM)
    assert wait_for_end(info.pid, 10)
    restarted = threading.Event()

    @contextlib.contextmanager
    def serving() -> Iterator[None]:
        write_connection_file(given, path)
        process = subprocess.Popen(command)
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)

    with contextlib.ExitStack() as stack:
        with serving():
            client = stack.enter_context(KernelClient.connect(given))
            client.add_restart_listener(lambda _: restarted.set())
            run(client, "x = 1")
        with serving():
            assert restarted.wait(20)
            assert run(client, "print(x)") == "nil\n"


def test_asyncio_client_runs_code_and_interrupts_it(info: ConnectionInfo) -> None:
    async def talk() -> tuple[list[str], str]:
        async with AsyncKernelClient.connect(info) as client:
            execution = client.run("print('one') print('two')")
            texts = [message.content()["text"] async for message in execution]
            session = await client.create_session(owned=True)
            started = asyncio.Event()
            running = asyncio.ensure_future(
                client.execute(
                    "print('go') while true do end",
                    session=session,
                    on_output=lambda *_: started.set(),
                    interrupt_on_cancel=True,
                )
            )
            await asyncio.wait_for(started.wait(), 10)
            running.cancel()
            # answered after the script has ended; code that waited behind it would be aborted with it
            await client.is_complete("x", session=session, timeout=20)
            reply = await client.execute("return 1", session=session, timeout=20)
            return texts, str(reply["status"])

    texts, status = asyncio.run(talk())
    assert ("".join(texts), status) == ("one\ntwo\n", "ok")


OWNER = """
import sys
from pathlib import Path
from llmspell_kernel.client import KernelClient
from llmspell_kernel.protocol.connection import read_connection_file

client = KernelClient.connect(read_connection_file(Path(sys.argv[1])))
session = client.create_session(owned=True)
client.submit("shell", "execute_request", {"code": "while true do end"}, metadata={"llmspell_session": session})
client.list_sessions()
print(session, flush=True)
sys.stdin.read()
"""


def test_owned_session_ends_with_a_client_that_is_killed(kernel: KernelClient, info: ConnectionInfo) -> None:
    path = connection_file_path(str(info.kernel_id))
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert owner.stdout is not None
        session = owner.stdout.readline().strip()
        assert session in [each.session for each in kernel.list_sessions()]
    finally:
        owner.kill()
        owner.communicate()
    deadline = time.monotonic() + 10
    while session in [each.session for each in kernel.list_sessions()]:
        assert time.monotonic() < deadline, "the session outlived its owner by 10 s"

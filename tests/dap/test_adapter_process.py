"""The adapter as a program: command line, streams, ports, what it says to what is no DAP. No kernel is needed."""

import json
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llmspell_kernel.version import __version__

ADAPTER = [sys.executable, "-m", "llmspell_dap.main"]
Start = Callable[..., Any]


@pytest.fixture(autouse=True)
def no_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMSPELL_HOME", str(tmp_path / "home"))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*ADAPTER, *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)


def test_version_is_told() -> None:
    assert run("--version").stdout == f"llmspell-dap {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "x"], "expected a port from 0 to 65535, found 'x'"),
        (["--port", "70000"], "expected a port from 0 to 65535, found '70000'"),
        (["--port", "0", "--host", "0.0.0.0"], "0.0.0.0 can be reached from other machines"),
        (["--log", "/no/such/folder/log"], "--log: /no/such/folder/log: No such file or directory"),
    ],
)
def test_wrong_command_line_is_told(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("--port", str(taken.getsockname()[1]))
    assert result.returncode == 2
    assert "cannot listen on 127.0.0.1:" in result.stderr


def test_disconnect_ends_the_process(start_adapter: Start) -> None:
    client = start_adapter()
    client.initialize()
    client.ask("disconnect")
    client.until_end()
    assert client.process.wait(5) == 0


def test_end_of_input_ends_the_process(start_adapter: Start) -> None:
    client = start_adapter()
    client.initialize()
    client.hang_up()
    assert client.process.wait(5) == 0


def test_signal_ends_the_process_in_order(start_adapter: Start) -> None:
    client = start_adapter()
    client.initialize()
    client.process.send_signal(signal.SIGTERM)
    assert client.process.wait(5) == 0


def test_request_and_end_of_input_at_once_are_still_answered(start_adapter: Start) -> None:
    client = start_adapter()
    client.send("initialize", adapterID="x")
    disconnect = client.send("disconnect")
    client.hang_up()
    assert client.response(disconnect)["success"]
    assert client.process.wait(5) == 0


def test_bytes_that_come_one_by_one_are_understood(start_adapter: Start) -> None:
    client = start_adapter()
    body = b'{"seq":1,"type":"request","command":"initialize","arguments":{"adapterID":"\xc3\xbc"}}'
    client.rules.sent(json.loads(body))
    for byte in b"Content-Length: %d\r\n\r\n%s" % (len(body), body):
        client.send_bytes(bytes([byte]))
    assert client.response(1)["success"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"hello\r\n", "protocol error: expected a header like 'Content-Length: 119', found 'hello'"),
        (
            b"\x16\x03\x01\x02\x00\x01",
            "protocol error: expected a header like 'Content-Length: 119', found '\\x16\\x03",
        ),
        (b"Content-Length: -1\r\n\r\n", "protocol error: Content-Length must be a number of bytes"),
        (b"Content-Length: 100000000\r\n\r\n", "messages of more than 67108864 bytes are not taken"),
    ],
)
def test_what_is_no_dap_is_told_and_ends_the_process(start_adapter: Start, data: bytes, message: str) -> None:
    client = start_adapter()
    client.send_bytes(data)
    assert message in client.event("output")["output"]
    client.until_end()
    assert client.process.wait(5) == 1


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[]", b'{"seq": 5}'])
def test_message_that_is_no_request_is_answered_and_the_next_one_works(start_adapter: Start, body: bytes) -> None:
    client = start_adapter()
    client.rules.sent_nonsense(5 if b"seq" in body else 0)
    client.send_bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    answer = client.take(lambda message: message["type"] == "response", "error response")
    assert (answer["success"], answer["request_seq"]) == (False, 5 if b"seq" in body else 0)
    client.initialize()


def test_message_without_a_number_is_told_in_the_debug_console_and_on_stderr(start_adapter: Start) -> None:
    client = start_adapter(stderr=subprocess.PIPE)
    client.initialize()
    client.rules.sent_nonsense(0)
    client.send_bytes(b"Content-Length: 5\r\n\r\nhello")
    told = "a message of the client was not understood: the message is not JSON"
    assert told in client.event("output")["output"]
    client.ask("disconnect")
    client.until_end()
    with client.process.stderr as stderr:
        assert told in stderr.read().decode()


def test_web_browser_gets_nothing_done_and_the_next_client_is_served(connect_tcp: Start) -> None:
    browser = connect_tcp()
    browser.send_bytes(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}")
    assert "found an HTTP request" in browser.event("output")["output"]
    browser.until_end()
    connect_tcp().initialize()


def test_port_serves_several_clients_at_once(connect_tcp: Start) -> None:
    clients = [connect_tcp() for _ in range(3)]
    for client in clients:
        client.initialize()
    clients[0].ask("disconnect")
    clients[0].until_end()
    assert clients[1].request("threads")["message"].startswith("threads: nothing is being debugged")


def test_missing_script_is_shown_to_the_user_and_starts_no_kernel(start_adapter: Start, tmp_path: Path) -> None:
    client = start_adapter()
    client.initialize()
    answer = client.request("launch", program="/no/such/script.lua")
    assert answer["message"] == "program: /no/such/script.lua does not exist"
    assert answer["body"]["error"]["showUser"] is True
    assert not (tmp_path / "home").exists()


def test_attach_without_a_kernel_says_how_to_start_one(start_adapter: Start) -> None:
    client = start_adapter()
    client.initialize()
    assert "llmspell kernel start" in client.request("attach")["message"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kernelId": "nosuch"}, "no kernel with id 'nosuch' is running (running: none)"),
        (
            {"connectionFile": "/no/such.json"},
            "connectionFile: /no/such.json: no such connection file",
        ),
    ],
)
def test_attach_to_a_kernel_that_is_not_there_is_told(start_adapter: Start, arguments: Any, message: str) -> None:
    client = start_adapter()
    client.initialize()
    assert client.request("attach", **arguments)["message"] == message


def test_log_has_the_conversation_and_no_secrets(start_adapter: Start, tmp_path: Path) -> None:
    log = tmp_path / "traffic.jsonl"
    client = start_adapter("--log", str(log))
    client.initialize()
    client.request("launch", program="/no/such.lua", env={"API_KEY": "hunter2"})
    client.request("restart", arguments={"program": "/no/such.lua", "env": {"API_KEY": "hunter2"}})
    client.ask("disconnect")
    client.until_end()
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert [row["msg"] for row in rows if row["dir"] == "<-"] == [
        row["msg"] for row in client.conversation if row["dir"] == "<-"
    ]
    assert "hunter2" not in log.read_text()
    assert "API_KEY" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600

"""Start, end and what a client does wrong: each answered, and the next request works."""

import subprocess
import sys
from typing import Any

import pytest
from llmspell_kernel.version import __version__


def test_initialize_says_who_and_what(raw_client: Any) -> None:
    result = raw_client.initialize()
    assert result["serverInfo"] == {"name": "llmspell-lsp", "version": __version__}
    capabilities = result["capabilities"]
    assert capabilities["textDocumentSync"]["change"] == 2
    assert capabilities["completionProvider"]["resolveProvider"] is True
    assert capabilities["hoverProvider"]


def test_shutdown_then_exit_ends_with_0_and_a_quiet_log(client: Any) -> None:
    client.open("prnt(1)\n")
    assert len(client.diagnostics()) == 1
    assert client.leave() == 0
    assert client.stderr == ""


def test_exit_without_shutdown_ends_with_1(client: Any) -> None:
    client.notify("exit")
    assert client.ended() == 1


def test_a_closed_pipe_ends_the_server(client: Any) -> None:
    client.process.stdin.close()
    assert client.ended() == 1


def test_a_closed_pipe_after_shutdown_is_a_proper_end(client: Any) -> None:
    client.request("shutdown")
    client.process.stdin.close()
    assert client.ended() == 0


def test_the_server_ends_when_the_client_s_process_is_gone(raw_client: Any) -> None:
    gone = subprocess.Popen([sys.executable, "-c", "pass"])
    gone.wait(30)
    raw_client.request("initialize", {"processId": gone.pid, "rootUri": None, "capabilities": {}})
    assert raw_client.ended() == 1


def test_a_request_before_initialize_is_refused(raw_client: Any) -> None:
    response = raw_client.call("textDocument/hover", {})
    assert response["error"]["code"] == -32002
    assert raw_client.initialize()["capabilities"]


def test_a_second_initialize_is_refused(client: Any) -> None:
    response = client.call("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    assert response["error"]["code"] == -32600


def test_a_request_after_shutdown_is_refused(client: Any) -> None:
    client.request("shutdown")
    assert client.call("textDocument/hover", {})["error"]["code"] == -32600
    client.notify("exit")
    assert client.ended() == 0


def test_an_unknown_request_is_answered_and_the_next_works(client: Any) -> None:
    response = client.call("llmspell/noSuchThing", {"x": 1})
    assert response["error"]["code"] == -32601
    assert "llmspell/noSuchThing" in response["error"]["message"]
    client.open("print(1)")
    assert client.at("hover", 0, 1) is not None


def test_wrong_parameters_are_named(client: Any) -> None:
    response = client.call("textDocument/hover", {"textDocument": 3})
    assert response["error"]["code"] == -32602
    assert "uri" in response["error"]["message"]
    assert "position" in response["error"]["message"]


@pytest.mark.parametrize(
    "data",
    [
        b"Content-Length: 9\r\n\r\n{nonsense",
        b"Content-Length: 2\r\n\r\n[]",
        b"Content-Length: 4\r\n\r\n\xff\xfe\xfd\xfc",
        b"Content-Type: nothing\r\n\r\n",
        b"Content-Length: 99999999999\r\n\r\n",
    ],
    ids=["not JSON", "a batch", "not UTF-8", "no length", "too long"],
)
def test_what_is_no_message_is_answered_without_an_id(client: Any, data: bytes) -> None:
    client.send_bytes(data)
    response = client.wait(lambda message: "error" in message, "an error response")
    assert response["id"] is None
    assert response["error"]["code"] == -32700
    if not data.startswith(b"Content-Length: 99"):
        client.open("print(1)")
        assert client.at("hover", 0, 1) is not None


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "1.0", "id": 77, "method": "shutdown"},
        {"id": 77, "method": "shutdown"},
        {"jsonrpc": "2.0", "id": 77, "method": 5},
        {"jsonrpc": "2.0", "id": 77},
    ],
)
def test_a_message_that_is_no_request_is_refused(client: Any, message: dict[str, Any]) -> None:
    client.send(message)
    response = client.wait(lambda received: received.get("id") == 77, "an error response")
    assert response["error"]["code"] == -32600


def test_messages_in_small_pieces_and_with_other_headers(raw_client: Any) -> None:
    body = b'{"jsonrpc":"2.0","id":"a","method":"initialize","params":{"processId":null,"capabilities":{}}}'
    header = b"content-type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length:%d\r\n\r\n" % len(body)
    for byte in header + body:
        raw_client.send_bytes(bytes([byte]))
    response = raw_client.wait(lambda message: message.get("id") == "a", "the response")
    assert response["result"]["capabilities"]


def test_unknown_and_malformed_notifications_are_ignored(client: Any) -> None:
    client.notify("$/unknown", {})
    client.notify("llmspell/unknown", {})
    client.notify("$/cancelRequest", {"id": 12345})
    client.notify("textDocument/didOpen", {"textDocument": 5})
    client.notify(
        "textDocument/didChange", {"textDocument": {"uri": "file:///none", "version": 2}, "contentChanges": []}
    )
    client.send({"jsonrpc": "2.0", "id": 4711, "result": None})
    client.open("prnt(1)")
    assert len(client.diagnostics()) == 1


def test_version_and_help() -> None:
    command = [sys.executable, "-m", "llmspell_lsp.main"]
    version = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=30, check=True)
    assert version.stdout.strip() == f"llmspell-lsp {__version__}"
    usage = subprocess.run([*command, "--help"], capture_output=True, text=True, timeout=30, check=True)
    assert "--tcp" in usage.stdout


def test_tcp_is_for_this_machine_alone() -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "llmspell_lsp.main", "--tcp", "0.0.0.0:0"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert refused.returncode == 2
    assert "loopback" in refused.stderr


def test_tcp_serves_one_client_and_ends_with_it() -> None:
    import socket

    process = subprocess.Popen(
        [sys.executable, "-m", "llmspell_lsp.main", "--tcp", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        port = int(process.stderr.readline().rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            body = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"capabilities":{}}}'
            connection.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            assert b"Content-Length" in connection.recv(65536)
        assert process.wait(30) == 1
    finally:
        process.kill()
        process.wait(30)
        if process.stderr is not None:
            process.stderr.close()

"""``jupyter server`` over its REST API and websockets, as JupyterLab and VS Code use it."""

import contextlib
import http.client
import json
import secrets
import socket
import subprocess
import sys
import time

import pytest
import websocket
from llmspell_kernel.client import KernelClient, start_kernel
from llmspell_kernel.client.process import wait_for_end

LIMIT = 30
TOKEN = secrets.token_hex(16)
# Other packages add these to every server; it starts in a third of the time without them.
WITHOUT = ("jupyterlab", "jupyter_lsp", "notebook_shim", "jupyter_server_terminals")
SOCKET = "server.sock"  # a socket's path is short, that of a test's folder may not be


class Connection(http.client.HTTPConnection):
    """HTTP to the server's socket in the current folder: no port that another program could take meanwhile."""

    def connect(self):
        self.sock = connected_socket()


def connected_socket():
    connected = socket.socket(socket.AF_UNIX)
    connected.settimeout(LIMIT)
    try:
        connected.connect(SOCKET)
    except OSError:
        connected.close()
        raise
    return connected


class Server:
    """A running server, and requests to it."""

    def __init__(self, process):
        self._process = process

    def end(self):
        self._process.terminate()
        self._process.wait(LIMIT)

    def request(self, method, path, content=None):
        """The JSON of the answer; None where it has none."""
        connection = Connection("localhost")
        try:
            body = None if content is None else json.dumps(content)
            connection.request(method, f"/api/{path}", body, {"Authorization": f"token {TOKEN}"})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        assert answer.status < 400, f"{method} {path}: {answer.status} {text}"
        return json.loads(text) if text else None

    @contextlib.contextmanager
    def channels(self, kernel_id):
        url = f"ws://localhost/api/kernels/{kernel_id}/channels?token={TOKEN}"
        connection = websocket.create_connection(url, timeout=LIMIT, socket=connected_socket())
        try:
            yield ServedKernel(connection)
        finally:
            connection.close()


class ServedKernel:
    """The channels of a kernel over one websocket."""

    def __init__(self, connection):
        self._connection = connection
        self._session = secrets.token_hex(8)

    def send(self, channel, msg_type, content):
        header = {
            "msg_id": secrets.token_hex(16),
            "msg_type": msg_type,
            "session": self._session,
            "username": "test",
            "version": "5.4",
            "date": "2026-01-01T00:00:00Z",
        }
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": channel}
        self._connection.send(json.dumps(message))
        return header["msg_id"]

    def until(self, msg_id, *wanted):
        """The messages that answer a request, until each of the wanted types has come (within ``LIMIT`` each)."""
        answers, missing = [], set(wanted)
        while missing:
            message = json.loads(self._connection.recv())
            if message["parent_header"].get("msg_id") == msg_id:
                answers.append((message["msg_type"], message["content"]))
                missing.discard(message["msg_type"])
        return answers

    def execute(self, code):
        """What a cell answers, up to its idle: pairs of type and content."""
        request = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        msg_id = self.send("shell", "execute_request", request)
        answers = self.until(msg_id, "execute_reply")
        while ("status", {"execution_state": "idle"}) not in answers:
            answers += self.until(msg_id, "status")
        return answers


@pytest.fixture
def server(kernelspec, home, tmp_path):
    """A server that starts kernels of its own and serves those whose connection files are in our folder."""
    settings = {"ServerApp": {"jpserver_extensions": dict.fromkeys(WITHOUT, False)}}
    (tmp_path / "config/jupyter_server_config.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser", f"--ServerApp.sock={SOCKET}"]
    command += [f"--ServerApp.root_dir={home.parent}", f"--IdentityProvider.token={TOKEN}"]
    command += ["--ServerApp.allow_external_kernels=True", f"--ServerApp.external_connection_dir={home / 'kernels'}"]
    log = tmp_path / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, stderr=output, stdout=output)
    try:
        _wait_until_listening(process, log)
        yield Server(process)
    finally:
        process.terminate()
        process.wait(LIMIT)


def _wait_until_listening(process, log):
    deadline = time.monotonic() + LIMIT
    while True:
        with contextlib.suppress(OSError):
            connected_socket().close()
            return
        assert process.poll() is None, f"the server ended at its start:\n{log.read_text()}"
        assert time.monotonic() < deadline, f"the server did not listen within {LIMIT} s:\n{log.read_text()}"
        time.sleep(0.05)  # a listening socket is no event that another process could wait for


def test_kernel_that_the_server_did_not_start_is_listed_and_runs_cells(server):
    info = start_kernel(idle_timeout=60)
    with KernelClient.connect(info) as client:
        client.execute("shared = 'by a terminal'", timeout=LIMIT)
        (listed,) = server.request("GET", "kernels")
        assert listed["name"] == "llmspell"
        with server.channels(listed["id"]) as served:
            answers = served.execute("print('over a websocket') return shared")
        assert ("stream", {"name": "stdout", "text": "over a websocket\n"}) in answers
        (result,) = [content for kind, content in answers if kind == "execute_result"]
        assert result["data"]["text/plain"] == '"by a terminal"'
        client.shutdown()
    assert wait_for_end(info.pid, LIMIT)
    assert server.request("GET", "kernels") == []


def test_kernel_that_the_server_did_not_start_outlives_it(server):
    info = start_kernel(idle_timeout=60)
    with KernelClient.connect(info) as client:
        (listed,) = server.request("GET", "kernels")
        with server.channels(listed["id"]) as served:
            served.execute("kept = 'by the server'")
        server.end()
        assert client.execute("assert(kept == 'by the server')", timeout=LIMIT)["status"] == "ok"
        client.shutdown()


def test_kernelspec_is_listed_with_its_logos_and_its_debugger(server):
    spec = server.request("GET", "kernelspecs")["kernelspecs"]["llmspell"]
    assert spec["spec"]["language"] == "lua"
    assert spec["spec"]["metadata"]["debugger"] is True
    assert {"logo-32x32", "logo-64x64"} <= set(spec["resources"])


def test_kernel_of_the_server_is_interrupted_restarted_and_ended(server):
    kernel = server.request("POST", "kernels", {"name": "llmspell"})["id"]
    with server.channels(kernel) as served:
        request = {"code": "kept = 1 print('going') while true do end", "silent": False, "store_history": True}
        endless = served.send("shell", "execute_request", request)
        served.until(endless, "stream")
        server.request("POST", f"kernels/{kernel}/interrupt")
        (reply,) = [content for kind, content in served.until(endless, "execute_reply") if kind == "execute_reply"]
        assert reply["ename"] == "Interrupted"
    server.request("POST", f"kernels/{kernel}/restart")
    with server.channels(kernel) as served:
        (reply,) = [content for kind, content in served.execute("assert(kept == nil)") if kind == "execute_reply"]
        assert reply["status"] == "ok"
    server.request("DELETE", f"kernels/{kernel}")
    assert server.request("GET", "kernels") == []

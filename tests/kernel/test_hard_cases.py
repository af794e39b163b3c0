"""Clients and messages that are hard on a router: each once took it down, blocked it or was answered wrongly."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import zmq
from llmspell_kernel.client import KernelClient, KernelError
from llmspell_kernel.protocol.wire import Signer, new_header


class RawClient:
    """A client by the wire alone, which may send what ours never would."""

    def __init__(self, info, context):
        self.signer = Signer(info.key.encode())
        self.session = os.urandom(8).hex()
        self.shell = context.socket(zmq.DEALER)
        self.shell.linger = 0
        self.shell.connect(info.endpoint("shell"))

    def message(self, msg_type, content, metadata=None):
        header = new_header(msg_type, self.session)
        return header["msg_id"], self.signer.serialize(header, {}, content, metadata=metadata)

    def send(self, msg_type, content, metadata=None):
        msg_id, frames = self.message(msg_type, content, metadata)
        self.shell.send_multipart(frames)
        return msg_id

    def reply(self):
        assert self.shell.poll(20_000), "no reply within 20 s"
        return self.signer.deserialize(self.shell.recv_multipart())


@pytest.fixture
def raw(info):
    with zmq.Context() as context:
        client = RawClient(info, context)
        yield client
        client.shell.close()


def control(client, msg_type, content=None):
    return client.request("control", msg_type, content or {}, timeout=20)


def test_cells_that_were_sent_before_the_error_was_known_are_aborted(raw):
    for _ in range(10):
        # made before any is sent: the kernel may be done with the first before the last is made
        codes = ["error('x')", *["return 1"] * 8]
        messages = [raw.message("execute_request", {"code": code})[1] for code in codes]
        for frames in messages:
            raw.shell.send_multipart(frames)
        assert [raw.reply().content()["status"] for _ in range(9)] == ["error"] + ["aborted"] * 8
        raw.send("execute_request", {"code": "return 1"})
        assert raw.reply().content()["status"] == "ok"


FAILING = {
    "silent cell": ("execute_request", {"code": "error('x')", "silent": True}),
    "inspection": ("inspect_request", {"code": 1}),
    "completion": ("complete_request", {"code": 1}),
    "history": ("history_request", {"hist_access_type": "nosuch"}),
}


@pytest.mark.parametrize(("msg_type", "content"), FAILING.values(), ids=FAILING)
def test_failure_that_aborts_nothing(raw, msg_type, content):
    raw.send("execute_request", {"code": "local t = os.clock() while os.clock() - t < 0.2 do end"})
    raw.send(msg_type, content)
    raw.send("execute_request", {"code": "return 1"})
    assert [raw.reply().content()["status"] for _ in range(3)] == ["ok", "error", "ok"]


@pytest.mark.parametrize("depth", [5, 500, 985, 100_000])
def test_nested_header_does_not_end_the_kernel(info, raw, depth):
    header = new_header("kernel_info_request", "s")
    text = b'{"msg_id":"%s","msg_type":"kernel_info_request","x":%s}' % (
        header["msg_id"].encode(),
        b"[" * depth + b"]" * depth,
    )
    raw.shell.send_multipart([b"<IDS|MSG>", raw.signer.sign([text, b"{}", b"{}", b"{}"]), text, b"{}", b"{}", b"{}"])
    with KernelClient.connect(info) as client:
        assert client.execute("return 1", timeout=20)["status"] == "ok"


@pytest.mark.parametrize("metadata", [{"x": "y" * 2_000_000}], ids=["large"])
def test_comm_with_too_much_metadata_is_dropped_and_the_session_lives_on(info, raw, metadata):
    raw.send("execute_request", {"code": "kept = 7"})
    raw.send("comm_open", {"comm_id": "a", "target_name": "t", "data": {}}, metadata)
    raw.send("execute_request", {"code": "return kept"})
    assert [raw.reply().content()["status"] for _ in range(2)] == ["ok", "ok"]
    with KernelClient.connect(info) as client:
        assert control(client, "kernel_status_request")["dropped"] == {"malformed": 1}


@pytest.mark.parametrize("content", [b"[1]", b"{}{}"])
def test_comm_message_without_an_object_has_no_reply(raw, content):
    raw.send("comm_msg", content)
    msg_id = raw.send("execute_request", {"code": "return 1"})
    assert raw.reply().parent_header["msg_id"] == msg_id


def test_endless_topic_of_a_subscription_is_not_kept(info, client):
    # in a process of its own: libzmq ends the one whose topic is refused
    program = (
        "import sys, zmq\n"
        "subscriber = zmq.Context().socket(zmq.SUB)\n"
        "subscriber.connect(sys.argv[1])\n"
        "subscriber.subscribe(b'z' * 20_000_000)\n"
        "print('subscribed', flush=True)\n"
        "sys.stdin.read()\n"
    )
    before = resident_bytes(info.pid)
    command = [sys.executable, "-c", program, info.endpoint("iopub")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as child:
        assert child.stdout.readline() == "subscribed\n"
        for _ in range(5):
            assert client.execute("return 1", timeout=20)["status"] == "ok"
        assert resident_bytes(info.pid) - before < 10_000_000
        child.kill()


def resident_bytes(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_stranger_who_leaves_a_presence_topic_ends_nothing(info, client):
    name = client.create_session(owned=True)
    with zmq.Context() as context, context.socket(zmq.SUB) as stranger:
        stranger.linger = 0
        stranger.connect(info.endpoint("iopub"))
        stranger.subscribe(client._channels.presence.encode())
        assert stranger.poll(10_000), "no iopub_welcome within 10 s"
        stranger.unsubscribe(client._channels.presence.encode())
    assert client.execute("return 1", session=name, timeout=20)["status"] == "ok"


def test_script_goes_on_when_the_last_client_that_debugs_it_is_killed(info, client, published, tmp_path):
    script = tmp_path / "a.lua"
    script.write_text("local x = 1\nprint(x)\n")
    program = (
        "import sys\n"
        "from llmspell_kernel.client import KernelClient\n"
        "from llmspell_kernel.protocol.connection import read_connection_file, connection_file_path\n"
        "client = KernelClient.connect(read_connection_file(connection_file_path(sys.argv[1])))\n"
        "client.debug_request('attach')\n"
        "source = {'path': sys.argv[2]}\n"
        "client.debug_request('setBreakpoints', {'source': source, 'breakpoints': [{'line': 2}]})\n"
        "client.execute(f'dofile({sys.argv[2]!r})')\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, info.kernel_id, str(script)])
    try:
        published.wait(
            lambda: any(
                one.msg_type == "debug_event" and one.content()["event"] == "stopped" for one in published.messages
            ),
            "the stop",
        )
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    assert client.execute("return 1", timeout=20)["status"] == "ok"


def test_reply_without_a_parent_goes_to_the_session_that_asked_first(info, client):
    asked = []
    client.set_input_handler(asked.append)
    names = [client.create_session("z"), client.create_session("a")]
    futures = []
    for count, name in enumerate(names, 1):
        request = {"code": "return io.read()", "allow_stdin": True}
        futures.append(client.submit("shell", "execute_request", request, metadata={"llmspell_session": name}))
        while len(asked) < count:
            control(client, "list_sessions_request")
    channels = client._channels
    for value in ("first", "second"):
        channels.send("stdin", new_header("input_reply", channels.session), {}, {"value": value}, {})
        assert futures.pop(0).result(20).content()["status"] == "ok"


def test_end_of_the_kernel_answers_what_runs(client, published):
    running = client.submit("shell", "execute_request", {"code": "print('go') while true do end"})
    published.wait(lambda: any(one.msg_type == "stream" for one in published.messages), "the script's output")
    control(client, "shutdown_request", {"restart": False})
    assert "shut down" in running.result(20).content()["evalue"]


def test_output_that_cannot_be_written_leaves_no_connection_file(home):
    with open("/dev/full", "w") as full:
        command = [str(Path(sys.executable).with_name("llmspell-kernel"))]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert "No space left on device" in ended.stderr
    assert list((home / "kernels").glob("llmspell-kernel-*.json")) == []


def test_file_that_another_kernel_uses_now_is_not_removed(kernel_process, tmp_path):
    file = tmp_path / "connection.json"

    def started():
        process = kernel_process("-f", file)
        while not file.exists() or not file.read_text():
            assert process.poll() is None
        return process

    first = started()
    file.unlink()
    second = started()
    first.terminate()
    first.wait(10)
    assert file.exists()
    second.terminate()
    second.wait(10)
    assert not file.exists()


def test_output_of_programs_is_the_cells(client, tmp_path):
    (tmp_path / "llmspell.toml").write_text("[security]\nallow_processes = true\n")
    name = client.create_session(folder=tmp_path)
    texts = []
    code = "local ok, how, status = os.execute('echo out; echo err >&2; exit 3') return ok, how, status"
    client.execute(code, session=name, on_output=lambda kind, content: texts.append((kind, content)), timeout=20)
    streams = {content["name"]: content["text"] for kind, content in texts if kind == "stream"}
    assert streams == {"stdout": "out\n", "stderr": "err\n"}
    assert [content["data"]["text/plain"] for kind, content in texts if kind == "execute_result"] == ['nil\t"exit"\t3']


def test_configuration_that_was_corrected_is_read_again(client, tmp_path):
    (tmp_path / "llmspell.toml").write_text("[security]\nallow_process = true\n")
    name = client.create_session(folder=tmp_path)
    reply = client.execute("return 1", session=name, timeout=20)
    assert "allow_processes" in reply["evalue"]
    assert "run this again" in reply["evalue"]
    (tmp_path / "llmspell.toml").write_text("")
    assert client.execute("return 1", session=name, timeout=20)["status"] == "ok"


def test_modules_beside_the_sessions_folder_are_found(client, tmp_path):
    (tmp_path / "llmspell.toml").write_text("")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "beside.lua").write_text("return 'beside'")
    (tmp_path / "above.lua").write_text("return 'above'")
    name = client.create_session(folder=tmp_path / "sub")
    reply = client.execute("assert(require('beside') .. require('above') == 'besideabove')", session=name, timeout=20)
    assert reply["status"] == "ok", reply


@pytest.mark.parametrize("body", ["error('raised')", "while true do end"])
def test_what_tostring_raises_is_the_cells_error(client, published, body):
    code = f"return setmetatable({{}}, {{ __tostring = function() print('go') {body} end }})"
    running = client.submit("shell", "execute_request", {"code": code})
    published.wait(lambda: any(one.msg_type == "stream" for one in published.messages), "the script's output")
    if "while" in body:
        client.interrupt()
    reply = running.result(20).content()
    assert (reply["status"], reply["ename"] == "Interrupted") == ("error", "while" in body)


def test_launched_program_is_work(client, published, tmp_path):
    (tmp_path / "a.lua").write_text("print('go')\nwhile true do end\n")
    name = client.create_session()
    client.debug_request("launch", {"program": str(tmp_path / "a.lua")}, session=name)
    client.debug_request("configurationDone", session=name)
    published.wait(lambda: any(one.msg_type == "stream" for one in published.messages), "the script's output")
    listed = control(client, "list_sessions_request")["sessions"]
    assert {one["session"]: one["state"] for one in listed}[name] == "busy"


def test_message_that_is_too_large_is_refused_by_the_client(client):
    with pytest.raises(KernelError, match="too large"):
        client.execute("--" + "x" * 70_000_000, timeout=20)


def test_folders_of_llmspell_are_private_at_every_level(home, client):
    client.execute("State.save('s', 'k', 1)", timeout=20)
    for folder in (home, home / "projects", home / "kernels"):
        assert folder.stat().st_mode & 0o077 == 0

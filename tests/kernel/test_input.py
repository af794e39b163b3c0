"""Input that a script asks for, from the client that runs it: given, refused, withdrawn, or never to come."""

import os
import signal
import subprocess
import sys
import threading

import pytest
from llmspell_kernel.client import KernelClient


class Answers:
    """Answers input requests in order and keeps them; beyond the last answer it says nothing."""

    def __init__(self, client, *values):
        self.requests = []
        self._client = client
        self._values = list(values)
        self._asked = threading.Condition()
        client.set_input_handler(self._answer)

    def _answer(self, request):
        with self._asked:
            self.requests.append(request)
            self._asked.notify_all()
        if self._values:
            self._client.reply_input(request, self._values.pop(0))

    def wait_until_asked(self, count=1):
        with self._asked:
            assert self._asked.wait_for(lambda: len(self.requests) >= count, 15), "no input was asked for within 15 s"


def run(client, code, **options):
    texts = []

    def take(kind, content):
        if kind == "stream":
            texts.append(content["text"])
        elif kind == "execute_result":
            texts.append(content["data"]["text/plain"])

    reply = client.execute(code, allow_stdin=True, on_output=take, timeout=30, **options)
    return reply, "".join(texts)


READS = {
    "a line": ("return io.read()", ["one"], '"one"'),
    "a line of stdin": ("return io.stdin:read()", ["one"], '"one"'),
    "a line with its end": ('return io.read("L")', ["one"], '"one\\n"'),
    "an empty line": ("return io.read()", [""], '""'),
    "the end of the input": ("return io.read()", ["\x04"], "nil"),
    "a number": ('return io.read("n")', ["  0x10 rest"], "16"),
    "a float": ('return io.read("n")', ["-1.5e3"], "-1500.0"),
    "a number and what follows": ('return io.read("n", "l")', ["12 apples"], '12\t" apples"'),
    "no number": ('return io.read("n")', ["apples"], "nil"),
    "all": ('return io.read("a")', ["one", "two", "\x04"], '"one\\ntwo\\n"'),
    "some bytes": ("return io.read(3)", ["four"], '"fou"'),
    "bytes of several lines": ("return io.read(5)", ["ab", "cd"], '"ab\\ncd"'),
    "two lines": ("return io.read(), io.read()", ["one", "two"], '"one"\t"two"'),
    "formats of Lua 5.1": ('return io.read("*n", "*l")', ["1", ""], '1\t""'),
    "lines": ("local t = {} for l in io.lines() do t[#t + 1] = l end return #t, t[2]", ["a", "b", "\x04"], '2\t"b"'),
    "lines of stdin": ("for l in io.stdin:lines(2) do return l end", ["abc"], '"ab"'),
    "another alphabet": ("return io.read()", ["žluťoučký 🐎"], '"žluťoučký 🐎"'),
    "from a coroutine": ("return coroutine.wrap(function() return io.read() end)()", ["one"], '"one"'),
}


@pytest.mark.parametrize(("code", "answers", "shown"), READS.values(), ids=READS)
def test_reading(client, code, answers, shown):
    Answers(client, *answers)
    reply, text = run(client, code)
    assert reply["status"] == "ok", reply
    assert text == shown


def test_what_was_written_is_seen_before_the_question(client, published):
    asked = Answers(client)
    running = client.submit("shell", "execute_request", {"code": 'io.write("Name? ") io.read()', "allow_stdin": True})
    asked.wait_until_asked()
    published.wait(
        lambda: any(one.msg_type == "stream" and one.content()["text"] == "Name? " for one in published.messages),
        "the prompt",
    )
    (request,) = asked.requests
    assert request.content() == {"prompt": "", "password": False}
    client.reply_input(request, "Ada")
    reply = running.result(20)
    assert reply.content()["status"] == "ok"
    assert request.parent_header["msg_id"] == reply.parent_header["msg_id"]


def test_client_that_takes_no_input_gets_an_error(client):
    reply = client.execute("io.read()", timeout=20)
    assert "the client that runs this takes none" in reply["evalue"]


def test_client_without_a_stdin_channel_gets_an_error(info):
    import zmq
    from llmspell_kernel.protocol.wire import Signer, new_header

    signer = Signer(info.key.encode())
    with zmq.Context() as context, context.socket(zmq.DEALER) as shell:
        shell.linger = 0
        shell.connect(info.endpoint("shell"))
        header = new_header("execute_request", "a client")
        shell.send_multipart(signer.serialize(header, {}, {"code": "io.read()", "allow_stdin": True}))
        assert shell.poll(20_000), "no reply within 20 s"
        assert "no stdin channel" in signer.deserialize(shell.recv_multipart()).content()["evalue"]


def test_error_can_be_caught(client):
    reply, _ = run(client, "io.read(7.5)")
    assert "bad argument #1 to 'read' (invalid format)" in reply["evalue"]
    reply = client.execute("assert(not pcall(io.read))", timeout=20)
    assert reply["status"] == "ok"


@pytest.mark.parametrize("code", ["io.read()", "pcall(io.read) while true do end"])
def test_interrupt_ends_the_waiting(client, code):
    asked = Answers(client)
    running = client.submit("shell", "execute_request", {"code": code, "allow_stdin": True})
    asked.wait_until_asked()
    client.interrupt()
    assert running.result(20).content()["ename"] == "Interrupted"
    # a late answer is nobody's
    client.reply_input(asked.requests[0], "late")
    client._on_input = None
    Answers(client, "in time")
    assert run(client, "return io.read()")[1] == '"in time"'


def test_killed_client_ends_the_waiting_of_its_script(info, client, published):
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from llmspell_kernel.client import KernelClient\n"
        "from llmspell_kernel.protocol.connection import read_connection_file, connection_file_path\n"
        "client = KernelClient.connect(read_connection_file(connection_file_path(sys.argv[1])))\n"
        "client.set_input_handler(lambda request: print('asked', flush=True))\n"
        "client.execute('io.read()', allow_stdin=True)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, info.kernel_id], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout.readline() == "asked\n"
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
    published.wait(
        lambda: any(
            one.msg_type == "error" and "the client that runs this is gone" in one.content()["evalue"]
            for one in published.messages
        ),
        "that the script goes on with an error",
    )
    assert client.execute("return 1", timeout=20)["status"] == "ok"


def test_two_clients_are_asked_each_for_its_own_script(info, client):
    with KernelClient.connect(info) as other:
        name = other.create_session()
        mine, theirs = Answers(client), Answers(other)
        code = {"code": "return io.read()", "allow_stdin": True}
        first = client.submit("shell", "execute_request", code)
        second = other.submit("shell", "execute_request", code, metadata={"llmspell_session": name})
        mine.wait_until_asked()
        theirs.wait_until_asked()
        other.reply_input(theirs.requests[0], "theirs")
        client.reply_input(mine.requests[0], "mine")
        assert first.result(20).content()["status"] == second.result(20).content()["status"] == "ok"
        assert (len(mine.requests), len(theirs.requests)) == (1, 1)

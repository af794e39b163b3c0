"""The global Comm: messages between a script and a front-end, and which comms are open."""

import json
import threading

import pytest
from llmspell_analysis.catalogue import load_catalogue
from llmspell_kernel.runtime.globals import comm as comm_module
from llmspell_kernel.runtime.host import Host, HostContext
from llmspell_kernel.runtime.state import Runtime


class FrontEnd:
    """A runtime, and the other end of its comms."""

    def __init__(self, root, home):
        self.messages = []
        self.written = []
        context = HostContext(root, home, publish=self._publish)
        self.runtime = Runtime(Host(context), lambda _name, data: self.written.append(data), lambda _code: None)

    def _publish(self, msg_type, content):
        self.messages.append((msg_type, json.loads(json.dumps(content, allow_nan=False))))

    def sent(self):
        """What was sent since the last call."""
        messages, self.messages = self.messages, []
        return messages

    def printed(self):
        text, self.written = b"".join(self.written).decode(), []
        return text

    def run(self, code):
        outcome = self.runtime.execute(code)
        assert outcome.error is None, outcome.error

    def error(self, code):
        outcome = self.runtime.execute(code)
        assert outcome.error is not None, "the code did not raise"
        return outcome.error.message

    def deliver(self, msg_type, **content):
        return self.runtime.deliver_comm(msg_type, content)

    def open(self, comm_id="c1", target="echo", **content):
        outcome = self.deliver("comm_open", comm_id=comm_id, target_name=target, **content)
        assert outcome.error is None, outcome.error


@pytest.fixture
def front_end(tmp_path):
    (tmp_path / "project").mkdir()
    return FrontEnd(tmp_path / "project", tmp_path / "home")


ECHO = """
Comm.register("echo", function(comm, data, metadata)
  print("open", comm.target, data.first, metadata.more)
  comm:on_message(function(message, of) of:send({back = message.text}) end)
  comm:on_close(function(last) print("closed", last.reason) end)
end)
"""


def test_a_script_opens_a_comm(front_end):
    front_end.run("comm = Comm.open('plot', {a = 1}, {version = '2'}) print(comm.id, comm.target)")
    ((msg_type, content),) = front_end.sent()
    comm_id, target = front_end.printed().split()
    assert (msg_type, target) == ("comm_open", "plot")
    assert content == {"comm_id": comm_id, "target_name": "plot", "data": {"a": 1}, "metadata": {"version": "2"}}
    assert front_end.runtime.open_comms(None) == {comm_id: "plot"}


def test_a_script_sends_and_closes(front_end):
    front_end.run("comm = Comm.open('plot') comm:send({1, 0/0}) comm:send({}, {m = 1}) comm:close({b = 2})")
    (_, opened), message, with_metadata, closed = front_end.sent()
    comm_id = opened["comm_id"]
    assert opened["data"] == {}
    assert message == ("comm_msg", {"comm_id": comm_id, "data": [1, None]})
    assert with_metadata == ("comm_msg", {"comm_id": comm_id, "data": {}, "metadata": {"m": 1}})
    assert closed == ("comm_close", {"comm_id": comm_id, "data": {"b": 2}})
    assert front_end.runtime.open_comms(None) == {}


def test_a_front_end_opens_a_comm_talks_and_closes(front_end):
    front_end.run(ECHO)
    front_end.open(data={"first": 1}, metadata={"more": "m"})
    assert front_end.printed() == "open\techo\t1\tm\n"
    assert front_end.runtime.open_comms("echo") == {"c1": "echo"}
    assert front_end.deliver("comm_msg", comm_id="c1", data={"text": "hé"}).error is None
    assert front_end.sent() == [("comm_msg", {"comm_id": "c1", "data": {"back": "hé"}})]
    assert front_end.deliver("comm_close", comm_id="c1", data={"reason": "bye"}).error is None
    assert front_end.printed() == "closed\tbye\n"
    assert front_end.runtime.open_comms(None) == {}
    assert front_end.sent() == []


def test_a_comm_for_an_unknown_target_is_closed(front_end):
    front_end.open(target="nobody")
    assert front_end.sent() == [("comm_close", {"comm_id": "c1", "data": {}})]
    assert front_end.runtime.open_comms(None) == {}


def test_a_target_can_be_taken_back(front_end):
    front_end.run(ECHO + "Comm.unregister('echo')")
    front_end.open()
    assert [msg_type for msg_type, _ in front_end.sent()] == ["comm_close"]


def test_a_message_for_an_unknown_comm_is_dropped(front_end):
    front_end.run(ECHO)
    for msg_type in ("comm_msg", "comm_close"):
        assert front_end.deliver(msg_type, comm_id="nobody", data={}).error is None
    assert front_end.sent() == []


def test_a_message_without_a_callback_is_dropped(front_end):
    front_end.run("Comm.register('echo', function() end)")
    front_end.open()
    for msg_type in ("comm_msg", "comm_close"):
        assert front_end.deliver(msg_type, comm_id="c1", data={}).error is None


def test_an_id_that_is_open_is_not_opened_again(front_end):
    front_end.run(ECHO)
    front_end.open()
    front_end.printed()
    front_end.open()
    assert front_end.printed() == ""
    assert front_end.sent() == []


def test_an_answer_may_come_while_a_comm_opens(front_end):
    front_end.run("Comm.register('echo', function(comm) comm:send({hello = true}) end)")
    front_end.open()
    assert front_end.sent() == [("comm_msg", {"comm_id": "c1", "data": {"hello": True}})]


def test_an_error_while_a_comm_opens_closes_it(front_end):
    front_end.run("Comm.register('echo', function() error('no') end)")
    outcome = front_end.deliver("comm_open", comm_id="c1", target_name="echo", data={})
    assert outcome.error is not None
    assert outcome.error.message == "cell:1: no"
    assert front_end.sent() == [("comm_close", {"comm_id": "c1", "data": {}})]
    assert front_end.runtime.open_comms(None) == {}


def test_an_error_of_a_callback_leaves_the_comm_open(front_end):
    front_end.run("Comm.register('echo', function(comm) comm:on_message(function() error('no') end) end)")
    front_end.open()
    outcome = front_end.deliver("comm_msg", comm_id="c1", data={})
    assert outcome.error is not None
    assert outcome.error.traceback == "stack traceback:\n\t[C]: in function 'error'\n\tcell:1: in function <cell:1>"
    assert front_end.runtime.open_comms(None) == {"c1": "echo"}


def test_a_callback_can_be_interrupted(front_end):
    started = threading.Event()
    front_end.runtime.host.register("Comm.started", lambda _host: started.set())
    front_end.runtime.library.globals.started = front_end.runtime._host_from_lua
    front_end.run("Comm.register('echo', function() started('Comm.started') while true do end end)")

    def interrupt():
        assert started.wait(15)
        front_end.runtime.async_hook.request("interrupt")

    thread = threading.Thread(target=interrupt)
    thread.start()
    outcome = front_end.deliver("comm_open", comm_id="c1", target_name="echo", data={})
    thread.join()
    assert outcome.error is not None
    assert outcome.error.kind == "interrupted"
    assert front_end.runtime.open_comms(None) == {}


@pytest.mark.parametrize(
    ("msg_type", "content", "message"),
    [
        ("comm_open", {"target_name": "echo"}, "comm_open: comm_id: expected a string that is not empty"),
        ("comm_open", {"comm_id": "c"}, "comm_open: target_name: expected a string that is not empty"),
        ("comm_msg", {"comm_id": 1}, "comm_msg: comm_id: expected a string that is not empty"),
    ],
)
def test_a_malformed_message_is_an_error_that_names_the_field(front_end, msg_type, content, message):
    outcome = front_end.runtime.deliver_comm(msg_type, content)
    assert outcome.error is not None
    assert outcome.error.message == message


def test_data_that_is_missing_is_an_empty_table(front_end):
    front_end.run("Comm.register('echo', function(_, data, metadata) print(next(data), next(metadata)) end)")
    front_end.open()
    assert front_end.printed() == "nil\tnil\n"


def test_data_of_any_shape_arrives(front_end):
    front_end.run("Comm.register('echo', function(_, data) print(JSON.stringify(data)) end)")
    front_end.open(data={"a": [1, 2.5, "x", {"b": True}], "n": None})
    front_end.open("c2", data=list(range(10_000)))
    first, second = front_end.printed().splitlines()
    assert first == '{"a":[1,2.5,"x",{"b":true}]}'
    assert json.loads(second) == list(range(10_000))


def test_open_comms_are_listed_by_target(front_end):
    front_end.run(ECHO)
    front_end.open("c1")
    front_end.run("Comm.open('plot')")
    assert front_end.runtime.open_comms("echo") == {"c1": "echo"}
    assert len(front_end.runtime.open_comms(None)) == 2
    assert front_end.runtime.open_comms("nobody") == {}


def test_there_is_a_limit_to_open_comms(front_end, monkeypatch):
    monkeypatch.setattr(comm_module, "MAX_OPEN", 2)
    front_end.run(ECHO + "one = Comm.open('plot') Comm.open('plot')")
    assert front_end.error("Comm.open('plot')") == (
        "cell:1: Comm.open: 2 comms are open, the limit; close some with comm:close()"
    )
    front_end.sent()
    front_end.open("c3")
    assert front_end.sent() == [("comm_close", {"comm_id": "c3", "data": {}})]
    front_end.run("one:close() Comm.open('plot')")


def test_without_a_front_end_no_comm_is_opened(script):
    message = script.error("Comm.open('plot')")
    assert message.startswith("cell:1: Comm.open: there is no front-end to talk to: this script runs without a kernel")


def test_without_a_front_end_a_target_may_be_registered(script):
    assert script.run("Comm.register('echo', print) Comm.unregister('echo') print('on')") == "on"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("Comm.open()", "bad argument #1 to 'Comm.open' (string expected, got no value)"),
        ("Comm.open('')", "Comm.open: the target's name is empty"),
        ("Comm.open(('x'):rep(1025))", "Comm.open: the target's name is longer than 1024 bytes"),
        ("Comm.open('a', 1)", "bad argument #2 to 'Comm.open' (table expected, got number)"),
        ("Comm.open('a', {}, 1)", "bad argument #3 to 'Comm.open' (table expected, got number)"),
        ("Comm.open('a', {print})", "bad argument #2 to 'Comm.open' (a function cannot be passed (at [1]))"),
        ("Comm.register('a')", "bad argument #2 to 'Comm.register' (function expected, got no value)"),
        ("Comm.unregister(1)", "bad argument #1 to 'Comm.unregister' (string expected, got number)"),
        ("comm:send()", "bad argument #1 to 'send' (table expected, got no value)"),
        ("comm.send({})", "'send' of a comm needs a colon: comm:send(…), not comm.send(…)"),
        ("comm:send({print})", "bad argument #1 to 'Comm.send' (a function cannot be passed (at [1]))"),
        ("comm:on_message()", "bad argument #1 to 'on_message' (function expected, got no value)"),
        ("comm:on_close({})", "bad argument #1 to 'on_close' (function expected, got table)"),
        ("comm:close(1)", "bad argument #1 to 'close' (table expected, got number)"),
        ("closed:send({})", "'send': the comm 'plot' is closed"),
    ],
)
def test_a_mistake_is_an_error_at_the_scripts_line(front_end, call, message):
    front_end.run("comm, closed = Comm.open('plot'), Comm.open('plot') closed:close()")
    assert front_end.error(f"\n{call}") == f"cell:2: {message}"


def test_more_than_a_message_may_hold_is_refused(front_end):
    assert "more than the limit of 16777216" in front_end.error("Comm.open('plot', {('x'):rep(17 << 20)})")
    assert front_end.runtime.open_comms(None) == {}


def test_closing_twice_is_closing_once(front_end):
    front_end.run("comm = Comm.open('plot') comm:close() comm:close()")
    assert [msg_type for msg_type, _ in front_end.sent()] == ["comm_open", "comm_close"]


def test_a_comm_has_the_members_of_the_catalogue(front_end):
    front_end.run("comm = Comm.open('plot')")
    for name in load_catalogue().classes["CommInstance"].members:
        assert front_end.runtime.execute(f"type(comm.{name})").shown in {'"function"', '"string"'}, name

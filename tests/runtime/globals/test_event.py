"""The global Event: who receives what, in which order, how long it is waited for, and what is counted."""

import threading
import time

import pytest
from llmspell_kernel.runtime.configuration import Configuration
from llmspell_kernel.runtime.globals import event as event_module

DRAIN = """
    local function drain(id)
      local types = {}
      while true do
        local event = Event.receive(id, 0)
        if not event then return table.concat(types, " ") end
        types[#types + 1] = event.event_type
      end
    end
"""


@pytest.fixture
def bus(new_script):
    """Runs code in a state of its own, with DRAIN."""
    script = new_script()
    return lambda code: script.run(DRAIN + code)


@pytest.mark.parametrize(
    ("pattern", "received"),
    [
        ("*", "user.login user.logout users order.created"),
        ("user.login", "user.login"),
        ("user.*", "user.login user.logout"),
        ("user*", "user.login user.logout users"),
        ("*.login", ""),
        ("user", ""),
        ("none.*", ""),
    ],
)
def test_a_subscription_receives_what_its_pattern_says(bus, pattern, received):
    code = f"""
        local id = Event.subscribe("{pattern}")
        for _, name in ipairs({{"user.login", "user.logout", "users", "order.created"}}) do Event.publish(name, 1) end
        print(drain(id))
    """
    assert bus(code) == received


def test_an_event_is_as_the_catalogue_says(bus):
    code = """
        local id = Event.subscribe("a.b")
        print(Event.publish("a.b", {x = {1, "two", true}}))
        local event = Event.receive(id)
        print(#event.id, event.event_type, event.data.x[2], event.timestamp:match("^%d+%-%d+%-%d+T[%d:.]+Z$") ~= nil)
        print(math.type(event.sequence), #event.correlation_id, event.language, event.ttl)
        print(event.metadata.correlation_id == event.correlation_id, event.metadata.source, event.metadata.tags[1])
        print(event.target_language, event.serialization_version)
    """
    assert bus(code).splitlines() == [
        "true",
        "36\ta.b\ttwo\ttrue",
        "integer\t36\tLua\tnil",
        "true\tevent:a.b\ta",
        "Lua\t1.0",
    ]


def test_options_of_an_event_are_kept(bus):
    code = """
        local id = Event.subscribe("*")
        Event.publish("a", nil, {language = "python", correlation_id = "mine", ttl_seconds = 60, unknown = 1})
        local event = Event.receive(id, 0)
        print(event.data, event.language, event.correlation_id, event.ttl, event.metadata.ttl)
    """
    assert bus(code) == "nil\tpython\tmine\t60\t60"


def test_an_event_whose_time_is_over_is_not_received(bus):
    code = """
        local id = Event.subscribe("*")
        Event.publish("old", 1, {ttl_seconds = 0})
        Event.publish("new", 1)
        print(drain(id), Event.get_stats().event_bus_stats.events_expired)
    """
    assert bus(code) == "new\t1"


def test_nothing_is_received_after_the_time_out(bus):
    started = time.monotonic()
    assert bus("print(Event.receive(Event.subscribe('*'), 30))") == "nil"
    assert time.monotonic() - started >= 0.03


def test_a_receiver_waits_until_an_event_comes(new_script):
    script = new_script()
    host = script.runtime.host
    script.run("id = Event.subscribe('late')")

    def publish():
        host.call("Event.announce", ("late", 7, {}))

    timer = threading.Timer(0.05, publish)
    timer.start()
    assert script.run("print(Event.receive(id, 60000).data)") == "7"
    timer.join()


@pytest.mark.parametrize("kind", ["interrupt", "terminate"])
def test_an_interrupt_ends_a_wait_at_once(new_script, kind):
    script = new_script()
    hook = script.runtime.async_hook
    timer = threading.Timer(0.05, hook.request, [kind])
    timer.start()
    outcome = script.runtime.execute("Event.receive(Event.subscribe('never'), 600000)")
    timer.join()
    assert outcome.error.kind == {"interrupt": "interrupted", "terminate": "terminated"}[kind]


def test_what_waits_is_received_after_unsubscribe(bus):
    code = """
        local id = Event.subscribe("*")
        Event.publish("a", 1)
        print(Event.unsubscribe(id), Event.unsubscribe(id), Event.unsubscribe("none"))
        Event.publish("b", 1)
        print(drain(id), Event.receive(id, 60000))
    """
    assert bus(code).splitlines() == ["true\tfalse\tfalse", "a\tnil"]


def test_subscriptions_are_listed_and_counted(bus):
    code = """
        local one, two = Event.subscribe("a.*"), Event.subscribe("b", {language = "python"})
        Event.publish("a.x", 1)
        local first, second = table.unpack(Event.list_subscriptions())
        print(first.id == one, first.pattern, first.language, second.pattern, second.language)
        local stats = Event.get_stats()
        print(stats.bridge_stats.active_subscriptions, stats.bridge_stats.subscriptions_by_language.Lua)
        print(stats.event_bus_stats.events_processed, stats.event_bus_stats.buffer_size,
          stats.event_bus_stats.rate_limit_violations)
    """
    assert bus(code).splitlines() == ["true\ta.*\tLua\tb\tpython", "2\t1", "1\t1\t0"]


def test_the_oldest_events_give_way_and_are_counted(bus, monkeypatch):
    monkeypatch.setattr(event_module, "MAX_WAITING", 2)
    code = """
        local id = Event.subscribe("*")
        for _, name in ipairs({"a", "b", "c", "d"}) do Event.publish(name, 1) end
        print(Event.list_subscriptions()[1].dropped, Event.get_stats().event_bus_stats.events_dropped, drain(id))
    """
    assert bus(code) == "2\t2\tc d"


def test_publishing_too_fast_raises_and_is_counted(new_script, monkeypatch):
    monkeypatch.setattr(event_module, "RATE_PER_SECOND", 0.0)
    script = new_script()
    message = script.error("for i = 1, 2001 do last = i Event.publish('a', 1) end")
    assert "Event.publish: rate limited" in message
    assert script.run("print(last, Event.get_stats().event_bus_stats.rate_limit_violations)") == "2001\t1"


PUBLISHED = {
    "Tool.execute('calculator', {input = '1'})": "tool.started tool.completed",
    "pcall(Tool.execute, 'none', {})": "tool.started tool.failed",
    "State.save('global', 'k', 1)": "state.changed",
    "Workflow.sequential({name = 'w', steps = {}}):execute()": "workflow.started workflow.completed",
    "Workflow.sequential({name = 'w', steps = {{name = 'x', type = 'function', run = function() end}}}):execute()": (
        "workflow.started workflow.step.started workflow.state.updated workflow.step.completed workflow.completed"
    ),
    "local w = Workflow.sequential({name = 'w', steps = {{name = 'x', type = 'function', run = error}}}) "
    "pcall(w.execute, w)": "workflow.started workflow.step.started workflow.step.failed workflow.failed",
    "Workflow.sequential({name = 'w', steps = {}}):emit('mine', 1)": "mine",
}


@pytest.mark.parametrize("code", PUBLISHED)
def test_llmspell_publishes_what_happens(bus, code):
    assert bus(f"local id = Event.subscribe('*') {code} print(drain(id))") == PUBLISHED[code]


def test_a_change_of_the_state_says_what_was_before(bus):
    code = """
        State.save("global", "k", "old")
        local id = Event.subscribe("state.*")
        State.save("global", "k", "new")
        State.delete("global", "k")
        for _ = 1, 2 do
          local data = Event.receive(id, 0).data
          print(data.scope, data.key, data.old_value, data.new_value)
        end
    """
    assert bus(code).splitlines() == ["global\tk\told\tnew", "global\tk\tnew\tnil"]


def test_events_of_tools_and_the_state_can_be_turned_off(new_script):
    configuration = Configuration(emit_timing_events=False, emit_state_events=False)
    code = """
        local id = Event.subscribe("*")
        Tool.execute("calculator", {input = "1"})
        State.save("global", "k", 1)
        print("[" .. drain(id) .. "]")
    """
    assert new_script(configuration=configuration).run(DRAIN + code) == "[]"


def test_an_event_of_a_workflow_names_it_as_its_source(bus):
    code = """
        local id = Event.subscribe("mine")
        local workflow = Workflow.sequential({name = "w", steps = {}})
        local answer = workflow:emit("mine", {x = 1})
        print(answer.success, answer.event_name, answer.workflow_id == workflow.id)
        print(Event.receive(id, 0).metadata.source == "workflow:" .. workflow.id)
    """
    assert bus(code).splitlines() == ["true\tmine\ttrue", "true"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("Event.publish()", "bad argument #1 to 'Event.publish' (string expected, got no value)"),
        ("Event.publish('')", "Event.publish: the event type is empty"),
        ("Event.publish(('x'):rep(2000))", "Event.publish: the event type is longer than 1024 bytes"),
        ("Event.publish('a', print)", "a function cannot be passed"),
        ("local t = {} t[1] = t Event.publish('a', t)", "nested deeper than 200 levels or contains itself"),
        ("Event.publish('a', {[{}] = 1})", "a table cannot be a key"),
        ("Event.publish('a', 1, 5)", "bad argument #3 to 'Event.publish' (table expected, got number)"),
        ("Event.publish('a', 1, {ttl_seconds = 'x'})", "option 'ttl_seconds': expected a number, got string"),
        ("Event.publish('a', 1, {ttl_seconds = 0/0})", "option 'ttl_seconds': expected a number of 0 or more"),
        ("Event.publish('a', 1, {language = 5})", "option 'language': expected a string, got number"),
        ("Event.subscribe()", "bad argument #1 to 'Event.subscribe' (string expected, got no value)"),
        ("Event.subscribe('')", "Event.subscribe: the pattern is empty"),
        ("Event.subscribe('a', 5)", "bad argument #2 to 'Event.subscribe' (table expected, got number)"),
        ("Event.receive('none', 0)", "No active subscription found: 'none'"),
        ("Event.receive()", "bad argument #1 to 'Event.receive' (string expected, got no value)"),
        ("Event.receive('x', -1)", "bad argument #2 to 'Event.receive' (number of 0 or more expected, got number)"),
        ("Event.receive('x', {})", "bad argument #2 to 'Event.receive' (number of 0 or more expected, got table)"),
        ("Event.unsubscribe({})", "bad argument #1 to 'Event.unsubscribe' (string expected, got table)"),
    ],
)
def test_mistakes_are_named(script, code, message):
    assert message in script.error(code)
    assert script.run("print('on')") == "on"


def test_bytes_that_are_no_text_pass_unchanged(bus):
    code = (
        r"local id = Event.subscribe('*') Event.publish('a', '\xff\0x') print(Event.receive(id, 0).data == '\xff\0x')"
    )
    assert bus(code) == "true"

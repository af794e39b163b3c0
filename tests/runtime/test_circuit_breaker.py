"""Circuit breakers: when they open, are tried, and close; around tools; and their settings."""

import pytest
from llmspell_kernel.runtime.circuit_breaker import BreakerSettings, CircuitBreaker
from llmspell_kernel.runtime.configuration import Configuration, ConfigurationError, load_configuration

SETTINGS = BreakerSettings(failure_threshold=2, success_threshold=2, open_time=10)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


# + a call that succeeds, - one that fails, ~ one that is abandoned, x one that is refused, a number: seconds pass
@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ("", "closed"),
        ("-", "closed"),
        ("- -", "open"),
        ("- + -", "closed"),
        ("- ~ -", "open"),
        ("- - x 9 x", "open"),
        ("- - 10", "half_open"),
        ("- - 10 +", "half_open"),
        ("- - 10 ~ +", "half_open"),
        ("- - 10 + +", "closed"),
        ("- - 10 + + -", "closed"),
        ("- - 10 -", "open"),
        ("- - 10 - 9 x", "open"),
        ("- - 10 - 10 + +", "closed"),
    ],
)
def test_a_breaker_follows_its_calls(steps, state):
    clock = Clock()
    breaker = CircuitBreaker("tool", "t", SETTINGS, clock=clock)
    for step in steps.split():
        if step.isdigit():
            clock.now += int(step)
            continue
        assert breaker.allows() is (step != "x")
        if step == "+":
            breaker.succeeded()
        elif step == "-":
            breaker.failed("oh")
        elif step == "~":
            breaker.abandoned()
    assert breaker.state == state


def test_only_one_call_is_on_trial():
    clock = Clock()
    breaker = CircuitBreaker("tool", "t", SETTINGS, clock=clock)
    for _ in range(2):
        breaker.allows()
        breaker.failed("oh")
    clock.now = 10
    assert [breaker.allows(), breaker.allows()] == [True, False]
    assert breaker.rejected == 1


def test_every_change_is_told():
    changes, clock = [], Clock()
    breaker = CircuitBreaker("tool", "t", BreakerSettings(failure_threshold=1, open_time=1), changes.append, clock)
    breaker.allows()
    breaker.failed("oh")
    clock.now = 1
    breaker.allows()
    breaker.succeeded()
    assert [(one.before, one.after, one.reason) for one in changes] == [
        ("closed", "open", "oh"),
        ("open", "half_open", "its time is over"),
        ("half_open", "closed", "it works again"),
    ]


def test_a_breaker_that_is_off_never_opens():
    breaker = CircuitBreaker("tool", "t", BreakerSettings(enabled=False, failure_threshold=1))
    breaker.failed("oh")
    assert breaker.allows()
    assert breaker.state == "closed"


BROKEN = """
import llmspell

@llmspell.tool
def broken(works: bool = False) -> str:
    \"\"\"Fails.\"\"\"
    if not works:
        raise RuntimeError("no service")
    return "fine"
"""


@pytest.fixture
def broken(new_script, tmp_path):
    def make(**settings):
        script = new_script(configuration=Configuration(tool_breakers=BreakerSettings(**settings)))
        folder = tmp_path / "project" / "llmspell_tools"
        folder.mkdir(exist_ok=True)
        (folder / "broken.py").write_text(BROKEN, encoding="utf-8")
        return script

    return make


def test_a_tool_that_fails_again_and_again_is_left_alone_and_tried_again(broken):
    script = broken(failure_threshold=2, open_time=0.05)
    code = """
        id = Event.subscribe("circuit_breaker.*")
        for _ = 1, 2 do pcall(Tool.execute, "broken", {}) end
        print(select(2, pcall(Tool.execute, "broken", {works = true})))
        Event.receive(Event.subscribe("never"), 60)
        print(Tool.execute("broken", {works = true}))
        for _ = 1, 3 do
          local event = Event.receive(id, 0)
          print(event.event_type, event.data.name)
        end
    """
    lines = script.run(code).splitlines()
    assert "Tool execution failed: broken: circuit breaker open: it failed 2 times in a row, last: " in lines[0]
    assert "no service" in lines[0]
    assert lines[1:] == [
        "fine",
        "circuit_breaker.opened\tbroken",
        "circuit_breaker.half_opened\tbroken",
        "circuit_breaker.closed\tbroken",
    ]


def test_mistakes_of_the_script_open_no_breaker(broken):
    script = broken(failure_threshold=1)
    script.run("for _ = 1, 3 do pcall(Tool.execute, 'broken', {works = 'x'}) pcall(Tool.execute, 'calculator', {}) end")
    assert {one["state"] for one in script.runtime.host.call("Hook.circuits", ())} == {"closed"}


def test_a_tool_that_is_past_its_limit_again_and_again_is_left_alone(new_script):
    script = new_script(configuration=Configuration(tool_breakers=BreakerSettings(failure_threshold=1)))
    code = """
        local step = {name = "x", type = "tool", tool = "calculator", input = {input = "1"}, timeout_ms = 0}
        local workflow = Workflow.sequential({name = "w", steps = {step}})
        pcall(workflow.execute, workflow)
        print(select(2, pcall(Tool.execute, "calculator", {input = "1"})))
    """
    assert "circuit breaker open: it failed 1 times in a row, last: took more than its limit of 0 ms" in script.run(
        code
    )


def read(tmp_path, text):
    (tmp_path / "llmspell.toml").write_text(text, encoding="utf-8")
    return load_configuration(tmp_path)


def test_settings_are_read(tmp_path):
    configuration = read(
        tmp_path,
        """
        [hooks]
        timeout = "250 ms"
        [events]
        emit_timing_events = false
        emit_state_events = false
        [circuit_breakers.tools]
        enabled = false
        [circuit_breakers.hooks]
        failure_threshold = 3
        success_threshold = 2
        open_time = "2 min"
        """,
    )
    assert configuration.hook_timeout == 0.25
    assert (configuration.emit_timing_events, configuration.emit_state_events) == (False, False)
    assert configuration.tool_breakers == BreakerSettings(enabled=False)
    assert configuration.hook_breakers == BreakerSettings(True, 3, 2, 120)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[hooks]\ntimeout = 0", "hooks.timeout: expected at least 0.001, got 0"),
        ("[hooks]\ntimeout = 'soon'", "hooks.timeout: expected a time such as"),
        ("[hooks]\ntime_out = 1", "hooks.time_out: there is no such setting; did you mean 'hooks.timeout'?"),
        ("[events]\nemit_state_events = 1", "events.emit_state_events: expected bool, got int 1"),
        (
            "[circuit_breakers.tools]\nfailure_threshold = 0",
            "circuit_breakers.tools.failure_threshold: expected at least 1, got 0",
        ),
        (
            "[circuit_breakers.hooks]\nopen_time = -1",
            "circuit_breakers.hooks.open_time: expected a time such as",
        ),
        ("[circuit_breakers.tools]\nenabled = 'no'", "circuit_breakers.tools.enabled: expected bool, got str 'no'"),
        ("[circuit_breakers.agents]", "circuit_breakers.agents: there is no such setting; known: tools, hooks"),
        ("circuit_breakers = 5", "circuit_breakers: expected a table, got int 5"),
    ],
)
def test_a_mistake_in_the_settings_is_named(tmp_path, text, message):
    with pytest.raises(ConfigurationError) as raised:
        read(tmp_path, text)
    assert message in str(raised.value)

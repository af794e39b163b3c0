"""Time limits of callbacks: when they are over, and what does not count."""

import threading

import pytest
from llmspell_kernel.runtime import deadlines as deadlines_module
from llmspell_kernel.runtime.deadlines import Deadlines


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(deadlines_module.time, "monotonic", made)
    return made


def test_a_limit_is_over_after_its_time(clock):
    deadlines = Deadlines(lambda: None, lambda: None)
    short, long = deadlines.begin(None, 1000), deadlines.begin(None, 5000)
    clock.now += 2
    assert deadlines.over(None) == [short]
    assert (deadlines.end(None, short), deadlines.end(None, long)) == (True, False)


def test_what_is_stopped_in_the_debugger_does_not_count(clock):
    deadlines = Deadlines(lambda: None, lambda: None)
    number = deadlines.begin(None, 1000)
    with deadlines.uncounted():
        clock.now += 60
    clock.now += 0.5
    assert deadlines.over(None) == []
    assert not deadlines.end(None, number)


def test_the_thread_is_asked_when_a_limit_is_over_and_no_more_when_the_callback_has_ended():
    asked, withdrawn = threading.Event(), threading.Event()
    deadlines = Deadlines(asked.set, withdrawn.set)
    number = deadlines.begin(None, 1)
    assert asked.wait(20)
    assert deadlines.end(None, number)
    assert withdrawn.is_set()

"""A script's output on its way out: order, whole characters, nothing held back."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llmspell_kernel.worker.output import MAX_GATHERED, MAX_STREAM_TEXT, MAX_TEXT, GatheredOutput, shortened


@pytest.fixture
def sent():
    return []


@pytest.fixture
def output(sent):
    return GatheredOutput(lambda name, text, _place: sent.append((name, text)))


def joined(sent, name="stdout"):
    return "".join(text for to, text in sent if to == name)


def test_writes_are_gathered_in_order(output, sent):
    for number in range(100):
        output.write("stdout", b"%d " % number)
    output.flush()
    assert joined(sent) == "".join(f"{number} " for number in range(100))
    assert len(sent) < 100


def test_streams_keep_their_order(output, sent):
    for number in range(4):
        output.write("stdout", b"out%d" % number)
        output.write("stderr", b"err%d" % number)
    output.flush()
    assert [text for _, text in sent] == [f"{name}{n}" for n in range(4) for name in ("out", "err")]


def test_written_text_leaves_without_a_flush():
    arrived = threading.Event()
    GatheredOutput(lambda _name, _text, _place: arrived.set()).write("stdout", b"x")
    assert arrived.wait(5), "written text was not sent within 5 s"


def test_much_text_leaves_at_once(output, sent):
    output.write("stdout", b"x" * MAX_GATHERED)
    assert joined(sent) == "x" * MAX_GATHERED


def test_flush_of_nothing_sends_nothing(output, sent):
    output.flush()
    assert sent == []


def test_character_split_over_two_writes_stays_whole(output, sent):
    first, second = "ü".encode()[:1], "ü".encode()[1:]
    output.write("stdout", b"a" + first)
    output.flush()
    output.write("stdout", second + b"b")
    output.flush()
    assert joined(sent) == "aüb"


def test_character_split_around_the_other_stream_stays_whole(output, sent):
    output.write("stdout", "ü".encode()[:1])
    output.write("stderr", b"e")
    output.write("stdout", "ü".encode()[1:])
    output.flush()
    assert (joined(sent), joined(sent, "stderr")) == ("ü", "e")


def test_bytes_that_are_no_text_are_replaced(output, sent):
    output.write("stdout", b"a\xffb")
    output.flush()
    assert joined(sent) == "a\ufffdb"


@settings(deadline=None, max_examples=50)
@given(st.text(st.characters(exclude_categories=["Cs"])), st.lists(st.integers(0, 60), max_size=8))
def test_any_split_of_a_text_gives_the_text(text, cuts):
    sent = []
    output = GatheredOutput(lambda name, part, _place: sent.append((name, part)))
    data = text.encode()
    edges = sorted(min(cut, len(data)) for cut in cuts)
    for start, end in zip([0, *edges], [*edges, len(data)], strict=True):
        output.write("stdout", data[start:end])
    output.flush()
    assert joined(sent) == text


def test_long_text_leaves_in_pieces(output, sent):
    output.write("stdout", b"x" * (2 * MAX_STREAM_TEXT + 1))
    output.flush()
    assert [len(text) for _, text in sent] == [MAX_STREAM_TEXT, MAX_STREAM_TEXT, 1]


@pytest.mark.parametrize(("length", "ending"), [(MAX_TEXT, "xxx"), (MAX_TEXT + 1, f"… ({MAX_TEXT + 1} characters)")])
def test_text_is_shortened_where_it_is_too_long_and_says_so(length, ending):
    text = shortened("x" * length)
    assert text.startswith("x" * MAX_TEXT)
    assert text.endswith(ending)


RATE = 1024 * 1024


class Clock:
    """Time that passes when told."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Script:
    """Writes from a thread of its own, which is started at once."""

    def __init__(self, write):
        self.went_on = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(write,))
        self._thread.start()

    def _run(self, write):
        write()
        self.went_on.set()

    def end(self):
        self._thread.join(10)
        assert not self._thread.is_alive(), "the script still waited to write after 10 s"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def limited(sent, clock):
    return GatheredOutput(lambda name, text, _place: sent.append((name, text)), RATE, clock)


def test_a_script_within_its_rate_does_not_wait(limited, sent):
    for _ in range(RATE // 2 // 1024):  # time stands still
        limited.write_from_script("stdout", b"x" * 1024)
    limited.flush()
    assert len(joined(sent)) == RATE // 2


@pytest.mark.parametrize("write", ["write_from_script", "spend"])
def test_a_script_that_writes_too_fast_waits_for_time_to_pass(limited, clock, write):
    argument = (RATE,) if write == "spend" else ("stdout", b"x" * RATE)
    script = Script(lambda: getattr(limited, write)(*argument))
    assert not script.went_on.wait(0.05)  # it cannot go on: time stands still
    clock.now += 10
    script.end()


def test_what_is_ours_does_not_wait(limited):
    limited.write("stderr", b"x" * (3 * RATE))


def test_release_lets_a_waiting_script_go_on_and_drops_nothing(limited, sent):
    script = Script(lambda: limited.write_from_script("stdout", b"x" * (4 * RATE)))
    while not script.went_on.wait(0.01):  # a release before it waits is for an earlier wait
        limited.release()
    script.end()
    limited.flush()
    assert len(joined(sent)) == 4 * RATE


def test_a_script_waits_again_after_a_release(limited, clock):
    script = Script(lambda: limited.write_from_script("stdout", b"x" * (2 * RATE)))
    while not script.went_on.wait(0.01):
        limited.release()
    script.end()
    script = Script(lambda: limited.write_from_script("stdout", b"x"))
    assert not script.went_on.wait(0.05)
    clock.now += 2  # whatever it owed, it is no more than a second's
    script.end()


def test_while_a_script_waits_what_it_wrote_is_sent(clock):
    arrived = threading.Event()
    output = GatheredOutput(lambda _name, _text, _place: arrived.set(), 1024, clock)
    script = Script(lambda: output.write_from_script("stdout", b"x" * 1024))
    assert arrived.wait(5), "written text was not sent within 5 s"
    clock.now += 10
    script.end()


def test_no_rate_means_no_wait(sent):
    output = GatheredOutput(lambda name, text, _place: sent.append((name, text)), 0)
    output.write_from_script("stdout", b"x" * (8 * RATE))
    output.flush()
    assert len(joined(sent)) == 8 * RATE


def test_each_place_has_a_message_of_its_own():
    sent = []
    output = GatheredOutput(lambda _name, text, place: sent.append((text, place)))
    for text, line in ((b"a", 1), (b"b", 1), (b"c", 2), (b"d", 1)):
        output.write("stdout", text, {"line": line})
    output.write("stdout", b"e")
    output.flush()
    assert sent == [("ab", {"line": 1}), ("c", {"line": 2}), ("d", {"line": 1}), ("e", None)]


def test_places_that_change_too_fast_go_out_together_without_one():
    sent = []
    output = GatheredOutput(lambda _name, text, place: sent.append((text, place)), clock=lambda: 0.0)
    for number in range(10_000):
        output.write("stdout", b"x", {"line": number})
    output.flush()
    assert "".join(text for text, _ in sent) == "x" * 10_000
    assert len(sent) < 1_000
    assert sent[-1][1] is None

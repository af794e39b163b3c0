"""A script's output on its way out: order, whole characters, nothing held back."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llmspell_kernel.worker.output import MAX_GATHERED, MAX_TEXT, GatheredOutput, shortened


@pytest.fixture
def sent():
    return []


@pytest.fixture
def output(sent):
    return GatheredOutput(lambda name, text: sent.append((name, text)))


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
    GatheredOutput(lambda _name, _text: arrived.set()).write("stdout", b"x")
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
    output = GatheredOutput(lambda name, part: sent.append((name, part)))
    data = text.encode()
    edges = sorted(min(cut, len(data)) for cut in cuts)
    for start, end in zip([0, *edges], [*edges, len(data)], strict=True):
        output.write("stdout", data[start:end])
    output.flush()
    assert joined(sent) == text


def test_long_text_leaves_in_pieces(output, sent):
    output.write("stdout", b"x" * (2 * MAX_TEXT + 1))
    output.flush()
    assert [len(text) for _, text in sent] == [MAX_TEXT, MAX_TEXT, 1]


@pytest.mark.parametrize(("length", "ending"), [(MAX_TEXT, "xxx"), (MAX_TEXT + 1, f"… ({MAX_TEXT + 1} characters)")])
def test_text_is_shortened_where_it_is_too_long_and_says_so(length, ending):
    text = shortened("x" * length)
    assert text.startswith("x" * MAX_TEXT)
    assert text.endswith(ending)

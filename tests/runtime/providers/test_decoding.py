"""Streams of bytes, however they are split."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from llmspell_kernel.runtime.providers import decoding
from llmspell_kernel.runtime.providers.decoding import Lines, ServerEvent, ServerEvents
from llmspell_kernel.runtime.providers.errors import ProviderError


def feed(decoder, pieces):
    return [one for piece in pieces for one in decoder.feed(piece)]


ENDS = st.sampled_from(["\n", "\r\n", "\r"])
TEXT = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=12)


def split_at(data, places):
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


@given(st.lists(st.tuples(TEXT, ENDS), max_size=8), st.lists(st.integers(0, 1000), max_size=12))
@example([("", "\r\n"), ("", "\n")], [1, 2])
def test_lines_do_not_depend_on_where_the_bytes_are_split(parts, places):
    data = "".join(text + end for text, end in parts).encode()
    decoder = Lines()
    lines = feed(decoder, split_at(data, places))
    expected = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    assert [*lines, decoder.rest()] == expected


@given(st.lists(st.tuples(TEXT, TEXT), max_size=5), ENDS, st.lists(st.integers(0, 1000), max_size=12))
def test_events_do_not_depend_on_where_the_bytes_are_split(events, end, places):
    stream = "".join(f"event: n{name}{end}data: {text}{end}{end}" for name, text in events)
    found = feed(ServerEvents(), split_at(stream.encode(), places))
    assert found == [ServerEvent(f"n{name}", text) for name, text in events]


EVENTS = {
    "data: a\ndata: b\n\n": [ServerEvent("message", "a\nb")],
    ": comment\ndata:x\n\n": [ServerEvent("message", "x")],
    "id: 1\nretry: 5\ndata: x\n\n": [ServerEvent("message", "x")],
    "event: lonely\n\ndata: x\n\n": [ServerEvent("message", "x")],
    "data: unfinished\n": [],
    "data\n\n": [ServerEvent("message", "")],
    "\ufeffdata: x\n\n": [ServerEvent("message", "x")],
}


@pytest.mark.parametrize("text", EVENTS)
def test_events_are_read_as_the_standard_says(text):
    assert list(ServerEvents().feed(text.encode())) == EVENTS[text]


@pytest.mark.parametrize("make", [Lines, ServerEvents])
def test_a_line_without_an_end_is_refused(monkeypatch, make):
    monkeypatch.setattr(decoding, "MAX_LINE_BYTES", 100)
    with pytest.raises(ProviderError, match="a line of more than 100 bytes"):
        feed(make(), [b"data: x"] * 50)


def test_an_event_of_endless_lines_is_refused(monkeypatch):
    monkeypatch.setattr(decoding, "MAX_LINE_BYTES", 100)
    with pytest.raises(ProviderError, match="a line of more than 100 bytes"):
        feed(ServerEvents(), [b"data: xxxx\n"] * 50)

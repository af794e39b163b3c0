"""Frames between kernel and worker: any split of the stream gives the same frames; limits hold."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llmspell_kernel.protocol.frames import MAX_HEADER_BYTES, Frame, FrameDecoder, FrameError, pack
from llmspell_kernel.protocol.wire import MAX_FRAME_BYTES

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
HEADERS = st.builds(lambda kind, extra: {**extra, "type": kind}, TEXT, st.dictionaries(TEXT, st.integers(), max_size=3))
FRAMES = st.lists(st.builds(Frame, HEADERS, st.binary(max_size=100)), max_size=6)


def raw(header: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">II", len(header), len(content)) + header + content


@given(FRAMES, st.data())
def test_any_split_of_the_stream_gives_the_same_frames(frames, data):
    stream = b"".join(pack(one.header, one.content) for one in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    decoder = FrameDecoder()
    received = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        received += decoder.feed(stream[start:end])
    assert received == frames


def test_content_given_as_an_object_is_json():
    [frame] = FrameDecoder().feed(pack({"type": "reply"}, {"status": "ok"}))
    assert frame.json() == {"status": "ok"}


def test_empty_content_is_an_empty_object():
    assert Frame({"type": "interrupt"}).json() == {}


@pytest.mark.parametrize("content", [b"[]", b"1", b"{", b"\xff"])
def test_content_that_is_no_object_is_refused(content):
    with pytest.raises(ValueError):  # noqa: PT011 - FrameError or the parser's own
        Frame({"type": "debug"}, content).json()


@pytest.mark.parametrize(("header", "content"), [(MAX_HEADER_BYTES + 1, 0), (2, MAX_FRAME_BYTES + 1), (2**32 - 1, 0)])
def test_announced_length_over_the_limit_is_refused_before_it_has_come(header, content):
    with pytest.raises(FrameError, match=str(header)):
        list(FrameDecoder().feed(struct.pack(">II", header, content)))


def test_header_over_the_limit_is_not_packed():
    with pytest.raises(FrameError, match="too large"):
        pack({"type": "x", "padding": "a" * MAX_HEADER_BYTES})


def test_content_over_the_limit_is_not_packed():
    with pytest.raises(FrameError, match="too large"):
        pack({"type": "x"}, bytes(MAX_FRAME_BYTES + 1))


@pytest.mark.parametrize(
    "header",
    [b"", b"{", b"[]", b"{}", b'{"type":1}', b"null", b"\xff", b'{"type":' * 100_000],
    ids=["empty", "cut", "list", "no type", "type is a number", "null", "no text", "nested deeply"],
)
def test_header_that_is_none_is_refused(header):
    with pytest.raises(FrameError):
        list(FrameDecoder().feed(raw(header)))

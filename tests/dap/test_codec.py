"""The base protocol: what comes out does not depend on how the bytes were cut; garbage is told as such."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llmspell_dap.codec import MAX_HEADER_BYTES, Decoder, FramingError, encode

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=10,
)
MESSAGES = st.dictionaries(st.text(), JSON_VALUES, max_size=4)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(bounds)]


@given(messages=st.lists(MESSAGES, max_size=5), places=st.lists(st.integers(0, 10_000), max_size=20))
def test_messages_survive_any_cut(messages: list[dict[str, Any]], places: list[int]) -> None:
    stream = b"".join(encode(message) for message in messages)
    decoder = Decoder()
    bodies = [body for piece in cut(stream, places) for body in decoder.feed(piece)]
    assert [json.loads(body) for body in bodies] == messages
    decoder.end()


@given(body=st.binary(max_size=200))
def test_any_bytes_pass_as_a_body_one_at_a_time(body: bytes) -> None:
    decoder = Decoder()
    stream = b"Content-Length: %d\r\n\r\n" % len(body) + body
    assert [found for index in range(len(stream)) for found in decoder.feed(stream[index : index + 1])] == [body]


@given(data=st.binary(max_size=300), places=st.lists(st.integers(0, 1000), max_size=8))
def test_garbage_gives_a_framing_error_or_waits_and_never_anything_else(data: bytes, places: list[int]) -> None:
    decoder = Decoder()
    try:
        for piece in cut(data, places):
            for _ in decoder.feed(piece):
                pass
    except FramingError:
        with pytest.raises(FramingError):
            list(decoder.feed(encode({})))


@given(text=st.text(alphabet=st.characters(codec=None), max_size=20))
def test_every_text_is_sent_as_utf_8(text: str) -> None:
    header, body = encode({"text": text}).split(b"\r\n\r\n", 1)
    assert header == b"Content-Length: %d" % len(body)
    assert json.loads(body.decode("utf-8"))["text"] == "".join(
        "\ufffd" if "\ud800" <= each <= "\udfff" else each for each in text
    )


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: 2\r\n",
        b"content-length:2\r\n",
        b"CONTENT-LENGTH:  2  \r\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 2\r\n",
        b"Content-Length: 2\r\nX-Other: :\r\n",
    ],
)
def test_header_forms_that_are_taken(header: bytes) -> None:
    assert list(Decoder().feed(header + b"\r\n{}")) == [b"{}"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"Content-Length: -5\r\n\r\n", "must be a number of bytes, found '-5'"),
        (b"Content-Length: 0x10\r\n\r\n", "must be a number of bytes"),
        (b"Content-Length: \r\n\r\n", "must be a number of bytes, found ''"),
        (b"Content-Length: 1_0\r\n\r\n", "must be a number of bytes"),
        (b"Content-Length: \xb2\r\n\r\n", "must be a number of bytes"),
        (b"Content-Length: 99999999999\r\n\r\n", "messages of more than 67108864 bytes are not taken"),
        (b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n", "more than one Content-Length"),
        (b"Content-Type: x\r\n\r\n", "the header has no Content-Length"),
        (b"\r\n\r\n", "expected a header"),
        (b"Content-Length: 2\n\n{}", "found a bare"),
        (b"hello\r\n", "expected a header like 'Content-Length: 119', found 'hello'"),
        (b'{"seq": 1}\n', "found a bare"),
        (b"GET / HTTP/1.1\r\n", "found an HTTP request"),
        (b"POST http://localhost:4711/ HTTP/1.1\r\nHost: x\r\n", "found an HTTP request"),
        (b"x" * MAX_HEADER_BYTES, "no empty line ends the header within 4096 bytes"),
    ],
)
def test_what_is_no_header_is_told_at_once(data: bytes, message: str) -> None:
    with pytest.raises(FramingError) as caught:
        list(Decoder().feed(data))
    assert message in str(caught.value)


def test_messages_before_a_fault_are_delivered() -> None:
    bodies = Decoder().feed(encode({"seq": 1}) + b"garbage\r\n")
    assert json.loads(next(bodies)) == {"seq": 1}
    with pytest.raises(FramingError):
        next(bodies)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"Content-Length: 10\r\n\r\n{}", "2 bytes into its 10 bytes"),
        (b"Content-Le", "10 bytes into its header"),
    ],
)
def test_stream_that_ends_inside_a_message_is_told(data: bytes, message: str) -> None:
    decoder = Decoder()
    list(decoder.feed(data))
    with pytest.raises(FramingError, match=message):
        decoder.end()


def test_body_at_the_limit_is_taken_and_above_it_not() -> None:
    assert list(Decoder(4).feed(b"Content-Length: 4\r\n\r\n1234")) == [b"1234"]
    with pytest.raises(FramingError, match="more than 4 bytes"):
        list(Decoder(4).feed(b"Content-Length: 5\r\n\r\n"))

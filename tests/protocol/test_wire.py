"""Messages on the wire: what is signed comes back, and nothing else is taken."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llmspell_kernel.protocol.wire import DELIMITER, MAX_FRAMES, REPLAY_HISTORY, Signer, WireError, encode, new_header

KEY = b"0123456789abcdef"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
JSON = st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))
OBJECTS = st.dictionaries(TEXT, JSON, max_size=4)
IDENTITIES = st.lists(st.binary(max_size=8).filter(lambda one: one != DELIMITER), max_size=3)


def header(**fields: object) -> dict[str, object]:
    return {**new_header("execute_request", "client"), **fields}


def refusal(frames: list[bytes], key: bytes = KEY) -> str:
    with pytest.raises(WireError) as caught:
        Signer(key).deserialize(frames)
    return caught.value.reason


@given(OBJECTS, OBJECTS, OBJECTS, OBJECTS, IDENTITIES, st.sampled_from([KEY, b""]))
def test_message_survives_the_wire(extra, parent, metadata, content, identities, key):
    sent = header() | {f"x-{name}": value for name, value in extra.items()}
    frames = Signer(key).serialize(sent, parent, content, metadata=metadata, identities=identities)
    message = Signer(key).deserialize(frames)
    assert (message.header, message.parent_header, message.metadata) == (sent, parent, metadata)
    assert message.content() == content
    assert message.identities == tuple(identities)


@settings(max_examples=200)
@given(st.data())
def test_changing_any_signed_byte_is_refused(data):
    frames = Signer(KEY).serialize(header(), {}, {"code": "print(1)"}, identities=[b"client"])
    index = data.draw(st.integers(2, len(frames) - 1))
    at = data.draw(st.integers(0, len(frames[index]) - 1))
    change = data.draw(st.integers(1, 255))
    changed = bytearray(frames[index])
    changed[at] ^= change
    frames[index] = bytes(changed)
    assert refusal(frames) == "unsigned"


def test_message_signed_with_another_key_is_refused():
    assert refusal(Signer(b"another").serialize(header(), {}, {})) == "unsigned"


def test_message_without_signature_is_refused():
    assert refusal(Signer(b"").serialize(header(), {}, {})) == "unsigned"


def test_message_is_taken_once():
    signer = Signer(KEY)
    frames = signer.serialize(header(), {}, {})
    signer.deserialize(frames)
    with pytest.raises(WireError) as caught:
        signer.deserialize(frames)
    assert caught.value.reason == "replay"


def test_remembered_signatures_are_bounded():
    signer = Signer(KEY)
    for number in range(REPLAY_HISTORY + 10):
        signer._remember(b"%d" % number)
    assert len(signer._seen) == len(signer._order) == REPLAY_HISTORY


def test_unsigned_connection_takes_what_was_received_before():
    signer = Signer(b"")
    frames = signer.serialize(header(), {}, {})
    assert signer.deserialize(frames) == signer.deserialize(frames)


def signed(*parts: bytes) -> list[bytes]:
    return [DELIMITER, Signer(KEY).sign(parts), *parts]


GOOD = encode(header())
DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param([], id="nothing"),
        pytest.param([b"", b"", b""], id="no delimiter"),
        pytest.param([DELIMITER], id="delimiter alone"),
        pytest.param([*signed(GOOD, b"{}", b"{}", b"{}")][:-1], id="no content"),
        pytest.param(signed(b"[]", b"{}", b"{}", b"{}"), id="header is a list"),
        pytest.param(signed(b'"x"', b"{}", b"{}", b"{}"), id="header is a string"),
        pytest.param(signed(b"{}", b"{}", b"{}", b"{}"), id="header without msg_id"),
        pytest.param(signed(b'{"msg_id":1,"msg_type":"a"}', b"{}", b"{}", b"{}"), id="msg_id is a number"),
        pytest.param(signed(b'{"msg_id":"1"}', b"{}", b"{}", b"{}"), id="no msg_type"),
        pytest.param(signed(GOOD, b"null", b"{}", b"{}"), id="parent is null"),
        pytest.param(signed(GOOD, b"{}", b"1", b"{}"), id="metadata is a number"),
        pytest.param(signed(GOOD, b"{}", b"\xff\xfe\xfd", b"{}"), id="metadata is no text"),
        pytest.param(signed(GOOD, b"{}", DEEP, b"{}"), id="metadata nested deeply"),
        pytest.param(signed(DEEP, b"{}", b"{}", b"{}"), id="header nested deeply"),
        pytest.param(signed(GOOD, b'{"a":' + b"9" * 5000 + b"}", b"{}", b"{}"), id="integer of 5000 digits"),
        pytest.param([b""] * MAX_FRAMES + signed(GOOD, b"{}", b"{}", b"{}"), id="too many frames"),
    ],
)
def test_malformed_message_is_refused(frames):
    assert refusal(frames) == "malformed"


@pytest.mark.parametrize("content", [DEEP, b"[]", b"", b"{", b"\xff"])
def test_malformed_content_is_refused_when_it_is_looked_at(content):
    message = Signer(KEY).deserialize(signed(GOOD, b"{}", b"{}", content))
    with pytest.raises(WireError, match="content"):
        message.content()


def test_buffers_after_the_content_are_not_part_of_the_message():
    message = Signer(KEY).deserialize([*signed(GOOD, b"{}", b"{}", b"{}"), b"buffer"])
    assert message.content() == {}


@given(st.text(max_size=30))
def test_any_text_can_be_encoded(text):
    assert set(json.loads(encode({"text": text}))) == {"text"}

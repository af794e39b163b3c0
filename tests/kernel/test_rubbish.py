"""Ten thousand messages that no client of ours would send: dropped or answered, counted, and the kernel serves on."""

import json
import os
import random
from collections import Counter

import pytest
import zmq
from llmspell_kernel.client import KernelClient
from llmspell_kernel.protocol.wire import DELIMITER, Signer, new_header

MESSAGES = 10_000


def nested(depth):
    return b'{"a":' * depth + b"1" + b"}" * depth


class Rubbish:
    """Makes the messages of one kind, and knows under which name the kernel counts what it drops of them."""

    def __init__(self, key):
        self.signer = Signer(key.encode())
        self.random = random.Random(1)
        self.recorded = self.signed(new_header("kernel_info_request", "replayer"))

    def signed(self, header, content=b"{}"):
        parts = [json.dumps(header).encode(), b"{}", b"{}", content]
        return [DELIMITER, self.signer.sign(parts), *parts]

    def raw(self, header):
        parts = [header, b"{}", b"{}", b"{}"]
        return [DELIMITER, self.signer.sign(parts), *parts]

    def wrong_signature(self):
        frames = self.signed(new_header("execute_request", "s"))
        return [frames[0], os.urandom(32).hex().encode(), *frames[2:]]

    def replay(self):
        return self.recorded

    def no_delimiter(self):
        return self.signed(new_header("execute_request", "s"))[1:]

    def too_short(self):
        return self.signed(new_header("execute_request", "s"))[: self.random.randint(1, 5)]

    def noise(self):
        return [self.random.randbytes(self.random.randint(0, 40)) for _ in range(self.random.randint(1, 9))]

    def too_many_frames(self):
        return [b"x"] * 80

    def deep_header(self):
        # the number makes each a message of its own
        return self.raw(
            b'{"n":%d,"msg_id":%s}' % (self.random.getrandbits(60), nested(self.random.choice([5, 100_000])))
        )

    def deep_content(self):
        return self.signed(new_header("execute_request", "s"), nested(self.random.choice([5, 1000, 100_000])))

    def content_is_no_object(self):
        return self.signed(new_header("execute_request", "s"), self.random.choice([b"[]", b"1", b'"', b"", b"\xff"]))

    def unknown_type(self):
        return self.signed(new_header("nosuch_request", "s"))


# How often each kind comes in a hundred, and what the kernel counts it as. None: it is answered.
KINDS = {
    "wrong_signature": (30, "unsigned"),
    "replay": (20, "replay"),
    "no_delimiter": (10, "malformed"),
    "too_short": (10, "malformed"),
    "noise": (10, "malformed"),
    "too_many_frames": (5, "malformed"),
    "deep_header": (4, "malformed"),
    "unknown_type": (11, None),
}


@pytest.mark.parametrize("channel", ["shell", "control"])
def test_rubbish_is_counted_and_the_kernel_serves_on(info, channel):
    rubbish = Rubbish(info.key)
    kinds = [kind for kind, (weight, _) in KINDS.items() for _ in range(weight)]
    expected = Counter()
    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
        dealer.set_hwm(0)
        dealer.linger = 0
        dealer.connect(info.endpoint(channel))
        dealer.send_multipart(rubbish.recorded)
        for number in range(MESSAGES):
            kind = kinds[number % len(kinds)]
            reason = KINDS[kind][1]
            expected[reason or f"unknown request on {channel}"] += 1
            dealer.send_multipart(getattr(rubbish, kind)())
        # what is answered: the recorded one the first time it came, and every unknown request
        for _ in range(1 + expected[f"unknown request on {channel}"]):
            assert dealer.poll(60_000), "the kernel did not answer within 60 s"
            dealer.recv_multipart()
    with KernelClient.connect(info) as client:
        status = client.request("control", "kernel_status_request", {}, timeout=20)
        assert status["dropped"] == dict(expected)
        assert client.execute("return 1", timeout=20)["status"] == "ok"


@pytest.mark.parametrize("kind", ["deep_content", "content_is_no_object"])
def test_faulty_content_is_answered_and_the_session_lives_on(info, kind):
    rubbish = Rubbish(info.key)
    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
        dealer.linger = 0
        dealer.connect(info.endpoint("shell"))
        for _ in range(30):
            dealer.send_multipart(getattr(rubbish, kind)())
            assert dealer.poll(20_000), "the kernel did not answer within 20 s"
            reply = rubbish.signer.deserialize(dealer.recv_multipart())
            assert reply.content()["status"] == "error"
    with KernelClient.connect(info) as client:
        assert client.execute("return 1", timeout=20)["status"] == "ok"

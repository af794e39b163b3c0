"""Many clients of one kernel, one of which may read nothing: no message is lost, none comes out of order."""

import resource
from contextlib import ExitStack
from pathlib import Path

import pytest
import zmq
from llmspell_kernel.client import KernelClient
from llmspell_kernel.protocol.wire import Signer

CLIENTS, EXECUTING, EXECUTIONS = 100, 10, 20


@pytest.fixture
def many_descriptors():
    """A client has some twenty of them."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(before[1], 16_384) if before[1] != resource.RLIM_INFINITY else 16_384
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], wanted), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_hundred_clients_of_which_ten_execute_lose_nothing(info, new_published, many_descriptors):
    with ExitStack() as stack:
        clients = [stack.enter_context(KernelClient.connect(info, timeout=60)) for _ in range(CLIENTS)]
        seen = [new_published(one) for one in clients]
        names = [one.create_session(timeout=60) for one in clients[:EXECUTING]]
        futures = [
            [
                client.submit(
                    "shell",
                    "execute_request",
                    {"code": f"for i = 1, 3 do print({number}, i) end return {number}"},
                    metadata={"llmspell_session": name},
                )
                for number in range(EXECUTIONS)
            ]
            for client, name in zip(clients, names, strict=False)
        ]
        for of_client in futures:
            counts = [one.result(60).content()["execution_count"] for one in of_client]
            assert counts == list(range(1, EXECUTIONS + 1))
        last = [of_client[-1].result(60).parent_header["msg_id"] for of_client in futures]
        for published in seen:
            for msg_id in last:
                published.wait(
                    lambda published=published, msg_id=msg_id: (
                        ("status", {"execution_state": "idle"}) in published.of(msg_id)
                    ),
                    "the end of every request",
                )
            check_complete_and_in_order(published, names)


def check_complete_and_in_order(published, names):
    numbers = [one.metadata["llmspell_sequence"] for one in published.messages]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    for name in names:
        of_session = [one for one in published.messages if one.metadata.get("llmspell_session") == name]
        text = "".join(one.content()["text"] for one in of_session if one.msg_type == "stream")
        assert text == "".join(f"{number}\t{i}\n" for number in range(EXECUTIONS) for i in (1, 2, 3))
        results = [one.content()["data"]["text/plain"] for one in of_session if one.msg_type == "execute_result"]
        assert results == [str(number) for number in range(EXECUTIONS)]


def test_subscriber_that_never_reads_is_bounded_and_sees_the_gap_when_it_does(info, client, published):
    with zmq.Context() as context, context.socket(zmq.SUB) as stalled:
        stalled.linger = 0
        stalled.set_hwm(10)
        stalled.connect(info.endpoint("iopub"))
        stalled.subscribe(b"")
        assert stalled.poll(10_000), "no iopub_welcome within 10 s"
        before = resident_bytes(info.pid)
        # each change of the stream is a message of its own: 24,000 of them, in 24 requests
        code = 'local x = ("x"):rep(2000) for i = 1, 500 do io.stdout:write(x) io.stderr:write("e") end return "done"'
        for _ in range(24):
            assert client.execute(code, timeout=60)["status"] == "ok"
        text = [one.content() for one in published.messages if one.msg_type == "stream"]
        assert sum(len(one["text"]) for one in text if one["name"] == "stdout") == 24 * 500 * 2000
        numbers = [one.metadata["llmspell_sequence"] for one in published.messages]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        # at most 5,000 messages of 2.5 KB wait for it
        assert resident_bytes(info.pid) - before < 40_000_000
        status = client.request("control", "kernel_status_request", {}, timeout=20)
        assert status["slow_subscriber_stalls"] > 0
        numbers = drained(stalled, Signer(info.key.encode()))
        client.execute("return 1", timeout=20)
        assert stalled.poll(20_000), "nothing came within 20 s to the subscriber that reads again"
        after = drained(stalled, Signer(info.key.encode()))
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert after[0] > status["published"] > numbers[-1] + 10_000


def resident_bytes(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def drained(subscriber, signer):
    """The sequence numbers of what waits for a subscriber."""
    numbers = []
    while subscriber.poll(1000):
        numbers.append(signer.deserialize(subscriber.recv_multipart()).metadata["llmspell_sequence"])
    return numbers

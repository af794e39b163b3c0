"""What the kernel makes of a zygote's messages; the zygote is the test, so that their order is known."""

import os
import socket
from unittest.mock import Mock

import pytest
from llmspell_kernel.protocol.connection import ConnectionInfo
from llmspell_kernel.protocol.frames import FrameDecoder, pack
from llmspell_kernel.service.kernel import Kernel
from llmspell_kernel.service.sessions import MAIN


class Zygote:
    """The zygote's end of the kernel's socket; the descriptors of workers are closed at once."""

    def __init__(self, channel):
        self._channel = channel
        self._decoder = FrameDecoder()

    def received(self, count):
        headers = []
        while len(headers) < count:
            data, descriptors, _, _ = socket.recv_fds(self._channel, 1 << 16, 16)
            for one in descriptors:
                os.close(one)
            headers += [frame.header for frame in self._decoder.feed(data)]
        return headers

    def tell(self, kernel, **header):
        self._channel.sendall(pack(header))
        kernel._on_zygote()


@pytest.fixture
def kernel_and_zygote():
    ours, theirs = socket.socketpair()
    theirs.settimeout(5)
    info = ConnectionInfo(ip="127.0.0.1", shell_port=1, iopub_port=2, stdin_port=3, control_port=4, hb_port=5, key="k")
    kernel = Kernel(Mock(), info, ours, folder="/", home="/")
    yield kernel, Zygote(theirs)
    for session in kernel._sessions:
        if session.link is not None:
            session.link.close()
    ours.close()
    theirs.close()


def test_messages_about_an_earlier_worker_of_a_session_do_not_touch_the_present_one(kernel_and_zygote):
    kernel, zygote = kernel_and_zygote
    session = kernel._sessions[MAIN]
    kernel._workers.start(session)
    kernel._discard(session, "deleted")
    kernel._workers.start(session)
    first, kill, second = zygote.received(3)
    assert [first["type"], kill["type"], second["type"]] == ["spawn", "kill", "spawn"]
    assert kill["number"] == first["number"] != second["number"]

    zygote.tell(kernel, type="spawned", number=first["number"], pid=111)
    assert session.pid is None
    zygote.tell(kernel, type="ended", number=first["number"], status=-9)
    assert session.link is not None
    zygote.tell(kernel, type="spawned", number=second["number"], pid=222)
    assert session.pid == 222
    zygote.tell(kernel, type="ended", number=second["number"], status=-9)
    assert (session.link, session.pid) == (None, None)

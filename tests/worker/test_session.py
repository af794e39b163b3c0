"""A session's jobs in this process: what the kernel is told when one of them cannot be run."""

import gc
import socket
import weakref

import pytest
from llmspell_kernel.protocol.frames import FrameDecoder
from llmspell_kernel.worker.session import Job, Session


@pytest.fixture
def run_jobs(tmp_path):
    """A function that runs jobs in a session and gives the frames that it sent. ``broken``: a method of its runtime."""
    ours, theirs = socket.socketpair()

    def run(*jobs, broken=None):
        def fail(*_arguments, **_options):
            raise RuntimeError("a fault of ours")

        session = Session(theirs, tmp_path, tmp_path / "home")
        if broken is not None:
            setattr(session._runtime, broken, fail)
        for job in jobs:
            session._jobs.put(job)
        session._jobs.put(None)
        session.run_jobs()
        theirs.shutdown(socket.SHUT_WR)
        return list(FrameDecoder().feed(ours.recv(1 << 20)))

    yield run
    ours.close()
    theirs.close()


def test_fault_in_a_request_is_its_reply_and_the_next_one_runs(run_jobs):
    frames = run_jobs(
        Job(1, "is_complete_request", {"code": "x"}), Job(2, "execute_request", {"code": "1"}), broken="completeness"
    )
    first, second = [one for one in frames if one.type == "reply"]
    assert (first.header["id"], first.json()["status"]) == (1, "error")
    assert "a fault of ours" in first.json()["evalue"]
    assert (second.header["id"], second.json()["status"]) == (2, "ok")


class Linked:
    """An object that is in a cycle with itself."""

    def __init__(self):
        self.itself = self


def test_cycles_of_python_objects_are_freed_between_jobs(run_jobs):
    made = []

    def leave_cycles():
        for _ in range(20_000):
            Linked()
        made.append(weakref.ref(Linked()))

    was_on = gc.isenabled()
    gc.disable()
    try:
        run_jobs(Job(1, "call", {"call": leave_cycles}))
    finally:
        if was_on:
            gc.enable()
    assert made[0]() is None

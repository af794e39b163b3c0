"""A session's jobs in this process: what the kernel is told when one of them cannot be run."""

import socket

import pytest
from llmspell_kernel.protocol.frames import FrameDecoder
from llmspell_kernel.worker.session import Job, Session


@pytest.fixture
def run_jobs(tmp_path):
    """A function that runs jobs in a session and gives the frames that it sent. ``broken``: a method of its runtime."""
    ours, theirs = socket.socketpair()

    def run(*jobs, broken):
        def fail(*_arguments, **_options):
            raise RuntimeError("a fault of ours")

        session = Session(theirs, tmp_path, tmp_path / "home")
        setattr(session._runtime, broken, fail)
        for job in jobs:
            session._jobs.put(job)
        session._jobs.put(None)
        session.run_jobs()
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

"""A real kernel process, a client for it, and what it published; every kernel ends with its test."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from llmspell_kernel.client import KernelClient, start_kernel
from llmspell_kernel.client.process import is_running, wait_for_end

KERNEL = str(Path(sys.executable).with_name("llmspell-kernel"))


class Published:
    """The messages of iopub as one client sees them, in order."""

    def __init__(self, client):
        self.messages = []
        self._arrived = threading.Condition()
        client.add_listener(self._add)

    def _add(self, message):
        with self._arrived:
            self.messages.append(message)
            self._arrived.notify_all()

    def of(self, msg_id):
        """What was published about a request, up to its idle status: pairs of type and content."""

        def found():
            about = [one for one in list(self.messages) if one.parent_header.get("msg_id") == msg_id]
            return [(one.msg_type, one.content()) for one in about]

        # iopub comes over a socket of its own: the reply may be here first
        self.wait(lambda: ("status", {"execution_state": "idle"}) in found(), "the idle status")
        return found()

    def wait(self, condition: Callable[[], object], what: str):
        with self._arrived:
            assert self._arrived.wait_for(condition, 15), f"not published within 15 s: {what}"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setenv("LLMSPELL_HOME", str(home))
    return home


@pytest.fixture
def info(home):
    started = start_kernel(idle_timeout=60)
    yield started
    if is_running(started.pid):
        os.kill(started.pid, signal.SIGTERM)
    assert wait_for_end(started.pid, 10), "the kernel did not end within 10 s of SIGTERM"


@pytest.fixture
def client(info):
    with KernelClient.connect(info) as connected:
        yield connected


@pytest.fixture
def published(client):
    return Published(client)


@pytest.fixture
def new_published():
    return Published


@pytest.fixture
def kernel_process(home):
    """A function that starts ``llmspell-kernel`` with arguments; its output is piped."""
    started = []

    def start(*arguments, **options):
        process = subprocess.Popen(
            [KERNEL, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=15)

"""``jupyter console`` in a pseudo-terminal, used as a person uses it: typed keys, and waiting for what shows."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

import pytest
from llmspell_kernel.client import KernelClient, start_kernel

LIMIT = 30
ENTER, TAB, INTERRUPT, END = "\r", "\t", "\x03", "\x04"
ANSI = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\x1b\][^\x07]*\x07|\r")
# Makes the pseudo-terminal the one that Ctrl-C comes from, then becomes the command.
OWN_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


class Terminal:
    """A command in a pseudo-terminal of 100 columns and 40 rows."""

    def __init__(self, *command):
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        # The pseudo-terminal does not answer where its cursor is.
        environment = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "PAGER": "cat"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWN_TERMINAL, *map(str, command)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        self._shown = ""
        self._rest = b""

    def type(self, text):
        os.write(self._master, text.encode())

    def wait(self, pattern):
        """Wait until a pattern shows after what was waited for before."""
        deadline = time.monotonic() + LIMIT
        while (found := re.search(pattern, self._shown)) is None:
            ready, _, _ = select.select([self._master], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"{pattern!r} did not show within {LIMIT} s; this did:\n{self._shown}"
            try:
                data = os.read(self._master, 1 << 16)
            except OSError:
                data = b""
            assert data, f"the command ended before {pattern!r} showed; this did:\n{self._shown}"
            self._add(data)
        self._shown = self._shown[found.end() :]
        return found

    def _add(self, data):
        data = self._rest + data
        last = data.rfind(b"\x1b")
        whole = len(data) if last < 0 or ANSI.match(data, last) else last
        # A sequence that is cut at the end waits for the rest of it.
        self._shown += ANSI.sub(b"", data[:whole]).decode("utf-8", "replace")
        self._rest = data[whole:]

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(LIMIT)
        os.close(self._master)


@pytest.fixture
def console(kernelspec):
    """A function that starts the console with arguments; without any it starts a kernel of its own."""
    terminals = []

    def start(*arguments):
        terminal = Terminal(sys.executable, "-m", "jupyter_console", *(arguments or ("--kernel", kernelspec)))
        terminals.append(terminal)
        terminal.wait(r"In \[\d+\]: ")
        return terminal

    yield start
    for terminal in terminals:
        terminal.close()


def test_cell_shows_its_output_and_result(console):
    terminal = console()
    terminal.type(f"print('hel' .. 'lo') return 6 * 7{ENTER}")
    terminal.wait("hello\n")
    terminal.wait(r"Out\[1\]: 42")
    terminal.wait(r"In \[2\]: ")


def test_error_shows_its_message_and_the_console_goes_on(console):
    terminal = console()
    terminal.type(f"error('bo' .. 'om'){ENTER}")
    terminal.wait("boom")
    terminal.wait(r"In \[2\]: ")
    terminal.type(f"1 + 1{ENTER}")
    terminal.wait(r"Out\[2\]: 2")


def test_unfinished_cell_goes_on_in_the_next_line(console):
    terminal = console()
    terminal.type(f"for i = 1, 2 do{ENTER}")
    terminal.wait(r"\.\.\.: ")
    terminal.type(f"print('round ' .. i) end{ENTER}")
    terminal.wait("round 1\nround 2\n")


def test_tab_completes_from_the_live_state(console):
    terminal = console()
    terminal.type(f"surprise_in_this_session = 'found'{ENTER}")
    terminal.wait(r"In \[2\]: ")
    terminal.type(f"surprise_in{TAB}")
    terminal.wait("_this_session")
    terminal.type(ENTER)
    terminal.wait(r'Out\[2\]: "found"')


def test_question_mark_shows_help_in_the_pager(console):
    terminal = console()
    terminal.type(f"string.format?{ENTER}")
    terminal.wait(r"format\(")
    terminal.wait(r"In \[2\]: ")


def test_interrupt_key_ends_a_loop(console):
    terminal = console()
    terminal.type(f"print('go' .. 'ing') while true do end{ENTER}")
    terminal.wait("going\n")
    terminal.type(INTERRUPT)
    terminal.wait("[Ii]nterrupt")
    terminal.wait(r"In \[2\]: ")
    terminal.type(f"return 'ali' .. 've'{ENTER}")
    terminal.wait(r'Out\[2\]: "alive"')


def test_console_goes_on_when_a_script_ends_its_session(console):
    terminal = console()
    terminal.type(f"os.exit(3){ENTER}")
    terminal.wait("exit code 3")
    terminal.wait(r"In \[\d+\]: ")
    terminal.type(f"return 'ne' .. 'w'{ENTER}")
    terminal.wait('"new"')


def test_script_reads_what_is_typed(console):
    terminal = console()
    terminal.type(f"io.write('your name? ') name = io.read() print('dear ' .. name){ENTER}")
    terminal.wait(r"your name\? ")
    terminal.type("Ada\n")
    terminal.wait("dear Ada\n")


def test_end_key_ends_the_console_and_its_kernel(console):
    terminal = console()
    terminal.type(END)
    terminal.wait(r"exit \(\[y\]/n\)\?")
    terminal.type("y\n")
    terminal.wait("Shutting down kernel")
    assert terminal.process.wait(LIMIT) == 0


def test_console_joins_a_kernel_that_runs_and_leaves_it_running(console, home):
    info = start_kernel(idle_timeout=60)
    with KernelClient.connect(info) as client:
        client.execute("shared = 'by both'", timeout=LIMIT)
        terminal = console("--existing", home / f"kernels/llmspell-kernel-{info.kernel_id}.json")
        terminal.type(f"shared{ENTER}")
        terminal.wait('"by both"')
        terminal.type(f"shared = shared .. ' sides'{ENTER}")
        # The prompt before it is drawn again as its line ends; and a key that comes before the next one is lost.
        terminal.wait(r"In \[4\]: ")
        terminal.type(END)
        terminal.wait(r"exit \(\[y\]/n\)\?")
        terminal.type("y\n")
        terminal.wait("keeping kernel alive")
        assert terminal.process.wait(LIMIT) == 0
        assert client.execute("assert(shared == 'by both sides')", timeout=LIMIT)["status"] == "ok"
        client.shutdown()

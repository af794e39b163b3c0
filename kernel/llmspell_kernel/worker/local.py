"""Runs a script in this process, without a kernel: what ``llmspell run`` and ``llmspell exec`` do.

Invariant: Ctrl-C ends the script with an error at the line that runs, also in a loop that never calls out of Lua;
a second one ends the process.
"""

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from ..protocol.connection import llmspell_home
from ..runtime.configuration import find_project_root, load_configuration
from ..runtime.host import Host, HostContext
from ..runtime.interrupt import InterruptUnavailableError
from ..runtime.state import Outcome, OutputName, Runtime
from .errors import error_text
from .limits import apply_to_process

EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells count


def run_script(path: Path, arguments: Sequence[str]) -> int:
    """Run a script file; gives the exit code. Raises ConfigurationError for a faulty ``llmspell.toml``."""
    return _run(path, lambda runtime: runtime.run_file(path, arguments), show=False)


def run_code(code: str) -> int:
    """Run Lua text and show the values it returns; gives the exit code."""
    try:
        place = Path.cwd()
    except FileNotFoundError:
        print("llmspell: the current folder does not exist any more", file=sys.stderr)  # noqa: T201
        return 1
    return _run(place, lambda runtime: runtime.execute(code, "=exec"), show=True)


def _run(place: Path, run: Callable[[Runtime], Outcome], *, show: bool) -> int:
    project_root = find_project_root(place)
    context = HostContext(project_root, llmspell_home(), load_configuration(project_root))
    apply_to_process(context.configuration.limits)
    runtime = Runtime(Host(context), _write, _leave, has_input=True)
    runtime.stay_open()
    with _interrupted_by_signal(runtime):
        outcome = run(runtime)
        runtime.collect_garbage()
    if outcome.error is not None:
        _flush()
        print(error_text(outcome.error), file=sys.stderr)  # noqa: T201
        return EXIT_INTERRUPTED if outcome.error.kind == "interrupted" else 1
    if show and outcome.shown:
        _write("stdout", outcome.shown.encode("utf-8", "replace") + b"\n")
    _flush()
    return 0


def _write(name: OutputName, data: bytes) -> None:
    stream = sys.stderr.buffer if name == "stderr" else sys.stdout.buffer
    try:
        stream.write(data)
        if name == "stderr" or sys.stdout.isatty():
            stream.flush()
    except OSError as error:
        _end_without_output(error)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            _end_without_output(error)


def _end_without_output(error: OSError) -> NoReturn:
    """End at once: what is still buffered cannot be written, and Python would try again at its exit."""
    if isinstance(error, BrokenPipeError):
        # whoever read the output has left, as `| head` does; SIGPIPE would have ended a C program here
        os._exit(128 + signal.SIGPIPE if hasattr(signal, "SIGPIPE") else 1)
    with contextlib.suppress(OSError):
        os.write(2, f"llmspell: output cannot be written: {error.strerror}\n".encode())
    os._exit(1)


def _leave(code: int) -> None:
    _flush()
    os._exit(code & 0xFF)


@contextlib.contextmanager
def _interrupted_by_signal(runtime: Runtime) -> Iterator[None]:
    """While Lua runs, Python's own signal handlers do not: a thread waits for the signal instead."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)

    def wait() -> None:
        interrupts = 0
        while received := ours.recv(64):
            interrupts += received.count(bytes([signal.SIGINT]))
            if interrupts > 1 or (interrupts and not runtime.async_hook.available):
                os._exit(EXIT_INTERRUPTED)
            if interrupts:
                with contextlib.suppress(InterruptUnavailableError):
                    runtime.async_hook.request("interrupt")

    before = signal.signal(signal.SIGINT, lambda *_: None)
    previous = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    waiter = threading.Thread(target=wait, name="llmspell-signals", daemon=True)
    waiter.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(previous)
        signal.signal(signal.SIGINT, before)
        theirs.close()
        waiter.join()
        ours.close()

"""Interrupts and terminations of the script that runs, from the reader's thread.

Invariants: nothing of ours is interrupted once a job's script has ended; a script that catches the error gets it
again; one that will not end is ended with its process.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..runtime.interrupt import Action, AsyncHook, InterruptUnavailableError
from ..runtime.service_threads import ServiceThread

# A script that is terminated gets this long to leave, with the error raised again whenever it catches it.
TERMINATE_SECONDS = 3.0
# A script that goes on after an interrupt gets it again for this long. Its process stays: so does what it keeps.
INTERRUPT_SECONDS = 1.0
_AGAIN_SECONDS = 0.02


class ScriptStopper:
    """``raise_in_stopped(kind)`` is the debugger's, for a script that it holds; ``release`` ends a script's waiting.

    ``warn`` writes to the script's stderr; ``end_process(reason)`` does not return.
    """

    def __init__(
        self,
        hook: AsyncHook,
        *,
        raise_in_stopped: Callable[[str], bool],
        release: Callable[[], None],
        warn: Callable[[str], None],
        end_process: Callable[[str], None],
    ) -> None:
        self._hook = hook
        self._raise_in_stopped = raise_in_stopped
        self._release = release
        self._warn = warn
        self._end_process = end_process
        self._lock = threading.Lock()
        self._job: int | None = None
        self._script: int | None = None  # the job whose script runs

    @property
    def job(self) -> int | None:
        return self._job

    @property
    def is_script_running(self) -> bool:
        return self._script is not None

    def job_begins(self, job: int) -> None:
        self._job = job

    def job_ends(self) -> None:
        with self._lock:
            self._job = None
        self._hook.withdraw()

    @contextmanager
    def script_runs(self) -> Iterator[None]:
        """While a job's script runs."""
        self._script = self._job
        try:
            yield
        finally:
            with self._lock:
                self._script = None
            self._hook.withdraw("interrupt")

    def interrupt(self) -> None:
        """Interrupt the running script, again and again for a while where it catches the error and goes on."""
        job = self._job
        try:
            if not self._raise("interrupt", "interrupted") or job is None:
                return
        except InterruptUnavailableError as error:
            self._warn(str(error))
            return
        ServiceThread(self._interrupt_until_gone, job, name="interrupt").start()

    def terminate(self, reason: str = "the script did not end when asked") -> None:
        """End the running script; one that catches the error gets it again, and after a while the process ends."""
        ServiceThread(self._terminate_until_gone, reason, name="terminate").start()

    def _raise(self, action: Action, kind: str, job: int | None = None) -> bool:
        """Raise an error in the running script (only in that of ``job``, if given); False when it does not run."""
        with self._lock:
            if self._job is None or (job is not None and self._script != job):
                return False
            if self._raise_in_stopped(kind):
                return True
            self._hook.request(action)
            self._release()
            return True

    def _interrupt_until_gone(self, job: int) -> None:
        deadline = time.monotonic() + INTERRUPT_SECONDS
        while time.monotonic() < deadline:
            time.sleep(_AGAIN_SECONDS)  # there is no event for "the script has caught it"
            if not self._raise("interrupt", "interrupted", job):
                return

    def _terminate_until_gone(self, reason: str) -> None:
        job = self._job
        deadline = time.monotonic() + TERMINATE_SECONDS
        try:
            while self._job is not None and self._job == job and self._raise("terminate", "terminated"):
                if time.monotonic() > deadline:
                    break
                time.sleep(_AGAIN_SECONDS)  # there is no event for "the script has caught it"
            else:
                return
        except InterruptUnavailableError:
            pass
        self._end_process(reason)

"""Tools that run on threads of their own while the script's thread waits for the first to be done, pauses, and signals.

Invariants: only the script's thread takes results; a job that is past its time limit, or that nobody wants any more, is
ended, and its answer dropped; a job's thread has the correlation of what it works for.
"""

import math
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .cancellation import Cancellation, cancellation_of_thread
from .correlation import Correlation, enter
from .host import Host, HostError, HostInterruptedError
from .service_threads import ServiceThread, ServiceTimer
from .tools.python_call import PythonCalls, calls_of_thread
from .tools.registry import registered
from .values import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_RUNNING = 1000


@dataclass(slots=True)
class Job:
    tool: str
    timeout_ms: float
    started: float = field(default_factory=time.monotonic)
    outcome: dict[str, Value] | None = None
    calls: PythonCalls = field(default_factory=PythonCalls)
    cancellation: Cancellation = field(default_factory=Cancellation)
    thread: int = 0  # that it runs on; 0 until it does

    @property
    def due(self) -> float:
        return self.started + self.timeout_ms / 1000

    def end(self) -> None:
        """Nobody wants what it gives any more."""
        self.calls.abandon()
        self.cancellation.cancel()


class Jobs:
    """The jobs of one session. A pause is a job without a tool, and so is a signal."""

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}
        self._last = 0

    def register(self, host: Host) -> None:
        host.register("Tool.start", self.start)
        host.register("Job.pause", self.pause)
        host.register("Job.wait", self.wait)
        host.register("Job.cancel", self.cancel)
        host.register("Clock.now", now)

    def start(  # noqa: PLR0917 - as Lua calls it
        self, host: Host, tool: str, parameters: Value, timeout_ms: float, correlation: dict[str, str], is_alone: bool
    ) -> Value:
        """`{job}`, or `{outcome}` for what has run here: a tool of the project's that runs alone, so that it can be
        debugged."""
        if is_alone and tool not in registered() and tool in host.python_tools.all():
            return {"outcome": _run_here(host, tool, parameters, timeout_ms)}
        if len(self._jobs) >= MAX_RUNNING:
            raise HostError(f"{MAX_RUNNING} tools run at the same time, the limit; lower max_concurrency")
        host.tool_breakers, host.python_tools  # noqa: B018 - made here, since threads would make two
        number = self._add(job := Job(tool, timeout_ms))
        ServiceThread(_run, host, job, parameters, Correlation(**correlation), name=f"tool-{tool}").start()
        return {"job": number}

    def pause(self, _host: Host, milliseconds: float) -> Value:
        return self._add(Job("", milliseconds))

    def signal(self, timeout_ms: float) -> tuple[int, Job]:
        """A job that is done when somebody gives it an outcome, with ``waits.changed`` held."""
        job = Job("", timeout_ms)
        return self._add(job), job

    def _add(self, job: Job) -> int:
        self._last += 1
        self._jobs[self._last] = job
        return self._last

    def wait(self, host: Host, numbers: "Sequence[int]") -> Value:
        """`{id, outcome}` of the first of these jobs that is done or past its time; None when Lua has to look."""
        jobs = {one: self._jobs[one] for one in numbers}
        host.waits.until(
            lambda: any(one.outcome is not None for one in jobs.values()), min(one.due for one in jobs.values())
        )
        with host.waits.changed:
            for number, job in jobs.items():
                if job.outcome is None and time.monotonic() >= job.due:
                    job.outcome = {} if not job.tool else self._time_out(host, job)
                if job.outcome is not None:
                    del self._jobs[number]
                    return {"id": number, "outcome": job.outcome}
        return None

    def _time_out(self, host: Host, job: Job) -> dict[str, Value]:
        error = _too_late(job.timeout_ms)
        host.python_stacks.note_frame(error, sys._current_frames().get(job.thread))
        job.end()
        host.tool_breakers.of(job.tool).failed(error)
        return {"error": error, "duration_ms": round((time.monotonic() - job.started) * 1000)}

    def cancel(self, host: Host, numbers: "Sequence[int]") -> None:
        """What these jobs give is not wanted any more."""
        for number in numbers or ():
            job = self._jobs.pop(number, None)
            if job is not None:
                with host.waits.changed:
                    job.outcome = {}
                job.end()

    def end_all(self, host: Host) -> None:
        """The script has ended."""
        self.cancel(host, tuple(self._jobs))


def now(_host: Host) -> Value:
    """`{ms}`: a clock that never goes back."""
    return {"ms": time.monotonic() * 1000}


def _run(host: Host, job: Job, parameters: Value, correlation: Correlation) -> None:
    job.thread = threading.get_ident()
    enter(correlation)
    calls_of_thread.set(job.calls)
    cancellation_of_thread.set(job.cancellation)
    outcome = _outcome(host, job.tool, parameters, job.timeout_ms)
    with host.waits.changed:
        if job.outcome is None:
            job.outcome = outcome
        host.waits.changed.notify_all()


def _run_here(host: Host, tool: str, parameters: Value, timeout_ms: float) -> dict[str, Value]:
    over = threading.Event()

    def end() -> None:
        over.set()
        host.python_calls.interrupt()

    timer = ServiceTimer(min(timeout_ms / 1000, threading.TIMEOUT_MAX), end, name="step-limit")
    started = time.monotonic()
    timer.start()
    try:
        return _outcome(host, tool, parameters, timeout_ms)
    except HostInterruptedError:
        if not over.is_set():
            raise
        error = _too_late(timeout_ms)
        host.tool_breakers.of(tool).failed(error)
        return {"error": error, "duration_ms": round((time.monotonic() - started) * 1000)}
    finally:
        timer.cancel()


def _outcome(host: Host, tool: str, parameters: Value, timeout_ms: float) -> dict[str, Value]:
    started = time.monotonic()
    outcome: dict[str, Value] = {}
    try:
        outcome["output"] = host.call("Tool.execute", [tool, parameters])
    except HostError as error:
        host.python_stacks.note(str(error), error)
        outcome["error"] = str(error)
    except HostInterruptedError:
        if calls_of_thread.get() is None:
            raise  # on the script's thread
        outcome["error"] = "it was ended"
    except Exception as error:  # noqa: BLE001 - as the gate does for calls of Lua
        outcome["error"] = f"{tool}: internal error: {type(error).__name__}: {error} (a fault of LLMSpell)"
    duration = (time.monotonic() - started) * 1000
    if "output" in outcome and duration > timeout_ms:
        outcome = {"error": _too_late(timeout_ms)}
        calls = calls_of_thread.get()
        if calls is None or not calls.is_abandoned:
            host.tool_breakers.of(tool).failed(str(outcome["error"]))
    outcome["duration_ms"] = round(duration)
    return outcome


def _too_late(timeout_ms: float) -> str:
    limit = timeout_ms if math.isinf(timeout_ms) else round(timeout_ms)
    return f"took more than its limit of {limit} ms"

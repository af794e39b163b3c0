"""Rows of the table, and how times and memory are taken.

Budgets hold for ratios within one run, for CPU time and for latencies on an idle machine; a row without a budget is
a report.
"""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import psutil  # type: ignore[import-untyped]


class Row(NamedTuple):
    """One line of the table. ``budget`` is in the unit of ``measured``; None: reported only.

    Where nothing could be measured, ``measured`` is None and ``note`` says why.
    """

    what: str
    measured: float | None
    unit: str
    budget: float | None = None
    note: str | None = None

    @property
    def verdict(self) -> str:
        """``ok``, ``over``, or nothing for a row without a budget or a measurement."""
        if self.budget is None or self.measured is None:
            return ""
        return "ok" if self.measured <= self.budget else "over"


def milliseconds(seconds: float) -> float:
    return seconds * 1000


def median_of(times: Sequence[float]) -> float:
    return statistics.median(times)


def timed(action: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def interleaved(repetitions: int, *actions: Callable[[], float]) -> list[list[float]]:
    """Call all actions in turn, again and again, so that a slow moment of the machine hits each; their results."""
    results: list[list[float]] = [[] for _ in actions]
    for _ in range(repetitions):
        for action, collected in zip(actions, results, strict=True):
            collected.append(action())
    return results


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time that a process has used. Its resolution is a clock tick, often 10 ms: sum over many."""
    times = process.cpu_times()
    return float(times.user + times.system)


def proportional_set_size(pid: int) -> float | None:
    """MB of a process and its descendants, shared pages divided among their users. None where that is not known."""
    first = psutil.Process(pid)
    processes = [first, *first.children(recursive=True)]
    if not hasattr(first.memory_full_info(), "pss"):
        return None
    return sum(float(one.memory_full_info().pss) for one in processes) / 1e6


@contextmanager
def running(command: Sequence[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A process with pipes on stdin and stdout; killed at the end if it is still there."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


class Usage(NamedTuple):
    """What a finished process used: seconds and MB."""

    exit_code: int
    wall: float
    cpu: float
    peak: float


def usage_of(command: Sequence[str]) -> Usage:
    """Run a command to its end, its output thrown away."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    peak = used.ru_maxrss / 1e6 if os.uname().sysname == "Darwin" else used.ru_maxrss / 1e3
    return Usage(process.returncode, wall, used.ru_utime + used.ru_stime, peak)

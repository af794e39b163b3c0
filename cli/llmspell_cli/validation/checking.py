"""Checks many scripts: what has not changed comes from the cache, the rest from several processes when that pays.

Invariant: the findings are the same with and without cache, with one process and with many.
"""

import os
import signal
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from multiprocessing import get_context
from typing import NamedTuple

from llmspell_analysis.analysis.project import Project
from llmspell_analysis.catalogue import load_catalogue
from llmspell_analysis.configuration import Configurations, FileConfiguration
from llmspell_analysis.project_types import UNDEFINED_TYPE, ProjectTypes
from llmspell_analysis.syntax.compiler import compile_error
from llmspell_analysis.validation import MAX_CHECKED_BYTES, Diagnostic, Options, Report, read_script, report

from llmspell_cli.validation.cache import Cache, key_of
from llmspell_cli.validation.stored import from_json, to_json

# A process more costs as much as checking this many bytes.
_BYTES_PER_PROCESS = 100_000
_FILES_PER_TASK = 8


@dataclass(frozen=True, slots=True)
class Checked:
    """One script with its findings. `name` is how the person calls it; `problem` says why it could not be read."""

    name: str
    data: bytes = b""
    findings: tuple[Diagnostic, ...] = ()
    problem: str | None = None
    notice: str | None = None


class _Task(NamedTuple):
    data: bytes
    path: str
    options: Options


class _Answer(NamedTuple):
    """`failure`: a mistake of ours on this script, which keeps nobody from the findings in others."""

    report: Report
    modules: frozenset[str]
    failure: str | None = None


@dataclass(slots=True)
class _Script:
    name: str
    path: str
    data: bytes
    configuration: FileConfiguration
    report: Report | None = None
    failure: str | None = None


class Checker:
    """Checks scripts, again and again in a watching command."""

    def __init__(self, configurations: Configurations, cache: Cache | None, processes: int | None = None) -> None:
        self._configurations = configurations
        self._cache = cache
        self._processes = processes
        # what each script was checked with, others' names included
        self._options: dict[str, Options] = {}

    def check(self, names: Sequence[str]) -> list[Checked]:
        """The scripts in the order of their names; other scripts of the list may define what one of them uses."""
        if self._cache is not None:
            self._cache.forget_checksums()
        scripts: dict[str, _Script] = {}
        unread: dict[str, Checked] = {}
        for name in names:
            try:
                data = read_script(name)
            except OSError as error:
                unread[name] = Checked(name, problem=f"{name} cannot be read: {error.strerror}")
            except ValueError as error:
                unread[name] = Checked(name, problem=str(error))
            else:
                path = os.path.realpath(name)
                scripts[name] = _Script(name, path, data, self._configurations.of(name))
        self._options = {name: each.configuration.options for name, each in scripts.items()}
        self._run(scripts.values(), self._options)
        self._run_again(scripts)
        return [unread[name] if name in unread else _checked(scripts[name]) for name in names]

    def check_text(self, data: bytes, name: str) -> Checked:
        """A text that is in no file yet; `name` says where it would be, or which script it would replace."""
        script = _Script(name, os.path.realpath(name), data, self._configurations.of(name))
        self._run((script,), {name: self._options.get(name, script.configuration.options)})
        return _checked(script)

    def _run_again(self, scripts: dict[str, _Script]) -> None:
        """Those that use a global or a type which nobody known gives them, but another script does.

        Types may come from any script of the project, since nobody runs what declares them.
        """
        reports = {name: script.report for name, script in scripts.items() if script.report is not None}
        globals_given = _givers((name, one.assigned_globals) for name, one in reports.items())
        types_given = _givers((name, one.declared_types) for name, one in reports.items())
        options: dict[str, Options] = {}
        project_types = ProjectTypes()
        for name, one in reports.items():
            other_globals = _of_others(one.needed_globals, globals_given, name)
            other_types = _of_others(one.named_types, types_given, name)
            if any(each.code == UNDEFINED_TYPE for each in one.findings):
                other_types |= one.named_types & project_types.of(scripts[name].path)
            if other_globals or other_types:
                options[name] = replace(
                    scripts[name].configuration.options, other_globals=other_globals, other_types=other_types
                )
        self._run([scripts[name] for name in options], options)
        self._options |= options

    def _run(self, scripts: Collection[_Script], options: dict[str, Options]) -> None:
        project = Project()
        keys: dict[str, bytes] = {}
        todo: list[_Script] = []
        for script in scripts:
            script.report = None
            if self._cache is not None:
                key = key_of(script.data, script.path, options[script.name], project.surroundings(script.path))
                keys[script.name] = key
                script.report = self._cache.get(key, len(script.data))
            if script.report is None:
                todo.append(script)
        tasks = [_Task(script.data, script.path, options[script.name]) for script in todo]
        kept: dict[bytes, tuple[Report, frozenset[str]]] = {}
        for script, answer in zip(todo, _answers(tasks, self._processes), strict=True):
            script.report, script.failure = answer.report, answer.failure
            if script.name in keys and answer.failure is None:
                kept[keys[script.name]] = answer.report, answer.modules
        if kept and self._cache is not None:
            self._cache.put(kept)


def _givers(given: Iterable[tuple[str, frozenset[str]]]) -> dict[str, set[str]]:
    """Which scripts give each name."""
    found: dict[str, set[str]] = {}
    for script, names in given:
        for name in names:
            found.setdefault(name, set()).add(script)
    return found


def _of_others(names: frozenset[str], givers: dict[str, set[str]], script: str) -> frozenset[str]:
    return frozenset(name for name in names & givers.keys() if givers[name] - {script})


def _checked(script: _Script) -> Checked:
    if script.failure is not None:
        return Checked(script.name, problem=f"{script.name} was not checked, by a mistake of ours: {script.failure}")
    notice = None
    if len(script.data) > MAX_CHECKED_BYTES:
        notice = f"{script.name} has {len(script.data)} bytes: only the compiler has looked at it"
    findings = script.report.findings if script.report is not None else ()
    return Checked(script.name, script.data if findings else b"", findings, notice=notice)


def _answers(tasks: Sequence[_Task], processes: int | None) -> Iterator[_Answer]:
    count = min(processes or _useful_processes(tasks), len(tasks))
    if count <= 1:
        yield from map(partial(_look_at, Project()), tasks)
        return
    # What a fork takes over need not be made again.
    load_catalogue()
    compile_error(b"")
    parts = [tasks[start : start + _FILES_PER_TASK] for start in range(0, len(tasks), _FILES_PER_TASK)]
    context = get_context("fork" if sys.platform == "linux" else "spawn")
    executor = ProcessPoolExecutor(count, mp_context=context, initializer=_ignore_interrupts)
    try:
        with _interrupts_put_off():
            found = executor.map(_look_at_many, parts)
        for part, answers in zip(parts, found, strict=True):
            for task, (text, modules, failure) in zip(part, answers, strict=True):
                yield _Answer(from_json(text, len(task.data)), modules, failure)
    finally:
        executor.shutdown(cancel_futures=True)


def _useful_processes(tasks: Sequence[_Task]) -> int:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, sum(len(task.data) for task in tasks) // _BYTES_PER_PROCESS))


def _ignore_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal; the first one ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _interrupts_put_off() -> Iterator[None]:
    """Processes that are made meanwhile never see one, not even before they can ignore it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@cache
def _own_project() -> Project:
    """Reads each module once in a process that looks at many scripts."""
    return Project()


def _look_at_many(tasks: Sequence[_Task]) -> list[tuple[str, frozenset[str], str | None]]:
    answers = (_look_at(_own_project(), task) for task in tasks)
    return [(to_json(answer.report), answer.modules, answer.failure) for answer in answers]


def _look_at(project: Project, task: _Task) -> _Answer:
    project.looked_for = looked_for = set[str]()
    try:
        found = report(task.data, task.path, options=task.options, project=project)
    except Exception as error:  # noqa: BLE001 -- whatever it is, the other scripts are checked
        return _Answer(Report(()), frozenset(), f"{type(error).__name__}: {error}")
    return _Answer(found, frozenset(looked_for))

"""``llmspell kernel start|list|status|connect|stop``.

Invariant: the key of a connection is never shown.
"""

import os
import shlex
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from llmspell_kernel.client import (
    DiscoveredKernel,
    KernelClient,
    KernelError,
    KernelStatus,
    discover_kernels,
    examine_kernel,
    find_kernel,
    find_or_start_kernel,
    find_project_kernel,
    set_default_kernel,
    start_kernel,
)
from llmspell_kernel.client.starting import IDLE_TIMEOUT, folder_outside_projects
from llmspell_kernel.protocol.connection import ConnectionInfo, connection_file_path, kernels_directory
from llmspell_kernel.protocol.project import project_root

from llmspell_cli.report import OperationError, Outcome
from llmspell_cli.table import duration, indented, mebibytes, session_table, table

# Seconds over which the use of the processors is measured.
_CPU_WATCHED = 0.25


class RunningKernel(NamedTuple):
    """A kernel that has answered, and where its connection file is."""

    info: ConnectionInfo
    path: Path

    @property
    def name(self) -> str:
        """Its id, or its connection file for one without."""
        return self.info.kernel_id or str(self.path)


def start(folder: Path, idle_timeout: float | None, *, new: bool) -> Outcome:
    """Start the kernel of a folder's project, unless it runs already; ``new``: another one in any case."""
    if not folder.is_dir():
        raise OperationError(f"--folder: {folder} {'is not a folder' if folder.exists() else 'does not exist'}")
    seconds = IDLE_TIMEOUT if idle_timeout is None else idle_timeout
    project = _project_of(folder)
    found = None if new else find_project_kernel(project)
    if found is not None:
        kernel = _in_kernels_folder(found)
        text = f"kernel {kernel.name} {_of(project)} runs already (pid {kernel.info.pid}); --new starts another"
        if idle_timeout is not None:
            text += "\nits own idle timeout stays: --idle-timeout is for a kernel that is started now"
        return Outcome({**described(kernel), "already_running": True}, text)
    if new:
        cwd = Path(project) if project is not None else folder_outside_projects()
        kernel = _in_kernels_folder(start_kernel(idle_timeout=seconds, cwd=cwd))
    else:
        kernel = _in_kernels_folder(find_or_start_kernel(folder, idle_timeout=seconds))
    text = f"kernel {kernel.name} {_of(project)} is running (pid {kernel.info.pid})"
    if new:
        text += f"\nto make it the one that clients get: llmspell kernel connect {kernel.name}"
    return Outcome({**described(kernel), "already_running": False}, text)


def list_kernels() -> Outcome:
    """What each connection file in the kernels folder is about."""
    found = discover_kernels()
    running = _running(found)
    others = [one for one in found if one.state != "running"]
    here = _project_of(Path())
    used = find_project_kernel(here) if any(one.info.project == here for one in running) else None
    document = {
        "kernels": [{"state": "running", **described(one), "used_here": one.info == used} for one in running]
        + [{"state": one.state, "connection_file": str(one.path), "reason": one.reason} for one in others]
    }
    lines = ["no kernel is running"]
    if running:
        rows = [
            ("*" if one.info == used else "", one.name, one.info.pid, _since(one.info), _project(one.info.project))
            for one in running
        ]
        lines = [table([("", "KERNEL", "PID", "SINCE", "PROJECT"), *rows])]
    if used is not None:
        lines.append("* is the one that clients in this folder get")
    for one in others:
        what = "removed" if one.state == "dead" else one.state
        lines.append(f"{what}: {_with_path(one)}")
    return Outcome(document, "\n".join(lines))


def status(name: str | None) -> Outcome:
    """What a kernel does: its clients, sessions, use of the machine, and what it has dropped."""
    kernel = chosen_kernel(name)
    with KernelClient.connect(kernel.info) as client:
        told = client.kernel_status()
        client.usage()  # the use of the processors is told since the last time
        time.sleep(_CPU_WATCHED)
        usage = client.usage()
    usage.pop("status", None)
    return Outcome({**described(kernel), **asdict(told), "usage": usage}, _status_text(kernel, told, usage))


def connect(name: str | None) -> Outcome:
    """Verify a kernel, make it the one that clients of its project get, and say how to reach it."""
    kernel = chosen_kernel(name)
    with KernelClient.connect(kernel.info):
        pass
    info, path = kernel
    is_default = info.kernel_id is not None and path == connection_file_path(info.kernel_id)
    if info.kernel_id is not None and is_default:
        set_default_kernel(info.kernel_id, info.project)
    file = shlex.quote(str(path))
    commands = [f"jupyter console --existing {file}", f"jupyter qtconsole --existing {file}"]
    text = [f"kernel {kernel.name} {_of(info.project)} answers (pid {info.pid})", f"connection file: {path}"]
    if is_default:
        text.append(f"clients {_in(info.project)} get this kernel from now on, as long as it runs")
        folder = shlex.quote(str(path.parent))
        commands.append(
            f"jupyter lab --ServerApp.allow_external_kernels=True --ServerApp.external_connection_dir={folder}"
        )
        if (here := _project_of(Path())) != info.project:
            text.append(f"this folder is {_in(here)}: clients here get another one")
    else:
        text.append(f"clients find only the kernels in {kernels_directory()}: they do not get this one by themselves")
    text += ["reach it with", *(f"  {command}" for command in commands)]
    return Outcome({**described(kernel), "default": is_default, "commands": commands}, "\n".join(text))


def stop(name: str | None, *, every: bool) -> Outcome:
    """Stop one kernel or all; one that cannot be stopped does not keep the others."""
    found = discover_kernels() if name is None else []
    running = _running(found) if name is None else [chosen_kernel(name)]
    if running and name is None and not every:
        running = [_only_one_here(running)]
    stopped: list[RunningKernel] = []
    problems = [_with_path(one) for one in found if every and one.state == "silent"]
    for kernel in running:
        try:
            KernelClient.connect(kernel.info).shutdown()
        except KernelError as error:
            problems.append(f"kernel {kernel.name}: {error}")
        else:
            stopped.append(kernel)
    lines = [f"kernel {kernel.name} has stopped" for kernel in stopped] or ["no kernel is running"] * (not problems)
    document = {"stopped": [described(kernel) for kernel in stopped]}
    return Outcome(document, "\n".join(lines), "; ".join(problems) or None)


def chosen_kernel(name: str | None) -> RunningKernel:
    """The kernel with an id or a connection file; without either the one that clients in this folder get."""
    if name is None:
        project = _project_of(Path())
        info = find_project_kernel(project)
        if info is None:
            raise OperationError(
                f"no kernel {_of(project)} is running: start one with 'llmspell kernel start'{_others()}"
            )
        return _in_kernels_folder(info)
    if os.sep not in name and not name.endswith(".json"):
        return _in_kernels_folder(find_kernel(name))
    path = Path(name).absolute()
    found = examine_kernel(path)
    if found.state != "running" or found.info is None:
        raise OperationError(_with_path(found))
    implementation = (found.kernel_info or {}).get("implementation")
    if implementation != "llmspell":
        raise OperationError(f"{path}: is a kernel of {implementation}, not of LLMSpell")
    return RunningKernel(found.info, path)


def described(kernel: RunningKernel) -> dict[str, Any]:
    """What a program may know of a kernel."""
    info = kernel.info
    return {
        "kernel_id": info.kernel_id,
        "pid": info.pid,
        "started": info.started,
        "project": info.project,
        "connection_file": str(kernel.path),
    }


def _in_kernels_folder(info: ConnectionInfo) -> RunningKernel:
    return RunningKernel(info, connection_file_path(info.kernel_id or ""))


def _running(found: list[DiscoveredKernel]) -> list[RunningKernel]:
    return [RunningKernel(one.info, one.path) for one in found if one.state == "running" and one.info is not None]


def _project_of(folder: Path) -> str | None:
    try:
        return project_root(str(folder))
    except FileNotFoundError:
        raise OperationError("the current folder does not exist any more: change to another one") from None


def _only_one_here(running: list[RunningKernel]) -> RunningKernel:
    project = _project_of(Path())
    here = [kernel for kernel in running if kernel.info.project == project]
    if len(here) == 1:
        return here[0]
    if here:
        what = f"several kernels {_of(project)} run ({', '.join(kernel.name for kernel in here)})"
    else:
        what = f"no kernel {_of(project)} is running{_listed(running)}"
    raise OperationError(f"{what}: name one, or say --all")


def _others() -> str:
    running = _running(discover_kernels())
    return f", or name one{_listed(running)}" if running else ""


def _listed(running: list[RunningKernel]) -> str:
    return f" (running: {', '.join(f'{kernel.name} {_of(kernel.info.project)}' for kernel in running)})"


def _status_text(kernel: RunningKernel, told: KernelStatus, usage: Mapping[str, Any]) -> str:
    rows = [
        ("project", _project(told.project)),
        ("pid", told.pid),
        ("since", f"{_since(kernel.info)} ({duration(told.uptime)})"),
        ("clients", f"{told.clients} (with this command)"),
        ("memory", mebibytes(usage["kernel_memory"])),
        ("cpu", f"{usage['kernel_cpu']:.1f} %"),
        ("messages", f"{told.received} received, {told.published} published"),
        ("dropped", ", ".join(f"{count} ({reason})" for reason, count in sorted(told.dropped.items())) or "none"),
        ("slow clients", f"{told.slow_subscriber_stalls} times; what did not fit was lost to them"),
    ]
    lines = [f"kernel {kernel.name} is running", indented(table(rows)), indented(session_table(told.sessions))]
    return "\n".join(lines)


def _of(project: str | None) -> str:
    return "outside of projects" if project is None else f"of {project}"


def _in(project: str | None) -> str:
    return "outside of projects" if project is None else f"in {project}"


def _project(project: str | None) -> str:
    return "none" if project is None else project


def _since(info: ConnectionInfo) -> str:
    if info.started is None:
        return "unknown"
    return datetime.fromisoformat(info.started).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _with_path(one: DiscoveredKernel) -> str:
    return one.reason if one.reason.startswith(str(one.path)) else f"{one.path}: {one.reason}"

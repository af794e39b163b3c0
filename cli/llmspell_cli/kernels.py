"""``llmspell kernel start|list|stop``."""

import json
from typing import Any

from llmspell_kernel.client import (
    DiscoveredKernel,
    KernelClient,
    KernelError,
    discover_kernels,
    find_kernel,
    start_kernel,
)

from llmspell_cli.failure import fail


def start(idle_timeout: float | None) -> int:
    """Start a kernel and say how to reach it."""
    try:
        info = start_kernel() if idle_timeout is None else start_kernel(idle_timeout=idle_timeout)
    except KernelError as error:
        return fail(str(error))
    print(f"kernel {info.kernel_id} is running (pid {info.pid})")
    return 0


def list_kernels(*, as_json: bool) -> int:
    """One line for each kernel; what was refused or removed is said too."""
    try:
        found = discover_kernels()
    except KernelError as error:
        return fail(str(error))
    if as_json:
        print(json.dumps([_described(one) for one in found], indent=2))
        return 0
    running = [one for one in found if one.state == "running" and one.info is not None]
    for one in running:
        if one.info is not None:
            print(f"{one.info.kernel_id}  pid {one.info.pid}  since {one.info.started}  {one.path}")
    if not running:
        print("no kernel is running")
    for one in found:
        if one.state == "dead":
            print(f"removed {_with_path(one)}")
        elif one.state != "running":
            print(f"{one.state}: {_with_path(one)}")
    return 0


def _with_path(one: DiscoveredKernel) -> str:
    return one.reason if one.reason.startswith(str(one.path)) else f"{one.path}: {one.reason}"


def _described(one: DiscoveredKernel) -> dict[str, Any]:
    described: dict[str, Any] = {"state": one.state, "connection_file": str(one.path)}
    if one.reason:
        described["reason"] = one.reason
    if one.info is not None:  # the key stays out
        described |= {"kernel_id": one.info.kernel_id, "pid": one.info.pid, "started": one.info.started}
    return described


def stop(kernel_id: str | None, *, every: bool) -> int:
    """Stop one kernel or all."""
    try:
        if kernel_id is not None:
            chosen = [find_kernel(kernel_id)]
        else:
            chosen = [one.info for one in discover_kernels() if one.state == "running" and one.info is not None]
            if len(chosen) > 1 and not every:
                known = ", ".join(str(info.kernel_id) for info in chosen)
                return fail(f"several kernels run ({known}): name one, or say --all")
        for info in chosen:
            KernelClient.connect(info).shutdown()
            print(f"kernel {info.kernel_id} has stopped")
    except KernelError as error:
        return fail(str(error))
    if not chosen:
        print("no kernel is running")
    return 0

"""What the kernel and its workers use of the machine (``usage_request``, as ipykernel answers it)."""

import socket
from functools import cache
from typing import Any

import psutil


@cache
def _process(pid: int) -> psutil.Process:
    return psutil.Process(pid)


def usage() -> dict[str, Any]:
    """The content of a ``usage_reply``. Memory in bytes, ``kernel_cpu`` in percent of one processor since last asked.

    The kernel counts with its children: the zygote and the workers.
    """
    kernel = _process(psutil.Process().pid)
    processes = [kernel, *kernel.children(recursive=True)]
    cpu, memory = 0.0, 0
    for process in processes:
        try:
            known = _process(process.pid)
            if known != process:  # the number has been given to another process
                _process.cache_clear()
                known = _process(process.pid)
            cpu += known.cpu_percent()
            memory += known.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return {
        "hostname": socket.gethostname(),
        "pid": kernel.pid,
        "kernel_cpu": cpu,
        "kernel_memory": memory,
        "cpu_count": psutil.cpu_count(),
        "host_cpu_percent": psutil.cpu_percent(),
        "host_virtual_memory": psutil.virtual_memory()._asdict(),
    }

"""The tool `system-monitor`: figures of processors, memory and disks.

Only real disks are told of; one that does not answer for its figures is left out.
"""

import os
import time
from collections.abc import Callable, Mapping

import psutil

from ..values import Value
from .output import ToolOutput, envelope
from .registry import Parameters, ToolContext

# psutil's share of a time is that between two looks at the counters.
_MEASURED_SECONDS = 0.1
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def run(parameters: Parameters, _context: ToolContext) -> ToolOutput:
    operation = parameters["operation"]
    if operation == "stats":
        operation = "all"
    return envelope(operation, _OPERATIONS[operation]())


def _all() -> dict[str, Value]:
    memory = {name: value for name, value in _memory().items() if not name.endswith("_formatted")}
    return {
        **_cpu(),
        **memory,
        **_disk(),
        "uptime_seconds": max(0, int(time.time() - psutil.boot_time())),
        "process_count": len(psutil.pids()),
    }


def _cpu() -> dict[str, Value]:
    result: dict[str, Value] = {
        "cpu_usage_percent": psutil.cpu_percent(_MEASURED_SECONDS),
        "cpu_count": psutil.cpu_count() or 1,
    }
    if hasattr(os, "getloadavg"):  # not on Windows, where psutil would start a thread for it
        result["load_average"] = list(os.getloadavg())
    return result


def _memory() -> dict[str, Value]:
    memory = psutil.virtual_memory()
    return {
        "total_memory_bytes": memory.total,
        "used_memory_bytes": memory.used,
        "available_memory_bytes": memory.available,
        "memory_usage_percent": memory.percent,
        "total_memory_formatted": formatted(memory.total),
        "used_memory_formatted": formatted(memory.used),
        "available_memory_formatted": formatted(memory.available),
    }


def _disk() -> dict[str, Value]:
    disks: dict[str, Value] = {}
    kinds = {disk.mountpoint: disk.fstype for disk in psutil.disk_partitions(all=False)}
    root = os.path.abspath(os.sep)
    for place in {root: None, **kinds}:
        try:
            usage = psutil.disk_usage(place)
        except OSError:
            continue
        disk: dict[str, Value] = {
            "total_bytes": usage.total,
            "available_bytes": usage.free,
            "used_bytes": usage.used,
            "usage_percent": usage.percent,
        }
        if kinds.get(place):
            disk["filesystem"] = kinds[place]
        disks[place] = disk
    return {"disk_usage": disks}


def formatted(size: float) -> str:
    """Bytes for a person: ``2.00 GiB``."""
    for unit in _UNITS[:-1]:
        if size < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} {_UNITS[-1]}"


_OPERATIONS: Mapping[str, Callable[[], dict[str, Value]]] = {
    "all": _all,
    "cpu": _cpu,
    "memory": _memory,
    "disk": _disk,
}

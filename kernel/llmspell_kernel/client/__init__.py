"""Find, start and talk to a kernel: ``docs/client.md`` has the examples.

    with KernelClient.connect(find_or_start_kernel()) as client:
        client.execute('print("hello")', on_output=lambda kind, content: print(kind, content))

``ReconnectingClient`` outlives its kernel; ``AsyncKernelClient`` has the same requests as coroutines. Whatever goes
wrong is a KernelError whose message is meant for a person.
"""

from typing import TYPE_CHECKING, Any

from llmspell_kernel.client.client import KernelClient
from llmspell_kernel.client.discovery import DiscoveredKernel, discover_kernels, examine_kernel, find_kernel
from llmspell_kernel.client.errors import (
    ClientClosedError,
    DebugRequestError,
    KernelDiedError,
    KernelError,
    KernelNotFoundError,
    KernelRestartedError,
    KernelStartError,
    KernelTimeoutError,
    ReconnectError,
    RequestError,
)
from llmspell_kernel.client.reconnecting import Reconnected, ReconnectingClient
from llmspell_kernel.client.replies import Completeness, Completions, HistoryEntry, KernelStatus, SessionInfo
from llmspell_kernel.client.starting import (
    default_kernel,
    find_kernel_of_folder,
    find_or_start_kernel,
    find_project_kernel,
    kernel_command,
    set_default_kernel,
    start_kernel,
)

if TYPE_CHECKING:  # asyncio costs as much as all the rest; who uses it loads it
    from llmspell_kernel.client.asynchronous import AsyncKernelClient, Execution

__all__ = [
    "AsyncKernelClient",
    "ClientClosedError",
    "Completeness",
    "Completions",
    "DebugRequestError",
    "DiscoveredKernel",
    "Execution",
    "HistoryEntry",
    "KernelClient",
    "KernelDiedError",
    "KernelError",
    "KernelNotFoundError",
    "KernelRestartedError",
    "KernelStartError",
    "KernelStatus",
    "KernelTimeoutError",
    "ReconnectError",
    "Reconnected",
    "ReconnectingClient",
    "RequestError",
    "SessionInfo",
    "default_kernel",
    "discover_kernels",
    "examine_kernel",
    "find_kernel",
    "find_kernel_of_folder",
    "find_or_start_kernel",
    "find_project_kernel",
    "kernel_command",
    "set_default_kernel",
    "start_kernel",
]


def __getattr__(name: str) -> Any:
    if name in ("AsyncKernelClient", "Execution"):
        from llmspell_kernel.client import asynchronous

        return getattr(asynchronous, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

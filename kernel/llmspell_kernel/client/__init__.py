"""Find, start and talk to a kernel.

    from llmspell_kernel.client import KernelClient, find_or_start_kernel

    with KernelClient.connect(find_or_start_kernel()) as client:
        client.execute('print("hello")', on_output=lambda kind, content: print(kind, content))
        session = client.create_session()
        reply = client.execute("return 6 * 7", session=session)    # {"status": "ok", "execution_count": 1, …}
        client.debug_request("threads", session=session)           # {"threads": [{"id": 1, "name": "main"}]}
        future = client.submit("control", "list_sessions_request", {})
        future.result(timeout=5).content()                         # in asyncio: await asyncio.wrap_future(future)
        client.delete_session(session)

Whatever goes wrong is a KernelError whose message is meant for a person.
"""

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
    find_or_start_kernel,
    find_project_kernel,
    kernel_command,
    set_default_kernel,
    start_kernel,
)

__all__ = [
    "ClientClosedError",
    "Completeness",
    "Completions",
    "DebugRequestError",
    "DiscoveredKernel",
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
    "find_or_start_kernel",
    "find_project_kernel",
    "kernel_command",
    "set_default_kernel",
    "start_kernel",
]

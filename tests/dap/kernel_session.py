"""A session of a kernel that several clients debug, and what runs in it."""

from collections.abc import Callable
from typing import Any

from llmspell_kernel.client import KernelClient

from .dap_client import DapClient


class KernelSession:
    """Ends with its kernel client."""

    def __init__(self, kernel: KernelClient, start_adapter: Callable[..., DapClient]) -> None:
        self.kernel = kernel
        self.name = kernel.create_session(owned=True)
        self.target = {"session": self.name, "kernelId": kernel.info.kernel_id}
        self._start_adapter = start_adapter

    def attach(self, *functions: str, **arguments: Any) -> DapClient:
        """A new client, with breakpoints at functions."""
        client = self._start_adapter()
        client.initialize(supportsInvalidatedEvent=True)
        client.ask("attach", **self.target, **arguments)
        if functions:
            client.ask("setFunctionBreakpoints", breakpoints=[{"name": each} for each in functions])
        client.ask("configurationDone")
        return client

    def run(self, code: str) -> Any:
        metadata = {"llmspell_session": self.name}
        return self.kernel.submit("shell", "execute_request", {"code": code}, metadata=metadata)

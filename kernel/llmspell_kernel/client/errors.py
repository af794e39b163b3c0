"""What can go wrong between a client and its kernel. Messages are complete sentences for a person."""

from llmspell_kernel.protocol.wire import JsonObject


class KernelError(Exception):
    """Base of all errors of this package."""


class KernelStartError(KernelError):
    """A kernel did not start; the message ends with what it wrote to stderr."""


class KernelNotFoundError(KernelError):
    """No kernel, or none with the wanted id, is running."""


class KernelTimeoutError(KernelError, TimeoutError):
    """The kernel did not answer in time; the message says what was asked and how long was waited."""


class KernelDiedError(KernelError):
    """The kernel ended, or stopped answering its heartbeat, while something was wanted from it."""


class KernelRestartedError(KernelDiedError):
    """Another process took over the kernel's addresses and key; what the one before was asked is lost with it."""


class ReconnectError(KernelError):
    """No kernel could be reached again; the message lists what was tried."""


class ClientClosedError(KernelError):
    """The client was closed by its owner."""


class RequestError(KernelError):
    """The kernel answered a request with ``status: error``; ``name`` is the reply's ``ename``."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class DebugRequestError(KernelError):
    """A debug request was refused; ``body`` is the response's body, where DAP puts a structured error."""

    def __init__(self, command: str, message: str, body: JsonObject | None = None) -> None:
        super().__init__(message)
        self.command = command
        self.body = body if body is not None else {}

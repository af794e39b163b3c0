"""The Python side of a script's tools, debugged by debugpy: started when it is wanted, entered by a step.

Lua and Python share the script's thread, so one stop excludes the other: while Python is stopped the Lua script
runs a call, and while the Lua script is stopped Python waits for its next request.

Invariant: without debugpy, and without a client that connects to it in time, a tool runs as it always does, and the
client is told.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, Literal

from ..protocol.ldp import RequestError
from ..runtime.service_threads import ServiceTimer

Wish = Literal["always", "steps"]

# An editor starts its Python debugger meanwhile.
CONNECT_SECONDS = 15.0
_MISSING = (
    "the Python side of tools cannot be debugged: debugpy is not installed in the kernel's environment "
    "(pip install debugpy)"
)


def wish_of(arguments: Mapping[str, Any]) -> Wish | None:
    """``python`` of ``launch`` and ``attach``: true from the start, "steps" when a step goes into a tool."""
    value = arguments.get("python")
    if value is None or value is False:
        return None
    if value is True:
        return "always"
    if value == "steps":
        return "steps"
    raise RequestError(f'python: expected true, false or "steps", got {value!r}')


class PythonDebugging:
    """``tell`` warns the clients, ``send_event`` publishes ``pythonDebugger {host, port, pid, client}``: to where the
    Python debugger of that client is to connect."""

    def __init__(self, send_event: Callable[[str, dict[str, Any]], None], tell: Callable[[str], None]) -> None:
        self._send_event = send_event
        self._tell = tell
        self._wishes: dict[str, Wish] = {}
        self._endpoint: tuple[str, int] | None = None
        self._step_of: str | None = None
        self.connect_seconds = CONNECT_SECONDS

    def wish(self, client: str, wish: Wish | None) -> None:
        if wish is None:
            self._wishes.pop(client, None)
        else:
            self._wishes[client] = wish

    def clear(self, client: str) -> None:
        """A client has left."""
        self._wishes.pop(client, None)
        if self._step_of == client:
            self._step_of = None

    def step_in(self, client: str) -> None:
        """A step of this client goes into whatever is called next."""
        self._step_of = client if client in self._wishes else None

    def stopped(self) -> None:
        """The script has stopped: what the last step was for is past."""
        self._step_of = None

    # The script's thread -----------------------------------------------------------------------------------

    def job_begins(self) -> None:
        client = next((one for one, wish in self._wishes.items() if wish == "always"), None)
        if client is not None:
            self._is_connected(client)

    def enter(self, function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
        """Call a tool's function, stopped where it begins when a step goes into it."""
        client, self._step_of = self._step_of, None
        if client is None or not self._is_connected(client):
            return function(**arguments)
        import pydevd

        # on one line: the event of another line of ours in between would be where the stop is
        return (pydevd.settrace(suspend=True, trace_only_current_thread=True), function(**arguments))[1]

    def _is_connected(self, client: str) -> bool:
        """Have a Python debugger connected, if one connects in time."""
        # it would warn of modules that are frozen, which no author of tools debugs
        os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        try:
            import debugpy
        except ImportError:
            self._tell(_MISSING)
            self._wishes.clear()
            return False
        if debugpy.is_client_connected():
            return True
        if self._endpoint is None:
            host, port = debugpy.listen(("127.0.0.1", 0), in_process_debug_adapter=True)
            self._endpoint = str(host), int(port)
        host, port = self._endpoint
        self._send_event("pythonDebugger", {"host": host, "port": port, "pid": os.getpid(), "client": client})
        timer = ServiceTimer(self.connect_seconds, _cancel_wait, name="python-client")
        timer.start()
        debugpy.wait_for_client()
        timer.cancel()
        if debugpy.is_client_connected():
            return True
        self._tell(f"no Python debugger has connected to {host}:{port} within {self.connect_seconds:g} s")
        return False


def _cancel_wait() -> None:
    import debugpy

    debugpy.wait_for_client.cancel()

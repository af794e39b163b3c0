"""The Python side of a tool: a debug session of its own, which the client starts beside the script's."""

from typing import Any

from llmspell_dap.messages import ClientFeatures, RequestFailedError
from llmspell_dap.reverse_requests import ReverseRequests

Json = dict[str, Any]


async def debug_python(debugger: Json, client: ReverseRequests, features: ClientFeatures) -> None:
    """Have the client start its Python debugger for an LDP ``pythonDebugger`` event: debugpy waits there for it.

    Raises RequestFailedError.
    """
    host, port = debugger.get("host"), debugger.get("port")
    if not features.start_debugging:
        raise RequestFailedError(
            "this client cannot start a Python debugger for the tool that the step goes into; debugpy waits for one at"
            f" {host}:{port}"
        )
    configuration = {
        "type": "debugpy",
        "request": "attach",
        "name": "Python side of the script's tools",
        "connect": {"host": host, "port": port},
        "justMyCode": True,
    }
    await client.ask("startDebugging", {"request": "attach", "configuration": configuration})

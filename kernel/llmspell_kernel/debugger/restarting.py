"""The request ``restartFrame``: a function that our code has called is called again with the arguments that it got.

Lua cannot take a frame off its stack. What stands above the frame is ended by an error that ``pcall`` lets pass, so
that ``<close>`` variables are closed; whoever has called the function calls it again (``lua/restarts.lua``).

Invariant: a frame that nobody of ours has called is refused, and shown with ``canRestart: false``.
"""

from typing import Any

from ..protocol.ldp import error_response, integer_argument, object_argument
from .script_requests import Request, Respond, ScriptRequests


def restart_frame(script: ScriptRequests, request: Request, respond: Respond) -> None:
    frame = integer_argument(object_argument(request, "arguments"), "frameId")

    def answer(answered: dict[str, Any]) -> None:
        if not answered["success"]:
            respond(answered)
        elif not script.raise_in_stopped("restarted", before=lambda: respond(answered)):
            respond(error_response(request, "the script is not stopped any more: another client has let it go on"))

    script.ask(request, answer, "restartFrame", [frame], lambda _: {})

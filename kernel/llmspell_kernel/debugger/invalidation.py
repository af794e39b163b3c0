"""The event ``invalidated``: one client has changed variables that others show.

It goes to all that hear of the session; ``client`` in its body is who has made the change, and knows of it.
"""

from collections.abc import Callable
from typing import Any

from .script_requests import Request, Respond, SendEvent

_SETTING = frozenset({"setVariable", "setExpression", "copyToGlobals"})


def telling_others(request: Request, respond: Respond, send_event: SendEvent, others: Callable[[], bool]) -> Respond:
    """A ``respond`` after which the other clients are told, where the request may have changed something and ``others``
    debug the session."""
    if not _may_change(request):
        return respond

    def answer(answered: dict[str, Any]) -> None:
        respond(answered)
        if answered["success"] and others():
            send_event("invalidated", {"areas": ["variables"], "client": request["sender"]})

    return answer


def _may_change(request: Request) -> bool:
    if request["command"] in _SETTING:
        return True
    arguments = request.get("arguments")  # not checked yet
    return (
        request["command"] == "evaluate"
        and isinstance(arguments, dict)
        and (arguments.get("context") or "repl") == "repl"
    )

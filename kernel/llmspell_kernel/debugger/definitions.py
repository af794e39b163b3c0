"""The request ``locations``: where a function is defined that a variable holds, where a variable is declared."""

from collections.abc import Callable, Mapping
from typing import Any

from ..protocol.ldp import RequestError, integer_argument, object_argument
from .inspection import source_name, visible
from .script_requests import Request, Respond, ScriptRequests

# line and column of the declaration that the Lua half describes
Declaration = Callable[[Mapping[str, Any]], tuple[int, int] | None]


def locations(
    script: ScriptRequests,
    place: Callable[[str], Mapping[str, Any] | None],
    declaration: Declaration,
    request: Request,
    respond: Respond,
) -> None:
    """``place`` says where a client finds the text of a chunk."""
    reference = integer_argument(object_argument(request, "arguments"), "locationReference")
    if not reference:
        raise RequestError("locationReference: expected a number above 0")

    def finish(found: Mapping[str, Any]) -> dict[str, Any]:
        where = place(found["source"])
        if where is None:
            raise RequestError(f"the text of {source_name(found['source'])} is not known any more")
        body = {"source": {"name": source_name(found["source"]), **where}, "line": found["line"]}
        if found.get("kind") != "declaration":
            return body
        declared = declaration(found)
        if declared is None:
            raise RequestError(f"where '{visible(found['name'])}' is declared cannot be told from the text")
        return {**body, "line": declared[0], "column": declared[1]}

    script.ask_or_look(request, respond, "location", [reference], finish)

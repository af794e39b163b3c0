"""Exception breakpoints as a client sets them, and what it is told of the error that a script is stopped at.

Invariant: those with a condition that does not compile stop nothing, and their answer says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..protocol.ldp import (
    EXCEPTION_FILTERS,
    RequestError,
    integer_argument,
    list_argument,
    response,
)
from ..runtime.values import Value
from .breakpoint_texts import check_expression
from .inspection import visible

Respond = Callable[[dict[str, Any]], None]
Request = Mapping[str, Any]

MAX_EXCEPTION_BREAKPOINTS = 100
# ids of the breakpoints of sources count from 1
_FIRST_ID = 1 << 30
_FILTERS = tuple(one["filter"] for one in EXCEPTION_FILTERS)


@dataclass(frozen=True, slots=True)
class ExceptionBreakpoint:
    """``complaint`` is the compiler's about the condition."""

    id: int
    filter: str
    condition: str | None
    complaint: str | None = None

    def described(self) -> dict[str, Any]:
        """As DAP's ``Breakpoint``."""
        if self.complaint is None:
            return {"id": self.id, "verified": True}
        return {"id": self.id, "verified": False, "message": f"condition '{self.condition}': {self.complaint}"}


class ExceptionBreakpoints:
    """The exception breakpoints of one session; ``apply`` has the script's thread take them over."""

    def __init__(self, apply: Callable[[], None]) -> None:
        self._apply = apply
        self._by_client: dict[str, tuple[ExceptionBreakpoint, ...]] = {}
        self._ids: dict[tuple[str, str, str | None], int] = {}

    def set(self, request: Request, respond: Respond) -> None:
        """``setExceptionBreakpoints``: those of the request replace all of the client's."""
        arguments = request.get("arguments") or {}
        if not isinstance(arguments, dict):
            raise RequestError("arguments: expected an object")
        wanted, client = _wanted(arguments), request["client"]
        breakpoints = self._by_client[client] = tuple(
            ExceptionBreakpoint(
                self._ids.setdefault((client, name, condition), _FIRST_ID + len(self._ids)),
                name,
                condition,
                None if condition is None else check_expression(condition),
            )
            for name, condition in wanted
        )
        self._apply()
        respond(response(request, {"breakpoints": [one.described() for one in breakpoints]}))

    def clear(self, client: str) -> None:
        """A client has left; the caller has the script's thread take over what remains."""
        self._by_client.pop(client, None)

    def in_force(self) -> list[Value]:
        """For ``exceptions.lua``."""
        found: list[Value] = []
        for one in (one for breakpoints in list(self._by_client.values()) for one in breakpoints):
            if one.complaint is None:
                found.append({"id": one.id, "filter": one.filter, "condition": one.condition})
        return found


def _wanted(arguments: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """Filters and their conditions, those of ``filters`` first, as DAP has the order of the answer."""
    if list_argument(arguments, "exceptionOptions", optional=True):
        raise RequestError("exceptionOptions: errors of Lua have no categories; use filters or filterOptions")
    wanted: list[tuple[str, str | None]] = []
    for index, name in enumerate(list_argument(arguments, "filters", optional=True)):
        wanted.append((_filter(name, f"filters[{index}]"), None))
    for index, one in enumerate(list_argument(arguments, "filterOptions", optional=True)):
        field = f"filterOptions[{index}]"
        if not isinstance(one, dict):
            raise RequestError(f"{field}: expected an object")
        condition = one.get("condition")
        if condition is not None and not isinstance(condition, str):
            raise RequestError(f"{field}.condition: expected a string, got {condition!r}")
        wanted.append((_filter(one.get("filterId"), f"{field}.filterId"), (condition or "").strip() or None))
    if len(wanted) > MAX_EXCEPTION_BREAKPOINTS:
        raise RequestError(f"filters: {len(wanted)} are more than {MAX_EXCEPTION_BREAKPOINTS}")
    return wanted


def _filter(name: object, field: str) -> str:
    if not isinstance(name, str) or name not in _FILTERS:
        raise RequestError(f"{field}: {name!r} is not known; there are {', '.join(_FILTERS)}")
    return name


Ask = Callable[[Request, Respond, str, list[Value], Callable[[Any], dict[str, Any]]], None]


def exception_info(ask: Ask, request: Request, respond: Respond) -> None:
    """``exceptionInfo``, answered by the stopped thread through ``ask``."""
    arguments = request.get("arguments") or {}
    if not isinstance(arguments, dict):
        raise RequestError("arguments: expected an object")
    ask(request, respond, "exceptionInfo", [integer_argument(arguments, "threadId")], _described)


def _described(found: Mapping[str, Any]) -> dict[str, Any]:
    """DAP's body of ``exceptionInfo``."""
    details = _details(found) | {"stackTrace": visible(found["stack"])}
    if found.get("evaluate_name"):
        details["evaluateName"] = found["evaluate_name"]
    if found.get("inner"):
        details["innerException"] = [_details(found["inner"])]
    return {
        "exceptionId": found["id"],
        "description": visible(found["text"]),
        "breakMode": "unhandled" if found["uncaught"] else "always",
        "details": details,
    }


def _details(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"message": visible(found["text"]), "typeName": visible(found["type"])}

"""The tool `http-requester`: HTTP requests with authentication and retries."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext
from .web_request import MAX_ATTEMPTS, Retries, http_of, tried, with_body

_AUTH_FIELDS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "basic": ("username", "password"),
    "bearer": ("token",),
    "api_key": ("key", "header_name"),
    "custom": ("headers",),
}


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    headers, content = with_body(parameters["headers"], parameters.get("body"))
    headers.update(_authentication(parameters.get("auth") or {"type": "none"}))
    retries = _retries(parameters.get("retry"))
    with http_of("http-requester", context) as http:
        answer, _ = tried(
            lambda: http.request(parameters["method"], parameters["input"], headers=headers, content=content),
            retries,
            context,
        )
    return envelope(
        "http-requester",
        {
            "status_code": answer.status,
            "headers": dict(answer.headers),
            "body": answer.value(),
            "timestamp": datetime.now(UTC).isoformat(),
        },
    )


def _authentication(auth: Mapping[str, Any]) -> dict[str, Any]:
    kind = auth.get("type")
    fields = _AUTH_FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        raise ToolError(f"parameter 'auth.type': expected one of {', '.join(_AUTH_FIELDS)}", "invalid_parameters")
    for name in fields:
        expected = dict if name == "headers" else str
        if name != "header_name" and not isinstance(auth.get(name), expected):
            kind_name = "table" if expected is dict else "string"
            raise ToolError(f"parameter 'auth.{name}': expected {kind_name}, which type '{kind}' needs",
                            "invalid_parameters")  # fmt: skip
    match kind:
        case "basic":
            pair = f"{auth['username']}:{auth['password']}".encode("utf-8", "surrogateescape")
            return {"authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}
        case "bearer":
            return {"authorization": f"Bearer {auth['token']}"}
        case "api_key":
            return {str(auth.get("header_name", "X-API-Key")): auth["key"]}
        case "custom":
            return dict(auth["headers"])
    return {}


def _retries(given: Mapping[str, Any] | None) -> Retries:
    if given is None:
        return Retries()
    default = Retries()
    statuses = given.get("retry_on_status", sorted(default.statuses))
    if not isinstance(statuses, list) or not all(isinstance(one, (int, float)) for one in statuses):
        raise ToolError("parameter 'retry.retry_on_status': expected a list of numbers", "invalid_parameters")
    attempts = _number(given, "max_attempts", 3, 1)
    if attempts > MAX_ATTEMPTS:
        raise ToolError(f"parameter 'retry.max_attempts': expected at most {MAX_ATTEMPTS}", "invalid_parameters")
    return Retries(
        int(attempts),
        _number(given, "initial_delay_ms", 1000, 0) / 1000,
        _number(given, "max_delay_ms", 30_000, 0) / 1000,
        _number(given, "backoff_factor", default.growth, 1),
        frozenset(int(one) for one in statuses),
    )


def _number(given: Mapping[str, Any], name: str, default: float, least: float) -> float:
    value = given.get(name, default)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not least <= value < 1e9:
        raise ToolError(f"parameter 'retry.{name}': expected a number of at least {least:g}", "invalid_parameters")
    return float(value)

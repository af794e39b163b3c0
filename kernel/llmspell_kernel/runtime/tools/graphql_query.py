"""The tool `graphql-query`: GraphQL over HTTP; subscriptions over server-sent events."""

import json
from collections.abc import Iterator
from typing import Any

from ..network.http import Http, shown
from ..values import Value
from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext
from .web_request import http_of, with_body

MAX_EVENTS = 1000
_INTROSPECTION = (
    "query IntrospectionQuery { __schema { queryType { name } mutationType { name } subscriptionType { name } "
    "types { kind name description fields(includeDeprecated: true) { name description args { ...Input } "
    "type { ...Type } isDeprecated deprecationReason } inputFields { ...Input } interfaces { ...Type } "
    "enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } "
    "possibleTypes { ...Type } } directives { name description locations args { ...Input } } } } "
    "fragment Input on __InputValue { name description type { ...Type } defaultValue } "
    "fragment Type on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name "
    "ofType { kind name ofType { kind name } } } } } } }"
)


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    operation, endpoint = parameters["operation"], parameters["endpoint"]
    query = _INTROSPECTION if operation == "introspection" else parameters.get("input") or parameters.get("query")
    request: dict[str, Any] = {"query": query}
    if "variables" in parameters:
        request["variables"] = parameters["variables"]
    if "operation_name" in parameters:
        request["operationName"] = parameters["operation_name"]
    headers, content = with_body(parameters.get("headers", {}), request)
    assert content is not None  # noqa: S101 - the request is a table
    with http_of("graphql-query", context) as http:
        answered = _subscribed if operation == "subscription" else _answered
        result = answered(http, endpoint, headers, content)
    return envelope(operation, {"operation": operation, "endpoint": endpoint, "result": result})


def _answered(http: Http, endpoint: str, headers: dict[str, Any], content: bytes) -> Value:
    accept = {"accept": "application/graphql-response+json, application/json", **headers}
    answer = http.request("POST", endpoint, headers=accept, content=content)
    value = answer.value()
    if not isinstance(value, dict) or ("data" not in value and "errors" not in value):
        raise ToolError(
            f"{shown(endpoint)}: expected an answer of GraphQL, got {answer.status} {answer.reason} with "
            f"{answer.content_type or 'no content type'}",
            "not_graphql",
        )
    return value


def _subscribed(http: Http, endpoint: str, headers: dict[str, Any], content: bytes) -> Value:
    """The events until the server completes the subscription, or the time of a request is over."""
    accept = {"accept": "text/event-stream", **headers}
    with http.stream("POST", endpoint, headers=accept, content=content) as answer:
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "text/event-stream":
            raise ToolError(
                f"{shown(endpoint)}: expected a subscription over server-sent events, got {answer.status} "
                f"{answer.reason} with {kind or 'no content type'}; subscriptions over WebSocket are not supported",
                "unsupported",
            )
        events: list[Value] = []
        try:
            for name, data in _events(answer.chunks):
                if name == "complete":
                    break
                if name in {"next", "message"} and data:
                    events.append(_value(data, endpoint))
                if len(events) >= MAX_EVENTS:
                    break
        except ToolError as error:
            if error.code != "timeout" or not events:
                raise
    return events


def _events(chunks: Iterator[bytes]) -> Iterator[tuple[str, str]]:
    """Names and data of server-sent events."""
    name, data, rest = "message", list[str](), b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).replace(b"\r\n", b"\n").split(b"\n")
        for line in lines:
            text = line.decode("utf-8", "surrogateescape")
            if not text:
                if data or name != "message":
                    yield name, "\n".join(data)
                name, data = "message", []
                continue
            field, _, value = text.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "data":
                data.append(value)


def _value(data: str, endpoint: str) -> Value:
    try:
        value: Value = json.loads(data)
    except (ValueError, RecursionError):
        raise ToolError(f"{shown(endpoint)}: an event that is no JSON: {data[:100]}", "not_graphql") from None
    return value

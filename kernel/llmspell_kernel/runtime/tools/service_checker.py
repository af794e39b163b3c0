"""The tool `service-checker`: whether a service answers: a port, a web server, a name."""

import time
from contextlib import closing
from urllib.parse import urlsplit

from ..network.connection import Deadline, checked_addresses, connect
from ..network.http import Http
from ..network.settings import NetworkSettings, network_settings
from ..values import Value
from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext

# Not reached: an answer of this tool, no failure.
_UNAVAILABLE = frozenset({"network_error", "timeout", "too_many_redirects"})


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    target, kind, seconds = parameters["target"], parameters["check_type"], parameters["timeout_seconds"]
    if seconds < 1:
        raise ToolError("parameter 'timeout_seconds': expected 1 or more", "invalid_parameters")
    settings = network_settings(context.configuration.document, "service-checker")
    check = {"tcp": _tcp, "dns": _dns}.get(kind, _http)
    deadline = Deadline(min(seconds, settings.timeout), context.cancellation)
    started = time.monotonic()
    error: Value = None
    try:
        is_available, status, metadata = check(target, kind, settings, deadline)
    except ToolError as problem:
        if problem.code not in _UNAVAILABLE:
            raise
        is_available, status, metadata, error = False, "unavailable", {}, str(problem)
    return envelope(
        "check",
        {
            "target": target,
            "check_type": kind,
            "available": is_available,
            "response_time_ms": round((time.monotonic() - started) * 1000),
            "status": status,
            "error": error,
            "metadata": metadata,
            "timeout_seconds": seconds,
        },
    )


Found = tuple[bool, str, dict[str, Value]]


def _tcp(target: str, _kind: str, settings: NetworkSettings, deadline: Deadline) -> Found:
    try:
        parts = urlsplit(f"//{target}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port:
        raise ToolError("parameter 'target': expected host:port for check_type 'tcp'", "invalid_parameters")
    with closing(connect(settings, host, port, deadline)) as connection:
        address = connection.getpeername()[0]
    return True, "connected", {"host": host, "port": port, "address": address}


def _http(target: str, kind: str, settings: NetworkSettings, deadline: Deadline) -> Found:
    url = target if "://" in target else f"{kind}://{target}"
    if not url.lower().startswith(f"{kind}://"):
        raise ToolError(f"parameter 'target': expected a URL that begins with {kind}://", "invalid_parameters")
    # the body is not wanted
    with Http(settings, deadline.cancellation) as http, http.stream("GET", url, timeout=deadline.seconds) as answer:
        metadata: dict[str, Value] = {"status_code": answer.status, "url": answer.url}
        if "server" in answer.headers:
            metadata["server"] = answer.headers["server"]
    return answer.status < 500, f"{answer.status} {answer.reason}".strip(), metadata


def _dns(target: str, _kind: str, settings: NetworkSettings, deadline: Deadline) -> Found:
    addresses = checked_addresses(settings, target, 0, deadline)
    return True, "resolved", {"addresses": list[Value](addresses)}

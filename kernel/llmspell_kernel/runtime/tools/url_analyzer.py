"""The tool `url-analyzer`: takes a URL apart, and says what its server says of it."""

import ipaddress
from urllib.parse import parse_qsl, urlsplit

from ..network.http import Answer
from ..values import Value
from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext
from .web_request import http_of

MAX_LENGTH = 16_384
_TIMEOUT = 10.0
_DEFAULT_PORTS = {"http": 80, "https": 443, "ftp": 21, "ws": 80, "wss": 443}
# Headers of an answer that become fields.
_FACTS = ("content-type", "server", "last-modified", "etag")


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    url = parameters["input"]
    facts = _parts(url, parameters["decode_params"])
    if parameters["fetch_metadata"]:
        if facts["scheme"] not in {"http", "https"}:
            raise ToolError("parameter 'fetch_metadata': only what http:// and https:// lead to is asked",
                            "invalid_parameters")  # fmt: skip
        try:
            with http_of("url-analyzer", context) as http:
                facts["metadata"] = _metadata(http.request("HEAD", url, timeout=_TIMEOUT, follow_redirects=False))
        except ToolError as error:
            if error.code == "access_denied":
                raise
            facts["metadata_error"] = str(error)
    return envelope("analyze", facts)


def _parts(url: str, decodes: bool) -> dict[str, Value]:
    if len(url) > MAX_LENGTH:
        raise ToolError(f"parameter 'input': longer than {MAX_LENGTH} characters", "too_large")
    try:
        parts = urlsplit(url.strip())
        port = parts.port
        host = parts.hostname
        details = _host_details(host)
    except ValueError as error:
        raise ToolError(f"parameter 'input': not a URL: {error}", "invalid_url") from None
    if not parts.scheme or (parts.scheme in _DEFAULT_PORTS and not host):
        raise ToolError("parameter 'input': not a URL: expected a scheme and a host, as in https://example.com",
                        "invalid_url")  # fmt: skip
    path = parts.path or ("/" if host else "")
    normal_port = None if port == _DEFAULT_PORTS.get(parts.scheme) else port
    place = "" if host is None else (f"[{host}]" if ":" in host else host)
    user = parts.netloc.rpartition("@")[0]
    netloc = f"{user}@" * bool(user) + place + (f":{normal_port}" if normal_port is not None else "")
    return {
        "valid": True,
        "original": url,
        "normalized": parts._replace(netloc=netloc, path=path).geturl(),
        "scheme": parts.scheme,
        "host": host,
        "port": port,
        "path": path,
        "query": parts.query or None,
        "fragment": parts.fragment or None,
        "query_params": _query(parts.query, decodes),
        "host_details": details,
    }


def _query(query: str, decodes: bool) -> dict[str, Value]:
    """The values by name; a list where a name comes more than once."""
    if decodes:
        pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
    else:
        pairs = [(name, value) for name, _, value in (one.partition("=") for one in query.split("&")) if name]
    values: dict[str, list[Value]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}


def _host_details(host: str | None) -> dict[str, Value]:
    if host is None:
        return {}
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return {"type": "domain", "value": host, "is_ip": False}
    return {"type": f"ipv{address.version}", "value": str(address), "is_ip": True}


def _metadata(answer: Answer) -> dict[str, Value]:
    found: dict[str, Value] = {
        "status_code": answer.status,
        "status_text": answer.reason,
        "is_success": answer.is_success,
        "is_redirect": 300 <= answer.status < 400,
    }
    for name in _FACTS:
        if name in answer.headers:
            found[name.replace("-", "_")] = answer.headers[name]
    if answer.headers.get("content-length", "").isdecimal():
        found["content_length"] = int(answer.headers["content-length"][:18])
    if "location" in answer.headers:
        found["redirect_location"] = answer.headers["location"]
    return found

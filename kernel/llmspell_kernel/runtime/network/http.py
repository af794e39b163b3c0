"""HTTP requests of tools.

Invariants: every URL that is asked, those of redirects included, passes the policy; what was meant for one server (a
caller's headers, a body) does not reach another by a redirect; no answer is larger than its limit, unpacked.
"""

import json
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

import httpcore
import httpx

from ...version import __version__
from ..cancellation import Cancellation
from ..tools.output import ToolError
from ..values import Value
from . import policy
from .connection import CheckedBackend, Deadline, checked_addresses
from .settings import NetworkSettings

USER_AGENT = f"llmspell/{__version__}"
MAX_HEADERS = 200
_CHUNK = 64 * 1024
_PORTS = {"http": 80, "https": 443}
# What of a caller's headers goes along when a redirect leads to another server.
_FOR_ANYBODY = frozenset({"accept", "accept-language", "user-agent"})
# Those that say what is sent, and to whom: with a Host of its own a caller would reach another server behind the one
# that is allowed.
_OWN_HEADERS = (
    *("host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade"),
    *("proxy-authorization", "proxy-connection"),
)
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_MORE_TIME = "; to allow more, set timeout under [network] in llmspell.toml"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered, after redirects. Names of headers are in small letters."""

    url: str
    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        return self.content_type == "application/json" or self.content_type.endswith("+json")

    def text(self) -> str:
        """The body as text, by the charset that the server says, else UTF-8; bytes that are none survive."""
        encoding = _charset(self.headers.get("content-type", "")) or "utf-8"
        try:
            return self.body.decode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")
        except (LookupError, ValueError):
            return self.body.decode("utf-8", "surrogateescape")

    def value(self) -> Value:
        """What a body of JSON says, else the body as text."""
        if self.is_json:
            try:
                value: Value = json.loads(self.body)
            except (ValueError, RecursionError):
                return self.text()
            return value
        return self.text()


def environment_proxy(scheme: str, host: str) -> str:
    """The URL of the proxy that the environment names for a host, "" for none."""
    from urllib.request import getproxies, proxy_bypass

    if proxy_bypass(host):
        return ""
    proxies = getproxies()
    found = proxies.get(scheme) or proxies.get("all") or ""
    return found if "://" in found or not found else f"http://{found}"


def _charset(content_type: str) -> str:
    for part in content_type.split(";")[1:]:
        name, _, value = part.strip().partition("=")
        if name.lower() == "charset":
            charset = value.strip("\"' ").lower()
            return "utf-8" if charset == "utf8" else charset
    return ""


class Http:
    """Sends requests one after the other, over connections that are kept. ``close`` ends these."""

    def __init__(self, settings: NetworkSettings, cancellation: Cancellation) -> None:
        self._settings = settings
        self._cancellation = cancellation
        self._clients: dict[str, tuple[httpx.Client, CheckedBackend]] = {}

    def __enter__(self) -> "Http":
        return self

    def __exit__(self, *_: object) -> None:
        for client, _backend in self._clients.values():
            client.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        timeout: float | None = None,
        follow_redirects: bool = True,
    ) -> Answer:
        """The answer, whatever its status. Raises ToolError when there is none, and CancelledError.

        ``timeout``: seconds, no more than the settings allow.
        """
        with self.stream(
            method, url, headers=headers, content=content, timeout=timeout, follow_redirects=follow_redirects
        ) as answer:
            return Answer(
                answer.url, answer.status, answer.reason, answer.headers, b"".join(answer.chunks), answer.seconds()
            )

    @contextmanager
    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        timeout: float | None = None,
        follow_redirects: bool = True,
    ) -> Iterator["StreamedAnswer"]:
        """As ``request``, with the body's pieces as they come."""
        started = time.monotonic()
        if timeout is not None and timeout < self._settings.timeout:
            deadline = Deadline(timeout, self._cancellation)
        else:
            deadline = Deadline(self._settings.timeout, self._cancellation, _MORE_TIME)
        request = _request(method, url, headers or {}, content)
        for _ in range(self._settings.max_redirects + 1):
            self._check(request.url, deadline)
            client, backend = self._client(request.url)
            with backend.until(deadline), _explained(request.url):
                response = client.send(request, stream=True, follow_redirects=False)
                try:
                    following = _following(request, response) if follow_redirects else None
                    if following is None:
                        yield StreamedAnswer(response, started, self._settings.max_response)
                        return
                finally:
                    response.close()
            request = following
        raise ToolError(
            f"{shown(url)}: more than {self._settings.max_redirects} redirects, the limit", "too_many_redirects"
        )

    def _check(self, url: httpx.URL, deadline: Deadline) -> None:
        if len(str(url)) > policy.MAX_URL_LENGTH:
            raise ToolError(f"the URL is longer than {policy.MAX_URL_LENGTH} characters", "invalid_url")
        if url.scheme not in _PORTS or not url.host:
            raise ToolError(f"'{shown(str(url))}': expected a URL that begins with http:// or https://", "invalid_url")
        policy.check_host(self._settings, url.host)
        if self._proxy_for(url):
            # The proxy resolves the name. What this machine knows of it is checked, and what it does not know is
            # for the proxy to decide.
            try:
                checked_addresses(self._settings, url.host, url.port or _PORTS[url.scheme], deadline)
            except ToolError as error:
                if error.code != "network_error":
                    raise

    def _proxy_for(self, url: httpx.URL) -> str:
        """The proxy's URL, "" for none: what is near is asked directly."""
        if policy.is_named(self._settings, url.host):
            return ""
        if self._settings.proxy is not None:
            return self._settings.proxy
        return environment_proxy(url.scheme, url.host)

    def _client(self, url: httpx.URL) -> tuple[httpx.Client, CheckedBackend]:
        proxy = self._proxy_for(url)
        if proxy not in self._clients:
            parts = urlsplit(proxy)
            if proxy and (parts.scheme != "http" or not parts.hostname):
                raise ToolError(
                    "the proxy of HTTPS_PROXY, HTTP_PROXY or ALL_PROXY is no http:// URL; set one as proxy under "
                    '[network] in llmspell.toml, or "" for none',
                    "invalid_proxy",
                )
            address = (str(parts.hostname), parts.port or 80) if proxy else None
            backend = CheckedBackend(self._settings, address)
            client = httpx.Client(  # the backend holds each request to its deadline
                transport=_Transport(_pool(parts, address, backend)),
                timeout=None,  # noqa: S113
                trust_env=False,
            )
            self._clients[proxy] = client, backend
        return self._clients[proxy]


class StreamedAnswer:
    """An answer whose body has not been read yet; ``chunks`` are its pieces, unpacked."""

    def __init__(self, response: httpx.Response, started: float, limit: int) -> None:
        self.url = str(response.url)
        self.status = response.status_code
        self.reason = response.reason_phrase
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self._response, self._started, self._limit = response, started, limit

    def seconds(self) -> float:
        return time.monotonic() - self._started

    @property
    def chunks(self) -> Iterator[bytes]:
        size = 0
        for chunk in _unpacked(self._response, self._limit):
            size += len(chunk)
            if size > self._limit:
                raise ToolError(
                    f"{shown(self.url)}: the answer is larger than the limit of {self._limit} bytes; to allow more, "
                    "set max_response under [network] in llmspell.toml",
                    "too_large",
                )
            yield chunk


def _unpacked(response: httpx.Response, limit: int) -> Iterator[bytes]:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"", "identity"}:
        yield from response.iter_raw()
        return
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise ToolError(f"the answer is packed as '{encoding[:40]}', which was not asked for", "network_error")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    is_empty = True
    try:
        for packed in response.iter_raw():
            rest, is_empty = packed, False
            while rest:
                yield unpacker.decompress(rest, min(limit + 1, _CHUNK))
                rest = unpacker.unconsumed_tail
        yield unpacker.flush(min(limit + 1, _CHUNK))
    except zlib.error as error:
        raise ToolError(f"the answer cannot be unpacked: {error}", "network_error") from None
    if not is_empty and not unpacker.eof:
        raise ToolError("the answer cannot be unpacked: it ends too early", "network_error")


def shown(url: str) -> str:
    """A URL for an error or a log: without user, password, query and fragment, which may be secrets."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return url[:100].partition("?")[0].rpartition("@")[2]
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}{parts.path}"[:300]


def _request(method: str, url: str, headers: Mapping[str, Any], content: bytes | None) -> httpx.Request:
    if len(headers) > MAX_HEADERS:
        raise ToolError(f"parameter 'headers': more than {MAX_HEADERS} headers", "invalid_parameters")
    texts = {"user-agent": USER_AGENT, "accept": "*/*", "accept-encoding": "gzip, deflate"}
    for name, value in headers.items():
        text = value if isinstance(value, str) else json.dumps(value)
        if not _is_token(name) or any(letter in text for letter in "\r\n\0"):
            raise ToolError(f"parameter 'headers': {name[:60]!r} is no header, or its value has a line end",
                            "invalid_parameters")  # fmt: skip
        texts[name.lower()] = text
    for name in _OWN_HEADERS:
        texts.pop(name, None)
    try:
        url.encode("utf-8")
        encoded = {name.encode("ascii"): text.encode("utf-8", "surrogateescape") for name, text in texts.items()}
        return httpx.Request(method, url, headers=encoded, content=content)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise ToolError(f"'{shown(url)}' is no URL: {error}", "invalid_url") from None


def _is_token(name: str) -> bool:
    return bool(name) and all(letter.isascii() and (letter.isalnum() or letter in "!#$%&'*+-.^_`|~") for letter in name)


def _following(request: httpx.Request, response: httpx.Response) -> httpx.Request | None:
    """The request that a redirect asks for; None when the answer is none."""
    if response.status_code not in _REDIRECTS or "location" not in response.headers:
        return None
    try:
        url = request.url.join(response.headers["location"])
    except (httpx.InvalidURL, ValueError) as error:
        raise ToolError(f"{shown(str(request.url))} redirects to what is no URL: {error}", "invalid_url") from None
    becomes_get = response.status_code == 303 or (response.status_code in {301, 302} and request.method == "POST")
    method = "GET" if becomes_get and request.method != "HEAD" else request.method
    is_same = (url.scheme, url.host, url.port) == (request.url.scheme, request.url.host, request.url.port)
    keeps_body = method == request.method and bool(request.content)
    if not is_same and (keeps_body or method not in _READING):
        raise ToolError(
            f"{shown(str(request.url))} redirects the {method} to another server, {shown(str(url))}; ask that one, if "
            "it is meant",
            "access_denied",
        )
    headers = {
        name: value
        for name, value in request.headers.items()
        if name in _FOR_ANYBODY or (is_same and (keeps_body or name != "content-type"))
    }
    return _request(method, str(url), headers, request.content if keeps_body else None)


@contextmanager
def _explained(url: httpx.URL) -> Iterator[None]:
    place = shown(str(url))
    try:
        yield
    except ToolError as error:
        text = str(error)
        raise (error if place in text else ToolError(f"{place}: {text}", error.code)) from error
    except httpcore.ProxyError as error:
        raise ToolError(f"{place}: the proxy refused: {error}", "network_error") from error
    except (httpcore.ProtocolError, httpcore.NetworkError, httpcore.UnsupportedProtocol) as error:
        raise ToolError(f"{place}: {error or type(error).__name__}", "network_error") from error
    except httpx.HTTPError as error:
        raise ToolError(f"{place}: {error or type(error).__name__}", "network_error") from error


@cache
def _trust() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _pool(parts: Any, proxy: tuple[str, int] | None, backend: CheckedBackend) -> httpcore.ConnectionPool:
    if proxy is None:
        return httpcore.ConnectionPool(ssl_context=_trust(), network_backend=backend)
    name, password = unquote(parts.username or ""), unquote(parts.password or "")
    return httpcore.HTTPProxy(
        httpcore.URL(scheme="http", host=proxy[0], port=proxy[1], target="/"),
        proxy_auth=(name, password) if name else None,
        ssl_context=_trust(),
        network_backend=backend,
    )


class _Transport(httpx.BaseTransport):
    def __init__(self, pool: httpcore.ConnectionPool) -> None:
        self._pool = pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
            )
        )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer.stream), extensions=answer.extensions
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        self._stream.close()

"""How a server of models is reached that a script has named itself: at an address that was checked.

Invariant: the name is resolved once for a connection, and the connection is made to an address of that answer which
the policy allows; TLS and the header Host keep the name. Where a proxy is asked (``guard``), that resolves the name
itself, after it was checked here.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from ..network.policy import check_host, is_allowed, refusal
from ..network.settings import NetworkSettings
from ..tools.output import ToolError

# That a connection is kept for the next request.
KEPT_SECONDS = 60.0


async def checked_addresses(network: NetworkSettings, host: str, port: int) -> list[str]:
    """The addresses of a host that may be connected to, at least one. Raises ToolError and OSError."""
    check_host(network, host)
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    for address in addresses:
        if not is_allowed(network, address):
            raise refusal(host, address)
    return addresses


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Makes the connections of a pool."""

    def __init__(self, network: NetworkSettings) -> None:
        self._network = network
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            addresses = await checked_addresses(self._network, host, port)
        except (OSError, ToolError) as error:
            raise httpcore.ConnectError(str(error)) from error
        for address in addresses[:-1]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise httpcore.ConnectError("sockets of the file system are not used")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class CheckedTransport(httpx.AsyncBaseTransport):
    def __init__(self, network: NetworkSettings, connections: int) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=CheckedBackend(network),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        with _named_as_httpx_does():
            answer = await self._pool.handle_async_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer.stream), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _named_as_httpx_does():
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


@contextmanager
def _named_as_httpx_does() -> Iterator[None]:
    """Errors of httpcore become those of httpx, which have the same names."""
    try:
        yield
    except Exception as error:
        for one in type(error).__mro__:
            if one.__module__.startswith("httpcore") and (known := getattr(httpx, one.__name__, None)) is not None:
                raise known(str(error)) from error
        raise

"""Connections to addresses that were checked.

A name is resolved once, every address that it gives is checked, and the connection is made to one of these: what a
name gives the next time it is asked makes no difference.

Invariant: nothing is connected to, nor waited for past the deadline or after the cancellation.
"""

import ipaddress
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

import httpcore

from ..cancellation import Cancellation
from ..service_threads import ServiceThread
from ..tools.output import ToolError
from . import policy
from .settings import NetworkSettings

T = TypeVar("T")


class Deadline:
    """Until when something may take, and what ends it before. ``advice`` is for who needs more time."""

    def __init__(self, seconds: float, cancellation: Cancellation, advice: str = "") -> None:
        self.seconds = seconds
        self.cancellation = cancellation
        self._advice = advice
        self._ends = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._ends

    def remaining(self) -> float:
        """Raises CancelledError, and ToolError when the time is over."""
        self.cancellation.check()
        seconds = self._ends - time.monotonic()
        if seconds <= 0:
            raise self.over()
        return seconds

    def over(self) -> ToolError:
        return ToolError(f"it took longer than its limit of {self.seconds:g} s{self._advice}", "timeout")


def lookup(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system's resolver gives them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def checked_addresses(settings: NetworkSettings, host: str, port: int, deadline: Deadline) -> list[str]:
    """The addresses of a host that may be connected to, at least one. Raises ToolError."""
    policy.check_host(settings, host)
    addresses = addresses_of(host, port, deadline)
    allowed = [one for one in addresses if policy.is_allowed(settings, one)]
    if not allowed:
        raise policy.refusal(host, addresses[0])
    return allowed


def addresses_of(host: str, port: int, deadline: Deadline) -> list[str]:
    """The addresses of a host, at least one. Raises ToolError."""
    with suppress(ValueError):
        return [str(ipaddress.ip_address(host.strip("[]")))]
    try:
        addresses = _waited_for(partial(lookup, host, port), deadline)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ToolError(f"'{host}' has no address: {reason}", "network_error") from error
    if not addresses:
        raise ToolError(f"'{host}' has no address", "network_error")
    return addresses


def _waited_for(function: Callable[[], T], deadline: Deadline) -> T:
    """What the function gives. The system's resolver cannot be ended: a thread is left to it, and not waited for."""
    done = threading.Event()
    found: list[T] = []
    failed: list[Exception] = []

    def call() -> None:
        try:
            found.append(function())
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            failed.append(error)
        done.set()

    with deadline.cancellation.ending(done.set):
        ServiceThread(call, name="resolver").start()
        done.wait(deadline.remaining())
    deadline.remaining()
    if failed:
        raise failed[0]
    return found[0]


def connect(settings: NetworkSettings, host: str, port: int, deadline: Deadline) -> socket.socket:
    """A connected socket, in blocking mode. Raises ToolError."""
    return _connect_to(checked_addresses(settings, host, port, deadline), host, port, deadline)


def _connect_to(addresses: Sequence[str], host: str, port: int, deadline: Deadline) -> socket.socket:
    """Tries one after the other; one that does not answer leaves time for those after it."""
    problem: OSError | None = None
    for number, address in enumerate(addresses):
        share = deadline.remaining() / (len(addresses) - number)
        try:
            return _connect(address, port, share, deadline.cancellation)
        except OSError as error:
            problem = error
    deadline.remaining()
    reason = "" if problem is None else problem.strerror or str(problem)
    raise ToolError(f"no connection to '{host}' port {port}: {reason.lower()}", "network_error") from problem


def _connect(address: str, port: int, seconds: float, cancellation: Cancellation) -> socket.socket:
    connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        with cancellation.ending(partial(shut_down, connection)):
            connection.settimeout(seconds)
            connection.connect((address, port))
        cancellation.check()
    except BaseException:
        connection.close()
        raise
    return connection


def shut_down(connection: socket.socket) -> None:
    """End what another thread waits for on the socket. (Not ``SSLSocket.shutdown``, which is for its own thread.)"""
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


class CheckedBackend(httpcore.NetworkBackend):
    """Makes the connections of an httpcore pool. Each holds to the deadline that is current when it is used.

    ``proxy`` is the host and port that may be connected to unchecked: the settings name it.
    """

    def __init__(self, settings: NetworkSettings, proxy: tuple[str, int] | None) -> None:
        self._settings = settings
        self._proxy = proxy
        self._deadline: Deadline | None = None

    @property
    def deadline(self) -> Deadline:
        assert self._deadline is not None  # noqa: S101 - requests are sent within `until` alone
        return self._deadline

    @contextmanager
    def until(self, deadline: Deadline) -> Iterator[None]:
        self._deadline = deadline
        try:
            yield
        finally:
            self._deadline = None

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        if (host, port) == self._proxy:
            connection = _connect_to(addresses_of(host, port, self.deadline), host, port, self.deadline)
        else:
            connection = connect(self._settings, host, port, self.deadline)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _Stream(connection, self)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Any = None
    ) -> httpcore.NetworkStream:
        raise ToolError("sockets of the file system are not used", "access_denied")


class _Stream(httpcore.NetworkStream):
    def __init__(self, connection: socket.socket, backend: CheckedBackend) -> None:
        self._socket = connection
        self._backend = backend

    @contextmanager
    def _limited(self) -> Iterator[None]:
        deadline = self._backend.deadline
        with ExitStack() as stack:
            stack.enter_context(deadline.cancellation.ending(partial(shut_down, self._socket)))
            self._socket.settimeout(deadline.remaining())
            try:
                yield
            except TimeoutError:
                raise deadline.over() from None
            except ssl.SSLCertVerificationError as error:
                reason = error.verify_message or str(error)
                raise ToolError(f"the server's certificate is not trusted: {reason}", "network_error") from error
            except OSError as error:
                deadline.remaining()
                reason = error.strerror or str(error)
                raise ToolError(f"the connection broke: {reason}", "network_error") from error

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with self._limited():
            data = self._socket.recv(max_bytes)
        self._backend.deadline.cancellation.check()
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with self._limited():
            self._socket.sendall(buffer)

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            with self._limited():
                secured = ssl_context.wrap_socket(
                    self._socket, server_hostname=server_hostname, do_handshake_on_connect=False
                )
            inner = _Stream(secured, self._backend)
            with inner._limited():
                secured.do_handshake()
        except BaseException:
            self.close()
            raise
        return inner

    def get_extra_info(self, info: str) -> Any:
        match info:
            case "ssl_object":
                return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
            case "client_addr":
                return self._socket.getsockname()
            case "server_addr":
                return self._socket.getpeername()
            case "socket":
                return self._socket
            case "is_readable":
                return _is_readable(self._socket)
        return None


def _is_readable(connection: socket.socket) -> bool:
    """Whether something waits on an idle connection: it is closed then."""
    if connection.fileno() < 0:
        return True
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        return bool(selector.select(0))

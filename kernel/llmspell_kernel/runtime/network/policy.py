"""Decides which hosts and addresses may be asked.

Invariant: an address that is not public is refused unless the settings name it, however it is written: as a name that
resolves to it, as a number, or within an IPv6 address.
"""

import ipaddress
from collections.abc import Iterator
from functools import cache

from ..tools.output import ToolError
from .settings import NetworkSettings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
MAX_URL_LENGTH = 16_384
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


def check_host(settings: NetworkSettings, host: str) -> None:
    """Raises ToolError when the host may not be asked at all."""
    if not settings.is_allowed:
        raise ToolError(
            "the network may not be used: allow_network_access under [runtime.security] in llmspell.toml is false",
            "access_denied",
        )
    name = _ascii(host.lower().rstrip(".").strip("[]"))
    if any(_fits(name, pattern) for pattern in settings.blocked_hosts):
        raise ToolError(
            f"'{host}' may not be asked: it is among blocked_hosts under [network] in llmspell.toml", "access_denied"
        )
    if not any(_fits(name, pattern) for pattern in settings.allowed_hosts):
        raise ToolError(
            f"'{host}' may not be asked: it is not among allowed_hosts under [network] in llmspell.toml",
            "access_denied",
        )


def _fits(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(f".{_ascii(pattern[2:])}")
    return pattern == "*" or name == _ascii(pattern)


@cache
def _ascii(name: str) -> str:
    """A name as it is asked for in the DNS. Two that are written differently there are the same name."""
    if name.isascii():
        return name
    import idna

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError:
        return name


def is_named(settings: NetworkSettings, host: str) -> bool:
    """Whether a host is an address that the settings name, or this machine by its usual name, where they name that."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host.lower() == "localhost" else host.strip("[]"))
    except ValueError:
        return False
    return any(address in network for network in settings.private_addresses)


def is_allowed(settings: NetworkSettings, text: str) -> bool:
    """Whether an address may be connected to. ``text`` is numeric, as the system's resolver gives it."""
    address = ipaddress.ip_address(text.partition("%")[0])
    # what an address leads to has to be allowed in each of its forms
    return all(
        _is_public(one) or any(one in network for network in settings.private_addresses) for one in _forms(address)
    )


def refusal(host: str, address: str) -> ToolError:
    return ToolError(
        f"'{host}' may not be asked: {'it is' if host == address else 'it leads to'} {address}, which is not a public "
        f"address; to allow it, add it to private_addresses under [network] in llmspell.toml",
        "access_denied",
    )


def _forms(address: Address) -> Iterator[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address.teredo is not None:
        inner = address.teredo[1]
    if inner is None and address in _TRANSLATED:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        yield inner
    if address.ipv4_mapped is None and address not in _TRANSLATED:
        yield address


def _is_public(address: Address) -> bool:
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or _is_site_local(address)
    )


def _is_site_local(address: Address) -> bool:
    return isinstance(address, ipaddress.IPv6Address) and address.is_site_local

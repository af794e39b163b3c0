"""What ``llmspell.toml`` says of the network: ``[network]``, and for one tool ``[tools.<tool>]`` in its place.

Invariant: what the file does not say is public hosts only, with limits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..configuration import MIB, ConfigurationError, count_of, read_amount, seconds_of, setting, size_of
from ..tools.settings import texts

Network = IPv4Network | IPv6Network
MAX_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Settings of one tool's requests.

    - ``is_allowed``: ``allow_network_access`` of ``[runtime.security]``. Default: true.
    - ``allowed_hosts``: hosts that may be asked: ``"api.example.com"``, ``"*.example.com"`` (what is below it),
      ``"*"``. Default: all.
    - ``blocked_hosts``: hosts that may not, though they are allowed. Default: none.
    - ``private_addresses``: addresses and networks that may be connected to though they are not public:
      ``"127.0.0.1"``, ``"10.0.0.0/8"``. Default: none.
    - ``timeout``: seconds that one request may take with all its redirects. Default: 30 s.
    - ``max_response``: bytes of an answer, unpacked. Default: 10 MiB.
    - ``max_redirects``: how many redirects are followed. Default: 10.
    - ``proxy``: the URL of an HTTP proxy; "" is none. Default: what HTTPS_PROXY, HTTP_PROXY and NO_PROXY say.
    """

    is_allowed: bool = True
    allowed_hosts: tuple[str, ...] = ("*",)
    blocked_hosts: tuple[str, ...] = ()
    private_addresses: tuple[Network, ...] = ()
    timeout: float = 30.0
    max_response: int = 10 * MIB
    max_redirects: int = 10
    proxy: str | None = None


KEYS = tuple(one.name for one in fields(NetworkSettings) if one.name != "is_allowed")


def network_settings(
    document: Mapping[str, Any], tool: str = "", path: Path = Path("llmspell.toml")
) -> NetworkSettings:
    """What holds for a tool. Raises ConfigurationError."""
    default = NetworkSettings()

    def place(key: str) -> tuple[str, ...]:
        own = ("tools", tool, key)
        return own if tool and setting(document, path, own, object, None) is not None else ("network", key)

    return NetworkSettings(
        setting(document, path, ("runtime", "security", "allow_network_access"), bool, True),
        _hosts(document, path, place("allowed_hosts"), default.allowed_hosts),
        _hosts(document, path, place("blocked_hosts"), default.blocked_hosts),
        tuple(_network(path, place("private_addresses"), one)
              for one in texts(document, path, place("private_addresses"), ())),
        min(read_amount(document, path, place("timeout"), (seconds_of, 0.001), default.timeout), MAX_SECONDS),
        int(read_amount(document, path, place("max_response"), (size_of, 1), default.max_response)),
        int(read_amount(document, path, place("max_redirects"), (count_of, 0), default.max_redirects)),
        _proxy(document, path, place("proxy")),
    )  # fmt: skip


def _hosts(document: Mapping[str, Any], path: Path, keys: tuple[str, ...], default: tuple[str, ...]) -> tuple[str, ...]:
    hosts = tuple(one.lower().rstrip(".") for one in texts(document, path, keys, default))
    for one in hosts:
        name = one.removeprefix("*.")
        if one != "*" and (not name or any(letter in name for letter in "*/@ ")):
            raise ConfigurationError(
                f'{path}: {".".join(keys)}: expected hosts such as "api.example.com" or "*.example.com", got {one!r}'
            )
    return hosts


def _network(path: Path, keys: tuple[str, ...], text: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ConfigurationError(
            f'{path}: {".".join(keys)}: expected addresses such as "127.0.0.1" or "10.0.0.0/8", got {text!r}'
        ) from None


def _proxy(document: Mapping[str, Any], path: Path, keys: tuple[str, ...]) -> str | None:
    url = setting(document, path, keys, str, None)
    if not url:
        return url
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:  # the URL is not shown: it may hold a password
        raise ConfigurationError(f'{path}: {".".join(keys)}: expected a URL such as "http://proxy.example.com:8080"')
    return url

"""Which servers of models may be asked, by the network policy of the project.

Invariant: what ``llmspell.toml`` names under ``[providers]`` may be asked, since its author has said so; what a script
names itself has to be allowed like any host that a tool asks.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..tools.output import ToolError
from .errors import ProviderError
from .settings import ProviderSettings

if TYPE_CHECKING:
    from ..host import HostContext

Allow = Callable[[str], Awaitable[None]]
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def guard(settings: ProviderSettings, context: "HostContext") -> Allow:
    """Raises ProviderError for an address that may not be asked."""
    from ..network.policy import check_host, is_allowed, refusal
    from ..network.settings import network_settings

    network = network_settings(context.configuration.document)

    async def allow(url: str) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if settings.is_trusted:
            if not network.is_allowed and host not in _LOOPBACK:
                raise ProviderError(
                    "configuration",
                    f"provider '{settings.name}': the network may not be used: allow_network_access under "
                    "[runtime.security] in llmspell.toml is false",
                )
            return
        try:
            check_host(network, host)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            for address in await _addresses(host, port):
                if not is_allowed(network, address):
                    raise refusal(host, address)
        except ToolError as error:
            raise ProviderError(
                "configuration",
                f"provider '{settings.name}': {error}; or set {settings.setting('base_url')} in llmspell.toml",
            ) from None
        except (OSError, ValueError, UnicodeError) as error:
            raise ProviderError("connection", f"{settings.setting('base_url')}: '{host}': {error}") from None

    return allow


async def _addresses(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]

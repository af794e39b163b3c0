"""Which servers of models may be asked, by the network policy of the project.

Invariant: what ``llmspell.toml`` names under ``[providers]`` may be asked, since its author has said so; what a script
names itself has to be allowed like any host that a tool asks.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..tools.output import ToolError
from .errors import ProviderError
from .settings import ProviderSettings

if TYPE_CHECKING:
    import httpx

    from ..host import HostContext

Allow = Callable[[str], Awaitable[None]]
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def guard(settings: ProviderSettings, context: "HostContext") -> Allow:
    """Raises ProviderError for an address that may not be asked."""
    from ..network.settings import network_settings
    from .checked_transport import checked_addresses

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
            port = parts.port or (443 if parts.scheme == "https" else 80)
            await checked_addresses(network, host, port)
        except ToolError as error:
            raise ProviderError(
                "configuration",
                f"provider '{settings.name}': {error}; or set {settings.setting('base_url')} in llmspell.toml",
            ) from None
        except (OSError, ValueError, UnicodeError) as error:
            raise ProviderError("connection", f"{settings.setting('base_url')}: '{host}': {error}") from None

    return allow


def checked_transport(settings: ProviderSettings, context: "HostContext") -> "httpx.AsyncBaseTransport | None":
    """What connects to the server that a script has named; None where the file has named it, or a proxy is asked."""
    if settings.is_trusted or settings.proxy:
        return None
    from ..network.http import environment_proxy
    from ..network.settings import network_settings
    from .checked_transport import CheckedTransport

    parts = urlsplit(settings.base_url)
    if environment_proxy(parts.scheme, parts.hostname or ""):
        return None
    return CheckedTransport(network_settings(context.configuration.document), settings.max_concurrent_requests)

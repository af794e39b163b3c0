"""Which providers are configured, and what they can do.

Invariant: nothing here asks a provider; what is told is what the settings say.
"""

from ..host import Host
from ..values import Value
from .errors import ProviderError
from .known import KNOWN, KnownProvider
from .settings import ProviderSettings, api_key, provider_names

# What stands before the provider in the names of the list, which scripts take apart.
PREFIX = "rig"


def usable(host: Host) -> dict[str, ProviderSettings]:
    """The configured providers that can be used, by their listed name."""
    found: dict[str, ProviderSettings] = {}
    for name in provider_names(host.provider_tables()):
        try:
            settings = host.providers.settings(name)
        except ProviderError:  # an agent that uses it is told what is wrong
            continue
        if settings.enabled and not missing_key(settings):
            found[listed_name(settings)] = settings
    return found


def find(host: Host, name: str) -> ProviderSettings | None:
    """By the listed name, or the provider's own."""
    every = usable(host)
    return every.get(name) or next((one for one in every.values() if one.name == name), None)


def listed_name(settings: ProviderSettings) -> str:
    return "/".join(part for part in (PREFIX, settings.name, settings.default_model) if part)


def capabilities(settings: ProviderSettings) -> dict[str, Value]:
    known = KNOWN.get(settings.name) or KNOWN.get(settings.dialect, KnownProvider(settings.dialect))
    return {
        "supports_streaming": True,
        "supports_multimodal": known.is_multimodal,
        "max_context_tokens": settings.max_context_tokens or _context(known.contexts, settings.default_model),
        "available_models": list(settings.models) or None,
    }


def _context(contexts: tuple[tuple[str, int], ...], model: str) -> int:
    return next((tokens for beginning, tokens in contexts if model.startswith(beginning)), contexts[-1][1])


def information(listed: str, settings: ProviderSettings) -> dict[str, Value]:
    return {"name": listed, "enabled": settings.enabled, "capabilities": capabilities(settings)}


def missing_key(settings: ProviderSettings) -> str:
    """What to do about a key that is missing; empty when there is one, or none is needed."""
    if not settings.api_key_env or settings.dialect == "mock" or api_key(settings):
        return ""
    return (
        f"provider '{settings.name}' has no key; set the environment variable {settings.api_key_env}, "
        f"{settings.setting('api_key_env')} or {settings.setting('api_key')} in llmspell.toml, or say :api_key(…)"
    )

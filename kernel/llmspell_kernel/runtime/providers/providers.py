"""The providers of one session: made from their settings when a request first needs them.

Invariants: two requests with the same settings use the same provider, and so its connections and its limits; a server
that a script has chosen itself is asked only where the network policy allows it.
"""

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .errors import ProviderError
from .settings import ProviderSettings, api_key, effective_settings

if TYPE_CHECKING:
    from ..host import HostContext
    from .provider import Provider

MAX_MADE = 1000


class Providers:
    """``context`` gives the session's surroundings, ``tables`` ``[providers]`` as the script has made it."""

    def __init__(self, context: "Callable[[], HostContext]", tables: Callable[[], Mapping[str, Any]]) -> None:
        self._context, self._tables = context, tables
        self._made: dict[ProviderSettings, Provider] = {}
        self._lock = threading.Lock()

    def settings(self, name: str, **overrides: Any) -> ProviderSettings:
        """Raises ProviderError that names the setting; ``overrides`` are an agent's own settings."""
        context = self._context()
        document = context.configuration.document.get("providers")
        file = document if isinstance(document, dict) else {}
        return effective_settings(name, file, self._tables(), context.project_root, overrides)

    def get(self, settings: ProviderSettings) -> "Provider":
        with self._lock:
            if settings not in self._made:
                if len(self._made) >= MAX_MADE:
                    raise ProviderError("configuration", f"{MAX_MADE} providers are in use, the limit")
                self._made[settings] = make(settings, self._context())
            return self._made[settings]


def make(settings: ProviderSettings, context: "HostContext") -> "Provider":
    """A provider of its own."""
    if settings.dialect == "mock":
        from .mock import MockProvider

        return MockProvider(settings.script)
    from .guard import checked_transport, guard

    key = api_key(settings)
    if settings.dialect == "any-llm":
        from .any_llm import AnyLlmProvider

        if not settings.is_trusted and settings.base_url:
            # the library would send it the key that it finds itself in the environment
            raise ProviderError(
                "configuration",
                f"{settings.setting('base_url')}: a script names no server for the extra any-llm; set it in "
                "llmspell.toml",
            )
        return AnyLlmProvider(settings, key, guard(settings, context))
    from .connection import Connection

    def connection(headers: Mapping[str, str]) -> Connection:
        return Connection(
            settings, headers, key, guard(settings, context), lambda: checked_transport(settings, context)
        )

    if settings.dialect == "anthropic":
        from .anthropic import VERSION, AnthropicProvider

        own = {"x-api-key": key} if key else {}
        return AnthropicProvider(connection({"anthropic-version": VERSION, **own}))
    bearer = {"authorization": f"Bearer {key}"} if key else {}
    if settings.dialect == "ollama":
        from .ollama import OllamaProvider

        return OllamaProvider(connection(bearer))
    from .openai import OpenAIProvider

    return OpenAIProvider(connection(bearer))

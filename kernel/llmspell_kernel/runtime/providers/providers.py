"""The providers of one session: made from their settings when a request first needs them.

Invariant: two requests with the same settings use the same provider, and so its connections and its limits.
"""

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .errors import ProviderError
from .settings import ProviderSettings, read_settings

if TYPE_CHECKING:
    from pathlib import Path

    from .provider import Provider


class Providers:
    """``tables`` gives the tables of ``[providers]`` as they are now."""

    def __init__(self, tables: Callable[[], Mapping[str, Any]], project_root: "Path") -> None:
        self._tables, self._project_root = tables, project_root
        self._made: dict[ProviderSettings, Provider] = {}
        self._lock = threading.Lock()

    def settings(self, name: str, **overrides: Any) -> ProviderSettings:
        """Raises ProviderError that names the setting; ``overrides`` are an agent's own settings."""
        return read_settings(name, self._tables(), self._project_root, overrides)

    def get(self, settings: ProviderSettings) -> "Provider":
        with self._lock:
            if settings not in self._made:
                self._made[settings] = _make(settings)
            return self._made[settings]


def _make(settings: ProviderSettings) -> "Provider":
    if settings.dialect == "mock":
        from .mock import MockProvider

        return MockProvider(settings.script)
    raise ProviderError("configuration", f"provider '{settings.name}': not available yet in this version of LLMSpell")

"""Providers that ``any-llm-sdk`` knows and LLMSpell does not, by way of that library (the extra any-llm).

Invariant: its answers are read as those of the openai dialect, whose form they have.
"""

import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from ..secrets import REDACTED, redacted
from . import retrying
from .errors import ProviderError
from .limits import RequestLimits
from .model import Event, Request
from .openai import Answer, message_body, tool_body
from .settings import ProviderSettings

_TRANSIENT = ("RateLimit", "Timeout", "Connection", "InternalServer", "Overloaded", "ServiceUnavailable")


class AnyLlmProvider:
    """``allow`` raises ProviderError for an address that may not be asked."""

    def __init__(self, settings: ProviderSettings, key: str, allow: Callable[[str], Awaitable[None]]) -> None:
        self._settings, self._key, self._allow = settings, key, allow
        self._limits = RequestLimits(settings.max_concurrent_requests, settings.requests_per_minute)

    def stream(self, request: Request) -> AsyncIterator[Event]:
        return retrying.streamed(lambda: self._attempt(request), self._settings.max_retries)

    async def models(self) -> Sequence[str]:
        library = _library(self._settings)
        await self._allow(self._settings.base_url)
        try:
            found = await library.alist_models(self._settings.name, **self._place())
        except Exception as error:  # noqa: BLE001 - each provider's library has errors of its own
            raise self._explained(error) from None
        return sorted(str(one.id) for one in found)

    async def close(self) -> None:
        """The library keeps no connection for us."""

    def _place(self) -> dict[str, Any]:
        return {"api_key": self._key or None, "api_base": self._settings.base_url or None}

    async def _attempt(self, request: Request) -> AsyncIterator[Event]:
        library = _library(self._settings)
        answer = Answer(self._settings.name, request.model)
        given: dict[str, Any] = {
            "tools": [tool_body(one) for one in request.tools] or None,
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
        }
        if request.schema is not None:
            given["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": dict(request.schema)},
            }
        async with self._limits.turn():
            await self._allow(self._settings.base_url)
            try:
                chunks = await library.acompletion(
                    request.model,
                    [message_body(one) for one in request.messages],
                    provider=self._settings.name,
                    stream=True,
                    timeout=self._settings.timeout,
                    **self._place(),
                    **given,
                    **request.settings,
                )
                async for chunk in chunks:
                    for event in answer.chunk(chunk.model_dump(mode="json")):
                        yield event
            except ProviderError:
                raise
            except Exception as error:  # noqa: BLE001 - each provider's library has errors of its own
                raise self._explained(error) from None
        for event in answer.end():
            yield event

    def _explained(self, error: Exception) -> ProviderError:
        text = str(error)
        if self._key:
            text = text.replace(self._key, REDACTED)
        name = type(error).__name__
        kind: Any = "server" if any(word in name for word in _TRANSIENT) else "invalid_request"
        return ProviderError(kind, f"provider '{self._settings.name}': {name}: {str(redacted(text))[:500]}")


def _library(settings: ProviderSettings) -> Any:
    try:
        return importlib.import_module("any_llm")
    except ImportError:
        raise ProviderError(
            "configuration",
            f"provider '{settings.name}' needs the extra any-llm: pip install 'llmspell[any-llm]'; for a server that "
            f'is compatible with OpenAI\'s set {settings.setting("type")} = "openai" and '
            f"{settings.setting('base_url')}",
        ) from None

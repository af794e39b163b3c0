"""Embeddings from a provider that speaks OpenAI's dialect.

Invariants: an answer is used as a whole or not at all; waiting for it ends with an interrupt of the script, and the
request with it.
"""

import contextlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..embedding import MAX_DIMENSIONS, Vector, normalised
from ..host import Host, HostError, HostInterruptedError
from ..providers.errors import ProviderError

if TYPE_CHECKING:
    from ..providers.connection import Connection

DEFAULT_MODEL = "text-embedding-3-small"
BATCH = 256
MAX_WAIT_SECONDS = 600.0


def provider_embedder(host: Host, function: str, provider: str) -> "ProviderEmbedder":
    """The embedder of ``[rag] embedding_model``. Raises HostError."""
    rag = host.context.configuration.document.get("rag")
    model = rag.get("embedding_model", DEFAULT_MODEL) if isinstance(rag, dict) else DEFAULT_MODEL
    if not isinstance(model, str) or not model:
        raise HostError(f"{function}: rag.embedding_model: expected the name of a model, got {model!r:.60}")
    return ProviderEmbedder(host, function, provider, model)


class ProviderEmbedder:
    def __init__(self, host: Host, function: str, provider: str, model: str) -> None:
        self._host, self._function, self._provider, self._model = host, function, provider, model
        self._connection = _connection(host, function, provider)

    @property
    def name(self) -> str:
        return f"{self._provider}/{self._model}"

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        vectors: list[Vector] = []
        for start in range(0, len(texts), BATCH):
            batch = [
                text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for text in texts[start:][:BATCH]
            ]
            vectors += self._vectors(self._answer({"model": self._model, "input": batch}), len(batch))
        return vectors

    def _answer(self, body: dict[str, Any]) -> Any:
        from ..providers.loop import submit

        waits = self._host.waits
        future = submit(self._connection.post("/embeddings", body, self._model))
        future.add_done_callback(lambda _future: waits.wake())
        if not waits.until(future.done, time.monotonic() + MAX_WAIT_SECONDS):
            future.cancel()
            if waits.wanted():
                raise HostInterruptedError
            raise HostError(f"{self._function}: provider '{self._provider}' took more than {MAX_WAIT_SECONDS:.0f} s")
        try:
            return future.result()
        except ProviderError as error:
            raise HostError(f"{self._function}: {error}") from error

    def _vectors(self, answer: Any, count: int) -> list[Vector]:
        values: dict[int, Vector] = {}
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
            for one in answer["data"]:
                numbers = [float(number) for number in one["embedding"]]
                if 0 < len(numbers) <= MAX_DIMENSIONS:
                    values[int(one["index"])] = normalised(numbers)
        if sorted(values) != list(range(count)) or len({len(vector) for vector in values.values()}) > 1:
            raise HostError(
                f"{self._function}: provider '{self._provider}' did not answer with {count} vectors of one length; "
                f"is '{self._model}' (rag.embedding_model) a model for embeddings?"
            )
        return [values[index] for index in range(count)]


def _connection(host: Host, function: str, provider: str) -> "Connection":
    from ..providers.settings import api_key

    try:
        settings = host.providers.settings(provider)
        if settings.dialect != "openai":
            raise HostError(
                f"{function}: provider '{provider}' offers no embeddings; known are those of openai (or of a "
                "server with its dialect: set base_url in [providers.openai]) and local"
            )
        if not settings.enabled:
            raise HostError(f"{function}: provider '{provider}' is off: {settings.setting('enabled')} is false")
        key = api_key(settings)
    except ProviderError as error:
        raise HostError(f"{function}: {error}") from error
    from ..providers.connection import Connection
    from ..providers.guard import guard

    headers = {"authorization": f"Bearer {key}"} if key else {}
    return Connection(settings, headers, key, guard(settings, host.context))

"""The host half of the global `RAG`. Documents are kept by ``runtime/retrieval``, loaded when first used.

Invariant: without ``rag.enabled`` in the configuration there is no `RAG`.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..host import Host, HostError
from ..values import Value

if TYPE_CHECKING:
    from ..embedding import Embedder
    from ..retrieval.documents import Documents, Found

PROVIDERS = ("openai", "anthropic", "local", "mock")
DEFAULT_RESULTS = 10
DEFAULT_TIME_TO_LIVE = 3600


@dataclass(slots=True)
class Settings:
    """What `RAG.configure` has changed in this session."""

    provider: str = "local"
    chunk_size: int | None = None
    overlap: int | None = None
    strategy: str | None = None
    top_k: int = DEFAULT_RESULTS
    threshold: float = -1.0


class Retrieval:
    """The documents of one project."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.settings = _settings(host)

    @property
    def is_enabled(self) -> bool:
        rag = self._host.context.configuration.document.get("rag")
        return isinstance(rag, dict) and rag.get("enabled") is True

    @cached_property
    def documents(self) -> "Documents":
        from ..retrieval.documents import Documents
        from ..retrieval.storage import vector_database

        return Documents(vector_database(self._host))

    @cached_property
    def _embedders(self) -> "dict[str, Embedder]":
        from ..embedding import HashingEmbedder

        local = HashingEmbedder()
        return {local.name: local}

    def embedder(self, function: str, provider: str) -> "Embedder":
        """The embedder of a provider. Raises HostError."""
        if provider in {"local", "mock"}:
            return next(iter(self._embedders.values()))
        from ..retrieval.provider_embedding import provider_embedder

        made = provider_embedder(self._host, function, provider)
        return self._embedders.setdefault(made.name, made)

    def embedder_named(self, name: str) -> "Embedder":
        """The embedder that made vectors which lie in the file."""
        if name not in self._embedders:
            provider = name.partition("/")[0]
            made = self.embedder("RAG.search", provider)
            if made.name != name:
                raise HostError(
                    f"RAG.search: vectors here were made by '{name}', and the provider now makes those of "
                    f"'{made.name}'; set its embedding_model back, or ingest the documents again"
                )
        return self._embedders[name]

    def search(self, namespace: str, query: str, options: dict[str, Any]) -> "list[Found]":
        from ..retrieval.documents import MAX_QUERY_BYTES, MAX_RESULTS

        if len(query.encode("utf-8", "surrogateescape")) > MAX_QUERY_BYTES:
            raise HostError(f"RAG.search: the query is longer than {MAX_QUERY_BYTES} bytes")
        count = min(options.get("count") or self.settings.top_k, MAX_RESULTS)
        threshold = options.get("threshold", self.settings.threshold)
        wanted = options.get("filters") or {}
        if not isinstance(wanted, dict):
            raise HostError("RAG.search: field 'metadata_filter': expected facts by name, got a list")
        return self.documents.search(namespace, query, count, threshold, wanted, self.embedder_named)


def _settings(host: Host) -> Settings:
    rag = host.context.configuration.document.get("rag")
    provider = rag.get("provider", "local") if isinstance(rag, dict) else "local"
    return Settings(provider=str(provider))


def register(host: Host) -> None:
    host.register("RAG.is_enabled", lambda here: here.retrieval.is_enabled)
    host.register("RAG.ingest", _ingest)
    host.register("RAG.search", _search)
    host.register("RAG.configure", _configure)
    host.register("RAG.set_time_to_live", _set_time_to_live)
    host.register("RAG.cleanup_scope", _clean)
    host.register("RAG.get_stats", lambda here, scope, scope_id=None: here.retrieval.documents.stats(scope, scope_id))
    host.register("RAG.list_providers", lambda _here: list[Value](PROVIDERS))
    host.register("RAG.save", lambda here: here.retrieval.documents.save())


def _namespace(function: str, options: dict[str, Any]) -> str:
    from ..retrieval.storage import namespace_of

    collection, tenant = options.get("collection"), options.get("tenant_id")
    scope, scope_id = options.get("scope"), options.get("scope_id")
    if tenant and not scope:
        return namespace_of(function, "tenant", tenant)
    if collection and not scope:
        scope, _, rest = collection.partition(":")
        return namespace_of(function, scope, rest) if rest else namespace_of(function, "collection", collection)
    return namespace_of(function, scope, scope_id)


def _ingest(host: Host, documents: Value, options: dict[str, Any]) -> Value:
    from ..retrieval.chunking import chunking_of
    from ..retrieval.documents import documents_of

    function, settings = "RAG.ingest", host.retrieval.settings
    provider = options.get("provider") or settings.provider
    _check_provider(function, provider)
    how = chunking_of(
        function,
        options.get("chunk_size", settings.chunk_size),
        options.get("overlap", settings.overlap),
        options.get("strategy", settings.strategy),
    )
    checked = documents_of(documents)
    embedder = host.retrieval.embedder(function, provider)
    return host.retrieval.documents.ingest(_namespace(function, options), checked, embedder, how)


def _search(host: Host, query: str, options: dict[str, Any]) -> Value:
    found = host.retrieval.search(_namespace("RAG.search", options), query, options)
    results: list[Value] = [
        {"id": one.id, "content": one.content, "text": one.content, "score": one.score, "metadata": one.metadata}
        for one in found
    ]
    return {"success": True, "total": len(results), "results": results}


def _configure(host: Host, options: dict[str, Any]) -> None:
    from ..retrieval.chunking import chunking_of

    if "provider" in options:
        _check_provider("RAG.configure", options["provider"])
    settings = host.retrieval.settings
    merged = {name: options.get(name, getattr(settings, name)) for name in Settings.__slots__}
    chunking_of("RAG.configure", merged["chunk_size"], merged["overlap"], merged["strategy"])
    host.retrieval.settings = Settings(**merged)


def _check_provider(function: str, provider: str) -> None:
    if provider not in PROVIDERS:
        raise HostError(f"{function}: provider '{provider[:100]}' is not known (known: {', '.join(PROVIDERS)})")


def _set_time_to_live(host: Host, function: str, session: str, seconds: float) -> Value:
    """`{namespace, is_new}`."""
    from ..retrieval.storage import namespace_of

    namespace = namespace_of(function, "session", session)
    return {"namespace": namespace, "is_new": host.retrieval.documents.set_time_to_live(namespace, seconds)}


def _clean(host: Host, scope: str, scope_id: str) -> Value:
    from ..retrieval.storage import namespace_of

    return host.retrieval.documents.clean(namespace_of("RAG.cleanup_scope", scope, scope_id))

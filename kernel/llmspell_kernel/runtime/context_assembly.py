"""A context for a model out of what is remembered and stored, within a budget of tokens.

Invariant: ``formatted`` has at most as many tokens as the budget, by ``estimated_tokens``; what does not fit is left
out whole, the farthest first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .host import Host, HostError
from .timestamps import now_text, text_of
from .tokens import estimated_tokens
from .values import Value

MIN_TOKENS = 100
MAX_TOKENS = 10_000_000
CANDIDATES = 50
# How much those of a source count where several are asked.
_WEIGHT_OF_DOCUMENTS, _WEIGHT_OF_MEMORIES = 0.4, 0.6


@dataclass(frozen=True, slots=True)
class Chunk:
    id: str
    content: str
    source: str
    timestamp: str
    metadata: Value
    score: float
    ranker: str

    @property
    def text(self) -> str:
        return f"[{self.source}] {self.content}"


def assemble(host: Host, query: str, strategy: str, max_tokens: int, session: str) -> Value:
    function = "Context.assemble"
    if strategy not in STRATEGIES:
        raise HostError(f"{function}: strategy '{strategy[:100]}' is not known (known: {', '.join(STRATEGIES)})")
    if not MIN_TOKENS <= max_tokens <= MAX_TOKENS:
        raise HostError(f"{function}: max_tokens: expected {MIN_TOKENS} to {MAX_TOKENS}, got {max_tokens}")
    chosen, formatted = _fitting(STRATEGIES[strategy](host, query, session), max_tokens)
    times = [one.timestamp for one in chosen] or [now_text()]
    return {
        "chunks": [
            {
                "chunk": {
                    "id": one.id,
                    "content": one.content,
                    "source": one.source,
                    "timestamp": one.timestamp,
                    "metadata": one.metadata,
                },
                "score": one.score,
                "ranker": one.ranker,
            }
            for one in chosen
        ],
        "total_confidence": sum(one.score for one in chosen) / len(chosen) if chosen else 0.0,
        "temporal_span": [min(times), max(times)],
        "token_count": estimated_tokens(formatted),
        "formatted": formatted,
    }


def _fitting(candidates: list[Chunk], max_tokens: int) -> tuple[list[Chunk], str]:
    chosen: list[Chunk] = []
    formatted = ""
    for one in sorted(candidates, key=lambda candidate: -candidate.score):
        longer = f"{formatted}\n\n{one.text}" if formatted else one.text
        if estimated_tokens(longer) <= max_tokens:
            chosen.append(one)
            formatted = longer
    return chosen, formatted


def _episodic(host: Host, query: str, session: str) -> list[Chunk]:
    return [
        Chunk(
            id=one.entry["id"],
            content=f"{one.entry['role']}: {one.entry['content']}",
            source="memory:episodic",
            timestamp=one.entry["timestamp"],
            metadata=one.entry["metadata"],
            score=max(0.0, one.score),
            ranker="episodic",
        )
        for one in host.memories.episodes.search(session, query, CANDIDATES)
    ]


def _semantic(host: Host, query: str, _session: str) -> list[Chunk]:
    return [
        Chunk(
            id=one.entity["id"],
            content=_described(one.entity),
            source="memory:semantic",
            timestamp=one.entity["event_time"] or one.entity["ingestion_time"],
            metadata=one.entity["properties"],
            score=max(0.0, one.score),
            ranker="semantic",
        )
        for one in host.memories.entities.query(query, CANDIDATES)
    ]


def _described(entity: Mapping[str, Any]) -> str:
    statements = entity["properties"]["statements"]
    return f"{entity['name']} ({entity['entity_type']})" + (": " + "; ".join(statements) if statements else "")


def _hybrid(host: Host, query: str, session: str) -> list[Chunk]:
    return [*_episodic(host, query, session), *_semantic(host, query, session)]


def _rag(host: Host, query: str, session: str) -> list[Chunk]:
    """Documents of the project and of the session, and memories."""
    if not host.retrieval.is_enabled:
        raise HostError(
            "Context.assemble: the strategy 'rag' needs RAG: set enabled = true under [rag] in llmspell.toml"
        )
    namespaces = ["", f"session:{session}"] if session else [""]
    found = [one for name in namespaces for one in host.retrieval.search(name, query, {"count": CANDIDATES})]
    documents = [
        Chunk(
            id=one.id,
            content=one.content,
            source=f"rag:{one.document}",
            timestamp=text_of(datetime.fromtimestamp(one.created, UTC)),
            metadata=one.metadata,
            score=max(0.0, one.score) * _WEIGHT_OF_DOCUMENTS,
            ranker="rag",
        )
        for one in found
    ]
    memories = [_weighed(one) for one in _episodic(host, query, session)]
    return [*documents, *memories]


def _weighed(chunk: Chunk) -> Chunk:
    return Chunk(
        *(chunk.id, chunk.content, chunk.source, chunk.timestamp, chunk.metadata),
        score=chunk.score * _WEIGHT_OF_MEMORIES,
        ranker=chunk.ranker,
    )


STRATEGIES: Mapping[str, Callable[[Host, str, str], list[Chunk]]] = {
    "episodic": _episodic,
    "semantic": _semantic,
    "hybrid": _hybrid,
    "rag": _rag,
}


def strategy_stats(host: Host) -> Value:
    """Which strategies have data."""
    episodes, entities = host.memories.episodes.count(), host.memories.entities.count()
    available: list[Value] = []
    if episodes:
        available.append("episodic")
    if entities:
        available.append("semantic")
    if episodes or entities:
        available.append("hybrid")
    if host.retrieval.is_enabled:
        available.append("rag")
    return {"episodic_count": episodes, "semantic_count": entities, "strategies": available}

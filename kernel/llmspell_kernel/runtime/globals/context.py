"""The host half of the global `Context`: contexts are put together by ``runtime/context_assembly``."""

from ..host import Host
from ..values import Value


def register(host: Host) -> None:
    host.register("Context.assemble", _assemble)
    host.register("Context.strategy_stats", _strategy_stats)


def _assemble(host: Host, query: str, strategy: str, max_tokens: int, session: str) -> Value:
    from ..context_assembly import assemble

    return assemble(host, query, strategy, max_tokens, session)


def _strategy_stats(host: Host) -> Value:
    from ..context_assembly import strategy_stats

    return strategy_stats(host)

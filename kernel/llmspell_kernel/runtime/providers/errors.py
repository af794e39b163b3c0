"""What can go wrong with a provider, in words that name what to change.

Invariant: no message holds a key (``secrets.redacted`` has been over what a server said).
"""

from typing import Literal

Kind = Literal[
    "configuration",
    "authentication",
    "not_found",
    "invalid_request",
    "rate_limit",
    "server",
    "connection",
    "timeout",
    "protocol",
]
TRANSIENT: frozenset[Kind] = frozenset({"rate_limit", "server", "connection", "timeout"})


class ProviderError(Exception):
    """``retry_after`` is how many seconds the server asks to wait before the next try."""

    def __init__(self, kind: Kind, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after = retry_after

    @property
    def is_transient(self) -> bool:
        return self.kind in TRANSIENT

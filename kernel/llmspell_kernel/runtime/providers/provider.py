"""What a provider has to offer.

Invariant: a provider's methods run on the thread of ``loop.py``; they raise ProviderError and nothing else that they
expect.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from .model import Event, Request


@dataclass(frozen=True, slots=True)
class Capabilities:
    max_context_tokens: int
    supports_streaming: bool = True
    supports_multimodal: bool = False


class Provider(Protocol):
    def stream(self, request: Request) -> AsyncIterator[Event]:
        """The answer, piece by piece; it ends with Done. Closing the iterator ends the request."""

    async def models(self) -> Sequence[str]:
        """The models that it has now, which also shows that it can be reached and that the key is good."""

    async def close(self) -> None:
        """Lets its connections go."""

"""What a provider has to offer.

Invariant: a provider's methods run on the thread of ``loop.py``; they raise ProviderError and nothing else that they
expect.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from .errors import ProviderError
from .model import Event, Request


def model_ids(listed: Any) -> Sequence[str]:
    """The names of models that OpenAI's and Anthropic's dialects list. Raises ProviderError."""
    if not isinstance(listed, list):
        raise ProviderError("protocol", "the list of models has no field 'data'")
    return sorted(str(one.get("id")) for one in listed if isinstance(one, dict))


class Provider(Protocol):
    def stream(self, request: Request) -> AsyncIterator[Event]:
        """The answer, piece by piece; it ends with Done. Closing the iterator ends the request."""

    async def models(self) -> Sequence[str]:
        """The models that it has now, which also shows that it can be reached and that the key is good."""

    async def close(self) -> None:
        """Lets its connections go."""

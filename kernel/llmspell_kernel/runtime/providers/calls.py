"""Tool calls as they arrive: the arguments are the text of JSON, in pieces.

Invariant: what cannot be read becomes a call with a problem, which the model is told of, and no error of the request.
"""

import json
from typing import Any

from .errors import ProviderError
from .model import ToolCall

MAX_ARGUMENTS = 1024 * 1024
MAX_CALLS = 128


class CallBuilder:
    """One call."""

    def __init__(self, identifier: str = "", name: str = "") -> None:
        self.id, self.name = identifier, name
        self._pieces: list[str] = []
        self._size = 0

    def add(self, piece: str) -> None:
        self._size += len(piece)
        if self._size > MAX_ARGUMENTS:
            raise ProviderError("protocol", f"the arguments of a tool take more than {MAX_ARGUMENTS} characters")
        self._pieces.append(piece)

    def build(self, number: int) -> ToolCall:
        return call_of(self.id or f"call_{number}", self.name, "".join(self._pieces) or "{}")


def call_of(identifier: str, name: str, arguments: Any) -> ToolCall:
    """``arguments``: a table, or its JSON."""
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError) as error:
            return ToolCall(identifier, name, {}, f"its arguments are no JSON: {error}")
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict):
        return ToolCall(identifier, name, {}, "its arguments are no JSON object")
    return ToolCall(identifier, name, arguments)

"""What is asked of a model and what it answers, whatever the provider.

Invariant: everything is plain, frozen data; an answer is a sequence of TextDelta and ToolCall that ends with one Done.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Image:
    """An image of a message: its bytes as Base64, and their MIME type."""

    base64: str
    mime_type: str = "image/png"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model wants to be run. ``problem`` says why its arguments could not be read."""

    id: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """``tool_call_id`` and ``name`` are those of the call that a message of the role tool answers."""

    role: Role
    text: str
    images: tuple[Image, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    name: str = ""
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """``schema`` is the JSON Schema that the answer has to fit; ``settings`` goes into the body as it is."""

    model: str
    messages: tuple[Message, ...]
    tools: tuple[ToolDefinition, ...] = ()
    temperature: float | None = None
    max_tokens: int | None = None
    schema: Mapping[str, Any] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or more answers."""

    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def total(self) -> int:
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens)


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """The answer is complete. ``finish_reason``: stop, length, tool_calls, content_filter, or the provider's word."""

    finish_reason: str = "stop"
    usage: Usage = Usage()
    model: str = ""


Event = TextDelta | ToolCall | Done

"""One agent of a session: its definition, its conversation and its figures.

Invariants: a conversation begins with what a user said, so that no tool's result is without its call; only the script's
thread changes an agent.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from ..correlation import new_id
from ..host import HostError
from ..providers.model import Image, Message, ToolCall, Usage
from ..tools.parameters import describe
from ..values import Value
from .definition import AgentDefinition
from .life_cycle import LifeCycle

ROLES = ("system", "user", "assistant", "tool")


@dataclass(slots=True)
class Figures:
    """What an agent has done so far."""

    requests: int = 0
    failed: int = 0
    active: int = 0
    tool_calls: int = 0
    duration_ms: float = 0.0
    cpu_seconds: float = 0.0
    usage: Usage = field(default_factory=Usage)
    cost: float = 0.0

    @property
    def ended(self) -> int:
        return self.requests - self.active


@dataclass(slots=True)
class Agent:
    definition: AgentDefinition
    life: LifeCycle = field(init=False)
    id: str = field(default_factory=new_id)
    messages: list[Message] = field(default_factory=list)
    figures: Figures = field(default_factory=Figures)

    def __post_init__(self) -> None:
        self.life = LifeCycle(self.definition.name)

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def state(self) -> str:
        """As scripts see it: an agent that answers runs, whatever it rests in."""
        if self.figures.active and self.life.state in {"Ready", "Running"}:
            return "Running"
        return self.life.state


def trimmed(messages: list[Message], longest: int) -> list[Message]:
    """The last messages, as many as ``longest`` allows; of a turn that is longer, the question and the answer."""
    kept = messages[-longest:]
    while kept and kept[0].role != "user":
        kept = kept[1:]
    if kept or longest < 2 or not messages or messages[-1].role != "assistant":
        return kept
    question = next((one for one in reversed(messages) if one.role == "user"), None)
    return [] if question is None else [question, replace(messages[-1], tool_calls=())]


def size_of(messages: list[Message]) -> int:
    """Bytes, nearly: what the memory limit of an agent counts."""
    return sum(len(one.text) + sum(len(image.base64) for image in one.images) for one in messages)


def message_table(message: Message) -> dict[str, Value]:
    """As scripts see it and as it is kept."""
    return {
        "role": message.role,
        "content": message.text,
        "images": [{"base64": one.base64, "mime_type": one.mime_type} for one in message.images] or None,
        "tool_calls": [{"id": one.id, "name": one.name, "arguments": dict(one.arguments)} for one in message.tool_calls]
        or None,
        "tool_call_id": message.tool_call_id or None,
        "name": message.name or None,
        "is_error": message.is_error or None,
    }


def messages_of(place: str, given: Value) -> list[Message]:
    """The messages of such tables. Raises HostError that names the field."""
    if given == {} or given is None:
        return []
    if not isinstance(given, list):
        raise HostError(f"{place}: expected a list of messages, got {describe(given)}")
    return [_message(f"{place}[{number}]", one) for number, one in enumerate(given, 1)]


def _message(place: str, given: Value) -> Message:
    if not isinstance(given, dict):
        raise HostError(f"{place}: expected a table, got {describe(given)}")
    role, text = given.get("role"), given.get("content", given.get("text", ""))
    if role not in ROLES:
        raise HostError(f"{place}.role: expected one of {', '.join(ROLES)}, got {describe(role)}")
    if not isinstance(text, str):
        raise HostError(f"{place}.content: expected a text, got {describe(text)}")
    calls: Any = given.get("tool_calls") or []
    images: Any = given.get("images") or []
    try:
        return Message(
            role,  # type: ignore[arg-type]
            text,
            tuple(Image(str(one["base64"]), str(one["mime_type"])) for one in images),
            tuple(ToolCall(str(one["id"]), str(one["name"]), dict(one["arguments"])) for one in calls),
            str(given.get("tool_call_id") or ""),
            str(given.get("name") or ""),
            bool(given.get("is_error")),
        )
    except (TypeError, KeyError, ValueError):
        raise HostError(f"{place}: tool_calls need id, name and arguments, images base64 and mime_type") from None

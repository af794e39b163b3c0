"""One call of an agent: its messages, its limits and what it has used, from the question to the answer.

Invariants: the conversation gets the messages of a run when it has succeeded, all at once; a run that ended, however it
ended, has no request under way.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..circuit_breaker import CircuitBreaker
from ..host import Host, HostError
from ..providers.errors import ProviderError
from ..providers.model import Message, Request, TextDelta, ToolCall, Usage
from ..values import Value
from .agent import Agent, size_of, trimmed
from .input import AgentInput
from .output import agent_output, answer_data
from .stream import Answer, Stream

if TYPE_CHECKING:
    from ..providers.model import ToolDefinition
    from ..providers.settings import ProviderSettings
    from .contexts import Context

# Of a tool's result, what a model is told.
MAX_RESULT = 256 * 1024
MAX_REPAIRS = 2
"""How often a model is asked again when its answer does not fit the schema."""


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """``deadline`` is when a run has to be over, by ``clock``; ``is_own``: the agent says so, not its caller."""

    deadline: float
    seconds: float
    is_own: bool
    clock: Callable[[], float]

    @property
    def remaining(self) -> float:
        """Seconds; less than nothing when it is over."""
        return self.deadline - self.clock()


def limit_of(host: Host, agent: Agent, remaining_ms: float | None) -> TimeLimit:
    """The agent's own limit, or the caller's, whichever comes first."""
    seconds, is_own = min(agent.definition.limits.max_execution_time_secs, 1e9), True
    if remaining_ms is not None and remaining_ms / 1000 < seconds:
        seconds, is_own = max(remaining_ms, 0.0) / 1000, False
    return TimeLimit(host.script_clock() + seconds, seconds, is_own, host.script_clock)


@dataclass(slots=True)
class Run:
    """``context`` is what the call is made in, None for the agent's own conversation."""

    agent: Agent
    given: AgentInput
    settings: "ProviderSettings"
    tools: tuple["ToolDefinition", ...]
    limit: TimeLimit
    context: "Context | None" = None
    display: Any = None
    started: float = field(default_factory=time.monotonic)
    messages: list[Message] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    answer: Answer = field(default_factory=Answer)
    model: str = ""
    requests: int = 0
    repairs: int = 0
    tool_calls: int = 0
    stream: Stream | None = None
    breaker: CircuitBreaker | None = None

    def __post_init__(self) -> None:
        self.messages.append(Message("user", self.given.text, self.given.images))

    @property
    def conversation(self) -> list[Message]:
        return self.agent.messages if self.context is None else self.context.conversation(self.agent.name)

    def send(self, host: Host) -> None:
        """Ask the model."""
        self.check_time()
        definition, wanted = self.agent.definition, self.given
        system = definition.system_prompt
        if self.context is not None:
            system = "\n\n".join(part for part in (system, self.context.told()) if part)
        messages = [*trimmed(self.conversation, definition.max_conversation_length), *self.messages]
        size = size_of(messages)
        room = definition.limits.max_memory_mb * 1024 * 1024 - size
        if room < 0:
            raise HostError("its conversation is larger than its limit max_memory_mb")
        if system:
            messages.insert(0, Message("system", system))
        model = definition.model
        if model is None:
            raise HostError("it has no model")
        request = Request(
            model.model,
            tuple(messages),
            self.tools,
            _first(wanted.temperature, definition.temperature, self.settings.temperature),
            _first(wanted.max_tokens, definition.max_tokens, self.settings.max_tokens),
            wanted.schema or definition.output_schema,
            {**definition.settings, **wanted.settings},
        )
        try:
            provider = host.providers.get(self.settings)
        except ProviderError as error:
            raise HostError(str(error)) from None
        breaker = host.provider_breakers.of(self.settings.name)
        if not breaker.allows():
            raise HostError(f"provider '{self.settings.name}': {breaker.refusal()}")
        self.breaker = breaker
        self.answer = Answer()
        self.requests += 1
        self.stream = Stream(host, provider, request, room)

    def receive(self) -> Value:
        """`{job}` to wait for, `{chunks}`, or `{chunks, tool_calls}` when the answer is complete. The chunks are those
        of an answer that is streamed."""
        stream = self.stream
        if stream is None:
            raise HostError("nothing was asked of the model")
        try:
            events = stream.take()
        except ProviderError as error:
            self._settle(error)
            raise HostError(str(error)) from None
        if events is None:
            self.check_time()
            return {"job": stream.wait(time.monotonic() + self.limit.remaining)}
        chunks: list[Value] = []
        for event in events:
            self.answer.add(event)
            if self.display is not None and isinstance(event, TextDelta) and event.text:
                chunks.append(event.text)
        if self.display is not None:
            self.display.show(self.answer.text, is_last=False)
        if events and self.answer.done is None:
            return {"chunks": chunks}
        self._complete()
        calls = [self._call(one) for one in self.answer.tool_calls]
        return {"chunks": chunks, "tool_calls": calls}

    def _settle(self, error: ProviderError | None) -> None:
        """Tell the provider's breaker how the request ended; only what may pass counts against it."""
        self.stream, breaker, self.breaker = None, self.breaker, None
        if breaker is None:
            return
        if error is None:
            breaker.succeeded()
        elif error.is_transient:
            breaker.failed(str(error))
        else:
            breaker.abandoned()

    def _complete(self) -> None:
        self._settle(None)
        answer = self.answer
        if answer.done is None:
            raise HostError("the answer ended in its middle")
        self.usage += answer.done.usage
        self.model = answer.done.model
        self.messages.append(Message("assistant", answer.text, tool_calls=tuple(answer.tool_calls)))

    def _call(self, call: ToolCall) -> Value:
        """A call for Lua to make; ``problem`` when it is answered at once."""
        self.tool_calls += 1
        limit = self.agent.definition.limits.max_tool_calls
        if self.tool_calls > limit:
            raise HostError(f"it has called tools {limit} times, its limit max_tool_calls")
        problem = call.problem
        known = [one.name for one in self.tools]
        if not problem and call.name not in known:
            problem = f"there is no tool '{call.name[:100]}'; there are: {', '.join(known) or 'none'}"
        return {"id": call.id, "name": call.name, "arguments": dict(call.arguments), "problem": problem or None}

    def add_tool_result(self, identifier: str, result: Value, *, is_error: bool) -> None:
        name = next((one.name for one in self.answer.tool_calls if one.id == identifier), "")
        text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, default=str)
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if len(text) > MAX_RESULT:
            text = f"{text[:MAX_RESULT]}\n[{len(text) - MAX_RESULT} characters are left out]"
        self.messages.append(Message("tool", text, tool_call_id=identifier, name=name, is_error=is_error))

    def finish(self) -> dict[str, Value] | None:
        """What the script gets; None when the model has to be asked once more. Raises HostError."""
        schema, text = self.given.schema or self.agent.definition.output_schema, self.answer.text
        data: Value = None
        if schema is not None:
            data, problem = answer_data(text, schema)
            if problem:
                self.repairs += 1
                if self.repairs > MAX_REPAIRS:
                    raise HostError(f"the answer does not fit output_schema: {problem}")
                self.messages.append(
                    Message("user", f"That does not fit the schema: {problem}. Answer again, with the JSON alone.")
                )
                return None
        conversation = self.conversation
        conversation.extend(self._kept())
        conversation[:] = trimmed(conversation, self.agent.definition.max_conversation_length)
        return agent_output(text, data, self._metadata())

    def _kept(self) -> list[Message]:
        """The conversation keeps no repairs: the question and the answer that fits."""
        if not self.repairs:
            return self.messages
        return [self.messages[0], replace(self.messages[-1])]

    def _metadata(self) -> dict[str, Value]:
        done = self.answer.done
        return {
            "model": self.model,
            "provider": self.settings.name,
            "agent": self.agent.name,
            "token_count": self.usage.total,
            "input_tokens": self.usage.input_tokens,
            "output_tokens": self.usage.output_tokens,
            "cost": self.cost(),
            "requests": self.requests,
            "tool_calls": self.tool_calls,
            "finish_reason": done.finish_reason if done else None,
            "execution_time_ms": round((time.monotonic() - self.started) * 1000),
        }

    def cost(self) -> float | None:
        """In the currency of ``prices``; None when the model has none."""
        named = self.agent.definition.model
        for model, price_in, price_out in self.settings.prices:
            if model == self.model or (named is not None and model == named.model):
                return (self.usage.input_tokens * price_in + self.usage.output_tokens * price_out) / 1e6
        return None

    def check_time(self) -> None:
        if self.limit.remaining <= 0:
            limit = self.limit
            whose = "max_execution_time" if limit.is_own else "set by what has called it"
            raise HostError(f"it took more than its limit of {limit.seconds:.3g} s ({whose})")

    def end(self) -> None:
        if self.stream is not None:
            self.stream.cancel()
            self.stream = None
        if self.breaker is not None:
            self.breaker.abandoned()
            self.breaker = None


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)

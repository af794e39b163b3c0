"""The dialect of Ollama: chats, and the models that it has.

Invariant: an answer is complete when the server has said ``done``.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from . import retrying
from .calls import MAX_CALLS, call_of
from .connection import Connection
from .decoding import Lines
from .errors import ProviderError
from .model import Done, Event, Message, Request, TextDelta, ToolCall, Usage
from .openai import tool_body

# What stands beside the options in a request; every other setting is an option of the model.
_OUTER = frozenset({"keep_alive", "think", "options", "format"})


class OllamaProvider:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def stream(self, request: Request) -> AsyncIterator[Event]:
        return retrying.streamed(lambda: self._attempt(request), self.connection.settings.max_retries)

    async def models(self) -> Sequence[str]:
        return sorted(str(one.get("name") or one.get("model")) for one in await self.tags())

    async def tags(self) -> list[dict[str, Any]]:
        """The models that are installed, as the server describes them."""
        answer = await self.connection.get("/api/tags")
        listed = answer.get("models") if isinstance(answer, dict) else None
        if not isinstance(listed, list):
            raise ProviderError("protocol", "the list of models has no field 'models'")
        return [one for one in listed if isinstance(one, dict)]

    async def close(self) -> None:
        await self.connection.close()

    async def lines(self, path: str, body: Mapping[str, Any], model: str) -> AsyncIterator[dict[str, Any]]:
        """The objects of an answer, one a line."""
        async with self.connection.posted(path, body, model) as response:
            decoder = Lines()
            async for data in response.aiter_bytes():
                for line in decoder.feed(data):
                    if line.strip():
                        yield self._object(line)
            if decoder.rest().strip():
                yield self._object(decoder.rest())

    def _object(self, line: bytes) -> dict[str, Any]:
        value = self.connection.parsed(line)
        if not isinstance(value, dict):
            raise ProviderError("protocol", "a part of the answer is no JSON object")
        if value.get("error"):
            raise self.connection.failure(value)
        return value

    async def _attempt(self, request: Request) -> AsyncIterator[Event]:
        count, done = 0, None  # what follows the end is read too, so that the connection can be used again
        async for part in self.lines("/api/chat", body_of(request), request.model):
            message = part.get("message") or {}
            text = message.get("content")
            if isinstance(text, str) and text:
                yield TextDelta(text)
            for call in message.get("tool_calls") or ():
                count += 1
                yield _call(call, count)
            if part.get("done"):
                reason = "tool_calls" if count else str(part.get("done_reason") or "stop")
                usage = Usage(_count(part, "prompt_eval_count"), _count(part, "eval_count"))
                done = Done(reason, usage, str(part.get("model") or request.model))
        if done is None:
            raise self.connection.cut()
        yield done


def _call(call: Any, number: int) -> ToolCall:
    if number > MAX_CALLS:
        raise ProviderError("protocol", f"the answer calls more than {MAX_CALLS} tools")
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        raise ProviderError("protocol", "a tool call has no field 'function'")
    identifier = str(call.get("id") or f"call_{number}")
    return call_of(identifier, str(function.get("name") or ""), function.get("arguments"))


def _count(part: Mapping[str, Any], name: str) -> int:
    value = part.get(name)
    return value if isinstance(value, int) else 0


def body_of(request: Request) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if request.temperature is not None:
        options["temperature"] = request.temperature
    if request.max_tokens is not None:
        options["num_predict"] = request.max_tokens
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [_message(one) for one in request.messages],
        "stream": True,
    }
    if request.tools:
        body["tools"] = [tool_body(one) for one in request.tools]
    if request.schema is not None:
        body["format"] = request.schema
    for name, value in request.settings.items():
        if name == "options" and isinstance(value, Mapping):
            options.update(value)
        elif name in _OUTER:
            body[name] = value
        elif name == "stop":
            options["stop"] = value if isinstance(value, list) else [value]
        else:
            options[name] = value
    if options:
        body["options"] = options
    return body


def _message(message: Message) -> dict[str, Any]:
    made: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.images:
        made["images"] = [image.base64 for image in message.images]
    if message.tool_calls:
        made["tool_calls"] = [
            {"function": {"name": call.name, "arguments": json.loads(json.dumps(dict(call.arguments)))}}
            for call in message.tool_calls
        ]
    if message.role == "tool":
        made["tool_name"] = message.name
    return made

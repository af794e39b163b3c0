"""The dialect of Anthropic's messages.

Invariant: an answer is complete when the server has said ``message_stop``.
"""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from . import retrying
from .calls import MAX_CALLS, CallBuilder, call_of
from .connection import Connection
from .decoding import ServerEvents
from .errors import ProviderError
from .model import Done, Event, Message, Request, TextDelta, Usage
from .provider import model_ids

VERSION = "2023-06-01"
DEFAULT_MAX_TOKENS = 4096
_REASONS = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls"}


class AnthropicProvider:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._prefix = "" if connection.settings.base_url.endswith("/v1") else "/v1"

    def stream(self, request: Request) -> AsyncIterator[Event]:
        return retrying.streamed(lambda: self._attempt(request), self._connection.settings.max_retries)

    async def models(self) -> Sequence[str]:
        answer = await self._connection.get(f"{self._prefix}/models?limit=1000")
        listed = answer.get("data") if isinstance(answer, dict) else None
        return model_ids(listed)

    async def close(self) -> None:
        await self._connection.close()

    async def _attempt(self, request: Request) -> AsyncIterator[Event]:
        connection = self._connection
        async with connection.posted(f"{self._prefix}/messages", body_of(request), request.model) as response:
            answer, decoder = _Answer(connection, request.model), ServerEvents()
            async for data in response.aiter_bytes():
                for one in decoder.feed(data):
                    for event in answer.event(connection.parsed(one.data)):
                        yield event
            if not answer.is_over:
                raise connection.cut()


def body_of(request: Request) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_tokens or DEFAULT_MAX_TOKENS,
        "messages": _messages(request.messages),
        "stream": True,
    }
    system = [one.text for one in request.messages if one.role == "system"]
    if request.schema is not None:
        schema = json.dumps(request.schema, ensure_ascii=False)
        system.append(f"Answer with JSON alone, without any other text. It has to fit this JSON Schema: {schema}")
    if system:
        body["system"] = "\n\n".join(system)
    if request.tools:
        body["tools"] = [
            {"name": one.name, "description": one.description, "input_schema": one.schema} for one in request.tools
        ]
    if request.temperature is not None:
        body["temperature"] = request.temperature
    settings = dict(request.settings)
    if "stop" in settings:
        stop = settings.pop("stop")
        settings["stop_sequences"] = stop if isinstance(stop, list) else [stop]
    return body | settings


def _messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Results of tools are what the user says; what follows each other from one side is one message."""
    made: list[dict[str, Any]] = []
    for one in messages:
        if one.role == "system":
            continue
        role = "assistant" if one.role == "assistant" else "user"
        content = _content(one)
        if made and made[-1]["role"] == role:
            made[-1]["content"].extend(content)
        elif content:
            made.append({"role": role, "content": content})
    return made


def _content(message: Message) -> list[dict[str, Any]]:
    if message.role == "tool":
        result: dict[str, Any] = {
            "type": "tool_result",
            "tool_use_id": message.tool_call_id,
            "content": message.text,
        }
        return [result | ({"is_error": True} if message.is_error else {})]
    parts: list[dict[str, Any]] = [
        {"type": "image", "source": {"type": "base64", "media_type": image.mime_type, "data": image.base64}}
        for image in message.images
    ]
    if message.text:
        parts.append({"type": "text", "text": message.text})
    parts.extend(
        {"type": "tool_use", "id": call.id, "name": call.name, "input": dict(call.arguments)}
        for call in message.tool_calls
    )
    return parts


class _Answer:
    """What has come of one answer."""

    def __init__(self, connection: Connection, model: str) -> None:
        self._connection, self._model = connection, model
        self._calls: dict[int, CallBuilder] = {}
        self._given: dict[int, Any] = {}
        self._reason = "stop"
        self._input = self._output = 0
        self.is_over = False

    def event(self, event: Any) -> list[Event]:
        if not isinstance(event, dict):
            raise ProviderError("protocol", "a part of the answer is no JSON object")
        match event.get("type"):
            case "message_start":
                message = event.get("message") or {}
                self._model = str(message.get("model") or self._model)
                self._count(message.get("usage"))
            case "content_block_start":
                return self._begin(event.get("index", 0), event.get("content_block") or {})
            case "content_block_delta":
                return self._delta(event.get("index", 0), event.get("delta") or {})
            case "content_block_stop":
                builder = self._calls.pop(event.get("index", 0), None)
                if builder is not None:
                    given = self._given.pop(event.get("index", 0), None)
                    call = builder.build(0)
                    return [call_of(call.id, call.name, given) if given and not call.arguments else call]
            case "message_delta":
                reason = (event.get("delta") or {}).get("stop_reason")
                self._reason = _REASONS.get(reason, str(reason)) if reason else self._reason
                self._count(event.get("usage"))
            case "message_stop":
                self.is_over = True
                return [Done(self._reason, Usage(self._input, self._output), self._model)]
            case "error":
                raise self._connection.failure(event)
        return []

    def _begin(self, index: int, block: dict[str, Any]) -> list[Event]:
        if block.get("type") == "tool_use":
            if len(self._calls) >= MAX_CALLS:
                raise ProviderError("protocol", f"the answer calls more than {MAX_CALLS} tools")
            self._calls[index] = CallBuilder(str(block.get("id") or ""), str(block.get("name") or ""))
            self._given[index] = block.get("input")
        text = block.get("text")
        return [TextDelta(text)] if isinstance(text, str) and text else []

    def _delta(self, index: int, delta: dict[str, Any]) -> list[Event]:
        if delta.get("type") == "input_json_delta" and index in self._calls:
            self._calls[index].add(str(delta.get("partial_json") or ""))
        text = delta.get("text")
        return [TextDelta(text)] if isinstance(text, str) and text else []

    def _count(self, usage: Any) -> None:
        if not isinstance(usage, dict):
            return
        read = [usage.get(f"{name}input_tokens") for name in ("", "cache_read_", "cache_creation_")]
        counted = sum(one for one in read if isinstance(one, int))
        self._input = counted or self._input
        output = usage.get("output_tokens")
        if isinstance(output, int):
            self._output = output

"""The dialect that OpenAI's chat completions have, and servers that are compatible with them.

Invariant: an answer is complete when the server has said why it ended.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from . import retrying
from .calls import MAX_CALLS, CallBuilder
from .connection import Connection
from .decoding import ServerEvents
from .errors import ProviderError
from .model import Done, Event, Message, Request, TextDelta, Usage
from .provider import model_ids

_OFFICIAL = "https://api.openai.com"


class OpenAIProvider:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def stream(self, request: Request) -> AsyncIterator[Event]:
        return retrying.streamed(lambda: self._attempt(request), self._connection.settings.max_retries)

    async def models(self) -> Sequence[str]:
        answer = await self._connection.get("/models")
        listed = answer.get("data") if isinstance(answer, dict) else answer
        return model_ids(listed)

    async def close(self) -> None:
        await self._connection.close()

    async def _attempt(self, request: Request) -> AsyncIterator[Event]:
        connection = self._connection
        async with connection.posted("/chat/completions", self._body(request), request.model) as response:
            answer = Answer(connection.settings.name, request.model, connection.failure)
            if "json" in response.headers.get("content-type", "").partition(";")[0]:
                for event in answer.whole(await connection.whole(response)):
                    yield event
            else:
                decoder = ServerEvents()
                async for data in response.aiter_bytes():
                    for one in decoder.feed(data):
                        if one.data.strip() == "[DONE]":
                            answer.is_over = True
                            continue
                        for event in answer.chunk(connection.parsed(one.data)):
                            yield event
            for event in answer.end():
                yield event

    def _body(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": request.model,
            "messages": [message_body(one) for one in request.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if request.tools:
            body["tools"] = [tool_body(one) for one in request.tools]
        if request.temperature is not None:
            body["temperature"] = request.temperature
        if request.max_tokens is not None:
            is_official = self._connection.settings.base_url.startswith(_OFFICIAL)
            body["max_completion_tokens" if is_official else "max_tokens"] = request.max_tokens
        if request.schema is not None:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": request.schema},
            }
        return body | dict(request.settings)


def tool_body(tool: Any) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": tool.schema},
    }


def message_body(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.text}
    if message.role == "assistant" and message.tool_calls:
        calls = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(dict(call.arguments), ensure_ascii=False)},
            }
            for call in message.tool_calls
        ]
        return {"role": "assistant", "content": message.text or None, "tool_calls": calls}
    if not message.images:
        return {"role": message.role, "content": message.text}
    parts: list[dict[str, Any]] = [{"type": "text", "text": message.text}] if message.text else []
    for image in message.images:
        url = f"data:{image.mime_type};base64,{image.base64}"
        parts.append({"type": "image_url", "image_url": {"url": url}})
    return {"role": message.role, "content": parts}


class Answer:
    """What has come of one answer of the provider ``name``. ``failure`` makes an error of what a part says."""

    def __init__(self, name: str, model: str, failure: Callable[[Any], ProviderError] | None = None) -> None:
        self._name, self._model, self._failure = name, model, failure
        self._calls: dict[int, CallBuilder] = {}
        self._finish_reason = ""
        self._usage = Usage()
        self.is_over = False

    def whole(self, answer: Any) -> list[Event]:
        """A server that does not stream."""
        choices = answer.get("choices") if isinstance(answer, dict) else None
        for choice in choices if isinstance(choices, list) else []:
            if isinstance(choice, dict) and "message" in choice:
                choice["delta"] = choice["message"]
                for number, call in enumerate((choice["delta"] or {}).get("tool_calls") or ()):
                    call.setdefault("index", number)
        return self.chunk(answer)

    def chunk(self, chunk: Any) -> list[Event]:
        if not isinstance(chunk, dict):
            raise ProviderError("protocol", "a part of the answer is no JSON object")
        if chunk.get("error") and self._failure is not None:
            raise self._failure(chunk)
        self._model = str(chunk.get("model") or self._model)
        usage = chunk.get("usage")
        if isinstance(usage, dict):
            self._usage = Usage(_count(usage, "prompt_tokens"), _count(usage, "completion_tokens"))
        choices = chunk.get("choices") or ()
        if not choices or not isinstance(choices[0], dict):
            return []
        choice = choices[0]
        delta = choice.get("delta") or {}
        for call in delta.get("tool_calls") or ():
            self._add_call(call)
        self._finish_reason = str(choice.get("finish_reason") or self._finish_reason)
        text = delta.get("content") or delta.get("refusal") or ""
        return [TextDelta(text)] if isinstance(text, str) and text else []

    def _add_call(self, call: Any) -> None:
        if not isinstance(call, dict):
            raise ProviderError("protocol", "a tool call is no JSON object")
        function = call.get("function") or {}
        index = call.get("index", len(self._calls))
        if index not in self._calls:
            if len(self._calls) >= MAX_CALLS:
                raise ProviderError("protocol", f"the answer calls more than {MAX_CALLS} tools")
            self._calls[index] = CallBuilder()
        builder = self._calls[index]
        builder.id = builder.id or str(call.get("id") or "")
        builder.name = builder.name or str(function.get("name") or "")
        arguments = function.get("arguments")
        builder.add(arguments if isinstance(arguments, str) else json.dumps(arguments) if arguments else "")

    def end(self) -> list[Event]:
        if not self._finish_reason and not self.is_over:
            raise ProviderError("connection", f"provider '{self._name}' ended its answer in the middle")
        calls: list[Event] = [one.build(number) for number, one in enumerate(self._calls.values(), 1)]
        reason = "tool_calls" if calls else self._finish_reason or "stop"
        return [*calls, Done(reason, self._usage, self._model)]


def _count(usage: Mapping[str, Any], name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) else 0

"""The provider ``mock``: answers that are the same every time, without a network. For tests, demos and offline work.

``mock/echo`` gives back what it was told. Any other model looks for its answer in a script: a file of JSON or TOML with
``[[replies]]``, of which the first that fits answers:

- ``model``, ``contains``, ``pattern``: which requests it is for: the model's name, a part of the last message's text, a
  regular expression in it; all when absent. ``after_tool = true``: only when the last message is a tool's result.
- ``times``: how often it answers (default: always).
- ``text`` or ``chunks``: the answer, or its pieces; ``tool_calls``: ``[{name, arguments}]``.
- ``delay_ms``: the wait before each piece; ``error``: what it fails with in place of an answer.

A text may hold ``{text}``, the last message's. Without a script, or when nothing fits, a model answers
``mock reply to: …``.

Invariant: the same requests in the same order give the same answers.
"""

import asyncio
import json
import threading
import tomllib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import ProviderError
from .model import Done, Event, Request, TextDelta, ToolCall, Usage

ECHO = "echo"
MAX_SCRIPT_BYTES = 4 * 1024 * 1024
MAX_SEARCH_SECONDS = 2.0
_FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "model": str,
    "contains": str,
    "pattern": str,
    "after_tool": bool,
    "times": int,
    "text": str,
    "chunks": list,
    "tool_calls": list,
    "delay_ms": (int, float),
    "error": str,
}


@dataclass(slots=True)
class _Reply:
    wanted: Mapping[str, Any]
    remaining: float = float("inf")
    chunks: Sequence[str] = ()
    tool_calls: Sequence[Mapping[str, Any]] = ()
    delay: float = 0.0
    error: str = ""
    search: Callable[[str], bool] | None = None

    def fits(self, request: Request, text: str) -> bool:
        wanted = self.wanted
        if self.remaining <= 0 or wanted.get("model", request.model) != request.model:
            return False
        is_after_tool = bool(request.messages) and request.messages[-1].role == "tool"
        if wanted.get("after_tool", is_after_tool) != is_after_tool or wanted.get("contains", "") not in text:
            return False
        return self.search is None or self.search(text)


@dataclass(slots=True)
class MockProvider:
    """``script`` is the file; it is read when the first request needs it."""

    script: Path | None = None
    _replies: list[_Reply] | None = None
    _calls: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        text = request.messages[-1].text if request.messages else ""
        reply = self._reply(request, text)
        if reply.delay and reply.error:
            await asyncio.sleep(reply.delay)
        if reply.error:
            raise ProviderError("server", reply.error)
        said = []
        for chunk in reply.chunks:
            await asyncio.sleep(reply.delay)
            said.append(chunk.replace("{text}", text))
            yield TextDelta(said[-1])
        if reply.tool_calls and not reply.chunks:
            await asyncio.sleep(reply.delay)
        for call in reply.tool_calls:
            self._calls += 1
            yield ToolCall(f"call_{self._calls}", call["name"], call.get("arguments", {}))
        usage = Usage(sum(_tokens(one.text) for one in request.messages), _tokens("".join(said)))
        yield Done("tool_calls" if reply.tool_calls else "stop", usage, request.model)

    async def models(self) -> Sequence[str]:
        names = {str(one.wanted["model"]) for one in self._loaded() if "model" in one.wanted}
        return sorted({ECHO, *names})

    async def close(self) -> None:
        """There is nothing to let go."""

    def _reply(self, request: Request, text: str) -> _Reply:
        if request.model == ECHO:
            return _Reply({}, chunks=_words(text))
        for one in self._loaded():
            if one.fits(request, text):
                one.remaining -= 1
                return one
        return _Reply({}, chunks=["mock reply to: ", *_words(text)])

    def _loaded(self) -> list[_Reply]:
        with self._lock:
            if self._replies is None:
                self._replies = [] if self.script is None else _read(self.script)
            return self._replies


def _search(pattern: str, place: str) -> Callable[[str], bool]:
    """`regex` is used because a search of `re` cannot be stopped."""
    import regex

    try:
        compiled = regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise ProviderError("configuration", f"{place}: not a regular expression: {error}") from None

    def search(text: str) -> bool:
        try:
            return compiled.search(text, timeout=MAX_SEARCH_SECONDS, concurrent=True) is not None
        except TimeoutError:
            raise ProviderError("configuration", f"{place}: took longer than {MAX_SEARCH_SECONDS:g} s") from None

    return search


def _words(text: str) -> list[str]:
    """Pieces that each end after white space, as a model would stream them."""
    import re

    return re.findall(r"\S+\s*|\s+", text) or [""]


def _tokens(text: str) -> int:
    return len(text.split())


def _read(path: Path) -> list[_Reply]:
    setting = f"providers.mock.script: {path}"
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SCRIPT_BYTES + 1)
        if len(data) > MAX_SCRIPT_BYTES:
            raise ProviderError("configuration", f"{setting}: larger than {MAX_SCRIPT_BYTES} bytes")
        text = data.decode("utf-8")
        document = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise ProviderError("configuration", f"{setting}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # no UTF-8, no JSON, no TOML
        raise ProviderError("configuration", f"{setting}: {error}") from error
    replies = document.get("replies") if isinstance(document, dict) else document
    if not isinstance(replies, list):
        raise ProviderError("configuration", f"{setting}: expected a list 'replies'")
    return [_checked(one, f"{setting}: replies[{number}]") for number, one in enumerate(replies, 1)]


def _checked(given: Any, place: str) -> _Reply:
    if not isinstance(given, dict):
        raise ProviderError("configuration", f"{place}: expected a table, got {type(given).__name__}")
    for name, value in given.items():
        kind = _FIELDS.get(name)
        if kind is None:
            raise ProviderError("configuration", f"{place}: unknown field '{name}'; known: {', '.join(_FIELDS)}")
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            expected = kind.__name__ if isinstance(kind, type) else "number"
            raise ProviderError("configuration", f"{place}.{name}: expected {expected}, got {type(value).__name__}")
    for call in given.get("tool_calls", ()):
        if not isinstance(call, dict) or not isinstance(call.get("name"), str):
            raise ProviderError("configuration", f"{place}.tool_calls: each needs a text 'name'")
        if not isinstance(call.get("arguments", {}), dict):
            raise ProviderError("configuration", f"{place}.tool_calls: 'arguments' of '{call['name']}' are no table")
    search = _search(given["pattern"], f"{place}.pattern") if "pattern" in given else None
    chunks = given.get("chunks", _words(given["text"]) if "text" in given else [])
    if not all(isinstance(chunk, str) for chunk in chunks):
        raise ProviderError("configuration", f"{place}.chunks: expected texts")
    return _Reply(
        {name: given[name] for name in ("model", "contains", "after_tool") if name in given},
        given.get("times", float("inf")),
        chunks,
        given.get("tool_calls", ()),
        given.get("delay_ms", 0) / 1000,
        given.get("error", ""),
        search,
    )

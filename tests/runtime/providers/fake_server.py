"""A server of models over real HTTP: OpenAI's, Anthropic's and Ollama's dialect, with every way to fail.

What it answers is a Scenario by the model's name. The official clients run against it too (test_official_clients.py),
which holds it to the real formats.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATHS = {"openai": "/v1", "anthropic": "/anthropic", "ollama": ""}
TEXT = "Hello, wörld 🌍!"
PIECES = ("Hello, ", "wörld ", "🌍!")
KEY = "sk-test-0123456789abcdefghij"


@dataclass
class Refusal:
    status: int
    message: str = "no"
    headers: Mapping[str, str] = field(default_factory=dict)
    code: str = ""


@dataclass
class Scenario:
    """``echoes``: the answer is the last message's text. ``refusals`` come first, one a request. ``split``: bytes a
    write; ``cut``: how many bytes come in all; ``hang``: nothing comes after so many bytes; ``gate``: the answer waits
    for it."""

    pieces: tuple[str, ...] = PIECES
    echoes: bool = False
    tool_calls: tuple[tuple[str, Any], ...] = ()
    refusals: list[Refusal] = field(default_factory=list)
    split: int = 0
    cut: int | None = None
    hang: int | None = None
    body: bytes | None = None
    content_type: str = ""
    gate: threading.Event | None = None


@dataclass
class Received:
    path: str
    headers: Mapping[str, str]
    body: Any


class FakeServer:
    def __init__(self) -> None:
        self.scenarios: dict[str, Scenario] = {}
        self.received: list[Received] = []
        self.connections = 0
        self.active = self.most_active = 0
        self.lock = threading.Lock()
        self.came = threading.Condition(self.lock)
        self.closing = threading.Event()
        self.broken_off = threading.Event()  # a client has gone before its answer was complete
        fake = self

        class Handler(_Handler):
            server_state = fake

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self._http.request_queue_size = 256
        self._http.socket.listen(256)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def close(self) -> None:
        self.closing.set()
        for scenario in self.scenarios.values():
            if scenario.gate is not None:
                scenario.gate.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)

    def wait_for(self, count: int) -> None:
        with self.came:
            assert self.came.wait_for(lambda: len(self.received) >= count, 20), f"{len(self.received)} requests came"

    def wait_until_idle(self) -> None:
        with self.came:
            assert self.came.wait_for(lambda: self.active == 0, 20), f"{self.active} requests are still answered"

    @contextmanager
    def counted(self) -> Iterator[None]:
        with self.lock:
            self.active += 1
            self.most_active = max(self.most_active, self.active)
        try:
            yield
        finally:
            with self.came:
                self.active -= 1
                self.came.notify_all()


class _Handler(BaseHTTPRequestHandler):
    server_state: FakeServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        with self.server_state.lock:
            self.server_state.connections += 1

    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""

    def do_GET(self) -> None:
        self._note(None)
        answers = {
            "/v1/models": lambda: {"object": "list", "data": [_openai_model("gpt-b"), _openai_model("gpt-a")]},
            "/anthropic/v1/models": lambda: {
                "data": [
                    {"type": "model", "id": "claude-a", "display_name": "A", "created_at": "2025-01-01T00:00:00Z"}
                ],
                "has_more": False,
                "first_id": "claude-a",
                "last_id": "claude-a",
            },
            "/api/tags": lambda: {"models": [_ollama_model("llama3.1:8b"), _ollama_model("qwen2:0.5b")]},
            "/api/ps": lambda: {"models": [_ollama_model("llama3.1:8b")]},
            "/api/version": lambda: {"version": "0.9.0"},
        }
        refusal = self._refusal("models")
        if refusal is not None:
            self._refuse(refusal)
        elif (answer := answers.get(self.path.partition("?")[0])) is None:
            self._json(404, {"error": "404 page not found"})
        else:
            self._json(200, answer())

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = json.loads(self.rfile.read(length))
        self._note(body)
        with self.server_state.counted():
            self._answer(body)

    def _note(self, body: Any) -> None:
        state = self.server_state
        with state.came:
            state.received.append(Received(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            state.came.notify_all()

    def _refusal(self, model: str) -> Refusal | None:
        scenario = self.server_state.scenarios.get(model)
        with self.server_state.lock:
            return scenario.refusals.pop(0) if scenario and scenario.refusals else None

    def _answer(self, body: Any) -> None:
        path, model = self.path.partition("?")[0], body.get("model", "")
        refusal = self._refusal(model)
        if refusal is not None:
            self._refuse(refusal)
            return
        scenario = self.server_state.scenarios.get(model, Scenario())
        if scenario.gate is not None:
            scenario.gate.wait(60)
        is_stream = body.get("stream", path.startswith("/api"))
        if path == "/api/show":
            self._show(model)
            return
        if path == "/api/pull":
            self._send(scenario, "application/x-ndjson", _pull(scenario, model))
            return
        dialect = _DIALECTS.get(path)
        if dialect is None:
            self._json(404, {"error": {"message": "no such path"}})
            return
        is_after_tool = _is_after_tool(body["messages"])
        pieces = (_text(body["messages"][-1]),) if scenario.echoes else scenario.pieces
        parts = _Parts(model, pieces, ())
        if scenario.tool_calls and not is_after_tool:
            parts = _Parts(model, (), scenario.tool_calls)
        stream, whole, content_type = dialect
        if is_stream:
            self._send(scenario, content_type, stream(parts))
        else:
            self._send(scenario, "application/json", json.dumps(whole(parts)).encode())

    def _show(self, model: str) -> None:
        if model == "missing":
            self._json(404, {"error": "model 'missing' not found"})
            return
        details = _ollama_model(model)["details"]
        self._json(200, {"details": details, "model_info": {}, "capabilities": ["completion"]})

    def _refuse(self, refusal: Refusal) -> None:
        if self.path.startswith("/anthropic"):
            error: Any = {"type": "error", "error": {"type": refusal.code or "api_error", "message": refusal.message}}
        elif self.path.startswith("/api"):
            error = {"error": refusal.message}
        else:
            error = {"error": {"message": refusal.message, "type": "invalid_request_error", "code": refusal.code}}
        self._json(refusal.status, error, refusal.headers)

    def _json(self, status: int, value: Any, headers: Mapping[str, str] | None = None) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)

    def _send(self, scenario: Scenario, content_type: str, data: bytes) -> None:
        data = scenario.body if scenario.body is not None else data
        self.send_response(200)
        self.send_header("content-type", scenario.content_type or content_type)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        most = min(len(data) if one is None else one for one in (scenario.cut, scenario.hang))
        step = scenario.split or max(1, most)
        try:
            for start in range(0, most, step):
                part = data[start : min(start + step, most)]
                self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                self.wfile.flush()
            if scenario.hang is not None:
                self._hang()
            if scenario.cut is not None or scenario.hang is not None:
                self.close_connection = True
                return
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.server_state.broken_off.set()
            self.close_connection = True

    def _hang(self) -> None:
        """Until the client goes or the server ends."""
        import select

        while not self.server_state.closing.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0.05)
            if readable and not self.connection.recv(1):
                self.server_state.broken_off.set()
                return


@dataclass
class _Parts:
    model: str
    pieces: tuple[str, ...]
    tool_calls: tuple[tuple[str, Any], ...]

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def _text(message: Any) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(one.get("text", "") for one in content)


def _is_after_tool(messages: list[Any]) -> bool:
    last = messages[-1]
    content = last.get("content")
    blocks = content if isinstance(content, list) else []
    return last["role"] == "tool" or any(one.get("type") == "tool_result" for one in blocks if isinstance(one, dict))


def _openai_model(name: str) -> Any:
    return {"id": name, "object": "model", "created": 1, "owned_by": "test"}


def _ollama_model(name: str) -> Any:
    return {
        "name": name,
        "model": name,
        "modified_at": "2025-05-04T17:37:44.706015396-07:00",
        "size": 4_661_224_676,
        "digest": "abc",
        "details": {
            "parent_model": "",
            "format": "gguf",
            "family": "llama",
            "families": ["llama"],
            "parameter_size": "8.0B",
            "quantization_level": "Q4_0",
        },
    }


def _arguments(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _sse(*events: tuple[str, Any]) -> bytes:
    lines = []
    for name, value in events:
        head = f"event: {name}\n" if name else ""
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        lines.append(f"{head}data: {text}\n\n")
    return "".join(lines).encode()


_OPENAI_USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


def _openai_stream(parts: _Parts) -> bytes:
    def chunk(delta: Any, reason: str | None = None) -> Any:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": parts.model,
            "choices": [choice],
            "usage": None,
        }

    events: list[Any] = [chunk({"role": "assistant", "content": ""})]
    events += [chunk({"content": piece}) for piece in parts.pieces]
    for index, (name, arguments) in enumerate(parts.tool_calls):
        call = {"index": index, "id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": ""}}
        events.append(chunk({"tool_calls": [call]}))
        text = _arguments(arguments)
        for start in range(0, len(text), 5):
            piece = {"index": index, "function": {"arguments": text[start : start + 5]}}
            events.append(chunk({"tool_calls": [piece]}))
    events.append(chunk({}, "tool_calls" if parts.tool_calls else "stop"))
    events.append({**chunk({}), "choices": [], "usage": _OPENAI_USAGE})
    return b": a comment\n\n" + _sse(*(("", one) for one in events), ("", "[DONE]"))


def _openai_whole(parts: _Parts) -> Any:
    message: Any = {"role": "assistant", "content": parts.text or None, "refusal": None}
    if parts.tool_calls:
        message["tool_calls"] = [
            {"id": f"call_{i}", "type": "function", "function": {"name": name, "arguments": _arguments(arguments)}}
            for i, (name, arguments) in enumerate(parts.tool_calls)
        ]
    reason = "tool_calls" if parts.tool_calls else "stop"
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": parts.model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
        "usage": _OPENAI_USAGE,
    }


def _anthropic_stream(parts: _Parts) -> bytes:
    start = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": parts.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 1},
    }
    events: list[tuple[str, Any]] = [("message_start", {"type": "message_start", "message": start})]
    events.append(("ping", {"type": "ping"}))

    def block(index: int, content: Any, deltas: list[Any]) -> None:
        begin = {"type": "content_block_start", "index": index, "content_block": content}
        events.append(("content_block_start", begin))
        for delta in deltas:
            piece = {"type": "content_block_delta", "index": index, "delta": delta}
            events.append(("content_block_delta", piece))
        events.append(("content_block_stop", {"type": "content_block_stop", "index": index}))

    index = 0
    if parts.pieces:
        block(0, {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in parts.pieces])
        index = 1
    for name, arguments in parts.tool_calls:
        text = _arguments(arguments)
        pieces = [text[at : at + 5] for at in range(0, len(text), 5)]
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *pieces]]
        block(index, {"type": "tool_use", "id": f"toolu_{index}", "name": name, "input": {}}, deltas)
        index += 1
    reason = "tool_use" if parts.tool_calls else "end_turn"
    delta = {
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": None},
        "usage": {"output_tokens": 7},
    }
    events.append(("message_delta", delta))
    events.append(("message_stop", {"type": "message_stop"}))
    return _sse(*events)


def _anthropic_whole(parts: _Parts) -> Any:
    content: list[Any] = [{"type": "text", "text": parts.text}] if parts.pieces else []
    content += [
        {"type": "tool_use", "id": f"toolu_{i}", "name": name, "input": arguments}
        for i, (name, arguments) in enumerate(parts.tool_calls)
    ]
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": parts.model,
        "content": content,
        "stop_reason": "tool_use" if parts.tool_calls else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 7},
    }


def _ollama_part(parts: _Parts, message: Any, **more: Any) -> Any:
    return {
        "model": parts.model,
        "created_at": "2025-05-04T17:37:44.706015396Z",
        "message": {"role": "assistant", "content": "", **message},
        "done": False,
        **more,
    }


_OLLAMA_END = {
    "done": True,
    "done_reason": "stop",
    "total_duration": 1,
    "load_duration": 1,
    "prompt_eval_count": 11,
    "prompt_eval_duration": 1,
    "eval_count": 7,
    "eval_duration": 1,
}


def _ollama_stream(parts: _Parts) -> bytes:
    lines = [_ollama_part(parts, {"content": piece}) for piece in parts.pieces]
    lines += [
        _ollama_part(parts, {"tool_calls": [{"function": {"name": name, "arguments": arguments}}]})
        for name, arguments in parts.tool_calls
    ]
    lines.append(_ollama_part(parts, {}, **_OLLAMA_END))
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines).encode()


def _ollama_whole(parts: _Parts) -> Any:
    message: Any = {"content": parts.text}
    if parts.tool_calls:
        message["tool_calls"] = [{"function": {"name": n, "arguments": a}} for n, a in parts.tool_calls]
    return _ollama_part(parts, message, **_OLLAMA_END)


def _pull(scenario: Scenario, model: str) -> bytes:
    del scenario
    lines: list[Any] = [{"status": "pulling manifest"}]
    if model == "missing":
        lines = [{"error": "pull model manifest: file does not exist"}]
    else:
        lines += [
            {"status": "pulling abc", "digest": "sha256:abc", "total": 1000, "completed": done}
            for done in (0, 400, 1000)
        ]
        lines += [{"status": "verifying sha256 digest"}, {"status": "success"}]
    return "".join(json.dumps(one) + "\n" for one in lines).encode()


_DIALECTS: Mapping[str, Any] = {
    "/v1/chat/completions": (_openai_stream, _openai_whole, "text/event-stream"),
    "/anthropic/v1/messages": (_anthropic_stream, _anthropic_whole, "text/event-stream; charset=utf-8"),
    "/api/chat": (_ollama_stream, _ollama_whole, "application/x-ndjson"),
}

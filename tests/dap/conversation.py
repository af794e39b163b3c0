"""A debug session in this process, between a client and a kernel that answers as a test tells it."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llmspell_dap import opening as opening_module
from llmspell_dap.capabilities import CAPABILITIES
from llmspell_dap.session import DapSession
from llmspell_kernel.client import KernelError
from llmspell_kernel.protocol.wire import Message, encode, new_header

Json = dict[str, Any]
SESSION_LIMIT = 5.0


class ScriptedKernel:
    """Stands for a DebuggedSession and its KernelClient: answers as told, publishes what a test publishes."""

    def __init__(self) -> None:
        self.name = "s1"
        self.own = True
        self.client = self
        self.info = self
        self.kernel_id = "k1"
        self.alive = True
        self.asked: list[tuple[str, Json]] = []
        self.numbers: dict[str, int] = {}
        self.answers: dict[str, Any] = {"initialize": dict(CAPABILITIES)}
        self.open_error: KernelError | None = None
        self.may_open = asyncio.Event()
        self.may_open.set()
        self.ended_with: bool | None = None
        self._listener: Callable[[Message], None] = lambda _: None
        self._end_listener: Callable[[KernelError], None] = lambda _: None

    def listen(self, hear: Any, end: Any, ask: Any) -> None:
        self._listener, self._end_listener, self.ask_for_line = hear, end, ask

    async def introduce(self, debug_session: str, resume_seconds: int = 0) -> tuple[Json, str]:
        self.debug_session = debug_session
        arguments = {"debugSession": debug_session, "resumeSeconds": resume_seconds}
        return await self.request("initialize", arguments), "this client"

    async def another(self, folder: Path) -> "ScriptedKernel":
        return self

    async def interrupt(self) -> None:
        self.asked.append(("interrupt", {}))

    def next_number(self) -> int:
        return 1000 + len(self.asked)

    async def request(
        self, command: str, arguments: Json | None = None, limit: float = 10, number: int | None = None
    ) -> Json:
        self.asked.append((command, dict(arguments or {})))
        if number is not None:
            self.numbers[command] = number
        answer = self.answers.get(command, {})
        if callable(answer):
            answer = answer(arguments)
        if asyncio.isfuture(answer):
            answer = await answer
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    async def delete(self, limit: float = 1) -> None:
        self.asked.append(("delete", {}))

    async def leave(self, *, terminate: bool, suspend: bool = False) -> None:
        self.asked.append(("leave", {"terminate": terminate, "suspend": suspend}))

    async def close(self, terminate: bool) -> None:
        self.ended_with = terminate

    def publish(self, msg_type: str, content: Json, session: str = "s1", **metadata: Any) -> None:
        header = new_header(msg_type, "kernel")
        self._listener(Message((), header, {}, {"llmspell_session": session, **metadata}, encode(content)))

    def tell(self, name: str, **body: Any) -> None:
        self.publish("debug_event", {"type": "event", "event": name, "body": body})

    def die(self, error: KernelError) -> None:
        self.alive = False
        self._end_listener(error)

    def commands(self) -> list[str]:
        return [command for command, _ in self.asked]


class Conversation:
    """The client's side."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self.kernel = ScriptedKernel()
        self.told: list[Json] = []
        self.program = tmp_path / "script.lua"
        self.program.touch()
        self._sequence = 0
        self._changed = asyncio.Event()
        self.session = DapSession(self._take)

        async def in_thread(_: object) -> ScriptedKernel:
            await self.kernel.may_open.wait()
            if self.kernel.open_error is not None:
                raise self.kernel.open_error
            return self.kernel

        monkeypatch.setattr(opening_module, "in_thread", in_thread)

    def _take(self, message: Json) -> int:
        self.told.append({"seq": len(self.told) + 1, **message})
        self._changed.set()
        return len(self.told)

    def send(self, command: str, **arguments: Any) -> int:
        self._sequence += 1
        request = {"seq": self._sequence, "type": "request", "command": command, "arguments": arguments}
        self.session.receive(json.dumps(request).encode())
        return self._sequence

    async def until(self, found: Callable[[], Any]) -> Any:
        async def look() -> Any:
            while not (result := found()):
                self._changed.clear()
                # What the kernel was asked is no message to the client: look again soon.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.01)
            return result

        return await asyncio.wait_for(look(), SESSION_LIMIT)

    async def answer(self, seq: int) -> Json:
        return await self.until(lambda: next((m for m in self.told if m.get("request_seq") == seq), None))

    async def ask(self, command: str, **arguments: Any) -> Json:
        return await self.answer(self.send(command, **arguments))

    async def event(self, name: str) -> Json:
        return await self.until(lambda: next((m for m in self.told if m.get("event") == name), None))

    async def initialize(self, **arguments: Any) -> None:
        assert (await self.ask("initialize", adapterID="llmspell", **arguments))["success"]
        await self.event("initialized")

    async def launch(self, **arguments: Any) -> None:
        await self.initialize()
        assert (await self.ask("launch", program=str(self.program), **arguments))["success"]
        assert (await self.ask("configurationDone"))["success"]

    def outline(self) -> list[str]:
        """What was told, as names in order: ``threads!`` is a response, ``threads?`` a failed one."""
        return [m.get("event") or m["command"] + ("!" if m["success"] else "?") for m in self.told]

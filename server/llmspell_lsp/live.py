"""What really exists in the kernel that runs for a project: names, values, tools, agents, keys of its state.

Invariants: nobody waits for it: what is known is given at once, and what is asked for is there for the next request; no
kernel is started, and none is held up: the session's queue has at most one question of ours.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmspell_analysis.syntax.tokens import string_value

if TYPE_CHECKING:
    from llmspell_kernel.client import AsyncKernelClient

logger = logging.getLogger(__name__)

# An answer is given again for so long; an older one is given, and asked for anew.
_FRESH_SECONDS = 2.0
_ANSWER_SECONDS = 2.0
# A kernel that is not there, or does not answer, is looked for again after so long.
_RETRY_SECONDS = 5.0
_MAX_KEPT = 500
_LISTS = {
    "tools": "JSON.stringify(Tool.list())",
    "agents": "JSON.stringify(Agent.list_instances())",
}

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class LiveName:
    """`type` is Jupyter's word for what it is: "function", "instance", …"""

    name: str
    type: str = ""
    signature: str = ""


Answer = tuple[LiveName, ...] | str


class LiveKernel:
    """One folder's kernel. Used by the event loop's thread alone."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._client: AsyncKernelClient | None = None
        self._known: dict[Key, tuple[float, Answer]] = {}
        self._wanted: dict[Key, None] = {}
        self._task: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self._closed = False

    def names(self, chain: str) -> tuple[LiveName, ...]:
        """Members of the value that a chain of names has, globals for ""."""
        found = self._get(("names", chain))
        return found if isinstance(found, tuple) else ()

    def listed(self, what: str) -> tuple[LiveName, ...]:
        """The session's "tools" or "agents"."""
        found = self._get(("list", what))
        return found if isinstance(found, tuple) else ()

    def keys(self, scope: str) -> tuple[LiveName, ...]:
        """The keys of a scope of `State`."""
        found = self._get(("keys", scope))
        return found if isinstance(found, tuple) else ()

    def value(self, expression: str) -> str:
        """How the value of a chain of names reads, "" where there is none."""
        found = self._get(("value", expression))
        return found if isinstance(found, str) else ""

    def close(self) -> None:
        self._closed = True
        if self._task is not None:
            self._task.cancel()

    def _get(self, key: Key) -> Answer | None:
        kept = self._known.get(key)
        if kept is None or time.monotonic() - kept[0] > _FRESH_SECONDS:
            self._ask(key)
        return kept[1] if kept is not None else None

    def _ask(self, key: Key) -> None:
        if self._closed or time.monotonic() < self._not_before:
            return
        self._wanted[key] = None
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._answer_all())

    async def _answer_all(self) -> None:
        from llmspell_kernel.client import KernelError

        try:
            while self._wanted:
                if not await self._connected():
                    break
                key = next(iter(self._wanted))
                answer = await _QUESTIONS[key[0]](self, key[1])
                del self._wanted[key]
                self._known.pop(key, None)
                self._known[key] = time.monotonic(), answer
                if len(self._known) > _MAX_KEPT:
                    del self._known[next(iter(self._known))]
            else:
                return
        except (KernelError, TimeoutError, OSError, ValueError) as error:
            logger.info("the kernel of %s does not answer: %s", self._folder, error)
        except asyncio.CancelledError:
            await self._leave()
            raise
        self._wanted.clear()
        self._not_before = time.monotonic() + _RETRY_SECONDS
        await self._leave()

    async def _connected(self) -> bool:
        if self._client is not None and self._client.alive:
            return True
        await self._leave()
        from llmspell_kernel.client import AsyncKernelClient, find_kernel_of_folder

        info = await asyncio.to_thread(find_kernel_of_folder, self._folder)
        if info is None:
            self._known.clear()
            return False
        self._client = await AsyncKernelClient.connect(info).open()
        return True

    async def _leave(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def _connection(self) -> AsyncKernelClient:
        if self._client is None:
            raise ConnectionError("there is no connection to a kernel")
        return self._client

    # --- questions -----------------------------------------------------------------------------------------------

    async def _names(self, chain: str) -> Answer:
        found = await self._connection().complete(f"{chain}." if chain else "", timeout=_ANSWER_SECONDS)
        described = {
            str(one.get("text")): one
            for one in found.metadata.get("_jupyter_types_experimental", ())
            if isinstance(one, dict)
        }
        return tuple(
            LiveName(
                name, str(described.get(name, {}).get("type", "")), str(described.get(name, {}).get("signature", ""))
            )
            for name in found.matches
        )

    async def _value(self, expression: str) -> Answer:
        found = await self._connection().inspect(expression, timeout=_ANSWER_SECONDS) or {}
        return str(found.get("text/plain") or "")

    async def _list(self, what: str) -> Answer:
        return await self._evaluated(_LISTS[what])

    async def _keys(self, scope: str) -> Answer:
        return await self._evaluated(f"JSON.stringify(State.list_keys({json.dumps(scope)}))")

    async def _evaluated(self, expression: str) -> Answer:
        """The names that an expression of Lua gives as JSON: strings, or objects that have a name."""
        content = {
            "code": "",
            "silent": True,
            "store_history": False,
            "allow_stdin": False,
            "user_expressions": {"names": expression},
        }
        reply = await self._connection().request("shell", "execute_request", content, timeout=_ANSWER_SECONDS)
        result = (reply.get("user_expressions") or {}).get("names") or {}
        literal = str((result.get("data") or {}).get("text/plain", ""))
        given = json.loads(string_value(literal) or "[]")
        names = (one.get("name") if isinstance(one, dict) else one for one in given)
        return tuple(LiveName(one) for one in names if isinstance(one, str))


_QUESTIONS: dict[str, Callable[[LiveKernel, str], Awaitable[Answer]]] = {
    "names": LiveKernel._names,
    "value": LiveKernel._value,
    "list": LiveKernel._list,
    "keys": LiveKernel._keys,
}

"""The one gate: whatever a script gets from outside Lua passes ``Host.call``.

Policy, argument checks, hooks, tracing and recording are layers around this one call, not code in each tool.

Invariant: ``Host.enter``, the only function of it that Lua can reach, returns flat tuples and never raises.
"""

import hashlib
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .circuit_breaker import CircuitBreakers
from .configuration import Configuration
from .memory import NOT_ENOUGH
from .python_stacks import PythonStacks
from .tools.python_call import PythonCalls
from .values import Scalar, Value, ValueCodecError, decode, encode
from .waiting import Waits

if TYPE_CHECKING:
    from llmspell_analysis.catalogue import Tool

    from .agents.registry import Agents
    from .globals.memory import Memories
    from .globals.rag import Retrieval
    from .jobs import Jobs
    from .providers.providers import Providers
    from .tools.python_tools import PythonTools

__all__ = ["Host", "HostContext", "HostError", "HostFunction", "Value"]

# More values than this in one call or return would need a Lua stack of that size; they travel in pages.
PAGE = 4000


class HostError(Exception):
    """Becomes a Lua error with exactly this message, at the position of the script's call."""


class HostInterruptedError(Exception):
    """What a host function was doing was ended by an interrupt, which is now raised where the script called it: the
    hook that is on its way would come after the script has gone on."""


@dataclass(frozen=True, slots=True)
class HostContext:
    """What host functions may know of their surroundings. ``home`` is LLMSPELL_HOME.

    ``publish`` sends an iopub message (its type and content) to the clients of the session; None without a kernel.
    """

    project_root: Path
    home: Path
    configuration: Configuration = field(default_factory=Configuration)
    script: Path | None = None
    publish: Callable[[str, Mapping[str, Any]], None] | None = None

    @property
    def project_folder(self) -> Path:
        """Where what a project keeps lies: ``<home>/projects/<hash of the project's root>``; it may not exist yet."""
        digest = hashlib.sha256(os.fsencode(self.project_root.resolve())).hexdigest()
        return self.home / "projects" / digest[:16]


HostFunction = Callable[..., Value]


class Host:
    """Host functions by name. Each is called as ``function(host, *arguments)``."""

    def __init__(self, context: HostContext) -> None:
        self.context = context
        self._functions: dict[str, HostFunction] = {}
        self._pages: dict[int, list[Scalar | None]] = {}
        self._page_ids = count(1)
        self.python_calls = PythonCalls()
        self.waits = Waits()
        self.python_stacks = PythonStacks()
        # seconds, without those that the script was stopped in the debugger (deadlines.py)
        self.script_clock: Callable[[], float] = time.monotonic
        self.script_tools: dict[str, Tool] = {}  # those that Lua runs: agents that are wrapped as tools
        self.provider_tables: Callable[[], Mapping[str, Value]] = dict  # [providers] as it is now (globals/config.py)

    @cached_property
    def tool_breakers(self) -> CircuitBreakers:
        """The circuit breakers of the tools."""
        from .globals.hook import announce_change

        settings = self.context.configuration.tool_breakers
        return CircuitBreakers("tool", settings, lambda change: announce_change(self, change))

    @cached_property
    def provider_breakers(self) -> CircuitBreakers:
        """The circuit breakers of the providers of models."""
        from .globals.hook import announce_change

        settings = self.context.configuration.provider_breakers
        return CircuitBreakers("provider", settings, lambda change: announce_change(self, change))

    @cached_property
    def python_tools(self) -> "PythonTools":
        """The project's tools that are written in Python."""
        from .tools.python_tools import PythonTools

        return PythonTools(self.context.project_root)

    @cached_property
    def jobs(self) -> "Jobs":
        """What the script's thread may wait for."""
        from .jobs import Jobs

        return Jobs()

    @cached_property
    def agents(self) -> "Agents":
        """The session's agents."""
        from .agents.registry import Agents

        return Agents()

    @cached_property
    def providers(self) -> "Providers":
        """The session's providers of models."""
        from .providers.providers import Providers

        return Providers(lambda: self.context, self.provider_tables)

    @cached_property
    def memories(self) -> "Memories":
        """What the project's scripts remember."""
        from .globals.memory import Memories

        return Memories(self)

    @cached_property
    def retrieval(self) -> "Retrieval":
        """The project's documents and their vectors."""
        from .globals.rag import Retrieval

        return Retrieval(self)

    def register(self, name: str, function: HostFunction) -> None:
        if name in self._functions:
            raise ValueError(f"host function {name!r} is registered twice")
        self._functions[name] = function

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._functions)

    def call(self, name: str, arguments: Sequence[Value]) -> Value:
        """Run a host function. Raises HostError for what the script is to see as an error."""
        function = self._functions.get(name)
        if function is None:
            raise HostError(f"'{name}' is not available in this version of LLMSpell")
        return function(self, *arguments)

    # What follows is called from Lua (lua/base.lua); all strings are bytes there.

    def enter(self, name: bytes, shape: bytes, page: int | None, *scalars: Scalar | None) -> tuple[object, ...]:
        """``ok, shape, page, scalars…``, ``false, message``, or ``nil, message`` for an interrupt. ``page`` holds the
        scalars when they are many."""
        try:
            given = scalars if page is None else self._pages.pop(page)
            result = self.call(name.decode(), decode(shape, given))
            result_shape, result_scalars = encode(result)
        except HostInterruptedError:
            return None, b"interrupted"
        except (HostError, ValueCodecError) as error:
            self.python_stacks.note(str(error), error)
            return False, str(error).encode("utf-8", "surrogateescape")
        except MemoryError:
            return False, NOT_ENOUGH
        except BaseException as error:  # noqa: BLE001 - nothing may unwind through Lua
            traceback.print_exc(file=sys.stderr)
            text = f"{name.decode()}: internal error: {type(error).__name__}: {error} (a fault of LLMSpell)"
            self.python_stacks.note(text, error)
            return False, text.encode("utf-8", "surrogateescape")
        if len(result_scalars) <= PAGE:
            return True, result_shape, None, *result_scalars
        result_page = next(self._page_ids)
        self._pages[result_page] = list(result_scalars)
        return True, result_shape, result_page

    def script_has_ended(self) -> None:
        """Perhaps in the middle of a call, or before it could say that it waits for a job no more."""
        self._pages.clear()
        if "jobs" in vars(self):  # made when first used
            self.jobs.end_all(self)

    def push_page(self, page: int | None, *scalars: Scalar | None) -> int:
        """Append scalars to a page of arguments (a new one when ``page`` is nil) and return its number."""
        if page is None:
            page = next(self._page_ids)
            self._pages[page] = []
        self._pages[page].extend(scalars)
        return page

    def pull_page(self, page: int, start: int) -> tuple[Scalar | None, ...]:
        """Up to PAGE scalars of a result from the zero-based ``start``; the page is dropped at its end."""
        scalars = self._pages.get(page, [])
        if start + PAGE >= len(scalars):
            self._pages.pop(page, None)
        return tuple(scalars[start : start + PAGE])

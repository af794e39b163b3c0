"""Where a launched script's output goes and its input comes from: a terminal of the client, or its debug console.

In the debug console the next expression that is evaluated there is the line that a script waits for: the only way
that DAP has for it.

Invariant: a script that waits for input gets one line for it, once.
"""

from collections.abc import Callable
from typing import Any

from llmspell_dap.configuration import CONSOLES
from llmspell_dap.messages import ClientFeatures
from llmspell_dap.reverse_requests import ReverseRequests
from llmspell_dap.terminal import Terminal

Json = dict[str, Any]

INTERNAL = CONSOLES[0]
HINT = "The script waits for input: type the line here, in the debug console.\n"
NO_TERMINAL = "This client runs nothing in a terminal: output and input of the script are here, in the debug console.\n"
_STREAMS = frozenset({"stdout", "stderr"})


class ScriptConsole:
    """``note`` shows a text of the adapter's in the debug console; ``interrupted`` is called for Ctrl+C in a
    terminal, ``closed`` when a user closes it."""

    def __init__(
        self,
        client: ReverseRequests,
        note: Callable[[str], None],
        interrupted: Callable[[], None],
        closed: Callable[[], None],
    ) -> None:
        self._client = client
        self._note = note
        self._terminal = Terminal(self.give, interrupted, closed)
        self._reply: Callable[[str], None] | None = None
        self._exit_code = 1

    async def open(self, console: str, features: ClientFeatures, title: str, cwd: str) -> None:
        """Make what a configuration asks for; raises RequestFailedError."""
        self._exit_code = 1
        if console == INTERNAL or self._terminal.is_open:
            return
        if not features.run_in_terminal:
            self._note(NO_TERMINAL)
            return
        await self._terminal.open(self._client, console, title, cwd)

    def shows(self, told: Json) -> bool:
        """Whether an event is output that goes to the terminal, and not to the debug console."""
        body = told.get("body", {})
        if told["event"] == "exited":
            self._exit_code = int(body.get("exitCode", 1))
        if told["event"] != "output" or body.get("category") not in _STREAMS or not self._terminal.is_open:
            return False
        self._terminal.write(body["category"], body["output"])
        return True

    def ask(self, reply: Callable[[str], None]) -> None:
        """The script waits for a line, which ``reply`` gives it."""
        self._reply = reply
        if self._terminal.is_open:
            self._terminal.ask()
        else:
            self._note(HINT)

    def takes(self, context: object) -> bool:
        """Whether what is evaluated in this context is the line that the script waits for."""
        return self._reply is not None and not self._terminal.is_open and context in ("repl", None)

    def give(self, line: str) -> None:
        """What was typed."""
        reply, self._reply = self._reply, None
        if reply is not None:
            reply(line)

    def end(self) -> None:
        """The script has ended."""
        self._reply = None
        self._terminal.end(self._exit_code)

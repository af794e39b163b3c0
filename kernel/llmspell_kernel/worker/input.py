"""What a script reads from its standard input: asked from the client that runs it (messaging 5.5, "stdin").

Invariant: a script that reads always goes on: with a line, with an error, or because it was interrupted.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from itertools import count
from typing import Any

from ..runtime.host import Host, HostError, HostInterruptedError

# What jupyter console sends for Ctrl-D.
END_OF_FILE = "\x04"


class Input:
    """``read_line`` runs on the script's thread, ``answer``, ``fail`` and ``release`` on the reader's.

    ``ask(number, content)`` sends an ``input_request``; ``uncounted`` is entered while the script waits.
    """

    def __init__(
        self, ask: Callable[[int, Mapping[str, Any]], None], uncounted: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._ask = ask
        self._uncounted = uncounted
        self._changed = threading.Condition()
        self._numbers = count(1)
        self._awaited: int | None = None
        self._line: str | None = None
        self._failure: str | None = None
        self._is_released = False
        self.is_allowed = False  # by the request that runs now

    def register(self, host: Host) -> None:
        host.register("Input.read_line", lambda _host: self.read_line())

    def read_line(self) -> str | None:
        """The next line without its end; None at the end of the input. Raises HostError, HostInterruptedError."""
        if not self.is_allowed:
            raise HostError(
                "input is asked for, but the client that runs this takes none (a notebook, a console and "
                "'llmspell run' do)"
            )
        with self._changed:
            number = self._awaited = next(self._numbers)
            self._line, self._failure, self._is_released = None, None, False
        self._ask(number, {"prompt": "", "password": False})
        with self._uncounted(), self._changed:
            self._changed.wait_for(lambda: self._awaited != number)
            if self._is_released:
                raise HostInterruptedError
            if self._failure is not None:
                raise HostError(self._failure)
            return None if self._line == END_OF_FILE else self._line

    def answer(self, number: int, content: Mapping[str, Any]) -> None:
        value = content.get("value")
        if isinstance(value, str):
            self._settle(number, value, None)
        else:
            self._settle(number, None, "the client answered without a text (input_reply: value: expected a string)")

    def fail(self, number: int, reason: str) -> None:
        self._settle(number, None, f"input is asked for, but {reason}")

    def release(self) -> None:
        """The script is to be interrupted: it must not wait any longer."""
        with self._changed:
            if self._awaited is not None:
                self._awaited, self._is_released = None, True
                self._changed.notify_all()

    def _settle(self, number: int, line: str | None, failure: str | None) -> None:
        with self._changed:
            if self._awaited != number:  # an answer to a question that was withdrawn
                return
            self._awaited, self._line, self._failure = None, line, failure
            self._changed.notify_all()

"""A terminal of the client that shows a script's output and takes its input.

It runs ``terminal_program.py``, which shows what it is sent and passes on what is typed, over a socket in a private
folder.

Invariant: the terminal's program ends with the script, or with the adapter.
"""

import asyncio
import contextlib
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llmspell_dap.messages import RequestFailedError
from llmspell_dap.outbox import dropped_note
from llmspell_dap.reverse_requests import ReverseRequests

Json = dict[str, Any]

# How long the terminal's program may take to begin once the client has started it.
CONNECT_LIMIT = 15.0
# What a terminal has not shown yet; above it the script's output is dropped, which is told with the next.
MAX_UNREAD_BYTES = 32 * 1024 * 1024
KINDS = {"integratedTerminal": "integrated", "externalTerminal": "external"}


class Terminal:
    """A terminal of the client. ``typed`` gets each line that was asked for, ``interrupted`` Ctrl+C, ``closed`` its
    end when nobody here has closed it."""

    def __init__(
        self, typed: Callable[[str], None], interrupted: Callable[[], None], closed: Callable[[], None]
    ) -> None:
        self._typed = typed
        self._interrupted = interrupted
        self._closed = closed
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._dropped = 0

    @property
    def is_open(self) -> bool:
        return self._writer is not None

    async def open(self, client: ReverseRequests, console: str, title: str, cwd: str) -> None:
        """Have the client start the terminal; raises RequestFailedError."""
        if sys.platform == "win32":
            raise _no_terminal(console, "a terminal of the client needs Unix sockets")
        connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        connected = asyncio.get_running_loop().create_future()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if connected.done():
                writer.close()
                return
            connected.set_result((reader, writer))

        # Only this user can enter it.
        folder = Path(tempfile.mkdtemp(prefix="llmspell-dap-"))
        path = folder / "terminal"
        server = await asyncio.start_unix_server(accept, path)
        arguments = {
            "kind": KINDS[console],
            "title": title,
            "cwd": cwd,
            "args": [sys.executable, "-m", "llmspell_dap.terminal_program", str(path)],
        }
        try:
            await client.ask("runInTerminal", arguments)
            reader, self._writer = await asyncio.wait_for(connected, CONNECT_LIMIT)
        except RequestFailedError as error:
            raise _no_terminal(console, f"the client started no terminal ({error})") from None
        except TimeoutError:
            problem = f"the program in the client's terminal did not begin within {CONNECT_LIMIT:g} s"
            raise _no_terminal(console, problem) from None
        finally:
            server.close()
            shutil.rmtree(folder, ignore_errors=True)
        self._reading = asyncio.get_running_loop().create_task(self._read(reader))

    def write(self, stream: str, text: str) -> None:
        if self._writer is None:
            return
        if self._writer.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            self._dropped += len(text)
            return
        self._tell_dropped()
        self._send({stream: text})

    def ask(self) -> None:
        """The script waits for a line."""
        self._send({"input": True})

    def end(self, exit_code: int) -> None:
        """The script has ended: so does the terminal's program, with the same code."""
        if self._writer is not None:
            self._tell_dropped()
            self._send({"exit": exit_code})
            writer, self._writer = self._writer, None
            # What is still to be written is: this does not wait for it.
            writer.close()

    def _tell_dropped(self) -> None:
        if self._dropped:
            self._send({"stderr": dropped_note(self._dropped)})
            self._dropped = 0

    def _send(self, message: Json) -> None:
        if self._writer is not None:
            self._writer.write(json.dumps(message).encode() + b"\n")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := await reader.readline():
                message = json.loads(line)
                if "line" in message:
                    self._typed(str(message["line"]))
                elif "interrupt" in message:
                    self._interrupted()
        # One that was ended here has no writer any more.
        if self._writer is not None:
            self._writer = None
            self._closed()


def _no_terminal(console: str, problem: str) -> RequestFailedError:
    return RequestFailedError(
        f"console: {console}: {problem}. With 'console': 'internalConsole' in the launch configuration the script's"
        " output and input are in the debug console",
        show_user=True,
    )

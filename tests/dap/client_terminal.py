"""The terminal that an editor opens for the adapter."""

import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .dap_client import LIMIT, DapClient

Json = dict[str, Any]


class ClientTerminal:
    """What an editor does with ``runInTerminal``: a pseudo terminal with the program in it."""

    def __init__(self) -> None:
        self.asked: Json = {}
        self.process: subprocess.Popen[bytes] | None = None
        self._side = -1

    def serve(self, client: DapClient) -> None:
        """Answer the adapter's request."""
        request = client.take(lambda m: m.get("command") == "runInTerminal" and m["type"] == "request", "runInTerminal")
        self.asked = request["arguments"]
        self._side, other = pty.openpty()
        self.process = subprocess.Popen(
            self.asked["args"], cwd=self.asked["cwd"], stdin=other, stdout=other, stderr=other, start_new_session=True
        )
        os.close(other)
        client.answer(request, processId=self.process.pid)

    def launch(self, client: DapClient, program: Path, **arguments: Any) -> None:
        """Launch a script in this terminal."""
        client.initialize(supportsRunInTerminalRequest=True)
        launch = client.send("launch", program=str(program), console="integratedTerminal", **arguments)
        self.serve(client)
        assert client.response(launch)["success"]
        client.ask("configurationDone")

    def type(self, text: str) -> None:
        os.write(self._side, text.encode())

    def until(self, text: str) -> str:
        """What is shown, up to a text."""
        shown = ""
        while text not in shown:
            try:
                shown += os.read(self._side, 4096).decode()
            except OSError:
                pytest.fail(f"the terminal ended before {text!r}: {shown!r}")
        return shown

    def close(self) -> None:
        if self._side >= 0:
            os.close(self._side)
        if self.process is not None:
            self.process.wait(LIMIT)

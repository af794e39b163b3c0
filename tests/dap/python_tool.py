"""A project with a tool in Python, and the Python debugger that an editor starts for it."""

import socket
from pathlib import Path
from typing import Any

from .dap_client import LIMIT, DapClient

Json = dict[str, Any]

TOOL = """\
import llmspell


@llmspell.tool
def double(n: int) -> int:
    twice = 2 * n
    return twice
"""
SCRIPT = """\
local n = 20
local twice = Tool.execute("double", { n = n + 1 })
print(twice)
"""


def write_project(folder: Path) -> tuple[Path, Path]:
    """The files of the script and of its tool."""
    (folder / "llmspell_tools").mkdir()
    (folder / "llmspell.toml").write_text("")
    program, tool = folder / "script.lua", folder / "llmspell_tools" / "double.py"
    program.write_text(SCRIPT)
    tool.write_text(TOOL)
    return program, tool


class PythonDebugger(DapClient):
    """Speaks to debugpy where it waits for a client."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), LIMIT)
        self._socket.settimeout(None)
        super().__init__(self._socket.makefile("rb"), self._socket.makefile("wb"))

    def attach(self, *breakpoints: tuple[Path, int], **configuration: Any) -> None:
        self.ask("initialize", adapterID="debugpy", pathFormat="path", linesStartAt1=True, columnsStartAt1=True)
        attached = self.send("attach", **{"justMyCode": True, **configuration})
        self.event("initialized")
        for path, line in breakpoints:
            self.ask("setBreakpoints", source={"path": str(path)}, breakpoints=[{"line": line}])
        self.ask("configurationDone")
        assert self.response(attached)["success"]

    def stopped(self) -> tuple[int, Json]:
        """The stopped thread and its top frame."""
        thread = self.event("stopped")["threadId"]
        return thread, self.top_frame(thread)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

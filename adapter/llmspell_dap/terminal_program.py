"""What runs in a client's terminal: shows what the adapter sends, passes on the lines that the script waits for.

Invariant: the terminal's input is read only when the script asks, so that nothing that is typed gets lost.
"""

import json
import os
import signal
import socket
import sys
import threading
from types import FrameType

END_OF_INPUT = "\x04"
# The adapter is gone without having said how the script ended.
ADAPTER_GONE = 1


def main(arguments: list[str]) -> int:
    """Serve until the script has ended; returns its exit code."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(arguments[0])
    except OSError as error:
        print(f"llmspell-dap: the debug session is gone: {error.strerror}", file=sys.stderr)  # noqa: T201
        return ADAPTER_GONE
    lock = threading.Lock()

    def send(message: dict[str, object]) -> None:
        with lock:
            connection.sendall(json.dumps(message).encode() + b"\n")

    def interrupt(_: int, __: FrameType | None) -> None:
        send({"interrupt": True})

    signal.signal(signal.SIGINT, interrupt)
    for line in connection.makefile("rb"):
        message = json.loads(line)
        if "exit" in message:
            return int(message["exit"]) & 0xFF
        if "input" in message:
            threading.Thread(target=lambda: send({"line": _read_line()}), daemon=True).start()
            continue
        for name, stream in (("stdout", sys.stdout), ("stderr", sys.stderr)):
            if name in message:
                stream.buffer.write(str(message[name]).encode("utf-8", "replace"))
                stream.buffer.flush()
    return ADAPTER_GONE


def _read_line() -> str:
    data = sys.stdin.buffer.readline()
    return data.decode("utf-8", "replace").removesuffix("\n") if data else END_OF_INPUT


if __name__ == "__main__":
    # Not sys.exit: a thread that reads the terminal would hold up the end.
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)

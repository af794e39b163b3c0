"""The language server and ``llmspell validate`` on generated scripts."""

import contextlib
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from .generated import script
from .measure import (
    Row,
    Usage,
    cpu_seconds,
    median_of,
    milliseconds,
    proportional_set_size,
    running,
    usage_of,
)
from .stdio_client import StdioClient

SERVER = [sys.executable, "-m", "llmspell_lsp.main", "--stdio"]
URI = "file:///project/script.lua"
STARTS = 3
KEYSTROKES = 10
FILES, LINES_IN_ALL = 300, 59_000
_LOOK_SECONDS = 0.05


def rows() -> Iterator[Row]:
    starts = [_start() for _ in range(STARTS)]
    yield Row("llmspell-lsp spawn → initialize, CPU", min(cpu for cpu, _ in starts), "s", 0.5)
    yield Row("  the same, wall", min(wall for _, wall in starts), "s")
    for lines, diagnostics, completion in ((2_000, 40, 10), (20_000, 100, 20)):
        yield from _typing(lines, diagnostics, completion)
    yield from _validate()


def _initialize(client: StdioClient) -> None:
    client.lsp_request("initialize", {"processId": None, "rootUri": None, "capabilities": {}})


def _start() -> tuple[float, float]:
    begun = time.perf_counter()
    with running(SERVER) as process:
        _initialize(StdioClient(process))
        return cpu_seconds(psutil.Process(process.pid)), time.perf_counter() - begun


def _typing(lines: int, diagnostics_budget: float, completion_budget: float) -> Iterator[Row]:
    """Types `total` at the end of a function in the middle of the script, one character after the other."""
    text = script(lines)
    rows_of_text = text.splitlines()
    line = next(n for n in range(lines // 2, lines) if rows_of_text[n].startswith("  return total"))
    indent = "  "
    with running(SERVER) as process:
        client, server = StdioClient(process), psutil.Process(process.pid)
        _initialize(client)
        client.lsp_notify("initialized", {})
        document = {"uri": URI, "languageId": "lua", "version": 1, "text": text}
        client.lsp_notify("textDocument/didOpen", {"textDocument": document})
        _wait_for_diagnostics(client, 1)
        _insert(client, 2, line, 0, indent + "\n")
        _wait_for_diagnostics(client, 2)

        cpu, walls = cpu_seconds(server), []
        for number in range(KEYSTROKES):
            begun = time.perf_counter()
            _insert(client, 3 + number, line, len(indent) + number, "t")
            _wait_for_diagnostics(client, 3 + number)
            walls.append(time.perf_counter() - begun)
        cpu = (cpu_seconds(server) - cpu) / KEYSTROKES

        answers = []
        for number in range(KEYSTROKES):
            version, column = 3 + KEYSTROKES + number, len(indent) + KEYSTROKES + number
            _insert(client, version, line, column, "\n" + indent + "to" if number == 0 else "o")
            position = {"line": line, "character": column + 1} if number else {"line": line + 1, "character": 4}
            begun = time.perf_counter()
            client.lsp_request("textDocument/completion", {"textDocument": {"uri": URI}, "position": position})
            answers.append(time.perf_counter() - begun)
            _wait_for_diagnostics(client, version)
    size = f"{lines:,} lines"
    yield Row(f"keystroke → diagnostics, {size}, CPU", milliseconds(cpu), "ms", diagnostics_budget)
    yield Row("  the same, wall (with the debounce), median", milliseconds(median_of(walls)), "ms")
    yield Row(
        f"completion right after a keystroke, {size}, median", milliseconds(median_of(answers)), "ms", completion_budget
    )


def _insert(client: StdioClient, version: int, line: int, character: int, text: str) -> None:
    position = {"line": line, "character": character}
    change = {"range": {"start": position, "end": position}, "text": text}
    client.lsp_notify(
        "textDocument/didChange", {"textDocument": {"uri": URI, "version": version}, "contentChanges": [change]}
    )


def _wait_for_diagnostics(client: StdioClient, version: int) -> None:
    client.wait(
        lambda message: (
            message.get("method") == "textDocument/publishDiagnostics" and message["params"].get("version") == version
        ),
        f"diagnostics of version {version}",
    )


def _validate() -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="llmspell-bench-") as folder:
        for number in range(FILES):
            lines = LINES_IN_ALL * (number + 1) // FILES - LINES_IN_ALL * number // FILES
            Path(folder, f"script_{number}.lua").write_text(script(lines, seed=number))
        command = [sys.executable, "-m", "llmspell_cli.main", "validate", "--severity", "error"]
        alone = _used([*command, "--no-cache", "--jobs", "1", folder])
        luacheck = _luacheck(folder)
        together, peak = _used_together([*command, folder])
        again = _used([*command, folder])
    yield Row(f"llmspell validate, {FILES} files, {LINES_IN_ALL:,} lines, one process, CPU", alone.cpu, "s", 5)
    if luacheck is None:
        yield Row("  / luacheck", None, "x", note="luacheck is not installed (Debian: lua-check)")
    else:
        yield Row("  / luacheck on the same files, CPU", alone.cpu / luacheck.cpu, "x")
    yield Row("  with as many processes as pay, wall", together.wall, "s")
    yield Row("  their memory together, at its peak", peak, "MB", 300)
    yield Row("  again, nothing has changed, CPU", again.cpu, "s")


def _used(command: list[str]) -> Usage:
    used = usage_of(command)
    if used.exit_code != 0:
        raise RuntimeError(f"{' '.join(command)} ended with exit code {used.exit_code} on scripts without errors")
    return used


def _used_together(command: list[str]) -> tuple[Usage, float | None]:
    """What a command and its processes use; their memory is looked at while they run."""
    peaks: list[float] = []
    ended = threading.Event()

    def look() -> None:
        me = psutil.Process()
        while not ended.wait(_LOOK_SECONDS):
            for child in me.children():
                with contextlib.suppress(psutil.Error, OSError):
                    if (size := proportional_set_size(child.pid)) is not None:
                        peaks.append(size)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        return _used(command), max(peaks, default=None)
    finally:
        ended.set()
        looking.join()


def _luacheck(folder: str) -> Usage | None:
    """The same files, one process, everything that Lua and LuaJIT have being known."""
    program = shutil.which("luacheck")
    if program is None:
        return None
    return usage_of([program, "--std", "max", "--no-config", "--no-cache", "--jobs", "1", "--quiet", folder])

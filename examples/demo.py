"""Plays an editor session against the examples, with no editor installed: what `make demo` shows.

It speaks to the real servers as an editor does: LSP to `llmspell-lsp` (a script with mistakes: findings, completion,
hover), then DAP to `llmspell-dap` (a conditional breakpoint, the stack, the variables, a step). The kernel that this
starts is its own and ends with it.
"""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parent
PRICING = EXAMPLES / "06_orders" / "pricing.lua"
SCRIPT = EXAMPLES / "06_orders" / "main.lua"
ANSWER_LIMIT = 30.0

DRAFT = """\
local path = ARGS and ARGS[1] or "orders.json"
local text = Tool.execute("file-operation", { operation = "read", path = path }).text
local sum = Tool.execute("calculator", { input = "2 * 21" })
local id = Tool.execute("uuid-generator", { operation = "generate", format = "hyphened" })
State.set("global", "sum", sum)
print(txt, id)
"""

Json = dict[str, Any]


class Styles:
    """Colours where the output is a terminal or colours are forced, else nothing."""

    def __init__(self) -> None:
        self.on = (sys.stdout.isatty() or "FORCE_COLOR" in os.environ) and "NO_COLOR" not in os.environ

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.on else text


STYLES = Styles()


def heading(text: str) -> None:
    print("\n" + STYLES.paint(f"── {text} " + "─" * max(0, 90 - len(text)), "1;36"))


def show_source(lines: list[str], first: int, *, marked: int = 0) -> None:
    for number, line in enumerate(lines, first):
        arrow = STYLES.paint("▶", "1;33") if number == marked else " "
        text = STYLES.paint(line, "1") if number == marked else line
        print(f" {arrow}{STYLES.paint(f'{number:4}', '90')}  {text}")


class Server:
    """A server process that speaks `Content-Length` framed JSON on its standard streams, as LSP and DAP do."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.process = subprocess.Popen([sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._arrived: queue.Queue[Json | None] = queue.Queue()
        self._kept: list[Json] = []
        self._number = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            elif line == b"\r\n":
                self._arrived.put(json.loads(self.process.stdout.read(length)))
        self._arrived.put(None)

    def send(self, message: Json) -> None:
        assert self.process.stdin is not None
        body = json.dumps(message).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def wait(self, wanted: "Any", what: str) -> Json:
        """The first message that `wanted` accepts; others are kept for later."""
        for kept in self._kept:
            if wanted(kept):
                self._kept.remove(kept)
                return kept
        while True:
            try:
                message = self._arrived.get(timeout=ANSWER_LIMIT)
            except queue.Empty:
                raise SystemExit(f"{self.module}: no {what} within {ANSWER_LIMIT:g} s") from None
            if message is None:
                raise SystemExit(f"{self.module} ended before {what} came")
            if wanted(message):
                return message
            self._kept.append(message)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=ANSWER_LIMIT)


class LanguageServer(Server):
    def request(self, method: str, **params: Any) -> Any:
        self._number += 1
        number = self._number
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        answer = self.wait(lambda message: message.get("id") == number and "method" not in message, method)
        if "error" in answer:
            raise SystemExit(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def notify(self, method: str, **params: Any) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})


class DebugAdapter(Server):
    def post(self, command: str, **arguments: Any) -> int:
        self._number += 1
        self.send({"seq": self._number, "type": "request", "command": command, "arguments": arguments})
        return self._number

    def answer(self, number: int) -> Json:
        message = self.wait(lambda one: one["type"] == "response" and one["request_seq"] == number, "answer")
        if not message["success"]:
            raise SystemExit(f"{message['command']}: {message.get('message')}")
        body: Json = message.get("body") or {}
        return body

    def request(self, command: str, **arguments: Any) -> Json:
        return self.answer(self.post(command, **arguments))

    def event(self, name: str) -> Json:
        body: Json = self.wait(lambda one: one["type"] == "event" and one["event"] == name, name).get("body") or {}
        return body


def open_in_editor() -> None:
    heading("A script is opened in an editor (llmspell-lsp)")
    server = LanguageServer("llmspell_lsp.main")
    uri = (EXAMPLES / "draft.lua").as_uri()
    server.request("initialize", processId=os.getpid(), rootUri=EXAMPLES.as_uri(), capabilities={})
    server.notify("initialized")
    lines = DRAFT.splitlines()
    show_source(lines, 1)
    server.notify("textDocument/didOpen", textDocument={"uri": uri, "languageId": "lua", "version": 1, "text": DRAFT})
    published = server.wait(
        lambda one: one.get("method") == "textDocument/publishDiagnostics" and one["params"]["uri"] == uri,
        "diagnostics",
    )
    print()
    for found in published["params"]["diagnostics"]:
        start, end = found["range"]["start"], found["range"]["end"]
        severity, colour = ("error", "31") if found["severity"] == 1 else ("warning", "33")
        print(
            f"  {STYLES.paint(severity, f'1;{colour}')}[{found['code']}] line {start['line'] + 1}: {found['message']}"
        )
        width = max(1, end["character"] - start["character"]) if start["line"] == end["line"] else 1
        print(f"    {lines[start['line']]}\n    {' ' * start['character']}{STYLES.paint('^' * width, colour)}")

    heading("Completion inside a tool's parameters")
    typed = 'local r = Tool.execute("text-manipulator", { '
    server.notify(
        "textDocument/didChange",
        textDocument={"uri": uri, "version": 2},
        contentChanges=[{"range": position_range(len(lines), 0), "text": typed}],
    )
    print(f"  {typed}{STYLES.paint('█', '5')}")
    completion = server.request(
        "textDocument/completion",
        textDocument={"uri": uri},
        position={"line": len(lines), "character": len(typed)},
    )
    items = completion["items"] if isinstance(completion, dict) else completion
    for item in items[:6]:
        detail = item.get("detail") or ""
        print(f"    {STYLES.paint(item['label'].ljust(12), '32')} {detail[:80]}{'…' if len(detail) > 80 else ''}")

    heading("Hover over Tool.execute")
    column = lines[1].index("execute")
    hover = server.request("textDocument/hover", textDocument={"uri": uri}, position={"line": 1, "character": column})
    for line in hover["contents"]["value"].splitlines()[:14]:
        print(f"  {STYLES.paint('│', '90')} {line}")
    server.request("shutdown")
    server.notify("exit")
    server.close()


def position_range(line: int, character: int) -> Json:
    position = {"line": line, "character": character}
    return {"start": position, "end": position}


def debug() -> None:
    source = PRICING.read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(source, 1) if text.strip() == "return {")
    condition = 'day == "Saturday"'
    heading(f"The script is debugged (llmspell-dap): breakpoint at {PRICING.name}:{line} if {condition}")
    adapter = DebugAdapter("llmspell_dap.main")
    adapter.request("initialize", adapterID="llmspell", linesStartAt1=True, columnsStartAt1=True, pathFormat="path")
    launched = adapter.post("launch", program=str(SCRIPT), args=["--currency", "EUR"])
    adapter.event("initialized")
    breakpoints = adapter.request(
        "setBreakpoints",
        source={"path": str(PRICING)},
        breakpoints=[{"line": line, "condition": condition}],
    )
    print(f"  breakpoint verified: {breakpoints['breakpoints'][0]['verified']}")
    adapter.request("configurationDone")
    adapter.answer(launched)
    thread = adapter.event("stopped")["threadId"]
    frames = adapter.request("stackTrace", threadId=thread)["stackFrames"]
    show_source(source[line - 5 : line + 2], line - 4, marked=frames[0]["line"])
    print(STYLES.paint("\n  Call stack", "1"))
    for frame in frames:
        print(f"    {frame['name']:<12} {frame['source']['name']}:{frame['line']}")
    print(STYLES.paint("  Variables", "1"))
    scopes = adapter.request("scopes", frameId=frames[0]["id"])["scopes"]
    for scope in scopes[:2]:
        print(f"    {scope['name']}")
        for variable in adapter.request("variables", variablesReference=scope["variablesReference"])["variables"]:
            print(f"      {STYLES.paint(variable['name'], '35')} = {STYLES.paint(variable['value'], '33')}")
    expression = '("%s pays %.2f"):format(customer.name, total)'
    result = adapter.request("evaluate", expression=expression, frameId=frames[0]["id"], context="repl")
    print(f"  {STYLES.paint('>', '1')} {expression}\n    {result['result']}")
    adapter.request("stepOut", threadId=thread)
    adapter.event("stopped")
    frame = adapter.request("stackTrace", threadId=thread)["stackFrames"][0]
    print(f"  step out: {frame['source']['name']}:{frame['line']}")
    adapter.request("continue", threadId=thread)
    print(STYLES.paint("\n  Output", "1"))
    exit_code = adapter.event("exited")["exitCode"]
    adapter.event("terminated")
    outputs = [one["body"]["output"] for one in adapter._kept if one.get("event") == "output"]
    for text in "".join(outputs).splitlines()[-6:]:
        print(f"    {text}")
    print(f"  the script ended with exit code {exit_code}")
    adapter.request("disconnect")
    adapter.close()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="llmspell-demo-") as home:
        os.environ["LLMSPELL_HOME"] = home
        from llmspell_kernel.client import KernelClient, start_kernel

        print(STYLES.paint("LLMSpell, as an editor sees it", "1"))
        info = start_kernel(idle_timeout=60, cwd=EXAMPLES)
        print(f"  kernel {info.kernel_id} is running (pid {info.pid})")
        try:
            open_in_editor()
            debug()
        finally:
            KernelClient.connect(info).shutdown()
        print(STYLES.paint("\nThe same in your editor: see README.md, “In your editor”.", "1"))


if __name__ == "__main__":
    main()

"""Output and input of a launched script: the debug console, a terminal of the client, what a client does not have."""

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Json = dict[str, Any]
Write = Callable[..., Path]
Start = Callable[..., Any]
Make = Callable[[], Any]

LIMIT = 15.0


def test_terminal_shows_the_output_and_ends_with_the_exit_code(adapter: Any, script: Write, terminal: Any) -> None:
    program = script("print('hello') error('boom')")
    terminal.launch(adapter, program)
    adapter.event("terminated")
    assert (terminal.asked["kind"], terminal.asked["cwd"]) == ("integrated", str(program.parent))
    assert "hello" in terminal.until("boom")
    assert terminal.process is not None
    assert terminal.process.wait(LIMIT) == 1
    assert adapter.output() + adapter.output("stderr") == ""


def test_external_terminal_is_asked_for_by_its_kind(adapter: Any, script: Write, terminal: Any) -> None:
    adapter.initialize(supportsRunInTerminalRequest=True)
    launch = adapter.send("launch", program=str(script("print(1)")), console="externalTerminal")
    terminal.serve(adapter)
    assert adapter.response(launch)["success"]
    assert terminal.asked["kind"] == "external"
    adapter.ask("disconnect")


def test_client_without_terminals_gets_the_output_in_its_console(adapter: Any, script: Write) -> None:
    adapter.launch(script("print('hello')"), console="integratedTerminal")
    adapter.event("terminated")
    assert adapter.output() == "hello\n"
    assert "runs nothing in a terminal" in adapter.output("console")


def test_launch_whose_terminal_is_refused_says_what_to_do_and_may_be_tried_again(adapter: Any, script: Write) -> None:
    program = script("print('hello')")
    adapter.initialize(supportsRunInTerminalRequest=True)
    launch = adapter.send("launch", program=str(program), console="integratedTerminal")
    request = adapter.take(lambda m: m.get("command") == "runInTerminal", "runInTerminal")
    adapter.answer(request, success=False, message="no shell")
    answer = adapter.response(launch)
    assert answer["message"] == (
        "console: integratedTerminal: the client started no terminal (runInTerminal: no shell). With 'console':"
        " 'internalConsole' in the launch configuration the script's output and input are in the debug console"
    )
    assert answer["body"]["error"]["showUser"] is True
    adapter.ask("launch", program=str(program), console="internalConsole")
    adapter.ask("configurationDone")
    adapter.event("terminated")
    assert adapter.output() == "hello\n"


def test_closed_terminal_ends_the_script(adapter: Any, script: Write, terminal: Any) -> None:
    terminal.launch(adapter, script("print('started') while true do end"))
    terminal.until("started")
    assert terminal.process is not None
    terminal.process.kill()
    adapter.event("terminated")


def test_interrupt_key_of_the_terminal_interrupts_the_script(adapter: Any, script: Write, terminal: Any) -> None:
    terminal.launch(adapter, script("print('started') while true do end"))
    terminal.until("started")
    assert terminal.process is not None
    terminal.process.send_signal(signal.SIGINT)
    assert adapter.event("exited") == {"exitCode": 1}


def test_restart_uses_the_same_terminal(adapter: Any, script: Write, terminal: Any) -> None:
    terminal.launch(adapter, script("print('started') while true do end"))
    terminal.until("started")
    adapter.ask("restart")
    terminal.until("started")
    adapter.ask("disconnect")


# -- input -------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_line_is_given_once_and_only_by_the_debug_console(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    given: list[str] = []
    talk.kernel.answers["evaluate"] = {"result": "1", "variablesReference": 0}
    talk.kernel.ask_for_line(given.append)
    assert (await talk.ask("evaluate", expression="x", context="watch"))["body"]["result"] == "1"
    assert (await talk.ask("evaluate", expression="typed", context="repl"))["body"]["result"] == ""
    assert (await talk.ask("evaluate", expression="x", context="repl"))["body"]["result"] == "1"
    assert given == ["typed"]


# -- the Python side of tools ------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_python_debugger_is_started_in_the_client_that_asked_for_it(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize(supportsStartDebuggingRequest=True)
    await talk.ask("launch", program=str(talk.program), python="steps")
    assert dict(talk.kernel.asked)["launch"]["python"] == "steps"
    talk.kernel.tell("pythonDebugger", host="127.0.0.1", port=1, pid=1, client="\0session another")
    own = f"\0session {talk.kernel.debug_session}"
    talk.kernel.tell("pythonDebugger", host="127.0.0.1", port=5678, pid=1, client=own)
    asked = await talk.until(lambda: next((m for m in talk.told if m["type"] == "request"), None))
    assert (asked["command"], asked["arguments"]["configuration"]["connect"]["port"]) == ("startDebugging", 5678)
    answer = {"seq": 99, "type": "response", "request_seq": asked["seq"], "command": "startDebugging", "success": True}
    talk.session.receive(json.dumps(answer).encode())
    await talk.ask("threads")


@pytest.mark.asyncio
async def test_client_that_cannot_start_a_python_debugger_is_told(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.initialize()
    await talk.ask("launch", program=str(talk.program), python=True)
    own = f"\0session {talk.kernel.debug_session}"
    talk.kernel.tell("pythonDebugger", host="127.0.0.1", port=5678, pid=1, client=own)
    assert "cannot start a Python debugger" in (await talk.event("output"))["body"]["output"]


@pytest.mark.asyncio
async def test_answer_that_nobody_waits_for_is_ignored(make_conversation: Make) -> None:
    talk = make_conversation()
    await talk.launch()
    talk.session.receive(b'{"seq": 5, "type": "response", "request_seq": 77, "command": "x", "success": true}')
    await asyncio.sleep(0)
    assert (await talk.ask("threads"))["success"]

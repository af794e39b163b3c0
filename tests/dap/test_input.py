"""What a launched script reads: typed in a terminal of the client, or evaluated in its debug console."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Write = Callable[..., Path]

READS = "local line = io.read() print('got', line)"


def test_script_reads_what_is_typed_in_the_terminal(adapter: Any, script: Write, terminal: Any) -> None:
    terminal.launch(adapter, script(READS))
    terminal.type("grüße\n")
    assert "got\tgrüße" in terminal.until("got\tgrüße")
    adapter.event("terminated")


def test_script_reads_what_is_evaluated_next_in_the_debug_console(adapter: Any, script: Write) -> None:
    adapter.launch(script(READS))
    while "waits for input" not in adapter.output("console"):
        adapter.event("output")
    assert adapter.ask("evaluate", expression="grüße 🌍", context="repl")["result"] == ""
    adapter.event("terminated")
    assert adapter.output() == "got\tgrüße 🌍\n"


def test_script_that_waits_for_input_can_be_ended(adapter: Any, script: Write) -> None:
    adapter.launch(script(READS))
    while "waits for input" not in adapter.output("console"):
        adapter.event("output")
    adapter.ask("terminate")
    adapter.event("terminated")

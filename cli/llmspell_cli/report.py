"""What a subcommand reports: lines for a person, or one JSON document for a program.

Invariant: with ``--json`` standard output holds exactly one document, also when the operation fails.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from llmspell_cli.failure import fail


class OperationError(Exception):
    """The operation cannot be done; the message is complete and meant for a person."""


class Outcome(NamedTuple):
    """What an operation did: a JSON object, the same as text, and what of it failed."""

    document: dict[str, Any]
    text: str
    problem: str | None = None


def report(operation: Callable[[], Outcome], *, expected: tuple[type[Exception], ...], as_json: bool) -> int:
    """Do it and print what came of it; ``expected`` errors are printed as messages. Gives the exit code."""
    try:
        outcome = operation()
    except expected as error:
        outcome = Outcome({}, "", str(error))
    problem = {} if outcome.problem is None else {"error": outcome.problem}
    if as_json:
        show(json.dumps({**outcome.document, **problem}, indent=2))
        return 0 if outcome.problem is None else 1
    if outcome.text:
        show(outcome.text)
    return 0 if outcome.problem is None else fail(outcome.problem)


def show(text: str, end: str = "\n") -> None:
    """Print a text; where it cannot be written, the command ends at once."""
    try:
        print(text, end=end, flush=True)
    except OSError as error:
        _end_without_output(error)


def show_bytes(data: bytes) -> None:
    """Write bytes as they are, after what was printed before."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        _end_without_output(error)


def _end_without_output(error: OSError) -> NoReturn:
    """End at once: Python would try again to write at its exit."""
    if isinstance(error, BrokenPipeError):
        os._exit(128 + signal.SIGPIPE if hasattr(signal, "SIGPIPE") else 1)
    fail(f"output cannot be written: {error.strerror}")
    os._exit(1)

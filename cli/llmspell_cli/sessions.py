"""``llmspell session list|create|reset|kill|interrupt``: the script sessions of a kernel."""

from dataclasses import asdict
from pathlib import Path

from llmspell_kernel.client import KernelClient

from llmspell_cli.kernels import chosen_kernel
from llmspell_cli.report import OperationError, Outcome
from llmspell_cli.table import session_table


def list_sessions(kernel: str | None) -> Outcome:
    """The sessions of a kernel."""
    with _connected(kernel) as client:
        sessions = client.list_sessions()
    return Outcome({"sessions": [asdict(one) for one in sessions]}, session_table(sessions))


def create(kernel: str | None, name: str | None, folder: Path | None) -> Outcome:
    """A new session, without or with a name; ``folder`` decides what its scripts see."""
    if folder is not None and not folder.is_dir():
        raise OperationError(f"--folder: {folder} {'is not a folder' if folder.exists() else 'does not exist'}")
    with _connected(kernel) as client:
        session = client.create_session(name, folder=None if folder is None else folder.absolute())
    return Outcome({"session": session}, f"session '{session}' was created")


def reset(kernel: str | None, name: str) -> Outcome:
    """A fresh process for a session."""
    with _connected(kernel) as client:
        session = client.reset_session(name)
    return Outcome({"session": asdict(session)}, f"session '{name}' has a fresh process; its globals are gone")


def kill(kernel: str | None, name: str) -> Outcome:
    """End a session, whatever it does."""
    with _connected(kernel) as client:
        client.delete_session(name)
    again = " (it always exists: its next request starts it afresh)" if name == "main" else ""
    return Outcome({"session": name}, f"session '{name}' has ended{again}")


def interrupt(kernel: str | None, name: str) -> Outcome:
    """Interrupt what runs in a session."""
    with _connected(kernel) as client:
        # Before the request: afterwards nothing may run because it has stopped.
        busy = any(one.session == name and one.state == "busy" for one in client.list_sessions())
        client.interrupt(name)
    said = f"what runs in session '{name}' was told to stop" if busy else f"nothing runs in session '{name}'"
    return Outcome({"session": name}, said)


def _connected(kernel: str | None) -> KernelClient:
    return KernelClient.connect(chosen_kernel(kernel).info)

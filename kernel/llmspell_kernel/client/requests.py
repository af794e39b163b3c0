"""The requests of a kernel, each with what its reply means; the blocking and the asyncio client send the same.

Invariant: a reply that is an error, or that lacks what it must hold, becomes a KernelError that names the request.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from llmspell_kernel.client.errors import KernelError, RequestError
from llmspell_kernel.client.replies import Completeness, Completions, HistoryEntry, KernelStatus, SessionInfo
from llmspell_kernel.protocol.connection import Channel
from llmspell_kernel.protocol.wire import JsonObject

T = TypeVar("T")

HistoryAccess = Literal["tail", "range", "search"]
OUTPUT_TYPES = frozenset({"stream", "display_data", "update_display_data", "execute_result", "error", "clear_output"})


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """A request and how its reply is read. ``owned``: the client that sends it puts itself in as ``owner``."""

    channel: Channel
    msg_type: str
    content: Mapping[str, Any]
    read: Callable[[JsonObject], T]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    owned: bool = False

    def __str__(self) -> str:
        return f"{self.msg_type} on {self.channel}"

    def result(self, content: JsonObject) -> T:
        """What the content of the reply says; raises RequestError when it is that of an error."""
        status = content.get("status", "ok")
        if status == "error":
            raise RequestError(
                str(content.get("ename", "Error")), str(content.get("evalue", f"{self.msg_type} failed"))
            )
        if status == "aborted":
            raise RequestError("Aborted", f"{self.msg_type} was not answered: an earlier request of this client failed")
        try:
            return self.read(content)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise KernelError(f"the reply to {self.msg_type} cannot be read: {error!r}") from error


def session_metadata(session: str | None) -> dict[str, Any]:
    """The metadata that address a message to a session."""
    return {} if session is None else {"llmspell_session": session}


def execute_content(code: str, *, silent: bool, allow_stdin: bool) -> JsonObject:
    """The content of an ``execute_request``."""
    return {
        "code": code,
        "silent": silent,
        "store_history": not silent,
        "user_expressions": {},
        "allow_stdin": allow_stdin,
        "stop_on_error": True,
    }


# Control ---------------------------------------------------------------------------------------------------


def create_session(name: str | None, folder: str | os.PathLike[str] | None, owned: bool) -> Request[str]:
    content = {"name": name, "folder": None if folder is None else os.fspath(folder)}
    content = {field: value for field, value in content.items() if value is not None}
    return Request("control", "create_session_request", content, lambda reply: str(reply["session"]), owned=owned)


def attach_session(session: str, owned: bool) -> Request[SessionInfo]:
    return Request("control", "attach_session_request", {"session": session}, _described, owned=owned)


def reset_session(session: str) -> Request[SessionInfo]:
    return Request("control", "reset_session_request", {"session": session}, _described)


def list_sessions() -> Request[list[SessionInfo]]:
    return Request("control", "list_sessions_request", {}, lambda reply: [*map(SessionInfo.read, reply["sessions"])])


def delete_session(session: str) -> Request[None]:
    return Request("control", "delete_session_request", {"session": session}, _nothing)


def kernel_status() -> Request[KernelStatus]:
    return Request("control", "kernel_status_request", {}, KernelStatus.read)


def usage() -> Request[JsonObject]:
    return Request("control", "usage_request", {}, _without_status)


def interrupt(session: str | None) -> Request[None]:
    return Request("control", "interrupt_request", {}, _nothing, session_metadata(session))


def shutdown() -> Request[None]:
    return Request("control", "shutdown_request", {"restart": False}, _nothing)


# Shell -----------------------------------------------------------------------------------------------------


def complete(code: str, cursor_pos: int | None, session: str | None) -> Request[Completions]:
    content = {"code": code, "cursor_pos": len(code) if cursor_pos is None else cursor_pos}
    return Request("shell", "complete_request", content, Completions.read, session_metadata(session))


def inspect(code: str, cursor_pos: int | None, detail_level: int, session: str | None) -> Request[JsonObject | None]:
    content = {
        "code": code,
        "cursor_pos": len(code) if cursor_pos is None else cursor_pos,
        "detail_level": detail_level,
    }
    return Request("shell", "inspect_request", content, _found, session_metadata(session))


def is_complete(code: str, session: str | None) -> Request[Completeness]:
    return Request("shell", "is_complete_request", {"code": code}, Completeness.read, session_metadata(session))


def history(
    access: HistoryAccess,
    *,
    n: int | None,
    pattern: str | None,
    unique: bool,
    history_session: int,
    start: int | None,
    stop: int | None,
    output: bool,
    session: str | None,
) -> Request[list[HistoryEntry]]:
    content: JsonObject = {"hist_access_type": access, "raw": True, "output": output}
    if access == "range":
        content |= {"session": history_session, "start": start or 0, "stop": stop}
    else:
        content["n"] = n
    if access == "search":
        content |= {"pattern": "*" if pattern is None else pattern, "unique": unique}
    return Request(
        "shell",
        "history_request",
        content,
        lambda reply: [HistoryEntry.read(row) for row in reply["history"]],
        session_metadata(session),
    )


def comm_info(target_name: str | None, session: str | None) -> Request[dict[str, str]]:
    content = {} if target_name is None else {"target_name": target_name}
    return Request("shell", "comm_info_request", content, _comms, session_metadata(session))


def _nothing(_: JsonObject) -> None:
    return None


def _without_status(reply: JsonObject) -> JsonObject:
    return {name: value for name, value in reply.items() if name != "status"}


def _described(reply: JsonObject) -> SessionInfo:
    return SessionInfo.read(reply["session"])


def _found(reply: JsonObject) -> JsonObject | None:
    return dict(reply["data"]) if reply["found"] else None


def _comms(reply: JsonObject) -> dict[str, str]:
    return {str(comm): str(about["target_name"]) for comm, about in reply["comms"].items()}

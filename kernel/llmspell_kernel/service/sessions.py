"""Sessions as the kernel sees them: a queue of shell requests, and who asked for what.

Invariants: a session answers its shell requests one at a time in the order they came; a session that one client owns
goes when its last owner is gone; ``main`` always exists.
"""

import os
from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..protocol.wire import Message
from .workers import WorkerLink

MAIN = "main"
MAX_SESSIONS = 256
MAX_QUEUED = 10_000
MAX_QUEUED_BYTES = 256 * 1024 * 1024
# Output may come long after the request that caused it; this many requests of a session are remembered for it.
REMEMBERED_REQUESTS = 4096
_NAME_LENGTH = 64


class SessionError(ValueError):
    """A session that there is not, or that cannot be made; the message names the field."""


class Origin(NamedTuple):
    """Where a request came from: the parent of what it causes, and whom to ask for input."""

    header: bytes
    identities: tuple[bytes, ...]
    client: str = ""


NOWHERE = Origin(b"{}", ())


class WaitingInput(NamedTuple):
    """An ``input_request`` that was sent: in which order, its msg_id, the client, the number the worker gave it."""

    order: int
    msg_id: str
    identities: tuple[bytes, ...]
    client: str
    number: int


def client_of(message: Message) -> str:
    """The client that sent it: the ``session`` of its header (messaging 5.5, "General Message Format")."""
    client = message.header.get("session")
    return client if isinstance(client, str) else ""


class PendingRequest:
    """A verified request and the number under which its worker knows it (0: answered by the kernel)."""

    __slots__ = ("message", "number")

    def __init__(self, message: Message) -> None:
        self.message = message
        self.number = 0


class Session:
    """What the kernel knows of a session; ``origins`` are those of requests by number, the oldest first."""

    def __init__(self, name: str, folder: str, owner: str = "", *, is_subshell: bool = False) -> None:
        self.name = name
        self.folder = folder
        self.owners = {owner} if owner else set[str]()  # iopub topics that clients subscribe to
        self.is_owned = bool(owner)
        self.is_subshell = is_subshell
        self.link: WorkerLink | None = None
        self.flight_record: int | None = None  # descriptor of what its worker is in the middle of
        self.worker = 0  # the number under which the zygote knows the worker; 0: there is none
        self.pid: int | None = None  # None too until the zygote has told it
        self.queue: deque[PendingRequest] = deque()
        self.queued_bytes = 0
        self.current: PendingRequest | None = None
        self.waiting_input: WaitingInput | None = None
        self.debug_requests: dict[int, Message] = {}
        self.debugged = False
        self.debuggers: set[str] = set()  # clients that have debugged it since its worker began
        self.failed_at: dict[str, tuple[float, str]] = {}  # by client, see ShellRequests
        self.runs_program = False  # one that a debugger launched
        self.exit_code: int | None = None
        self.exit_reason = ""
        self.deaths = 0
        self.last_death: str | None = None
        self._origins: OrderedDict[int, Origin] = OrderedDict()

    def remember(self, number: int, message: Message) -> None:
        self._origins[number] = Origin(message.header_bytes, message.identities, client_of(message))
        if len(self._origins) > REMEMBERED_REQUESTS:
            self._origins.popitem(last=False)

    def origin(self, number: int | None) -> Origin:
        return self._origins.get(number or 0, NOWHERE)

    def last_origin(self) -> Origin:
        return self.origin(next(reversed(self._origins), None))

    def enqueue(self, request: PendingRequest) -> None:
        self.queue.append(request)
        self.queued_bytes += len(request.message.content_bytes)

    def dequeue(self) -> PendingRequest:
        request = self.queue.popleft()
        self.queued_bytes -= len(request.message.content_bytes)
        return request

    @property
    def is_full(self) -> bool:
        return len(self.queue) >= MAX_QUEUED or self.queued_bytes >= MAX_QUEUED_BYTES

    @property
    def is_busy(self) -> bool:
        return self.current is not None or self.runs_program or bool(self.debug_requests)

    @property
    def state(self) -> str:
        if self.current is not None or self.runs_program:
            return "busy"
        return "idle" if self.link is not None else "not started"

    def description(self) -> dict[str, Any]:
        """What clients are told of it."""
        return {
            "session": self.name,
            "state": self.state,
            "pid": self.pid,
            "folder": self.folder,
            "owned": self.is_owned,
            "debugged": self.debugged,
            "queued": len(self.queue),
            "deaths": self.deaths,
            "last_death": self.last_death,
        }


class Sessions:
    """The sessions by name, and the comms that each holds."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._by_name: dict[str, Session] = {MAIN: Session(MAIN, folder)}
        self._by_comm: dict[str, str] = {}

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._by_name.values()))

    def __getitem__(self, name: object) -> Session:
        session = self._by_name.get(name) if isinstance(name, str) else None
        if session is None:
            shown = repr(name[:_NAME_LENGTH]) if isinstance(name, str) else f"of type {type(name).__name__}"
            raise SessionError(f"there is no session {shown}")
        return session

    def of(self, message: Message) -> Session:
        """The session that a message is for: ``metadata.llmspell_session``, ``header.subshell_id``, or ``main``."""
        name = message.metadata.get("llmspell_session")
        if name is not None and not isinstance(name, str):
            raise SessionError("metadata.llmspell_session: expected a string")
        if name is None:
            name = message.header.get("subshell_id")
        return self[MAIN if name is None else name]

    def create(
        self, name: object, folder: object = None, owner: object = None, *, is_subshell: bool = False
    ) -> Session:
        """Add a session; ``name`` None has one made up. Raises SessionError."""
        if name is None:
            name = os.urandom(8).hex()
        if not isinstance(name, str) or not 0 < len(name) <= _NAME_LENGTH or not name.isprintable():
            raise SessionError(f"name: expected 1 to {_NAME_LENGTH} printable characters")
        if name in self._by_name:
            raise SessionError(f"name: there is a session '{name}' already")
        if folder is None:
            folder = self.folder
        if not isinstance(folder, str) or not os.path.isdir(folder):
            raise SessionError("folder: expected the path of a folder")
        if owner is not None and not isinstance(owner, str):
            raise SessionError("owner: expected the topic of a subscription")
        if len(self._by_name) >= MAX_SESSIONS:
            raise SessionError(f"{MAX_SESSIONS} sessions exist already: delete one first")
        session = Session(name, folder, owner or "", is_subshell=is_subshell)
        self._by_name[name] = session
        return session

    def remove(self, session: Session) -> None:
        if session.name != MAIN:
            self._by_name.pop(session.name, None)

    def of_comm(self, comm_id: object) -> Session | None:
        """The session that holds a comm, None when none does."""
        name = self._by_comm.get(comm_id) if isinstance(comm_id, str) else None
        return None if name is None else self._by_name.get(name)

    def comm_opened(self, comm_id: object, session: Session) -> None:
        if isinstance(comm_id, str):
            self._by_comm[comm_id] = session.name

    def comm_closed(self, comm_id: object) -> None:
        if isinstance(comm_id, str):
            self._by_comm.pop(comm_id, None)

    def forget_comms(self, session: Session) -> None:
        """Its worker is gone, and its comms with it."""
        self._by_comm = {comm: name for comm, name in self._by_comm.items() if name != session.name}

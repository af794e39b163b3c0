"""The host half of the globals `Session` and `Artifact`. What they keep is in ``runtime/sessions``, loaded when first
used.

Invariant: the current session is this process' own; the rest is the project's.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..host import Host, HostError
from ..values import Value

if TYPE_CHECKING:
    from ..sessions.artifacts import Artifacts
    from ..sessions.recordings import Recordings
    from ..sessions.records import Sessions


class SessionStore:
    """The sessions of one project, and which of them is the current one here."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.current: str | None = None

    @cached_property
    def _database(self) -> Any:
        from ..sessions.storage import session_database

        return session_database(self._host)

    @cached_property
    def sessions(self) -> "Sessions":
        from ..sessions.records import Sessions

        return Sessions(self._database)

    @cached_property
    def artifacts(self) -> "Artifacts":
        from ..sessions.artifacts import Artifacts

        return Artifacts(self._database)

    @cached_property
    def recordings(self) -> "Recordings":
        from ..sessions.recordings import Recordings

        return Recordings(self._database)

    def or_current(self, function: str, identifier: str) -> str:
        """An empty id means the current session."""
        if identifier:
            return identifier
        if self.current is None:
            raise HostError(
                f"{function}: session_id is empty and there is no current session (Session.set_current(id))"
            )
        return self.current

    def set_current(self, identifier: str | None) -> None:
        self.current = None if identifier is None else self.sessions.check("Session.set_current", identifier)

    def delete(self, identifier: str) -> None:
        self.sessions.delete(identifier)
        if self.current == identifier.lower():
            self.current = None


def register(host: Host) -> None:
    store = SessionStore(host)

    host.register("Session.create", lambda _host, options: store.sessions.create(options))
    host.register("Session.get", lambda _host, identifier: store.sessions.get("Session.get", identifier))
    host.register("Session.list", lambda _host, query: store.sessions.find(query))
    host.register("Session.save", lambda _host, identifier: store.sessions.save(identifier))
    host.register("Session.load", lambda _host, identifier: store.sessions.check("Session.load", identifier))
    host.register("Session.delete", lambda _host, identifier: store.delete(identifier))
    host.register("Session.get_current", lambda _host: store.current)
    host.register("Session.set_current", lambda _host, identifier=None: store.set_current(identifier))
    for name in ("suspend", "resume", "complete"):
        function = f"Session.{name}"
        host.register(
            function, lambda _host, identifier, function=function: store.sessions.change(function, identifier)
        )
    _register_recordings(host, store)
    _register_artifacts(host, store)


def _register_recordings(host: Host, store: SessionStore) -> None:
    def record(_host: Host, execution: dict[str, Any]) -> None:
        if store.current is not None:
            store.recordings.add(store.current, execution)

    def recorded(_host: Host, function: str, identifier: str) -> Value:
        store.sessions.check(function, identifier)
        return store.recordings.all(function, identifier)

    def can_replay(_host: Host, identifier: str) -> Value:
        store.sessions.check("Session.can_replay", identifier)
        return store.recordings.count("Session.can_replay", identifier) > 0

    def summary(_host: Host, identifier: str) -> Value:
        store.sessions.check("Session.get_replay_metadata", identifier)
        return store.recordings.summary("Session.get_replay_metadata", identifier)

    host.register("Session.record", record)
    host.register("Session.recorded", recorded)
    host.register("Session.can_replay", can_replay)
    host.register("Session.get_replay_metadata", summary)
    host.register("Session.list_replayable", lambda _host: store.recordings.sessions())


def _register_artifacts(host: Host, store: SessionStore) -> None:
    def put(_host: Host, session: str, kind: str, name: str, content: str, metadata: Value = None) -> Value:
        from ..sessions.artifacts import NewArtifact

        function = "Artifact.store"
        data = content.encode("utf-8", "surrogateescape")
        session = store.or_current(function, session)
        return store.artifacts.store(function, session, NewArtifact(kind, name, data, _table(function, metadata)))

    def put_file(here: Host, session: str, path: str, kind: str, metadata: Value = None) -> Value:
        from ..sessions.artifacts import NewArtifact

        function = "Artifact.store_file"
        name, data = _file(here, function, path)
        session = store.or_current(function, session)
        return store.artifacts.store(function, session, NewArtifact(kind, name, data, _table(function, metadata)))

    host.register("Artifact.store", put)
    host.register("Artifact.store_file", put_file)

    def of(function: str, session: str) -> str:
        return store.or_current(function, session)

    host.register("Artifact.get", lambda _host, one, wanted: store.artifacts.get(of("Artifact.get", one), wanted))
    host.register(
        "Artifact.delete", lambda _host, one, wanted: store.artifacts.delete(of("Artifact.delete", one), wanted)
    )
    host.register("Artifact.list", lambda _host, one: store.artifacts.of_session(of("Artifact.list", one)))
    host.register("Artifact.query", lambda _host, query: store.artifacts.query(query))


def _table(function: str, metadata: Value) -> dict[str, Any]:
    if metadata is None:
        return {}
    if isinstance(metadata, dict):
        return metadata
    raise HostError(f"{function}: metadata: expected facts by name, got a list")


def _file(host: Host, function: str, path: str) -> tuple[str, bytes]:
    """A file's name and content; file tools may read the same files."""
    from ..policy import allowed_folders
    from ..sessions.artifacts import MAX_CONTENT_BYTES
    from ..tools.confinement import open_for_reading
    from ..tools.output import ToolError

    try:
        with open_for_reading(path, allowed_folders(host.context)) as file:
            data = file.read(MAX_CONTENT_BYTES + 1)
    except (ToolError, OSError) as error:
        raise HostError(f"{function}: {error}") from error
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2], data

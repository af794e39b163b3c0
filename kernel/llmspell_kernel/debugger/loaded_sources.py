"""What was loaded, as clients see it: the requests ``loadedSources`` and ``modules``, the events ``loadedSource`` and
``module``, and the checksums by which an editor knows that its text is another one.

While a script runs a few sources at a time are told of; the rest waits, each in its last state. At a stop, and at the
script's end, all is told: so many at once as a person does not notice, the others behind.

Invariants: what is told is the difference to what was told before, so that nothing is told twice and nothing is
lost; while nobody debugs nothing is computed. A text that the compiler refuses was not loaded.
"""

import hashlib
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from lupa.lua54 import LuaRuntime

from ..protocol.ldp import integer_argument, object_argument, response
from ..runtime.service_threads import ServiceTimer
from .breakpoints import read_source
from .inspection import source_name
from .string_chunks import location, reference_of

# While a script runs: so many sources are told of at once, and the next after so many seconds.
AT_ONCE = 10
INTERVAL_SECONDS = 0.5
# the first are told of together, too
FIRST_SECONDS = 0.05
# So many before the event of a stop, and behind it: a step stays quick, and a thousand take two seconds.
AT_STOP = 25
BEHIND_SECONDS = 0.05
_HASH_DIGITS = 12
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Respond = Callable[[dict[str, Any]], None]
Request = Mapping[str, Any]
Checksums = tuple[dict[str, str], ...]


@dataclass(slots=True)
class _Loaded:
    """A text that was given to the compiler. ``before`` is what was loaded from its source before."""

    chunk_name: str
    text: bytes
    before: "_Loaded | None" = None
    is_accepted: bool | None = None  # None: not asked yet
    checksums: Checksums | None = None
    file_state: object = None
    file_differs: bool = False


@cache
def _compiler() -> tuple[threading.Lock, Any]:
    lua = LuaRuntime(encoding=None, register_eval=False, register_builtins=False)
    return threading.Lock(), lua.eval(b"function(text) return load(text, '=loaded', 't') ~= nil end")


def _compiles(text: bytes) -> bool:
    lock, compiles = _compiler()
    with lock:
        return bool(compiles(text))


class LoadedSources:
    """Thread-safe. ``is_debugged`` says whether a client debugs, ``is_cell`` whether a path stands for a cell,
    ``is_front_end`` whether a client is JupyterLab, which lists the modules as files."""

    def __init__(
        self,
        send_event: Callable[[str, dict[str, Any]], None],
        *,
        is_debugged: Callable[[], bool],
        is_cell: Callable[[str], bool],
        is_front_end: Callable[[str], bool],
    ) -> None:
        self._send_event = send_event
        self._is_debugged = is_debugged
        self._is_cell = is_cell
        self._is_front_end = is_front_end
        self._lock = threading.RLock()
        self._loaded: dict[str, _Loaded] = {}  # by source, in the order of their first load
        self._told: dict[str, _Loaded] | None = None  # None: nobody was there to be told
        self._untold: dict[str, None] = {}
        self._due = 0  # of the untold, those that a stop has asked for
        self._timer: ServiceTimer | None = None
        self.handlers: Mapping[str, Callable[[Request, Respond], None]] = {
            "loadedSources": self._list_sources,
            "modules": self._list_modules,
        }

    # What happens, on the script's thread -------------------------------------------------------------------

    def loaded(self, source: str, chunk_name: str, text: bytes) -> bool:
        """A text is given to the compiler. True when ``differs`` has said that there is another one in its file."""
        with self._lock:
            is_told = self._begin_telling()
            known = self._loaded.get(source)
            differed = known is not None and known.file_differs
            if known is not None and known.text == text:
                known.chunk_name, known.file_state, known.file_differs = chunk_name, None, False
                return differed
            if known is not None:
                known.before = None
            self._loaded[source] = _Loaded(chunk_name, text, known)
            if is_told:
                self._tell_later(source)
            return differed

    def forget(self, source: str) -> None:
        """A source can be named no more."""
        with self._lock:
            is_told = self._begin_telling()
            if self._loaded.pop(source, None) is not None and is_told:
                self._tell_later(source)

    def _begin_telling(self) -> bool:
        if not self._is_debugged():
            self._told = None
            self._untold.clear()
            return False
        if self._told is None:
            # what is there when a client comes is what it asks for by ``loadedSources``
            self._told = dict(self._loaded)
        return True

    def _tell_later(self, source: str) -> None:
        self._untold[source] = None
        if self._timer is None:
            self._wait(FIRST_SECONDS)

    def _wait(self, seconds: float) -> None:
        self._timer = ServiceTimer(seconds, self._tell_some, name="loaded-sources")
        self._timer.start()

    def _tell_some(self) -> None:
        with self._lock:
            self._timer = None
            self._tell_first(min(self._due, AT_STOP) or AT_ONCE)
            if self._untold:
                self._wait(BEHIND_SECONDS if self._due else INTERVAL_SECONDS)

    def _tell_first(self, count: int) -> None:
        for source in list(self._untold)[:count]:
            self._tell(source)
        self._due = max(self._due - count, 0)

    def tell_all(self) -> None:
        """The script is stopped, or has ended."""
        if not self._untold:
            return
        with self._lock:
            self.close()
            self._due = len(self._untold)
            self._tell_first(AT_STOP)
            if self._untold:
                self._wait(BEHIND_SECONDS)

    def close(self) -> None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _tell(self, source: str) -> None:
        self._untold.pop(source, None)
        told, now = self._told, self._accepted(source)
        if told is None:
            return
        before = told.get(source)
        if now is None:
            if before is None:
                return
            del told[source]
            self._send("removed", source, before)
        elif before is None or before.text != now.text:
            told[source] = now
            self._send("new" if before is None else "changed", source, now)

    def _send(self, reason: str, source: str, one: _Loaded) -> None:
        self._send_event("loadedSource", {"reason": reason, "source": self._shown(source, one)})
        if reference_of(source) is None:
            self._send_event("module", {"reason": reason, "module": self._module(source, one)})

    # What is known of a source, from any thread -------------------------------------------------------------

    def place(self, source: str) -> dict[str, Any]:
        """Where DAP's ``Source`` finds a text, the checksums of what was loaded from there, and how a text without a
        file is named."""
        with self._lock:
            known = self._accepted(source)
            if known is None:
                return location(source)
            found = {**location(source), "checksums": list(self._checksums(source, known))}
            return found if reference_of(source) is None else {"name": source_name(known.chunk_name), **found}

    def text(self, source: str) -> bytes | None:
        """The text that was loaded, as the compiler got it."""
        with self._lock:
            known = self._accepted(source)
            return None if known is None else known.text

    def differs(self, source: str) -> bool:
        """Whether a file has another text now than the one that was loaded."""
        if reference_of(source) is not None or self._is_cell(source):
            return False
        with self._lock:
            known = self._accepted(source)
            if known is None:
                return False
            try:
                status = os.stat(source)
                state = (status.st_mtime_ns, status.st_size, status.st_ino)
                if known.file_state != state:
                    known.file_state, known.file_differs = state, _script_of(read_source(source)) != known.text
            except (OSError, ValueError):
                return False  # what cannot be read is told of where it is read
            return known.file_differs

    def _accepted(self, source: str) -> _Loaded | None:
        one = self._loaded.get(source)
        while one is not None:
            if one.is_accepted is None:
                one.is_accepted = _compiles(one.text)
            if one.is_accepted:
                return one
            one = one.before
        return None

    def _checksums(self, source: str, one: _Loaded) -> Checksums:
        if one.checksums is None:
            whole = self._whole_text(source, one)
            found = (("SHA256", hashlib.sha256(whole)), ("MD5", hashlib.md5(whole, usedforsecurity=False)))
            one.checksums = tuple({"algorithm": name, "checksum": made.hexdigest()} for name, made in found)
        return one.checksums

    def _whole_text(self, source: str, one: _Loaded) -> bytes:
        """The text with what its loader has skipped: a byte order mark, and a first line that begins with #."""
        if not one.chunk_name.startswith("@") or reference_of(source) is not None:
            return one.text
        try:
            whole = read_source(source)
        except (OSError, ValueError):
            return one.text
        return whole if _script_of(whole) == one.text else one.text

    def _shown(self, source: str, one: _Loaded) -> dict[str, Any]:
        with self._lock:
            checksums = list(self._checksums(source, one))
        return {"name": source_name(one.chunk_name), **location(source), "checksums": checksums}

    def _module(self, source: str, one: _Loaded) -> dict[str, Any]:
        is_cell = self._is_cell(source)
        return {
            "id": source,
            "name": source_name(one.chunk_name) if is_cell else os.path.basename(source),
            "path": source,
            "kind": "cell" if is_cell else "file",
            "hash": self._checksums(source, one)[0]["checksum"][:_HASH_DIGITS],
        }

    # Requests -----------------------------------------------------------------------------------------------

    def _list_sources(self, request: Request, respond: Respond) -> None:
        respond(response(request, {"sources": [self._shown(source, one) for source, one in self._all()]}))

    def _list_modules(self, request: Request, respond: Respond) -> None:
        arguments = object_argument(request, "arguments")
        start = integer_argument(arguments, "startModule", default=0)
        count = integer_argument(arguments, "moduleCount", default=0)
        with_cells = not self._is_front_end(request["client"])
        found = [
            (source, one)
            for source, one in self._all()
            if reference_of(source) is None and (with_cells or not self._is_cell(source))
        ]
        shown = [self._module(source, one) for source, one in found[start : start + count if count else None]]
        respond(response(request, {"modules": shown, "totalModules": len(found)}))

    def _all(self) -> list[tuple[str, _Loaded]]:
        with self._lock:
            return [(source, one) for source in self._loaded if (one := self._accepted(source)) is not None]


def _script_of(whole: bytes) -> bytes:
    """What the loader gives the compiler of a file."""
    text = whole.removeprefix(_BYTE_ORDER_MARK)
    if not text.startswith(b"#"):
        return text
    end = text.find(b"\n")
    return b"" if end < 0 else text[end:]

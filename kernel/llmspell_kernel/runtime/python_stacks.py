"""Where Python code of ours or of the project's was when something failed for a script.

Invariants: only places are kept, no values; of the last MAX_KEPT failures at most.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, TracebackType

MAX_KEPT = 64
MAX_FRAMES = 20
_PACKAGES = Path(__file__).resolve().parents[2]


class PythonStacks:
    """Stacks by the message of the error that the script got."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, message: str, error: BaseException) -> None:
        """The stack of an error, down to the first one that it came from."""
        origin, seen = error, {id(error)}
        # two errors that were each raised while the other was handled are each other's context
        while (cause := origin.__cause__ or origin.__context__) is not None and id(cause) not in seen:
            origin = cause
            seen.add(id(cause))
        self._keep(message, list(_places(origin.__traceback__)))

    def note_frame(self, message: str, frame: FrameType | None) -> None:
        """The stack of a thread that was too late."""
        places = []
        while frame is not None:
            places.append(_place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
            frame = frame.f_back
        self._keep(message, places[::-1])

    def of(self, message: str) -> str:
        """The stack of the failure that an error tells of, which may say more around it; empty when there is none."""
        with self._lock:
            for known, stack in reversed(self._kept.items()):
                if known and known in message:
                    return stack
        return ""

    def _keep(self, message: str, places: list[str]) -> None:
        if not places:
            return
        with self._lock:
            self._kept[message] = "\n".join(places[-MAX_FRAMES:])
            self._kept.move_to_end(message)
            while len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)


def _places(traceback: TracebackType | None) -> Iterator[str]:
    while traceback is not None:
        code = traceback.tb_frame.f_code
        yield _place(code.co_filename, traceback.tb_lineno, code.co_name)
        traceback = traceback.tb_next


def _place(filename: str, line: int, function: str) -> str:
    path = Path(filename)
    shown = path.relative_to(_PACKAGES) if path.is_relative_to(_PACKAGES) else path
    return f"{shown}:{line}: in {function}"

"""The execution history: one session's part of what a project keeps over kernels and sessions.

``record`` and ``record_output`` only remember; a thread of the history's own writes what waits, in one transaction.
Code of more than ``MAX_CODE`` characters is cut and says so, and so is an output of more than ``MAX_OUTPUT``.

Invariants: nothing here raises into a session, and only ``answer`` and ``close`` wait for the disk, for a stated time;
cells that cannot be written stay remembered, the newest ``MAX_WAITING`` of them, and are tried again; the person is
told once of each kind of trouble.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..runtime.database import DatabaseFileError
from ..runtime.service_threads import ServiceThread
from .history_file import HistoryFile, Record
from .history_request import Cell, NotStoredError, Request, RequestError, choose, parse

MAX_CODE = 1024 * 1024
MAX_OUTPUT = 64 * 1024
# Remembered of the current session besides what waits to be written, for the time when the file cannot be read.
MAX_REMEMBERED = 1000
MAX_REMEMBERED_CHARACTERS = 1024 * 1024
MAX_WAITING = 10_000
MAX_WAITING_CHARACTERS = 8 * 1024 * 1024
GATHER_SECONDS = 0.02
RETRY_SECONDS = 10.0
ANSWER_SECONDS = 6.0
_READ_SECONDS = 5.0  # of these; the rest is for making the answer
_AGAIN_SECONDS = 0.1  # while closing


class History:
    """One session's part of a project's history.

    ``warn`` gets a text for the person, from any thread; it must not raise. Nothing is opened before the first cell or
    request.
    """

    def __init__(self, path: Path, warn: Callable[[str], None]) -> None:
        self._path = path
        self._warn = warn
        self._told: set[str] = set()
        self._changed = threading.Condition(threading.Lock())  # its lock guards what follows
        self._memory = _Memory()
        self._questions: deque[_Question] = deque()
        self._due = 0.0  # when what waits is to be written
        self._troubled = False
        self._closing: float | None = None
        self._thread: threading.Thread | None = None
        self._file = HistoryFile(path, self._write_all_again)  # the thread's own

    def record(self, number: int, code: str) -> None:
        """Remember a cell and have it written; a number that was recorded before is another cell now."""
        self._remember(Record(number, time.time(), _cut(code, MAX_CODE, "\n-- "), None))

    def record_output(self, number: int, text: str) -> None:
        """Add its result, as text, to a cell that was recorded."""
        with self._changed:
            record = self._memory.records.get(number)
        if record is not None:
            self._remember(record._replace(output=_cut(text, MAX_OUTPUT, " ")))

    def answer(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """The content of the ``history_reply`` to that of a ``history_request``."""
        try:
            request = parse(content)
        except RequestError as error:
            return _refusal("RequestError", str(error))
        question = _Question(request)
        with self._changed:
            problem = f"{self._path} is closed" if self._closing is not None else self._start()
            if problem is None:
                self._questions.append(question)
                self._changed.notify()
        if problem is None and question.answered.wait(ANSWER_SECONDS):
            return question.reply
        return self._reply(question, None, problem or f"{self._path} was not read within {ANSWER_SECONDS:.0f} s")

    def close(self, seconds: float) -> None:
        """Write what waits, for at most ``seconds``; what is recorded after that is not written."""
        with self._changed:
            self._closing = time.monotonic() + seconds
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _remember(self, record: Record) -> None:
        with self._changed:
            if not self._memory.unwritten:
                self._due = time.monotonic() + GATHER_SECONDS
                self._changed.notify()
            self._memory.add(record)
            lost = self._memory.trim(MAX_WAITING, MAX_WAITING_CHARACTERS)
            problem = self._start()
        if lost:
            self._tell(f"too many cells wait to be written to {self._path}; the oldest are forgotten")
        if problem is not None:
            self._tell(f"{self._path} is not written: {problem}")

    def _start(self) -> str | None:
        """Have the thread run, with the lock held; what is wrong when it cannot."""
        if self._thread is not None or self._closing is not None:
            return None
        thread = ServiceThread(self._work, name="history")
        try:
            thread.start()
        except RuntimeError as error:  # a limit on processes counts threads
            return str(error)
        self._thread = thread
        return None

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._warn(f"history: {text}")

    def _reply(self, question: "_Question", stored: HistoryFile | None, problem: str) -> dict[str, Any]:
        """Without ``stored``, from what is remembered; ``problem`` says why."""
        with self._changed:
            records = self._memory.waiting() if stored is not None else self._memory.all()
        session = self._file.session
        remembered = [Cell(session, record.number, record.code, record.output) for record in records]
        try:
            cells = choose(question.request, session, remembered, stored, question.deadline)
        except NotStoredError:
            return _refusal("HistoryError", problem)
        except TimeoutError:
            problem = f"{self._path} was not read within {_READ_SECONDS:.0f} s; ask for fewer cells with 'n'"
            return _refusal("HistoryError", problem)
        if question.request.output:
            return {"status": "ok", "history": [[cell.session, cell.number, [*cell[2:]]] for cell in cells]}
        return {"status": "ok", "history": [[*cell[:3]] for cell in cells]}

    # The thread of the history -----------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            question = self._next()
            self._attempt(self._write_waiting)
            if question is not None:
                self._consider(question)
            elif self._may_end():
                self._file.disconnect()
                return

    def _next(self) -> "_Question | None":
        """Wait until there is something to do."""
        with self._changed:
            while not self._questions and self._closing is None:
                pause = self._due - time.monotonic() if self._memory.unwritten else None
                if pause is not None and pause <= 0:
                    break
                self._changed.wait(pause)
            return self._questions.popleft() if self._questions else None

    def _attempt(self, work: Callable[[], None]) -> str | None:
        """Do something with the file; what went wrong, which is told as well."""
        try:
            work()
        except DatabaseFileError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - the history outlives its own faults
            problem = f"{self._path}: internal error: {error!r} (a fault of LLMSpell)"
        else:
            return None
        self._file.disconnect()
        self._tell(f"{problem}. As long as that is so, the session's cells are kept in its memory only.")
        return problem

    def _write_waiting(self) -> None:
        with self._changed:
            paused = self._troubled and self._closing is None and time.monotonic() < self._due
            if paused or not self._memory.unwritten:
                return
            self._troubled, self._due = True, time.monotonic() + RETRY_SECONDS
        self._file.connect()  # first: it may find that everything is to be written again
        with self._changed:
            records = self._memory.waiting()
        self._file.write(records)
        with self._changed:
            self._troubled = False
            self._memory.written(records)
            self._memory.trim(MAX_REMEMBERED, MAX_REMEMBERED_CHARACTERS, written_only=True)
            self._due = time.monotonic() + GATHER_SECONDS

    def _write_all_again(self) -> None:
        self._tell(f"{self._path} was removed or replaced while in use; this session's cells go to the new file")
        with self._changed:
            self._memory.forget_written()

    def _consider(self, question: "_Question") -> None:
        def look() -> None:
            self._file.connect()
            question.reply = self._reply(question, self._file, "")

        problem = self._attempt(look)
        if problem is not None:
            question.reply = self._reply(question, None, problem)
        question.answered.set()

    def _may_end(self) -> bool:
        with self._changed:
            if self._closing is None or self._questions:
                return False
            if not self._memory.unwritten or time.monotonic() > self._closing:
                return True
            self._changed.wait(_AGAIN_SECONDS)
            return False


class _Question:
    def __init__(self, request: Request) -> None:
        self.request = request
        self.deadline = time.monotonic() + _READ_SECONDS
        self.answered = threading.Event()
        self.reply: dict[str, Any] = {}


class _Memory:
    """The newest cells of a session by number, and which of them are not written. It never drops the last one."""

    def __init__(self) -> None:
        self.records: dict[int, Record] = {}
        self.unwritten: set[int] = set()
        self._characters = 0

    def add(self, record: Record) -> None:
        previous = self.records.get(record.number)
        self._characters += _characters(record) - (0 if previous is None else _characters(previous))
        self.records[record.number] = record
        self.unwritten.add(record.number)

    def all(self) -> list[Record]:
        return sorted(self.records.values())

    def waiting(self) -> list[Record]:
        return [self.records[number] for number in sorted(self.unwritten)]

    def written(self, records: Iterable[Record]) -> None:
        """Those that are still as they were when they were written."""
        self.unwritten -= {record.number for record in records if self.records.get(record.number) is record}

    def forget_written(self) -> None:
        self.unwritten = set(self.records)

    def trim(self, count: int, characters: int, *, written_only: bool = False) -> bool:
        """Drop the oldest above ``count`` or ``characters``; True when some were not written."""
        lost = False
        while len(self.records) > 1 and (len(self.records) > count or self._characters > characters):
            number = next(iter(self.records))
            if number in self.unwritten:
                if written_only:
                    break
                self.unwritten.remove(number)
                lost = True
            self._characters -= _characters(self.records.pop(number))
        return lost


def _characters(record: Record) -> int:
    return len(record.code) + len(record.output or "")


def _cut(text: str, limit: int, before: str) -> str:
    return text if len(text) <= limit else f"{text[:limit]}{before}… (cut by the history: {len(text)} characters)"


def _refusal(name: str, message: str) -> dict[str, Any]:
    return {"status": "error", "ename": name, "evalue": message, "traceback": [message]}

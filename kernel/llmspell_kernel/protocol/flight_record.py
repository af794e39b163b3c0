"""What a worker is in the middle of, in memory that it shares with the kernel, which reads it when the worker has died.

The worker writes a record for each part that it enters (a workflow, a step, a tool, a hook, …) and takes it back when
it leaves; the kernel reads nothing before the worker's end. Each record has a slot of its own; the first slot has the
run's id. Behind the slots is where Python's stack goes, written by ``faulthandler`` on a fatal signal too.

Invariants: neither side waits for the other; what is read may be cut off or missing, never more than MAX_TEXT
characters; only names and places are kept, no values.
"""

import mmap
import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

SLOTS = 32
SLOT_BYTES = 1024
STACK_OFFSET = (SLOTS + 1) * SLOT_BYTES
STACK_BYTES = 8 * 1024
SIZE = STACK_OFFSET + STACK_BYTES
MAX_TEXT = 16 * 1024
_HEAD = struct.Struct("<QQI")  # number (0: the slot is free), number of the part that it belongs to, bytes of text
_NUMBER = struct.Struct("<Q")


def new_record() -> int:
    """A descriptor of fresh memory for one worker. Raises OSError when this process can have no further one."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("llmspell-flight-record")
    else:
        import tempfile

        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, SIZE)
    return descriptor


class FlightRecord:
    """The worker's side."""

    def __init__(self, descriptor: int) -> None:
        import faulthandler

        self._memory = mmap.mmap(descriptor, SIZE)
        self._descriptor = descriptor
        self._slots: dict[int, int] = {}  # by number of the part
        self._free = list(range(SLOTS, 0, -1))
        # both processes have one position in the file; the kernel reads without it
        os.lseek(descriptor, STACK_OFFSET, os.SEEK_SET)
        faulthandler.enable(descriptor, all_threads=False)

    def begin(self, run: str) -> None:
        """A run begins; parts of coroutines that earlier runs have left suspended are forgotten."""
        for slot in self._slots.values():
            _NUMBER.pack_into(self._memory, slot * SLOT_BYTES, 0)
        self._free += self._slots.values()
        self._slots.clear()
        self._write(0, 1, 0, run.encode())

    def end(self) -> None:
        """The run has ended."""
        _NUMBER.pack_into(self._memory, 0, 0)

    def enter(self, number: int, parent: int, kind: bytes, name: bytes, lines: bytes) -> None:
        """A part begins; ``lines``: those of the script's stack. Of too many at a time the latest are not kept."""
        if self._free:
            slot = self._slots[number] = self._free.pop()
            self._write(slot, number, parent, b"\0".join((kind, name[:200], *(lines.split(b"\n") if lines else ()))))

    def leave(self, number: int) -> None:
        slot = self._slots.pop(number, None)
        if slot is not None:
            _NUMBER.pack_into(self._memory, slot * SLOT_BYTES, 0)
            self._free.append(slot)

    def keep_python_stacks(self) -> None:
        """Where Python is now, for a process that is about to end itself."""
        import faulthandler

        faulthandler.dump_traceback(self._descriptor, all_threads=True)

    def _write(self, slot: int, number: int, parent: int, text: bytes) -> None:
        text = text[: SLOT_BYTES - _HEAD.size]
        start = slot * SLOT_BYTES
        self._memory[start + _HEAD.size : start + _HEAD.size + len(text)] = text
        _HEAD.pack_into(self._memory, start, number, parent, len(text))


class _Part(NamedTuple):
    number: int
    parent: int
    kind: str
    name: str
    places: list[str]


def read_record(descriptor: int) -> str:
    """What a worker that has ended was in the middle of, for a person; empty when no run was under way."""
    data = os.pread(descriptor, SIZE, 0)
    run = _text_at(data, 0)
    if run is None:
        return ""
    lines = list(_lines(_parts(data)))
    lines.append(f"(run {run[2]})")
    stack = data[STACK_OFFSET:].rstrip(b"\0").decode("utf-8", "replace").strip()
    if stack:
        lines.append("Python beneath:\n" + stack)
    return "\n".join(lines)[:MAX_TEXT]


def _text_at(data: bytes, slot: int) -> tuple[int, int, str] | None:
    start = slot * SLOT_BYTES
    if len(data) < start + SLOT_BYTES:
        return None
    number, parent, length = _HEAD.unpack_from(data, start)
    text = data[start + _HEAD.size : start + min(_HEAD.size + length, SLOT_BYTES)]
    return (number, parent, text.decode("utf-8", "replace")) if number else None


def _parts(data: bytes) -> dict[int, _Part]:
    parts = {}
    for slot in range(1, SLOTS + 1):
        found = _text_at(data, slot)
        if found is not None:
            kind, _, rest = found[2].partition("\0")
            name, *places = rest.split("\0")
            parts[found[0]] = _Part(found[0], found[1], kind, name, places)
    return parts


def _lines(parts: dict[int, _Part]) -> Iterator[str]:
    """From each innermost part outwards, the latest first; a part that several are within is told once."""
    parents = {one.parent for one in parts.values()}
    told: set[int] = set()
    for innermost in sorted(parts.keys() - parents, reverse=True):
        if told:
            yield "at the same time"
        part = parts.get(innermost)
        while part is not None and part.number not in told:
            told.add(part.number)
            yield f"in {part.kind} '{part.name}'" + (", called from" if part.places else "")
            yield from part.places
            part = parts.get(part.parent)

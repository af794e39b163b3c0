"""Stops a running Lua thread from another thread, without any hook being installed before.

``lua_sethook`` is called on the running Lua state from outside, as lua.c does from its signal handler: one count
event at the next instruction. The hook function is Lua's own (``hookf`` of ldblib.c), whose handler is the Lua
function of ``lua/control.lua``; so errors that it raises unwind only C and Lua frames, never Python's.

A coroutine that runs has a hook of its own. Which one runs is found by following the call chain from the main
state, with reads of this process' memory that fail instead of crashing (/proc/self/mem). Where the symbols are not
exported (Windows) nothing can be interrupted; where /proc is missing (macOS) only the main coroutine can be.

Source of the struct offsets: lstate.h and lobject.h of Lua 5.4, LP64. When the state is made they are tried on a
coroutine whose address is known; if that fails, only the main coroutine can be interrupted.
"""

import contextlib
import ctypes
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

import lupa.lua54

from .process_memory import ProcessMemory, UnreadableMemoryError
from .service_threads import ServiceThread

Action = Literal["interrupt", "terminate", "pause", "update", "expire"]

_MASK_COUNT = 8
_REGISTRY_INDEX = -1_000_000 - 1000
# lua_State: status, ci, base_ci; CallInfo: func, previous, savedpc, callstatus; LClosure: p; Proto: code. Bytes.
_STATUS, _CALL_INFO, _BASE_CALL_INFO = 10, 32, 96
_CI_FUNC, _CI_PREVIOUS, _CI_SAVED_PC, _CI_STATUS, _CI_SIZE = 0, 16, 32, 62, 64
_CALL_STATUS_C, _CALL_STATUS_HOOKED = 2, 8
_CLOSURE_PROTO, _PROTO_CODE = 24, 64
_TAG_THREAD, _TAG_LIGHT_C, _TAG_C_CLOSURE = 72, 22, 102
_OBJECT_THREAD = 8
_ATTEMPT_SECONDS = 0.003
_STEADY_SECONDS = 0.001
# A coroutine that has the debugger's hook takes actions at its events; one without events gets none for so long, in
# seconds of the processor or by the clock.
_EVENTLESS_SECONDS, _EVENTLESS_CLOCK_SECONDS = 0.008, 1.0
# the most urgent first
_ENDING: tuple[Action, ...] = ("terminate", "interrupt", "expire")
_ACTIONS: tuple[Action, ...] = ("terminate", "interrupt", "update", "pause", "expire")
# UpVal: v.p and, when closed, the value itself; TValue: value, tag
_UPVALUE_POINTER, _UPVALUE_VALUE = 16, 24
_TAG_INTEGER = 3
_MAX_NESTING = 200
# frames of ours above the one whose hook runs
_MAX_HOOK_FRAMES = 16


class InterruptUnavailableError(RuntimeError):
    """This build of Lua does not export what an interrupt needs."""


class _Memory(ProcessMemory):
    """Numbers of Lua's structs."""

    def _read(self, address: int, size: int) -> int:
        return int.from_bytes(self.read(address, size), "little")

    def block(self, address: int, size: int) -> "_Block":
        return _Block(self._read(address, size))

    def u64(self, address: int) -> int:
        return self._read(address, 8)

    def u16(self, address: int) -> int:
        return self._read(address, 2)

    def u8(self, address: int) -> int:
        return self._read(address, 1)


class _Block:
    """What was read at once."""

    def __init__(self, value: int) -> None:
        self._value = value

    def u64(self, offset: int) -> int:
        return self._value >> 8 * offset & 2**64 - 1

    def u16(self, offset: int) -> int:
        return self._value >> 8 * offset & 2**16 - 1


_memory = _Memory()
# of the thread that runs Lua
_own_memory = _Memory()
_HOOK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


def _load_symbols() -> Any:
    library = ctypes.PyDLL(lupa.lua54.__file__)
    try:
        library.lua_sethook.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
        library.lua_sethook.restype = None
        library.lua_gethook.argtypes = [ctypes.c_void_p]
        library.lua_gethook.restype = ctypes.c_void_p
        library.lua_getfield.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p]
        library.lua_pushthread.argtypes = [ctypes.c_void_p]
        library.lua_pcallk.argtypes = [
            ctypes.c_void_p,
            ctypes.c_int,
            ctypes.c_int,
            ctypes.c_int,
            ctypes.c_ssize_t,
            ctypes.c_void_p,
        ]
        library.lua_settop.argtypes = [ctypes.c_void_p, ctypes.c_int]
    except AttributeError:
        return None
    return library


def _hooked_instruction(address: bytes) -> int:
    """Called in a hook: the index of the instruction that a coroutine is about to run, -1 where it cannot be told."""
    with contextlib.suppress(UnreadableMemoryError, ValueError):
        call_info = _own_memory.u64(int(address, 16) + _CALL_INFO)
        for _ in range(_MAX_HOOK_FRAMES):
            if _own_memory.u16(call_info + _CI_STATUS) & _CALL_STATUS_HOOKED:
                closure = _own_memory.u64(_own_memory.u64(call_info + _CI_FUNC))
                code = _own_memory.u64(_own_memory.u64(closure + _CLOSURE_PROTO) + _PROTO_CODE)
                return (_own_memory.u64(call_info + _CI_SAVED_PC) - code) // 4 - 1
            call_info = _own_memory.u64(call_info + _CI_PREVIOUS)
    return -1


def instruction_pointers(thread: bytes, first: int, count: int) -> tuple[int, ...]:
    """Called by the thread that runs Lua: of a coroutine's frames from a level on, where the instructions of the
    function begin and the index of the one that it is at; 0 and 0 for frames of C. Fewer where memory cannot be read.
    """
    found: list[int] = []
    if not _own_memory.available():
        return ()
    codes: dict[int, int] = {}  # by closure
    with contextlib.suppress(UnreadableMemoryError, ValueError):
        state = int(thread, 16)
        address = _own_memory.u64(state + _CALL_INFO)
        for level in range(first + count):
            if address == state + _BASE_CALL_INFO:
                break
            call_info = _own_memory.block(address, _CI_SIZE)
            if level >= first:
                is_c = call_info.u16(_CI_STATUS) & _CALL_STATUS_C
                found.extend((0, 0) if is_c else _instruction_at(call_info, codes))
            address = call_info.u64(_CI_PREVIOUS)
    return tuple(found)


def _instruction_at(call_info: "_Block", codes: dict[int, int]) -> tuple[int, int]:
    """Of a frame of Lua."""
    closure = _own_memory.u64(call_info.u64(_CI_FUNC))
    code = codes.get(closure)
    if code is None:
        code = codes[closure] = _own_memory.u64(_own_memory.u64(closure + _CLOSURE_PROTO) + _PROTO_CODE)
    return code, (call_info.u64(_CI_SAVED_PC) - code) // 4 - 1


class _Switches:
    """Two integers of Lua's (``library.switch_state`` of boot.lua) that are read and written where they are."""

    def __init__(self, pending: int, count: int) -> None:
        self._pending = ctypes.c_int64.from_address(pending)
        self._count = ctypes.c_int64.from_address(count)

    @classmethod
    def of(cls, library: Any) -> "_Switches | None":
        """None where they are not at the place where Lua 5.4 has them. Called by the thread that runs Lua."""
        switch_state, upvalueid, format_ = library.switch_state, library.debug.upvalueid, library.string.format
        found = []
        with contextlib.suppress(UnreadableMemoryError):
            for index, values in ((1, (0x1DEA, 0)), (2, (0, 0x1DEA))):
                switch_state(*values)
                upvalue = int(format_(b"%p", upvalueid(switch_state, index)), 16)
                value = upvalue + _UPVALUE_VALUE
                is_closed = _memory.u64(upvalue + _UPVALUE_POINTER) == value
                if is_closed and (_memory.u64(value), _memory.u8(value + 8)) == (0x1DEA, _TAG_INTEGER):
                    found.append(value)
        switch_state(0, 0)
        return cls(*found) if len(found) == 2 else None

    @property
    def count(self) -> int:
        return self._count.value

    @property
    def pending(self) -> bool:
        return bool(self._pending.value)

    @pending.setter
    def pending(self, value: bool) -> None:
        self._pending.value = value


class AsyncHook:
    """Asks the running Lua thread to attend to an action at its next instruction.

    ``request`` may be called from any thread; the action is taken by Lua calling ``attend``. A request stays until
    it is taken or withdrawn.
    """

    def __init__(self, lua: Any, library: Any, control: Any) -> None:
        self._symbols = _load_symbols()
        self._state = int(lua.eval(b"string.format('%p', (coroutine.running()))"), 16) if self._symbols else 0
        self._actions: list[Action] = []
        self.last_taken: Action | None = None
        self._lock = threading.Lock()
        self._wanted = threading.Condition(self._lock)
        self._taken = threading.Event()
        self._thread: threading.Thread | None = None
        self._asked = 0.0, 0.0
        self.end_waiting: Callable[[], None] = lambda: None  # called after each request, by its thread
        self.set_debugger: Callable[[Any], None]
        self._switches: _Switches | None = None
        self.set_debugger, check_offsets = control(library, self._attend, _hooked_instruction, self._synchronise)
        self._offsets_hold = False
        if self._symbols is not None:
            # library.debug is the captured original; a hook is set for a moment to learn hookf's address
            lua_hook = library.hook
            sethook = library.debug.sethook
            sethook(lua_hook, b"", 1_000_000)
            self._hookf = self._symbols.lua_gethook(self._state)
            sethook()
            self._bootstrap = _HOOK(self._on_bootstrap)
            self._bootstrap_address = ctypes.cast(self._bootstrap, ctypes.c_void_p).value
            self._offsets_hold = _memory.available()
            check_offsets(self._check_offsets)
            if self._offsets_hold:
                self._switches = _Switches.of(library)

    @property
    def available(self) -> bool:
        return self._symbols is not None

    def request(self, action: Action) -> None:
        """Have ``action`` attended to as soon as Lua runs an instruction. Raises InterruptUnavailableError."""
        if not self.available:
            raise InterruptUnavailableError(
                "this build of lupa does not export lua_sethook: a running script cannot be stopped from outside"
            )
        with self._wanted:
            if not self._actions:
                # of the one that waits longest: a stream of others would put the arming off for ever
                self._asked = time.process_time(), time.monotonic()
            if action not in self._actions:
                self._actions.append(action)
            if self._thread is None:
                self._thread = ServiceThread(self._arm_until_taken, name="arm")
                self._thread.start()
            self._taken.clear()
            self._note()
            self._wanted.notify()
        self.end_waiting()

    def withdraw(self, *actions: Action) -> None:
        """Forget requests (all when none is named), as when the script has ended by itself."""
        with self._lock:
            self._actions = [one for one in self._actions if actions and one not in actions]
            self._note()

    def pending(self) -> bool:
        with self._lock:
            return bool(self._actions)

    def take(self, *, is_internal: bool = False, in_finalizer: bool = False, is_stopped: bool = False) -> Action | None:
        """The most urgent request, removed. Also used by a stopped thread, which no hook reaches.

        ``is_internal``: the hook came in the middle of our own code, where only what ends what runs is taken.
        ``in_finalizer``, ``is_stopped``: the error ends a finalizer, or a look at a stop, and not the script.
        """
        with self._lock:
            for action in _ENDING if is_internal else _ACTIONS:
                if action in self._actions:
                    self.last_taken = action
                    stays = action in _ENDING if in_finalizer else action == "terminate" and is_stopped
                    if not stays:
                        self._actions.remove(action)
                    self._note()
                    return action
            self._note()
        return None

    def _note(self) -> None:
        """After a change of the actions, with the lock held."""
        if self._switches is not None:
            self._switches.pending = bool(self._actions)
        if not self._actions:
            self._taken.set()

    def _attend(self, is_internal: bool, in_finalizer: bool, is_stopped: bool) -> bytes | None:
        action = self.take(is_internal=is_internal, in_finalizer=in_finalizer, is_stopped=is_stopped)
        return action.encode() if action else None

    def _synchronise(self) -> None:
        """A coroutine was left: it is not let go before a hook that is being set in it is set."""
        with self._lock:
            pass

    def _arm_until_taken(self) -> None:
        while True:
            with self._wanted:
                while not self._actions:
                    self._wanted.wait()
            self._arm(self._state)
            if self._taken.wait(_ATTEMPT_SECONDS):
                continue
            self._arm_running_coroutine()

    def _arm_running_coroutine(self) -> None:
        """Arm one that has run for a while. One that ends meanwhile would be gone when its hook is set: so whoever
        leaves a coroutine counts that and waits for the lock, and short-lived ones are left to ``library.safe_point``
        and to those that resume them."""
        switches = self._switches
        if switches is None:
            return
        count, running = switches.count, self._running_coroutine()
        if running is None or self._taken.wait(_STEADY_SECONDS):
            return
        with self._lock:
            if self._actions and switches.count == count and self._running_coroutine() == running:
                self._arm(running)
        self._taken.wait(_ATTEMPT_SECONDS)

    def _has_events(self, state: int) -> bool:
        """Whether the debugger's hook is to be left alone: what replaced it would miss the lines of the next two
        instructions."""
        if self._symbols.lua_gethook(state) != self._hookf:
            return False
        used, passed = time.process_time() - self._asked[0], time.monotonic() - self._asked[1]
        return used < _EVENTLESS_SECONDS and passed < _EVENTLESS_CLOCK_SECONDS

    def _arm(self, state: int) -> None:
        if self._has_events(state):
            return
        self._symbols.lua_sethook(state, self._bootstrap_address, _MASK_COUNT, 1)

    def _on_bootstrap(self, state: int, _activation_record: int) -> None:
        """First event in a coroutine: name our handler for it, then have hookf called at the next instruction."""
        symbols = self._symbols
        symbols.lua_sethook(state, None, 0, 0)
        # also when the action was taken elsewhere meanwhile: this hook has replaced the debugger's, which is set again
        symbols.lua_getfield(state, _REGISTRY_INDEX, b"llmspell.install")
        symbols.lua_pushthread(state)
        if symbols.lua_pcallk(state, 1, 0, 0, 0, None) == 0:
            symbols.lua_sethook(state, self._hookf, _MASK_COUNT, 1)
        else:
            symbols.lua_settop(state, -2)

    def _check_offsets(self, address: bytes) -> None:
        self._offsets_hold = self._running_coroutine() == int(address, 16)

    def _running_coroutine(self) -> int | None:
        """The coroutine that runs Lua code now, None when it is the main one or cannot be told."""
        if not self._offsets_hold:
            return None
        with contextlib.suppress(UnreadableMemoryError):
            found = None
            for found in self._resumed(self._state):  # noqa: B007 - the last one counts
                pass
            return found
        return None

    def _resumed(self, state: int) -> Iterator[int]:
        """Follow main → C function coroutine.resume/wrap → coroutine → … down to the one that runs."""
        for _ in range(_MAX_NESTING):
            call_info = _memory.u64(state + _CALL_INFO)
            if call_info == state + _BASE_CALL_INFO or not _memory.u16(call_info + _CI_STATUS) & _CALL_STATUS_C:
                return
            function = _memory.u64(call_info + _CI_FUNC)
            tag = _memory.u8(function + 8)
            if tag == _TAG_LIGHT_C and _memory.u8(function + 16 + 8) == _TAG_THREAD:
                coroutine = _memory.u64(function + 16)  # coroutine.resume(co, …): its first argument
            elif tag == _TAG_C_CLOSURE:
                closure = _memory.u64(function)
                if _memory.u8(closure + 10) != 1 or _memory.u8(closure + 32 + 8) != _TAG_THREAD:
                    return
                coroutine = _memory.u64(closure + 32)  # coroutine.wrap(f): its upvalue
            else:
                return
            if _memory.u8(coroutine + 8) != _OBJECT_THREAD or _memory.u8(coroutine + _STATUS) != 0:
                return
            yield coroutine
            state = coroutine

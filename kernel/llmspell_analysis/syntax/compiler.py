"""The Lua compiler's verdict on a text: `load` in text mode, never run.

The only module of this package that imports lupa. The runtime is bare, has no Python objects in it and is used
by one thread at a time.
"""

import re
import threading
from dataclasses import dataclass
from typing import Any

# lupa counts all memory of the state; a 10 MB script compiles within a tenth of this.
_MAX_LUA_MEMORY = 512 * 1024 * 1024
_MESSAGE = re.compile(rb"\A\?:(\d+): (.*)\Z", re.DOTALL)
_NEAR = re.compile(rb"\A(.*) near (?:'(.*)'|(<eof>))\Z", re.DOTALL)
_SHEBANG = re.compile(rb"\A(?:\xef\xbb\xbf)?#[^\r\n]*")
_CHUNK = b"\x1bLua"
_BOM = b"\xef\xbb\xbf"
_LOADER = b"local load = load; return function(s) local _, e = load(s, '=?', 't') return e end"

_lock = threading.Lock()
_loader: Any = None


@dataclass(frozen=True, slots=True)
class CompileError:
    """`line` is 1-based; `near` is the token that the compiler stood before, b"" for the end of the text."""

    line: int
    message: str
    near: bytes | None

    @property
    def at_end(self) -> bool:
        return self.near == b""


def compile_error(data: bytes) -> CompileError | None:
    """The first error of the Lua 5.4 compiler in `data`, or None when it accepts the text.

    A shebang line and a byte order mark are skipped, as `loadfile` skips them, without moving line numbers.
    """
    raw = _load(_without_shebang(data))
    if raw is None:
        return None
    match = _MESSAGE.match(raw)
    if match is None and data.startswith(_CHUNK):
        return CompileError(1, "this is a compiled chunk, not the text of a script", None)
    if match is None:
        # The message of a binary chunk, of exhausted memory or of too deep nesting has no line.
        return CompileError(1, raw.partition(b"\n")[0].decode("utf-8", "replace"), None)
    line, message = int(match.group(1)), match.group(2)
    near = _NEAR.match(message)
    if near is None:
        return CompileError(line, message.decode("utf-8", "replace"), None)
    text = near.group(1).decode("utf-8", "replace")
    return CompileError(line, text, _unquote_near(near.group(2)))


def _unquote_near(near: bytes | None) -> bytes:
    if near is None:
        return b""
    control = re.fullmatch(rb"<\\(\d+)>", near)
    return bytes([int(control.group(1))]) if control is not None else near


def _without_shebang(data: bytes) -> bytes:
    shebang = _SHEBANG.match(data)
    if shebang is not None:
        return data[shebang.end() :]
    return data.removeprefix(_BOM)


def _load(data: bytes) -> bytes | None:
    global _loader  # noqa: PLW0603 -- one Lua state for the process, made when first needed
    import lupa.lua54 as lua

    with _lock:
        if _loader is None:
            runtime = lua.LuaRuntime(
                encoding=None, register_eval=False, register_builtins=False, max_memory=_MAX_LUA_MEMORY
            )
            _loader = runtime.execute(_LOADER)
        try:
            error: bytes | None = _loader(data)
        except (lua.LuaError, MemoryError) as failure:
            _loader = None
            return str(failure).encode("utf-8", "replace")
        return error

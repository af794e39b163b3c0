"""Whether functions can be exchanged in this process: tried once, in a Lua state of its own.

Invariant: what cannot be shown here is not done in the script's state.
"""

import contextlib
from functools import cache
from typing import Any

from lupa.lua54 import LuaError, LuaRuntime

from ..runtime.process_memory import ProcessMemory, UnreadableMemoryError
from .bytecode import compiled
from .developer_log import note
from .protos import (
    Stacks,
    SwapRefusedError,
    UnexpectedFunctionError,
    active_code,
    colours_agree,
    exchange,
    functions_of,
    verify,
)

_NAME = b"@/a name that is longer than those that Lua keeps once only.lua"
# functions that have an upvalue, that are nested, that have varargs, and one that waits
_OLD = b"""
local up = 1
local function varargs(...)
  local a, b = ...
  up = up + 1
  return select('#', ...), b, "a constant", 1.5
end
local function outer(x)
  return function(y)
    if y == 0 then
      error("failed")
    end
    return x + y + up
  end
end
local function waits()
  local n = 1
  n = n + coroutine.yield(n)
  return n
end
return varargs, outer, waits
"""
_NEW = (
    _OLD.replace(b"  up = up", b'  ;if(""<<1)then end;up = up')
    .replace(b"    return x + y", b'    ;if(""<<70000)then end;return x + y')
    .replace(b"  n = n +", b'  ;if(""<<3)then end;n = n +')
)
_SCRIPT = b"""
local old_text, new_text, name = ...
local old, new = assert(load(old_text, name, "t")), assert(load(new_text, name, "t"))
local varargs, outer, waits = old()
local before = outer(10)
local waiting = coroutine.create(waits)
assert(select(2, coroutine.resume(waiting)) == 1)
local probed = ""
getmetatable("").__shl = function(_, site)
  probed = probed .. " " .. math.tointeger(site) .. ":" .. debug.getinfo(2, "l").currentline
end
collectgarbage() collectgarbage()

local function address(value) return string.format("%p", value) end

local function check()
  probed = ""
  local count, b, text, number = varargs(7, 8)
  assert(count == 2 and b == 8 and text == "a constant" and number == 1.5, "values of a vararg function")
  assert(before(5) == 17 and outer(20)(5) == 27, "values of closures")
  assert(probed == " 1:5 70000:13 70000:13", "probes:" .. probed)
  local ok, message = pcall(before, 0)
  assert(not ok and message:find("lua:11: failed", 1, true), message)
  assert(select(2, coroutine.resume(waiting, 4)) == 5, "the function that waited")
  assert(probed == " 1:5 70000:13 70000:13", "a function that waited has a probe")
  assert(load(string.dump(varargs)), "a dump")
  for i = 1, 3 do
    collectgarbage()
    for j = 1, 100 do local made = { tostring(j) .. "a constant" } end
  end
  assert(before(5) == 17 and select(3, varargs()) == "a constant", "after a collection")
end

local function grow_old()
  collectgarbage("generational")
  collectgarbage()
end

-- `left` is called while a function returns; gives the probes of the next call.
local function leave(left)
  debug.sethook(function()
    if debug.getinfo(2, "f").func ~= varargs then return end
    debug.sethook()
    left()
  end, "r")
  local count, b, text, number = varargs(7, 8)
  assert(count == 2 and b == 8 and text == "a constant" and number == 1.5, "values of a function that is left")
  probed = ""
  varargs()
  return probed
end

return address(old), address(new), address(waiting), address(coroutine.running()), check, leave, grow_old, function()
  return old, new
end
"""


@cache
def exchange_works() -> bool:
    try:
        _try()
    except (LuaError, SwapRefusedError, UnexpectedFunctionError, UnreadableMemoryError) as problem:
        note(__name__, "functions cannot be given new code in this process: %s", problem)
        return False
    return True


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise UnexpectedFunctionError(what)


def _try() -> None:
    lua: Any = LuaRuntime(encoding=None, register_eval=False, register_builtins=False, unpack_returned_tuples=True)
    old, new, waiting, main, check, leave, grow_old, keep = lua.execute(_SCRIPT, _OLD, _NEW, _NAME)
    with contextlib.closing(ProcessMemory()) as memory:
        before, after = compiled(_OLD), compiled(_NEW)
        if before is None or after is None:
            raise UnexpectedFunctionError("the compiler refuses the texts of the trial")
        protos = functions_of(memory, int(old, 16)), functions_of(memory, int(new, 16))
        trees = list(before.tree()), list(after.tree())
        for some, tree in zip(protos, trees, strict=True):
            for proto, function in zip(some, tree, strict=True):
                verify(memory, proto, function, _NAME)
        _expect(all(one.shape == other.shape for one, other in zip(*trees, strict=True)), "shapes")
        pairs = list(zip(*protos, strict=True))
        # a collection has just ended: nothing is marked
        _expect(all(colours_agree(*pair) for pair in pairs), "colours")
        waits = protos[0][-1]
        threads = [int(waiting, 16), int(main, 16)]
        active = active_code(memory, Stacks(threads), protos[0])
        _expect(active == {waits.address}, "frames")
        exchange([pair for pair in pairs if pair[0].address not in active])
        check()
        _try_leaving(memory, leave, int(old, 16), int(new, 16), int(main, 16))
        grow_old()
        grown = [functions_of(memory, int(one, 16)) for one in (old, new)]
        colours = {proto.fields.marked & 0x27 for some in grown for proto in some}
        _expect(colours == {0x24}, f"colours of old functions: {colours}")
    del keep


def _try_leaving(memory: ProcessMemory, leave: Any, old: int, new: int, main: int) -> None:
    """Take a probe from a function while it returns."""
    problems: list[Exception] = []

    def left() -> None:
        try:
            one, other = functions_of(memory, old)[1], functions_of(memory, new)[1]
            _expect(active_code(memory, Stacks([main]), [one]) == {one.address}, "a frame that returns")
            _expect(not active_code(memory, Stacks([main], leaving=main), [one]), "a frame that is left")
            exchange([(one, other)])
        except (SwapRefusedError, UnexpectedFunctionError, UnreadableMemoryError) as problem:
            problems.append(problem)

    probed = leave(left)
    if problems:
        raise problems[0]
    _expect(probed == b"", "a function that was left has its probe")

"""What DAP knows and Lua cannot do: requests that are not announced, and why.

Invariant: nothing here is pretended; a client that asks all the same is told the reason.
"""

from collections.abc import Mapping

_NO_RECORDING = "the script runs live: only a recording can go back"

REFUSED_REQUESTS: Mapping[str, str] = {
    "writeMemory": "strings of Lua cannot be changed in place: give the variable another value (setVariable)",
    "setInstructionBreakpoints": "Lua tells no instruction that it is at: set a breakpoint at a line, or at a function",
    "gotoTargets": "Lua cannot go on elsewhere than where it is; runTo and restartFrame are possible",
    "goto": "Lua cannot go on elsewhere than where it is; runTo and restartFrame are possible",
    "stepBack": _NO_RECORDING,
    "reverseContinue": _NO_RECORDING,
}

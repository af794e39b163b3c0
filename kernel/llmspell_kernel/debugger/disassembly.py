"""The request ``disassemble``: the instructions of the function of a frame.

Addresses are those that the instructions have in memory. A frame's ``instructionPointerReference`` is the address of
the instruction that it is at. What is before and behind the function's instructions is told as invalid.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from ..protocol.ldp import RequestError, integer_argument, object_argument
from ..runtime.values import text_bytes
from .dump import DumpError, Function, read_dump
from .inspection import source_name
from .instructions import instruction_text
from .memory import address_argument, signed_argument
from .script_requests import Request, Respond, ScriptRequests

INSTRUCTION_BYTES = 4
MAX_INSTRUCTIONS = 10_000
_MAX_ADDRESS = 1 << 62

_read = lru_cache(maxsize=4)(read_dump)


class Disassembly:
    """``place`` says where a client finds the text of a chunk, ``function_name`` what the text calls the function that
    begins in a line of it."""

    def __init__(
        self,
        script: ScriptRequests,
        place: Callable[[str], Mapping[str, Any] | None],
        function_name: Callable[[str, int], str | None],
    ) -> None:
        self._script = script
        self._place = place
        self._function_name = function_name

    def disassemble(self, request: Request, respond: Respond) -> None:
        arguments = object_argument(request, "arguments")
        count = integer_argument(arguments, "instructionCount")
        if count > MAX_INSTRUCTIONS:
            raise RequestError(f"instructionCount: {count} are more than {MAX_INSTRUCTIONS}")
        reference = address_argument(arguments)
        if not 0 < reference < _MAX_ADDRESS:
            raise RequestError("memoryReference: there are no instructions at this address")
        address = reference + signed_argument(arguments, "offset")
        skipped = signed_argument(arguments, "instructionOffset")
        with_symbols = arguments.get("resolveSymbols") is True

        def finish(found: Mapping[str, Any]) -> dict[str, Any]:
            try:
                function = _read(text_bytes(found["dump"]))
            except DumpError as error:
                raise RequestError(str(error)) from error
            if not 0 <= reference - found["code"] < INSTRUCTION_BYTES * function.size:
                raise RequestError("memoryReference: there are no instructions of a frame at this address")
            first = (address - found["code"]) // INSTRUCTION_BYTES + skipped
            listed = [_instruction(function, found["code"], index) for index in range(first, first + count)]
            self._add_source(listed, function, found, first, with_symbols=with_symbols)
            return {"instructions": listed}

        self._script.ask(request, respond, "instructions", [reference], finish)

    def _add_source(
        self,
        listed: list[dict[str, Any]],
        function: Function,
        found: Mapping[str, Any],
        first: int,
        *,
        with_symbols: bool,
    ) -> None:
        shown = [at for at in range(first, first + len(listed)) if 0 <= at < function.size]
        if not shown:
            return
        place = self._place(found["source"])
        source: dict[str, Any] = {"name": source_name(found["source"])}
        source |= {"presentationHint": "deemphasize"} if place is None else place
        # the others are of the same source
        listed[shown[0] - first]["location"] = source
        if with_symbols and shown[0] == 0:
            listed[-first]["symbol"] = self._symbol(found)

    def _symbol(self, found: Mapping[str, Any]) -> str:
        if found["first"] == 0:
            return "(main)"
        name = self._function_name(found["source"], found["first"])
        return name or f"function <{source_name(found['source'])}:{found['first']}>"


def _instruction(function: Function, code: int, index: int) -> dict[str, Any]:
    address = code + INSTRUCTION_BYTES * index
    if not 0 <= index < function.size:
        return {"address": hex(max(address, 0)), "instruction": "(not of this function)", "presentationHint": "invalid"}
    text = instruction_text(function, index, lambda target: hex(code + INSTRUCTION_BYTES * target))
    shown: dict[str, Any] = {
        "address": hex(address),
        "instructionBytes": function.code[index].to_bytes(INSTRUCTION_BYTES, "little").hex(" "),
        "instruction": text,
    }
    if function.lines:
        shown["line"] = function.lines[index]
    return shown

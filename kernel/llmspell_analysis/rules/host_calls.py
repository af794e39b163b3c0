"""Arguments of the script API's functions: missing ones, ones too many, and literals of a wrong type or value.

Lua gives nil for what is missing, and most functions then raise; the few that do without say so in the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmspell_analysis.rules.host_slots import Slot
from llmspell_analysis.rules.host_values import accepts_nil, check_value
from llmspell_analysis.rules.known_calls import KnownCall
from llmspell_analysis.rules.literals import literal_of
from llmspell_analysis.rules.model import Diagnostic, Severity, Subject
from llmspell_analysis.rules.nearest import listed
from llmspell_analysis.rules.reading import span

# Their table of parameters is that of a tool, and missing ones are named there.
_RUNS_TOOLS = frozenset({"Tool.execute", "ToolInstance:execute"})


def check(known: KnownCall, subject: Subject) -> Iterator[Diagnostic]:
    if known.node.has_error or known.entry.deprecated:
        return
    yield from _missing(known, subject)
    yield from _redundant(known)
    owner = f"`{known.entry.qualified_name}`"
    for parameter, argument in zip(known.entry.parameters, known.arguments, strict=False):
        if parameter.name == "...":
            break
        slot = Slot(f"`{parameter.name}` of {owner}", owner, "invalid-argument", span(argument), known.call.protected)
        yield from check_value(parameter.type, argument, slot, subject)


def _missing(known: KnownCall, subject: Subject) -> Iterator[Diagnostic]:
    missing = []
    for index, parameter in enumerate(known.entry.parameters):
        if parameter.name == "..." or parameter.optional or accepts_nil(parameter.type):
            continue
        if parameter.name == "params" and known.entry.qualified_name in _RUNS_TOOLS:
            continue
        if index >= len(known.arguments):
            if known.is_open:
                break
            missing.append(parameter.name)
            continue
        if known.is_open and index == len(known.arguments) - 1:
            break
        literal = literal_of(known.arguments[index], subject)
        if literal is not None and literal.kind == "nil" and literal.is_here:
            missing.append(parameter.name)
    if missing:
        plural = "argument" if len(missing) == 1 else "arguments"
        message = f"`{known.entry.qualified_name}` needs the {plural} {listed(missing)}"
        yield Diagnostic("missing-argument", known.severity(Severity.ERROR), message, *known.name_span)


def _redundant(known: KnownCall) -> Iterator[Diagnostic]:
    parameters, arguments = known.entry.parameters, known.arguments
    taken = len(parameters)
    if len(arguments) <= taken or (parameters and parameters[-1].name == "..."):
        return
    if known.is_open and len(arguments) == taken + 1:
        return  # it may give nothing
    times = "no argument" if taken == 0 else "one argument" if taken == 1 else f"{taken} arguments"
    message = f"`{known.entry.qualified_name}` takes {times}, not {len(arguments)}"
    extra = (arguments[taken].start_byte, arguments[-1].end_byte)
    yield Diagnostic("redundant-parameter", Severity.WARNING, message, *extra)

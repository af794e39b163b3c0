"""Calls of the file's own local functions with more arguments than they take.

Only what is certain: a local that is bound once, to a function without `...`. Fewer arguments are no mistake in Lua.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.chains import call_arguments
from llmspell_analysis.analysis.kinds import CALL, FUNCTION, IDENTIFIER, NAME_FIELD, PARAMETERS_FIELD, VARARG
from llmspell_analysis.rules.model import Diagnostic, Subject, found
from llmspell_analysis.rules.reading import parts

if TYPE_CHECKING:
    from tree_sitter import Node


def check(subject: Subject) -> Iterator[Diagnostic]:
    for call in subject.analysis.calls:
        callee = call.node.child_by_field_id(NAME_FIELD)
        if callee is None or callee.kind_id not in IDENTIFIER or call.node.has_error:
            continue
        local = subject.evaluator.local_at(callee)
        if local is None or local.value is None or local.value.kind_id not in FUNCTION:
            continue
        if not subject.evaluator.is_constant(local):
            continue
        taken = _number_of_parameters(local.value)
        arguments = call_arguments(call.node)
        if taken is None or len(arguments) <= taken:
            continue
        if len(arguments) == taken + 1 and arguments[taken].kind_id in CALL | VARARG:
            continue  # it may give nothing
        extra = (arguments[taken].start_byte, arguments[-1].end_byte)
        times = "no argument" if taken == 0 else "one argument" if taken == 1 else f"{taken} arguments"
        yield found("redundant-parameter", f"`{local.name}` takes {times}, not {len(arguments)}", extra)


def _number_of_parameters(function: Node) -> int | None:
    """None for a function that takes any number."""
    parameters = function.child_by_field_id(PARAMETERS_FIELD)
    if parameters is None or parameters.has_error:
        return None
    names = parts(parameters)
    return None if any(name.kind_id in VARARG for name in names) else len(names)

"""Tools by name, and what calls of them are given.

A call is `Tool.execute("name", {…})`, `Tool.get("name"):execute{…}`, `Tool["name"]:execute{…}` (through locals
too), or a workflow step `{type = "tool", tool = "name", input = {…}}`; agents are told tools by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.chains import call_arguments, literal_string
from llmspell_analysis.analysis.file import File
from llmspell_analysis.analysis.kinds import (
    BRACKET_INDEX,
    FIELD,
    INDEX,
    NAME_FIELD,
    TABLE,
    VALUE_FIELD,
)
from llmspell_analysis.analysis.model import Analysis, Local
from llmspell_analysis.analysis.segments import Segment
from llmspell_analysis.rules.known_calls import KnownCall
from llmspell_analysis.rules.literals import literal_of
from llmspell_analysis.rules.model import Diagnostic, Fix, Severity, Subject
from llmspell_analysis.rules.nearest import nearest
from llmspell_analysis.rules.reading import span
from llmspell_analysis.rules.tables import TableLiteral, read_table
from llmspell_analysis.rules.tool_parameters import CallOptions, check_no_parameters, check_parameters
from llmspell_analysis.syntax.tree import Edit

if TYPE_CHECKING:
    from tree_sitter import Node

# Functions whose first argument names a tool, or a list of tools.
_NAMING = frozenset(
    {"Tool.execute", "Tool.get", "AgentBuilder:allow_tool", "AgentBuilder:allowed_tools", "AgentInstance:invokeTool"}
)
CALLED = _NAMING | {"ToolInstance:execute"}
# Where a script calls `Agent.wrap_as_tool` with what is no literal, any name may be a tool.
_ANY = "*"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """`Tool["name"]`."""
    for access in subject.analysis.members_accessed:
        if access.node.kind_id in BRACKET_INDEX and access.access != "write" and not access.guarded:
            value = subject.evaluator.of_node(access.base)
            if value is None or not value.is_entry("Tool") or access.name in value.members:
                continue
            if subject.evaluator.own_member(value, access.name) is None:
                yield from _unknown_tool(access.name, (access.start, access.end), subject)


def check_call(known: KnownCall, subject: Subject) -> Iterator[Diagnostic]:
    name, arguments = known.entry.qualified_name, known.arguments
    options = CallOptions(is_protected=known.call.protected)
    if name == "ToolInstance:execute" and known.value.tool is not None:
        if arguments:
            yield from check_parameters(known.value.tool, arguments[0], known.name_span, subject, options)
        elif not known.node.has_error:
            yield from check_no_parameters(known.value.tool, known.name_span, options)
    if name not in _NAMING or not arguments:
        return
    literal = literal_of(arguments[0], subject)
    if literal is None:
        return
    if literal.kind == "table" and literal.is_here and name == "AgentBuilder:allowed_tools":
        yield from check_names(literal.node, subject)
        return
    tool_name = literal.text
    if tool_name is None:
        return
    at = span(arguments[0])
    is_safe = known.call.protected or (name == "Tool.get" and not _is_used(known))
    yield from _unknown_tool(tool_name, at, subject, protected=is_safe, is_here=literal.is_here)
    tool = subject.catalogue.tools.get(tool_name)
    if tool is None or name not in ("Tool.execute", "AgentInstance:invokeTool"):
        return
    if len(arguments) > 1:
        yield from check_parameters(tool, arguments[1], at, subject, options)
    elif not known.is_open and not known.node.has_error:
        yield from check_no_parameters(tool, at, options)


def _is_used(known: KnownCall) -> bool:
    """`Tool.get("name"):execute(…)`, which raises when there is no tool; the call alone gives nil."""
    parent = known.node.parent
    return parent is not None and parent.kind_id in INDEX


def check_names(table: Node, subject: Subject) -> Iterator[Diagnostic]:
    """A list of names of tools."""
    for child in table.named_children:
        value = child.child_by_field_id(VALUE_FIELD) if child.kind_id in FIELD else None
        name = literal_string(value, subject.data)
        if value is not None and name is not None and child.child_by_field_id(NAME_FIELD) is None:
            yield from _unknown_tool(name, span(value), subject, protected=True)


def check_step(step: TableLiteral, subject: Subject, *, is_protected: bool) -> Iterator[Diagnostic]:
    """The tool of a workflow's step, and its input, where `{{…}}` is replaced before it is used."""
    tool_field = step.fields.get("tool")
    name = literal_string(tool_field.value, subject.data) if tool_field is not None else None
    if tool_field is None or name is None:
        return
    at = span(tool_field.value)
    yield from _unknown_tool(name, at, subject, protected=is_protected)
    tool = subject.catalogue.tools.get(name)
    given = step.fields.get("input")
    if tool is not None and given is not None and given.value.kind_id in TABLE:
        yield from check_parameters(tool, given.value, at, subject, CallOptions(True, is_protected))


# --- names -------------------------------------------------------------------------------------------------------


def _unknown_tool(
    name: str, at: tuple[int, int], subject: Subject, *, protected: bool = False, is_here: bool = True
) -> Iterator[Diagnostic]:
    start, end = at
    tested = subject.shared.tested_tools
    if name in subject.catalogue.tools or name in subject.shared.tools or name in tested or _ANY in tested:
        return
    message = f"Unknown tool `{name}`"
    replacement = subject.catalogue.absent.get(name) or nearest(
        name, (*subject.catalogue.tools, *sorted(subject.shared.tools))
    )
    fixes: tuple[Fix, ...] = ()
    if replacement:
        message += f": did you mean `{replacement}`?"
        quoted = subject.data[start : start + 1] + replacement.encode() + subject.data[end - 1 : end]
        if quoted[:1] in (b'"', b"'") and is_here:
            is_known = name in subject.catalogue.absent
            fixes = (Fix(f"Change to `{replacement}`", (Edit(start, end, quoted),), is_known),)
    # a hook may put another tool in its place
    severity = Severity.WARNING if protected or subject.shared.has_hooks else Severity.ERROR
    yield Diagnostic("unknown-tool", severity, message, start, end, fixes=fixes)


def tested_tools(file: File) -> frozenset[str]:
    """Tools that the script itself asks for before it uses them."""
    tested: set[str] = set()
    for each in file.placed:
        tested |= _tested_in(each.segment)
    for variable in file.variables:
        if variable.is_tested and variable.local is not None and variable.local.value is not None:
            tested |= _tool_of(file.placed[variable.index].segment.analysis, variable.local)
    return frozenset(tested)


def _tested_in(segment: Segment) -> frozenset[str]:
    if "tested tools" not in segment.kept:
        analysis = segment.analysis
        tested: set[str] = set()
        for call in analysis.calls if b"exists" in segment.data else ():
            callee = call.node.child_by_field_id(NAME_FIELD)
            if callee is not None and b"exists" in segment.data[callee.start_byte : callee.end_byte]:
                arguments = call_arguments(call.node)
                name = literal_string(arguments[0], segment.data) if arguments else None
                if name is not None:
                    tested.add(name)
        for local in analysis.locals if b"Tool" in segment.data else ():
            if local.value is not None and any(reference.guarded for reference in local.references):
                tested |= _tool_of(analysis, local)
        tested |= _wrapped_agents(segment)
        segment.kept["tested tools"] = frozenset(tested)
    found: frozenset[str] = segment.kept["tested tools"]
    return found


def _tool_of(analysis: Analysis, local: Local) -> set[str]:
    chain = analysis.chain(local.value) if local.value is not None else None
    if chain is None or chain.root != "Tool" or not chain.steps or chain.steps[-1].name is None:
        return set()
    return {chain.steps[-1].name}


def _wrapped_agents(segment: Segment) -> set[str]:
    """The tools that a script makes of its agents."""
    names: set[str] = set()
    for call in segment.analysis.calls if b"wrap_as_tool" in segment.data else ():
        callee = call.node.child_by_field_id(NAME_FIELD)
        if callee is None or not segment.data[callee.start_byte : callee.end_byte].endswith(b"wrap_as_tool"):
            continue
        arguments = call_arguments(call.node)
        agent = literal_string(arguments[0], segment.data) if arguments else None
        table = read_table(arguments[1], segment.data) if len(arguments) > 1 and arguments[1].kind_id in TABLE else None
        field = table.fields.get("tool_name") if table is not None and table.is_complete else None
        given = literal_string(field.value, segment.data) if field is not None else None
        if given is not None:
            names.add(given)
        elif agent is not None and table is not None and table.is_complete and field is None:
            names.add(f"{agent}_tool")
        else:
            names.add(_ANY)
    return names

"""Which call a value came from: the tool that ran and its operation, through locals that are bound once and `pcall`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.chains import call_arguments, literal_string
from llmspell_analysis.analysis.kinds import (
    ASSIGNMENT,
    BLOCK,
    BODY_FIELD,
    CALL,
    DOT_INDEX,
    EXPRESSION_LIST,
    FIELD_FIELD,
    FUNCTION_DEFINITION,
    IDENTIFIER,
    NAME_FIELD,
    RETURN,
    TABLE,
    TABLE_FIELD,
    VARIABLE_LIST,
)
from llmspell_analysis.analysis.types import members_of
from llmspell_analysis.analysis.values import unparenthesized
from llmspell_analysis.catalogue import Entry, Operation, Tool
from llmspell_analysis.rules.model import Subject
from llmspell_analysis.rules.reading import parts, text
from llmspell_analysis.rules.tables import read_table

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.file import FileEvaluator
    from llmspell_analysis.analysis.model import Local

_PROTECTORS = (b"pcall", b"xpcall")


@dataclass(frozen=True, slots=True)
class Origin:
    """A call, in the segment that it stands in. `name` is that of the function, `tool` what it runs."""

    name: str
    tool: Tool | None
    operation: Operation | None

    def fields(self, subject: Subject) -> Mapping[str, Entry]:
        """What the operation gives, where that is a table whose fields are known."""
        if self.operation is None or not self.operation.result.startswith("{"):
            return {}
        return members_of(self.operation.result, subject.catalogue)


def origin_of(node: Node, subject: Subject) -> tuple[Origin, tuple[str, ...]] | None:
    """The call that an expression's value came from, and the fields from there to the value."""
    path: list[str] = []
    node = unparenthesized(node)
    while node.kind_id in DOT_INDEX:
        base, name = node.child_by_field_id(TABLE_FIELD), node.child_by_field_id(FIELD_FIELD)
        if base is None or name is None:
            return None
        path.insert(0, text(name, subject.data).decode("utf-8", "replace"))
        node = unparenthesized(base)
    evaluator = subject.evaluator
    if node.kind_id in IDENTIFIER:
        local = evaluator.local_at(node)
        if local is None or local.iterated is not None or not evaluator.is_constant(local):
            return None
        variable = evaluator.file.variable_of(local)
        if variable is not None:
            evaluator = evaluator.file.evaluator(variable.index, subject.catalogue, subject.evaluator.project)
        found = _value_of(local, evaluator)
    else:
        found = (node, call_arguments(node)) if node.kind_id in CALL else None
    if found is None:
        return None
    callee, arguments = found
    origin = _origin(callee, [unparenthesized(each) for each in arguments], evaluator)
    return (origin, tuple(path)) if origin is not None else None


def _origin(called: Node, arguments: list[Node], evaluator: FileEvaluator) -> Origin | None:
    callee = called.child_by_field_id(NAME_FIELD) if called.kind_id in CALL else called
    value = evaluator.of_node(callee) if callee is not None else None
    if value is None or value.entry is None:
        return None
    name = value.entry.qualified_name
    data = evaluator.analysis.document.source.data
    tool, table = value.tool, None
    if name == "ToolInstance:execute" and arguments:
        table = arguments[-1]
    elif name in ("Tool.execute", "AgentInstance:invokeTool") and arguments:
        tool = evaluator.catalogue.tools.get(literal_string(arguments[0], data) or "")
        table = arguments[1] if len(arguments) > 1 else None
    return Origin(name, tool, _operation(tool, table, data) if tool is not None else None)


def _operation(tool: Tool, table: Node | None, data: bytes) -> Operation | None:
    if table is None or table.kind_id not in TABLE:
        return None
    read = read_table(table, data)
    field = read.fields.get("operation")
    if field is None and not read.is_complete:
        return None
    name = literal_string(field.value, data) if field is not None else tool.default_operation
    if name is None and len(tool.operations) == 1 and "operation" not in tool.schema.get("properties", {}):
        return next(iter(tool.operations.values()))
    return tool.operation(name) if name is not None else None


# --- locals ------------------------------------------------------------------------------------------------------


def _value_of(local: Local, evaluator: FileEvaluator) -> tuple[Node, list[Node]] | None:
    """The call (or what `pcall` calls) and its arguments, that a local got its value from."""
    if local.value is not None:
        value = unparenthesized(local.value)
        return (value, call_arguments(value)) if value.kind_id in CALL and not _is_protector(value, evaluator) else None
    declared = evaluator.analysis.document.tree.root_node.descendant_for_byte_range(local.start, local.end)
    names = declared.parent if declared is not None else None
    while names is not None and names.kind_id not in VARIABLE_LIST:
        names = names.parent if names.kind_id not in BLOCK else None
    assignment = names.parent if names is not None else None
    if names is None or assignment is None or assignment.kind_id not in ASSIGNMENT:
        return None
    data = evaluator.analysis.document.source.data
    identifiers = [each for each in names.named_children if each.kind_id in IDENTIFIER]
    values = next((each for each in assignment.named_children if each.kind_id in EXPRESSION_LIST), None)
    calls = parts(values) if values is not None else []
    if len(calls) != 1 or len(identifiers) < 2 or identifiers[1].start_byte != local.start:
        return None
    call = calls[0]
    if not _is_protector(call, evaluator):
        return None
    arguments = call_arguments(call)
    if not arguments:
        return None
    called, rest = unparenthesized(arguments[0]), arguments[1:]
    if text(call, data).startswith(b"xpcall"):
        rest = rest[1:]
    if called.kind_id in FUNCTION_DEFINITION:
        returned = _returned_call(called)
        return (returned, call_arguments(returned)) if returned is not None else None
    return called, rest


def _is_protector(call: Node, evaluator: FileEvaluator) -> bool:
    callee = call.child_by_field_id(NAME_FIELD) if call.kind_id in CALL else None
    if callee is None or text(callee, evaluator.analysis.document.source.data) not in _PROTECTORS:
        return False
    value = evaluator.of_node(callee)
    return value is not None and (value.is_entry("pcall") or value.is_entry("xpcall"))


def _returned_call(function: Node) -> Node | None:
    """The call that a function consists of: `function() return f() end`."""
    body = function.child_by_field_id(BODY_FIELD)
    statements = parts(body) if body is not None else []
    if len(statements) != 1 or statements[0].kind_id not in RETURN:
        return None
    lists = parts(statements[0])
    values = parts(lists[0]) if len(lists) == 1 and lists[0].kind_id in EXPRESSION_LIST else lists
    return values[0] if len(values) == 1 and values[0].kind_id in CALL else None

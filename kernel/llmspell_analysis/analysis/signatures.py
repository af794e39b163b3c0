"""What is known of a function before it is called: from its annotations, its parameters, or the catalogue's entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmspell_analysis.analysis.annotations import Comment, holder
from llmspell_analysis.analysis.kinds import (
    ARGUMENTS,
    ASSIGNMENT,
    CALL,
    COMMENT,
    FUNCTION_DECLARATION,
    IDENTIFIER,
    METHOD_INDEX,
    NAME_FIELD,
    PARAMETERS_FIELD,
    TABLE,
    VARARG,
    VARIABLE_LIST,
)
from llmspell_analysis.analysis.types import parsed
from llmspell_analysis.syntax import luacats_types as lt
from llmspell_analysis.syntax.luacats_tags import GenericTag, OverloadTag, ParamTag, ReturnTag, TypeTag, VarargTag

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.declarations import Unit
    from llmspell_analysis.catalogue import Entry

# inside of these a function is a part of what a statement says, not what it is about
_PASSED_ON = ARGUMENTS | CALL | TABLE


def comments_of(function: Node, unit: Unit) -> tuple[Comment, ...]:
    """The annotations of a function."""
    if not unit.annotations.comments:
        return ()
    source = unit.analysis.document.source
    own = source.line_of(function.start_byte)
    held = holder(function)
    first = source.line_of(held.start_byte)
    found = unit.annotations.of_line(first) if _is_the_value(function, held) else ()
    behind = unit.annotations.behind.get(own)
    if behind is not None and behind not in found:
        found = (*found, behind)
    return found


def _is_the_value(function: Node, held: Node) -> bool:
    """Whether annotations of a statement are about a function: it is the statement, or what it assigns."""
    if held == function:
        return True
    parent = function.parent
    while parent is not None and parent != held:
        if parent.kind_id in _PASSED_ON:
            return False
        parent = parent.parent
    return True


def names_of_parameters(function: Node, data: bytes) -> tuple[Node, ...]:
    """The nodes of the parameters, `...` among them."""
    parameters = function.child_by_field_id(PARAMETERS_FIELD)
    if parameters is None:
        return ()
    return tuple(each for each in parameters.named_children if each.kind_id in IDENTIFIER or each.kind_id in VARARG)


def is_method(function: Node) -> bool:
    name = function.child_by_field_id(NAME_FIELD) if function.kind_id in FUNCTION_DECLARATION else None
    return name is not None and name.kind_id in METHOD_INDEX


def signature_of(function: Node, unit: Unit) -> lt.Function:
    """What annotations and parameters say of a function. Without annotations no parameter is wanted."""
    start = function.start_byte
    found = unit.signatures.get(start)
    if found is None:
        found = unit.signatures[start] = _read_signature(function, unit)
    return found


def _read_signature(function: Node, unit: Unit) -> lt.Function:
    comments = comments_of(function, unit)
    data = unit.data
    tags = tuple(tag for comment in comments for tag in comment.block.tags)
    declared = next((tag.types[0] for tag in tags if isinstance(tag, TypeTag) and tag.types), None)
    if isinstance(declared, lt.Function) and not any(isinstance(tag, ParamTag | ReturnTag) for tag in tags):
        return declared
    params = {tag.parameter: tag for tag in reversed(tags) if isinstance(tag, ParamTag)}
    vararg = next((tag.type for tag in tags if isinstance(tag, VarargTag)), None)
    parameters = [lt.Parameter("self")] if is_method(function) else []
    for node in names_of_parameters(function, data):
        name = data[node.start_byte : node.end_byte].decode("utf-8", "replace")
        tag = params.get(name)
        given = tag.type if tag is not None else vararg if name == "..." else None
        optional = tag is None or tag.is_optional
        parameters.append(lt.Parameter(name, given, optional))
    returns = tuple(each for tag in tags if isinstance(tag, ReturnTag) for each in tag.types)
    # what could not be read may be any number of results
    has_returns = any(isinstance(tag, ReturnTag) for tag in tags) and None not in returns
    names = {tag.name for tag in tags}
    generics = tuple(each for tag in tags if isinstance(tag, GenericTag) for each in tag.generics)
    return lt.Function(
        tuple(parameters),
        returns if has_returns else None,
        "async" in names,
        tuple(tag.function for tag in tags if isinstance(tag, OverloadTag) and tag.function is not None),
        generics,
        "deprecated" in names,
        "nodiscard" in names,
    )


# by the identity of entries, which the catalogue keeps
_of_entries: dict[int, tuple[Entry, lt.Function]] = {}


def signature_of_entry(entry: Entry) -> lt.Function:
    """A function of the API."""
    known = _of_entries.get(id(entry))
    if known is not None and known[0] is entry:
        return known[1]
    parameters = [lt.Parameter("self")] if entry.kind == "method" else []
    parameters += [lt.Parameter(each.name, parsed(each.type), each.optional) for each in entry.parameters]
    found = lt.Function(
        tuple(parameters),
        tuple(parsed(text) for text in entry.returns),
        is_deprecated=entry.deprecated,
        api_name=entry.qualified_name,
    )
    _of_entries[id(entry)] = (entry, found)
    return found


def holder_target(function: Node) -> Node | None:
    """The name that a function is given to: `M.f` of `function M.f()` and of `M.f = function()`."""
    if function.kind_id in FUNCTION_DECLARATION:
        return function.child_by_field_id(NAME_FIELD)
    values = function.parent
    statement = values.parent if values is not None else None
    if values is None or statement is None or statement.kind_id not in ASSIGNMENT:
        return None
    place = [each.start_byte for each in values.named_children if each.kind_id not in COMMENT].index(
        function.start_byte
    )
    names = next((each for each in statement.named_children if each.kind_id in VARIABLE_LIST), None)
    targets = [each for each in names.named_children if each.kind_id not in COMMENT] if names is not None else []
    return targets[place] if place < len(targets) else None

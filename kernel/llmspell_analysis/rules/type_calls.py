"""Calls: how many arguments, of which types, to what can be called at all, and what becomes of the results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from llmspell_analysis.analysis.inference import Facts
from llmspell_analysis.analysis.kinds import CALL, METHOD_INDEX, TABLE, TABLE_FIELD, VARARG
from llmspell_analysis.analysis.operators import may_be_false
from llmspell_analysis.analysis.type_relations import Relations, basic_of, expand
from llmspell_analysis.rules.model import Diagnostic, found
from llmspell_analysis.rules.reading import shown, span
from llmspell_analysis.rules.type_context import TypeContext, candidates, given_types, is_wanted, times, unwrapped
from llmspell_analysis.rules.type_tables import check_table
from llmspell_analysis.syntax import luacats_types as lt

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.type_observer import Body

_ANY = lt.Named("any")
_MANY = CALL | VARARG
_NEVER_CALLED = frozenset({"number", "string", "boolean", "thread"})
# Functions of the standard library that do nothing but give a result.
_ONLY_RESULTS = frozenset(
    {
        *("ipairs", "pairs", "next", "rawequal", "rawget", "rawlen", "select", "tonumber", "tostring", "type"),
        *("string.byte", "string.char", "string.find", "string.format", "string.gmatch", "string.len"),
        *("string.lower", "string.match", "string.pack", "string.packsize", "string.rep", "string.reverse"),
        *("string.sub", "string.unpack", "string.upper", "table.concat", "table.pack", "table.unpack"),
        *("math.abs", "math.acos", "math.asin", "math.atan", "math.ceil", "math.cos", "math.deg", "math.exp"),
        *("math.floor", "math.fmod", "math.log", "math.max", "math.min", "math.modf", "math.rad", "math.sin"),
        *("math.sqrt", "math.tan", "math.tointeger", "math.type", "math.ult", "os.clock", "os.date", "os.difftime"),
        *("os.getenv", "os.time", "utf8.char", "utf8.codepoint", "utf8.codes", "utf8.len", "utf8.offset"),
    }
)


class Called(NamedTuple):
    """A call, the expression that is called, its type, and the function that it then is; None when nobody can tell."""

    call: Node
    callee: Node
    given: lt.Type
    function: lt.Function | None


def check_call(context: TypeContext, called: Called, facts: Facts, body: Body | None) -> Iterator[Diagnostic]:
    """What a call tells, besides whether its result is used."""
    call, callee, given, function = called
    if call.has_error:
        return
    if not isinstance(given, lt.Function):
        yield from _non_callable(context, callee, given)
    if function is None:
        return
    is_async = function.is_async or function.api_name == "coroutine.yield"
    if is_async and body is not None and not body.signature.is_async:
        yield found("await", f"`{shown(callee, context.data)}` is async: only async functions call it", span(callee))
    if function.is_deprecated and callee.kind_id not in METHOD_INDEX and not function.api_name:
        message = f"`{shown(callee, context.data)}` is deprecated"
        yield found("deprecated", message, span(callee), tags=("deprecated",))
    if function.api_name[:1].isupper() or not _knows_self(function, callee, given):
        return  # of the script API, whose calls have rules of their own
    yield from _arguments(context, call, callee, function, facts)


def _knows_self(function: lt.Function, callee: Node, given: lt.Type | None) -> bool:
    """Whether it is certain which argument is which: a field declared `fun(a)` may take `self` without saying so."""
    if callee.kind_id not in METHOD_INDEX:
        return True
    return bool(function.parameters) or not isinstance(given, lt.Function)


def _non_callable(context: TypeContext, callee: Node, given: lt.Type) -> Iterator[Diagnostic]:
    expanded = expand(given, context.inference.types)
    parts = [each for each in expanded if each is not None]
    if len(parts) < len(expanded):
        return
    wrong = [each for each in parts if basic_of(each, context.inference.types) in _NEVER_CALLED]
    if wrong:
        name = shown(callee, context.data)
        yield found(
            "call-non-callable", f"`{name}` may be `{lt.shown(wrong[0])}`, which cannot be called", span(callee)
        )


def _arguments(
    context: TypeContext, call: Node, callee: Node, function: lt.Function, facts: Facts
) -> Iterator[Diagnostic]:
    arguments = context.inference.arguments(call)
    shift = 1 if callee.kind_id in METHOD_INDEX else 0
    values, is_open = given_types(context, arguments, facts)
    several = (function, *function.overloads)
    yield from _redundant(context, callee, several, arguments, shift)
    count = len(values) + shift
    least = min([_required(context, each) for each in several])
    if not is_open and count < least:
        names = [each.name for each in function.parameters[count:least]] or ["one more argument"]
        listed = ", ".join(f"`{name}`" for name in names)
        message = f"`{shown(callee, context.data)}` is called without {listed}"
        yield found("missing-parameter", message, span(call))
    yield from _types(context, several, values, shift, facts)
    if shift and several[0].parameters:
        yield from _receiver(context, call, callee, several, facts)
    if function.api_name == "pcall" and len(values) > 1:
        called = context.inference.function_of(values[0][1])
        if called is not None:
            yield from _types(context, tuple(candidates(called)), values[1:], 0, facts)


def _receiver(
    context: TypeContext, call: Node, callee: Node, several: tuple[lt.Function, ...], facts: Facts
) -> Iterator[Diagnostic]:
    """What stands before the colon is the first argument, also where the function does not call it `self`."""
    wanted = [each.parameters[0] for each in several if each.parameters]
    if any(each.name in ("self", "...") or each.type is None for each in wanted) or several[0].generics:
        return
    expected = lt.union([each.type for each in wanted if each.type is not None])
    actual = context.inference.receiver(call, facts)
    base = callee.child_by_field_id(TABLE_FIELD)
    if base is None or several[0].api_name or context.relations.fits(actual, expected):
        return
    colon = context.data.index(b":", base.end_byte)
    message = f"`{wanted[0].name}` takes `{lt.shown(expected)}`, not `{lt.shown(actual)}`, which the colon gives it"
    yield found("param-type-mismatch", message, (colon, colon + 1))


def _required(context: TypeContext, function: lt.Function) -> int:
    """How many arguments a function needs."""
    known = context.program.required.get(id(function))
    if known is None or known[0] is not function:
        known = context.program.required[id(function)] = (function, _count_required(context, function))
    return known[1]


def _count_required(context: TypeContext, function: lt.Function) -> int:
    names = frozenset(each.name for each in function.generics)
    needed = 0
    for index, parameter in enumerate(function.parameters):
        if parameter.name == "...":
            break
        if parameter.is_optional or (isinstance(parameter.type, lt.Named) and parameter.type.name in names):
            continue
        if (parameter.name == "self" and parameter.type is None) or (
            parameter.type is not None and is_wanted(parameter.type, context)
        ):
            needed = index + 1
    return needed


def _redundant(
    context: TypeContext, callee: Node, several: tuple[lt.Function, ...], arguments: list[Node], shift: int
) -> Iterator[Diagnostic]:
    if any(each.is_vararg for each in several):
        return
    taken = max(len(each.parameters) for each in several) - shift
    taken = max(taken, 0)
    if len(arguments) <= taken:
        return
    if len(arguments) == taken + 1 and arguments[taken].kind_id in _MANY:
        return  # it may give nothing
    extra = (arguments[taken].start_byte, arguments[-1].end_byte)
    message = f"`{shown(callee, context.data)}` takes {times(taken, 'argument')}, not {len(arguments)}"
    yield found("redundant-parameter", message, extra)


def _types(
    context: TypeContext,
    several: tuple[lt.Function, ...],
    values: list[tuple[Node, lt.Type | None]],
    shift: int,
    facts: Facts,
) -> Iterator[Diagnostic]:
    is_api = bool(several[0].api_name)
    generics = {each.name: each.constraint for one in several for each in one.generics}
    relations = Relations(context.inference.types, frozenset(generics)) if generics else context.relations
    is_single = len(several) == 1 and not generics
    seen: set[int] = set()
    for index, (node, actual) in enumerate(values):
        if seen and node.id in seen:
            continue  # one expression that gives several values is told of once
        inner = unwrapped(node)
        if actual is None and inner.kind_id not in TABLE:
            continue
        if index == 0 and several[0].api_name in ("pcall", "xpcall"):
            continue  # they catch what calling it raises
        wanted = [each for each in (_parameter(one, index + shift) for one in several) if each is not None]
        if not wanted or any(each.type is None or each.type == _ANY for each in wanted):
            continue
        if is_single and wanted[0].type == actual and inner.kind_id not in TABLE:
            continue
        expected = lt.union([_constrained(each.type, generics) for each in wanted if each.type is not None])
        if any(each.is_optional for each in wanted):
            expected = lt.union([expected, lt.NIL])
        if isinstance(actual, lt.Function) and actual.is_async and _is_sync(expected):
            yield found("await", f"`{wanted[0].name}` is called where nothing can wait", span(node))
        if is_api and actual is not None and _is_converted(context, actual, expected):
            continue
        if relations.fits(actual, expected):
            if inner.kind_id in TABLE and not generics:
                yield from check_table(context, inner, expected, facts)
            continue
        seen.add(node.id)
        name = wanted[0].name
        message = f"`{name}` takes `{lt.shown(expected)}`, not `{lt.shown(actual)}`"
        yield found("param-type-mismatch", message, span(node))


def _is_sync(expected: lt.Type) -> bool:
    """Whether only functions are wanted that do not wait."""
    functions = [each for each in lt.members_of_union(expected) if isinstance(each, lt.Function)]
    return bool(functions) and not any(each.is_async for each in functions)


def _constrained(given: lt.Type | None, generics: dict[str, lt.Type | None]) -> lt.Type:
    if isinstance(given, lt.Named) and (constraint := generics.get(given.name)) is not None:
        return constraint
    return given if given is not None else lt.Named("any")


def _is_converted(context: TypeContext, actual: lt.Type, expected: lt.Type) -> bool:
    """Lua's library makes numbers of strings and strings of numbers, and takes any value for a boolean."""
    wanted = [each for each in lt.members_of_union(expected) if each != lt.NIL]
    if isinstance(actual, lt.Literal) and all(isinstance(each, lt.Literal) for each in wanted):
        return False
    kinds = {basic_of(each, context.inference.types) for each in wanted}
    if "boolean" in kinds:
        return True
    if basic_of(actual, context.inference.types) == "number":
        return "string" in kinds
    if basic_of(actual, context.inference.types) != "string" or "number" not in kinds:
        return False
    return not isinstance(actual, lt.Literal) or _is_number(actual.text)


def _is_number(text: str) -> bool:
    try:
        float(int(text, 16) if text.strip().lower().startswith("0x") else text)
    except ValueError:
        return False
    return True


def _parameter(function: lt.Function, index: int) -> lt.Parameter | None:
    """What takes the argument at a place."""
    if index < len(function.parameters) and function.parameters[index].name != "...":
        return function.parameters[index]
    if not function.is_vararg:
        return None
    last = function.parameters[-1]
    return lt.Parameter(last.name, last.type, True)


def check_statement(context: TypeContext, called: Called) -> Iterator[Diagnostic]:
    """discard-returns."""
    call, callee, _, function = called
    if function is not None and (function.is_nodiscard or function.api_name in _ONLY_RESULTS):
        message = f"The result of `{shown(callee, context.data)}` is all that it does, and nobody uses it"
        yield found("discard-returns", message, span(call))


def check_assert(context: TypeContext, called: Called, facts: Facts) -> Iterator[Diagnostic]:
    """unnecessary-assert, of a call of `assert`."""
    call = called.call
    arguments = context.inference.arguments(call)
    if not isinstance(called.given, lt.Function) or not arguments:
        return
    given = context.inference.of(arguments[0], facts)
    if given is not None and context.is_known(given) and not may_be_false(context.inference, given):
        message = f"`{shown(arguments[0], context.data)}` is never false: it is `{lt.shown(given)}`"
        yield found("unnecessary-assert", message, span(call))

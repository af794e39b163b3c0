"""Generic functions: what their names for types stand for in one call, and which overload a call means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.type_relations import widened, without_nil
from llmspell_analysis.syntax import luacats_types as lt

if TYPE_CHECKING:
    from llmspell_analysis.analysis.type_relations import Relations


def results_of(
    function: lt.Function,
    given: Sequence[lt.Type | None],
    texts: Sequence[str | None],
    relations: Relations,
) -> tuple[lt.Type | None, ...] | None:
    """What a call gives, with these types of arguments; `texts` are the arguments that are literal strings."""
    chosen = function
    if function.overloads:
        fitting = [each for each in (function, *function.overloads) if accepts(each, given, relations)]
        if len(fitting) != 1:
            results = {each.returns for each in fitting}
            if len(results) != 1:
                return None
        chosen = fitting[0]
    if chosen.returns is None:
        return None
    names = frozenset(each.name for each in (*function.generics, *chosen.generics))
    if not names:
        return chosen.returns
    meant = bindings(chosen, names, given, texts)
    return tuple(substituted(each, names, meant) for each in chosen.returns)


def accepts(function: lt.Function, given: Sequence[lt.Type | None], relations: Relations) -> bool:
    """Whether arguments of these types fit a function's parameters, in number too."""
    taken = function.parameters
    if len(given) > len(taken) and not function.is_vararg:
        return False
    for index, parameter in enumerate(taken):
        if parameter.name == "...":
            break
        if index >= len(given):
            if not parameter.is_optional and parameter.type is not None and not relations.fits(lt.NIL, parameter.type):
                return False
        elif not parameter.is_optional and not relations.fits(given[index], parameter.type):
            return False
    return True


def bindings(
    function: lt.Function, names: frozenset[str], given: Sequence[lt.Type | None], texts: Sequence[str | None]
) -> dict[str, lt.Type | None]:
    """What each generic name stands for; None where two arguments say different things."""
    meant: dict[str, lt.Type | None] = {}
    shift = len(given) - len(texts)
    for index, parameter in enumerate(function.parameters):
        if index >= len(given) or parameter.name == "...":
            break
        text = texts[index - shift] if index >= shift else None
        _bind(parameter.type, widened(given[index]), text, names, meant)
    return meant


def _bind(
    wanted: lt.Type | None,
    actual: lt.Type | None,
    text: str | None,
    names: frozenset[str],
    meant: dict[str, lt.Type | None],
) -> None:
    match wanted, actual:
        case lt.Named(name, ()), _ if name in names:
            meant[name] = actual if name not in meant or meant[name] == actual else None
        case lt.Template(name), _ if name in names:
            meant[name] = lt.Named(text) if text is not None else None
        case lt.Union(members), _:
            for each in members:
                if each != lt.NIL:
                    _bind(each, without_nil(actual), text, names, meant)
        case lt.Array(element), lt.Array(given):
            _bind(element, given, None, names, meant)
        case lt.Named("table", (key, value)), lt.Named("table", (given_key, given_value)):
            _bind(key, given_key, None, names, meant)
            _bind(value, given_value, None, names, meant)


def substituted(given: lt.Type | None, names: frozenset[str], meant: Mapping[str, lt.Type | None]) -> lt.Type | None:
    """A type with generic names replaced; None when one of them stands for nothing that is known."""
    if given is None:
        return None
    if isinstance(given, lt.Named) and given.name in names:
        return meant.get(given.name)
    if isinstance(given, lt.Union):
        parts = [substituted(each, names, meant) for each in given.members]
        known = [each for each in parts if each is not None]
        return lt.union(known) if len(known) == len(parts) else None
    if isinstance(given, lt.Array):
        element = substituted(given.element, names, meant)
        return replace(given, element=element) if element is not None else None
    return None if any(each.name in names for each in lt.names_in(given)) else given

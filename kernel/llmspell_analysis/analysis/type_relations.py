"""What may be given where: whether a value of one type fits where another is expected.

The answer is no only where it is certain. An unknown type fits everything, and everything fits it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmspell_analysis.syntax import luacats_types as lt

if TYPE_CHECKING:
    from llmspell_analysis.analysis.declared_types import DeclaredTypes

_MAX_DEPTH = 12
_NUMBERS = frozenset({"number", "integer"})
# values that are neither tables nor anything that a class could stand for
_SCALARS = frozenset({"string", "number", "integer", "boolean", "nil", "thread"})
# Types that are what they are: no choice, and no name that may stand for another.
_PLAIN = frozenset({lt.Literal, lt.Function, lt.Shape, lt.Array, lt.Record, lt.Tuple})
_OPEN = frozenset({"any", "unknown", "self", "void", "never", "userdata", "lightuserdata"})
ENUM_TABLE = "enum "


def enum_table(name: str) -> lt.Named:
    """The table that an enum is declared for; no annotation can write this name."""
    return lt.Named(ENUM_TABLE + name)


def is_plain(given: lt.Type | None) -> bool:
    """Whether a type is what it is: no choice, and no name that may stand for another."""
    return type(given) in _PLAIN or (isinstance(given, lt.Named) and given.name in lt.BASIC)


def is_nil(given: lt.Type | None) -> bool:
    """Whether a type is nil alone; asked so often that comparing whole types would count."""
    return isinstance(given, lt.Named) and given.name == "nil"


def expand(given: lt.Type | None, types: DeclaredTypes, depth: int = 0) -> tuple[lt.Type | None, ...]:
    """The members of a union, with aliases and enums as what they stand for; None is an unknown one."""
    if given is None or is_plain(given):
        return (given,)
    if depth > _MAX_DEPTH:
        return (None,)
    if isinstance(given, lt.Union):
        return tuple(each for member in given.members for each in expand(member, types, depth))
    if isinstance(given, lt.Named) and given.name not in lt.BASIC:
        alias = types.alias(given.name)
        if alias is not None:
            generics, meant = alias
            return (None,) if generics else expand(meant, types, depth + 1)
    if isinstance(given, lt.Template | lt.Variadic):
        return (None,)
    return (given,)


def has_nil(given: lt.Type | None, types: DeclaredTypes) -> bool:
    if is_plain(given):
        return is_nil(given)
    return lt.NIL in expand(given, types)


def without_nil(given: lt.Type | None) -> lt.Type | None:
    """A type of a value that is not nil; None when nothing is left or nothing is known."""
    if not isinstance(given, lt.Union):
        return None if is_nil(given) else given
    rest = [member for member in given.members if member != lt.NIL]
    return lt.union(rest) if rest else None


def basic_of(given: lt.Type, types: DeclaredTypes) -> str | None:
    """Which of Lua's types a value has; None when that is not certain."""
    match given:
        case lt.Literal(kind, _):
            return "number" if kind in _NUMBERS else kind
        case lt.Array() | lt.Tuple() | lt.Record() | lt.Shape():
            return "table"
        case lt.Function():
            return "function"
        case lt.Named(name):
            return _basic_of_name(name, types)
    return None


def _basic_of_name(name: str, types: DeclaredTypes) -> str | None:
    if name in _NUMBERS:
        return "number"
    if name.startswith(ENUM_TABLE):
        return "table"
    if name in lt.BASIC:
        return None if name in _OPEN else name
    if types.enums(name):
        values = types.enum_values(name)
        kinds = {basic_of(each, types) for each in lt.members_of_union(values)} if values is not None else set()
        return kinds.pop() if len(kinds) == 1 else None
    if not types.is_class(name):
        return None
    lineage, is_whole = types.lineage(name)
    bases = {_basic_of_name(each, types) for each in lineage if each in lt.BASIC}
    if bases:
        return bases.pop() if len(bases) == 1 else None
    if not is_whole or is_callable_class(name, types) is not False:
        return None
    return "table"


def is_callable_class(name: str, types: DeclaredTypes) -> bool | None:
    """Whether values of a class can be called; None when nobody can tell."""
    lineage, is_whole = types.lineage(name)
    for each in lineage:
        for declared in types.classes(each):
            declaration = declared.declaration
            if declaration.overloads or any(operator.operator == "call" for operator in declaration.operators):
                return True
    if "function" in lineage:
        return True
    # the catalogue's classes are tables of functions
    return False if is_whole else None


class Relations:
    """Fits and misfits by the types that a file knows. `generics` are names that stand for any type."""

    def __init__(self, types: DeclaredTypes, generics: frozenset[str] = frozenset()) -> None:
        self.types = types
        self.generics = generics

    def fits(self, actual: lt.Type | None, expected: lt.Type | None, depth: int = 0) -> bool:
        """Whether a value of type `actual` may be given where `expected` is wanted."""
        if actual is None or expected is None or actual == expected or depth > _MAX_DEPTH:
            return True
        wanted = expand(expected, self.types)
        for each in wanted:  # `any` would take longer than what it asks
            if self._is_open(each):
                return True
        given = expand(actual, self.types)
        for each in given:
            if self._is_open(each):
                return True
        return all(any(self._fits_one(one, other, depth) for other in wanted) for one in given)

    def _is_open(self, given: lt.Type | None) -> bool:
        """Whether nothing can be said of a type."""
        if given is None:
            return True
        if not isinstance(given, lt.Named) or given.name.startswith(ENUM_TABLE):
            return False
        name = given.name
        if name in _OPEN or name in self.generics:
            return True
        if name in lt.BASIC:
            return False
        return not (self.types.is_class(name) or self.types.enums(name))

    def _fits_one(self, actual: lt.Type | None, expected: lt.Type | None, depth: int) -> bool:
        if actual is None or expected is None or actual == expected:
            return True
        if isinstance(expected, lt.Literal):
            return self._fits_literal(actual, expected)
        if isinstance(expected, lt.Named) and self.types.enums(expected.name):
            return self._fits_enum(actual, expected.name, depth)
        if isinstance(actual, lt.Named) and self.types.enums(actual.name):
            return self._enum_fits(actual.name, expected, depth)
        first, second = basic_of(actual, self.types), basic_of(expected, self.types)
        if first is not None and second is not None and first != second:
            return False
        if (first in _SCALARS) != (second in _SCALARS) and (first in _SCALARS or second in _SCALARS):
            # one is a string or the like, the other a class or a function of which only that is certain
            return not self._is_certain(actual, expected)
        if isinstance(actual, lt.Literal) and isinstance(expected, lt.Named):
            return not (expected.name == "integer" and actual.kind == "number" and not _is_whole_number(actual.text))
        return self._fits_structure(actual, expected, depth)

    def _is_certain(self, actual: lt.Type, expected: lt.Type) -> bool:
        """Whether what is no scalar is a table or a function all the same."""
        for each in (actual, expected):
            if isinstance(each, lt.Named) and self.types.is_class(each.name):
                lineage, is_whole = self.types.lineage(each.name)
                if not is_whole or any(name in lt.BASIC for name in lineage):
                    return False
            elif basic_of(each, self.types) is None:
                return False
        return True

    def _fits_literal(self, actual: lt.Type, expected: lt.Literal) -> bool:
        if isinstance(actual, lt.Literal):
            if actual.kind == expected.kind:
                return actual.text == expected.text
            return {actual.kind, expected.kind} == _NUMBERS and _same_number(actual.text, expected.text)
        # a `string` may well be the one that is wanted
        kind = "number" if expected.kind in _NUMBERS else expected.kind
        basic = basic_of(actual, self.types)
        return basic is None or basic == kind

    def _fits_enum(self, actual: lt.Type, name: str, depth: int) -> bool:
        if isinstance(actual, lt.Named) and actual.name == name:
            return True
        values = self.types.enum_values(name)
        if isinstance(actual, lt.Named) and actual.name.startswith(ENUM_TABLE):
            return values is None or any(basic_of(each, self.types) == "table" for each in lt.members_of_union(values))
        return values is None or self.fits(actual, values, depth + 1)

    def _enum_fits(self, name: str, expected: lt.Type, depth: int) -> bool:
        values = self.types.enum_values(name)
        if values is None:
            return True
        # one of the values is there; which, nobody knows
        return any(self.fits(each, expected, depth + 1) for each in lt.members_of_union(values))

    def _fits_structure(self, actual: lt.Type, expected: lt.Type, depth: int) -> bool:
        match actual, expected:
            case lt.Named(name), lt.Named(other) if self.types.is_class(name) and self.types.is_class(other):
                return self._fits_class(name, other)
            case lt.Array(element), lt.Array(wanted):
                return self.fits(element, wanted, depth + 1)
            case lt.Named("table", (key, value)), lt.Named("table", (other_key, other_value)):
                return self.fits(key, other_key, depth + 1) and self.fits(value, other_value, depth + 1)
            case lt.Record(), lt.Record():
                return self._fits_record(actual, expected, depth)
        return True

    def _fits_class(self, name: str, wanted: str) -> bool:
        lineage, is_whole = self.types.lineage(name)
        if wanted in lineage or not is_whole:
            return True
        other, is_other_whole = self.types.lineage(wanted)
        # What is wanted may be what the value is: a narrower class than its variable says.
        return name in other or not is_other_whole

    def _fits_record(self, actual: lt.Record, expected: lt.Record, depth: int) -> bool:
        given = {each.name: each for each in actual.fields if each.name is not None}
        if any(each.name is None for each in actual.fields):
            return True
        for field in expected.fields:
            if field.name is None:
                continue
            found = given.get(field.name)
            if found is None:
                if not field.is_optional and field.type is not None and not self.fits(lt.NIL, field.type):
                    return False
            elif not self.fits(found.type, field.type, depth + 1):
                return False
        return True


def _is_whole_number(text: str) -> bool:
    try:
        return float(text).is_integer()
    except ValueError:
        return True


def _same_number(first: str, second: str) -> bool:
    try:
        return float(int(first, 0) if "x" in first.lower() else first) == float(
            int(second, 0) if "x" in second.lower() else second
        )
    except ValueError:
        return True


def widened(given: lt.Type | None) -> lt.Type | None:
    """The type that a variable has which first got a literal."""
    if isinstance(given, lt.Literal):
        return lt.Named(given.kind)
    if isinstance(given, lt.Union):
        parts = [widened(member) for member in given.members]
        return lt.union([part for part in parts if part is not None])
    return given

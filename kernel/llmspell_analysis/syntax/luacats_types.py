"""Types as LuaCATS writes them: plain data, and how they are shown."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Literal as OneOf


@dataclass(frozen=True, slots=True)
class Named:
    """A type by its name: `string`, `Agent`, `table<string, number>`; also a generic's parameter."""

    name: str
    arguments: tuple[Type, ...] = ()
    start: int = field(default=-1, compare=False)
    end: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class Literal:
    """A single value; `text` is its value for a string, and as Lua writes it for anything else."""

    kind: OneOf["string", "integer", "number", "boolean"]
    text: str


@dataclass(frozen=True, slots=True)
class Union:
    """A choice of two or more types, none of which is a union."""

    members: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class Array:
    """`T[]`."""

    element: Type


@dataclass(frozen=True, slots=True)
class Tuple:
    """`[A, B]`."""

    elements: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class RecordField:
    """`name: T` or `[K]: T` of a record; one of `name` and `key` is None."""

    name: str | None
    key: Type | None
    type: Type | None
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """`{ a: T, b?: U, [K]: V }`."""

    fields: tuple[RecordField, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A name in backticks: the type whose name a string argument gives, or what a variable holds."""

    name: str


@dataclass(frozen=True, slots=True)
class Variadic:
    """`T...`: any number of values."""

    element: Type | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """`type` is None where nothing is said. A parameter named `...` takes the rest."""

    name: str
    type: Type | None = None
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Generic:
    """`T` or `T: Constraint`."""

    name: str
    constraint: Type | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """`fun(a: A, b?: B): R`, and what annotations say of a function. `returns` is None where nothing is said.

    `api_name` is the name of a function of the API ("Tool.execute").
    """

    parameters: tuple[Parameter, ...]
    returns: tuple[Type | None, ...] | None = None
    is_async: bool = False
    overloads: tuple[Function, ...] = ()
    generics: tuple[Generic, ...] = ()
    is_deprecated: bool = False
    is_nodiscard: bool = False
    api_name: str = ""

    @property
    def is_vararg(self) -> bool:
        return bool(self.parameters) and self.parameters[-1].name == "..."


@dataclass(frozen=True, slots=True)
class Shape:
    """A table that code makes and gives fields to: of the variable and path of fields that `origin` says.

    `analysis` has the tables of the text that it is in; two shapes of the same origin are the same.
    """

    origin: Hashable
    analysis: object = field(compare=False, default=None)


Type = Named | Literal | Union | Array | Tuple | Record | Template | Variadic | Function | Shape

NIL = Named("nil")
BOOLEAN_VALUES = {"true": Literal("boolean", "true"), "false": Literal("boolean", "false")}
BASIC = frozenset(
    {
        *("nil", "any", "unknown", "boolean", "string", "number", "integer", "table", "function", "thread"),
        *("userdata", "lightuserdata", "self", "void", "never"),
    }
)


def union(members: list[Type] | tuple[Type, ...]) -> Type:
    """The choice between types, flat and without doubles."""
    flat: dict[Type, None] = {}
    for member in members:
        for each in member.members if isinstance(member, Union) else (member,):
            flat[each] = None
    return next(iter(flat)) if len(flat) == 1 else Union(tuple(flat))


def members_of_union(given: Type) -> tuple[Type, ...]:
    return given.members if isinstance(given, Union) else (given,)


def shown(given: Type | None, limit: int = 80) -> str:
    """A type for a message."""
    written = _written(given)
    return written if len(written) <= limit else written[: limit - 1] + "…"


def _written(given: Type | None) -> str:
    match given:
        case None:
            return "unknown"
        case Named(name, arguments):
            return f"{name}<{', '.join(map(_written, arguments))}>" if arguments else name
        case Literal("string", text):
            return f'"{text}"'
        case Literal(_, text):
            return text
        case Union():
            return _written_union(given)
        case Array(element):
            inner = _written(element)
            return f"({inner})[]" if isinstance(element, Union | Function) else f"{inner}[]"
        case Tuple(elements):
            return f"[{', '.join(map(_written, elements))}]"
        case Record(fields):
            return "{" + ", ".join(_written_field(each) for each in fields) + "}"
        case Template(name):
            return f"`{name}`"
        case Variadic(element):
            return f"{_written(element)}..."
        case Shape():
            return "table"
        case Function(parameters, returns):
            inside = ", ".join(_written_parameter(each) for each in parameters)
            back = ", ".join(map(_written, returns or ()))
            return f"fun({inside}){': ' if back else ''}{back}"


def _written_union(given: Union) -> str:
    rest = [member for member in given.members if member != NIL]
    parts = [f"({_written(each)})" if isinstance(each, Function) else _written(each) for each in rest]
    if len(rest) == len(given.members):
        return "|".join(parts)
    return f"{parts[0]}?" if len(parts) == 1 else "|".join([*parts, "nil"])


def _written_field(given: RecordField) -> str:
    name = given.name if given.name is not None else f"[{_written(given.key)}]"
    return f"{name}{'?' if given.is_optional else ''}: {_written(given.type)}"


def _written_parameter(given: Parameter) -> str:
    name = given.name + ("?" if given.is_optional else "")
    return name if given.type is None else f"{name}: {_written(given.type)}"


def names_in(given: Type | None) -> Iterator[Named]:
    """Every type by name in a type, itself included."""
    pending = [given]
    while pending:
        match pending.pop():
            case Named() as named:
                yield named
                pending.extend(named.arguments)
            case Union(members) | Tuple(members):
                pending.extend(members)
            case Array(element) | Variadic(element):
                pending.append(element)
            case Record(fields):
                pending.extend(each for one in fields for each in (one.key, one.type))
            case Function() as function:
                pending.extend(each.type for each in function.parameters)
                pending.extend(function.returns or ())

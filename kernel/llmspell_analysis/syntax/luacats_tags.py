"""What each tag of LuaCATS says, as plain data. Offsets are bytes from the start of the comment's text."""

from __future__ import annotations

from dataclasses import dataclass

from llmspell_analysis.syntax.luacats_types import Function, Generic, Type

VISIBILITIES = frozenset({"private", "protected", "package", "public"})


@dataclass(frozen=True, slots=True)
class Tag:
    """`start`..`end` is the tag with its content; `name` the word after `@`."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ClassTag(Tag):
    class_name: str
    name_start: int
    name_end: int
    parents: tuple[Type, ...] = ()
    generics: tuple[Generic, ...] = ()
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AliasTag(Tag):
    """`type` is None until its cases follow in the lines `---|`."""

    alias_name: str
    name_start: int
    name_end: int
    generics: tuple[Generic, ...]
    type: Type | None


@dataclass(frozen=True, slots=True)
class EnumTag(Tag):
    enum_name: str
    name_start: int
    name_end: int
    is_key: bool


@dataclass(frozen=True, slots=True)
class FieldTag(Tag):
    """`field_name` is None for `[K]`, whose type is `key`. `type_start`..`type_end` is the type's text."""

    field_name: str | None
    name_start: int
    name_end: int
    key: Type | None
    type: Type | None
    type_start: int
    type_end: int
    is_optional: bool
    visibility: str
    description: str


@dataclass(frozen=True, slots=True)
class ParamTag(Tag):
    parameter: str
    name_start: int
    name_end: int
    type: Type | None
    type_start: int
    type_end: int
    is_optional: bool
    description: str


@dataclass(frozen=True, slots=True)
class ReturnTag(Tag):
    types: tuple[Type | None, ...]
    type_start: int
    type_end: int


@dataclass(frozen=True, slots=True)
class TypeTag(Tag):
    types: tuple[Type | None, ...]
    type_start: int
    type_end: int


@dataclass(frozen=True, slots=True)
class OverloadTag(Tag):
    function: Function | None


@dataclass(frozen=True, slots=True)
class GenericTag(Tag):
    generics: tuple[Generic, ...]


@dataclass(frozen=True, slots=True)
class CastTag(Tag):
    """`@cast name +T, -U`: `variable` as it is written, each type with `+`, `-` or nothing."""

    variable: str
    name_start: int
    name_end: int
    types: tuple[tuple[str, Type, int, int], ...]


@dataclass(frozen=True, slots=True)
class OperatorTag(Tag):
    operator: str
    name_start: int
    name_end: int
    operand: Type | None
    result: Type | None


@dataclass(frozen=True, slots=True)
class VarargTag(Tag):
    type: Type | None


@dataclass(frozen=True, slots=True)
class Problem:
    """`unknown` is the tag that nobody knows, if that is the problem."""

    start: int
    end: int
    message: str
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """The annotations of lines of comments that follow one another."""

    tags: tuple[Tag, ...] = ()
    problems: tuple[Problem, ...] = ()
    # lines that say something to people
    description: str = ""

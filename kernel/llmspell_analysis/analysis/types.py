"""Reading LuaCATS type texts of the catalogue: unions, optionals, arrays, records, literals, aliases.

Only what a certain answer needs; everything else has no members and no literals.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from llmspell_analysis.catalogue import Catalogue, Entry
from llmspell_analysis.syntax.luacats_type_parser import parse_type
from llmspell_analysis.syntax.luacats_types import (
    NIL,
    Array,
    Literal,
    Named,
    Record,
    Type,
    members_of_union,
    shown,
)

_STRING_LIBRARY = "stringlib"
_MAX_ALIAS_DEPTH = 8
_WHOLE = 1_000_000

parsed = lru_cache(maxsize=4096)(parse_type)


def written(given: Type) -> str:
    """A type as text that says it all."""
    return shown(given, _WHOLE)


def alternatives(text: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The members of a union, aliases expanded and marks of optionality removed; "nil" is left out."""
    return tuple(written(part) for part in _alternatives(text, catalogue))


def _alternatives(text: str, catalogue: Catalogue) -> list[Type]:
    given = parsed(text)
    return [] if given is None else [part for part in _expand(given, catalogue, _MAX_ALIAS_DEPTH) if part != NIL]


def _expand(given: Type, catalogue: Catalogue, depth: int) -> Iterator[Type]:
    for part in members_of_union(given):
        alias = catalogue.aliases.get(part.name) if isinstance(part, Named) else None
        meant = parsed(alias) if alias is not None and depth > 0 else None
        if meant is not None:
            yield from _expand(meant, catalogue, depth - 1)
        else:
            yield part


def _only(text: str, catalogue: Catalogue) -> Type | None:
    """The one type that a text names; None for a choice between several."""
    parts = _alternatives(text, catalogue)
    return parts[0] if len(parts) == 1 else None


def string_literals(text: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The strings that a type names: `"a"|"b"` gives a and b."""
    parts = _alternatives(text, catalogue)
    return tuple(part.text for part in parts if isinstance(part, Literal) and part.kind == "string")


def class_of(text: str, catalogue: Catalogue) -> Entry | None:
    """The one class that a type names; None for anything else and for a choice between several."""
    part = _only(text, catalogue)
    return catalogue.classes.get(part.name) if isinstance(part, Named) else None


def members_of(text: str, catalogue: Catalogue) -> Mapping[str, Entry]:
    """Fields and methods of a value of this type; of a string, its methods."""
    part = _only(text, catalogue)
    if isinstance(part, Named):
        found = catalogue.classes.get(_STRING_LIBRARY if part.name == "string" else part.name)
        return found.members if found is not None else {}
    return _record(part) if isinstance(part, Record) else {}


@lru_cache(maxsize=512)
def _record(given: Record) -> Mapping[str, Entry]:
    return {
        each.name: Entry(
            name=each.name,
            qualified_name=each.name,
            kind="field",
            type=(written(each.type) if each.type is not None else "any") + ("?" if each.is_optional else ""),
            parameters=(),
            returns=(),
            description="",
            deprecated=False,
            members={},
        )
        for each in given.fields
        if each.name is not None and each.name.isidentifier()
    }


def element_of(text: str, catalogue: Catalogue) -> str:
    """The type of `value[i]`: of `T[]` and `table<K, V>`; "" when unknown."""
    match _only(text, catalogue):
        case Array(element):
            return written(element)
        case Named("table", (_, value)):
            return written(value)
    return ""

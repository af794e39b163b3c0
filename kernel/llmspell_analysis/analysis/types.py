"""Reading LuaCATS type texts of the catalogue: unions, optionals, arrays, records, literals, aliases.

Only what a certain answer needs; everything else has no members and no literals.
"""

from collections.abc import Mapping
from functools import lru_cache

from llmspell_analysis.catalogue import Catalogue, Entry

_OPEN, _CLOSE = "([{<", ")]}>"
_STRING_LIBRARY = "stringlib"
_MAX_ALIAS_DEPTH = 8


@lru_cache(maxsize=4096)
def split_top(text: str, separator: str) -> tuple[str, ...]:
    """Parts of `text` between separators that stand outside brackets and quotes."""
    parts: list[str] = []
    depth = 0
    quote = ""
    start = 0
    for index, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in _OPEN:
            depth += 1
        elif char in _CLOSE:
            depth -= 1
        elif char == separator and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    parts.append(text[start:].strip())
    return tuple(part for part in parts if part)


def alternatives(text: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The members of a union, aliases expanded and marks of optionality removed; "nil" is left out."""
    return tuple(part for part in _expand(text, catalogue, _MAX_ALIAS_DEPTH) if part != "nil")


def _expand(text: str, catalogue: Catalogue, depth: int) -> tuple[str, ...]:
    parts: list[str] = []
    for raw in split_top(text, "|"):
        part = raw.removesuffix("?")
        if part in catalogue.aliases and depth > 0:
            parts.extend(_expand(catalogue.aliases[part], catalogue, depth - 1))
        elif part.startswith("(") and part.endswith(")") and depth > 0:
            parts.extend(_expand(part[1:-1], catalogue, depth - 1))
        else:
            parts.append(part)
    return tuple(parts)


def string_literals(text: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The strings that a type names: `"a"|"b"` gives a and b."""
    return tuple(part[1:-1] for part in alternatives(text, catalogue) if part[:1] in ('"', "'"))


def class_of(text: str, catalogue: Catalogue) -> Entry | None:
    """The one class that a type names; None for anything else and for a choice between several."""
    parts = alternatives(text, catalogue)
    if len(parts) != 1:
        return None
    return catalogue.classes.get(parts[0])


def members_of(text: str, catalogue: Catalogue) -> Mapping[str, Entry]:
    """Fields and methods of a value of this type; of a string, its methods."""
    parts = alternatives(text, catalogue)
    if len(parts) != 1:
        return {}
    part = parts[0]
    if part in catalogue.classes:
        return catalogue.classes[part].members
    if part == "string":
        return catalogue.classes[_STRING_LIBRARY].members if _STRING_LIBRARY in catalogue.classes else {}
    if part.startswith("{") and part.endswith("}"):
        return _record(part)
    return {}


@lru_cache(maxsize=512)
def _record(text: str) -> Mapping[str, Entry]:
    members: dict[str, Entry] = {}
    for part in split_top(text[1:-1], ","):
        name, colon, field_type = part.partition(":")
        name = name.strip()
        if colon and name.isidentifier():
            members[name] = Entry(
                name=name,
                qualified_name=name,
                kind="field",
                type=field_type.strip(),
                parameters=(),
                returns=(),
                description="",
                deprecated=False,
                members={},
            )
    return members


def element_of(text: str, catalogue: Catalogue) -> str:
    """The type of `value[i]`: of `T[]` and `table<K, V>`; "" when unknown."""
    parts = alternatives(text, catalogue)
    if len(parts) != 1:
        return ""
    part = parts[0]
    if part.endswith("[]"):
        return part[:-2]
    if part.startswith("table<") and part.endswith(">"):
        inner = split_top(part[6:-1], ",")
        return inner[1] if len(inner) == 2 else ""
    return ""

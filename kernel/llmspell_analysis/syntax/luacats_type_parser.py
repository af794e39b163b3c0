"""Reads types as LuaCATS writes them.

The parser never raises. Offsets are characters of the text that it reads; a comment is decoded as Latin-1, so that
they are bytes. What it cannot read as a type is None, which nobody may draw a conclusion from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmspell_analysis.syntax.luacats_types import (
    BOOLEAN_VALUES,
    NIL,
    Array,
    Function,
    Generic,
    Literal,
    Named,
    Parameter,
    Record,
    RecordField,
    Template,
    Tuple,
    Type,
    Variadic,
    union,
)

# Deeper nesting is written by programs.
_MAX_DEPTH = 40

NAME = re.compile(r"[A-Za-z_\x80-\xff](?:[A-Za-z0-9_*\x80-\xff]|[.\-](?=[A-Za-z0-9_\x80-\xff]))*")
_NUMBER = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?)")
_STRING = re.compile(r"'((?:[^'\\\r\n]|\\.)*)'|\"((?:[^\"\\\r\n]|\\.)*)\"")
_TEMPLATE = re.compile(r"`([^`\r\n]*)`")
_BLANKS = re.compile(r"[ \t]*")
# between brackets a type may go on in the next line of the comment
_BLANKS_AND_LINES = re.compile(r"(?:[ \t]|\r?\n[ \t]*---)*")


def decoded(name: str) -> str:
    """A name that was read from a comment decoded as Latin-1."""
    return name.encode("latin-1", "replace").decode("utf-8", "replace")


class TypeParser:
    """Reads types from `text` at `position`, which moves on. A method gives None when there is no type."""

    def __init__(self, text: str, position: int = 0, end: int | None = None) -> None:
        self.text = text
        self.position = position
        self.end = len(text) if end is None else end
        self.depth = 0

    # --- characters ------------------------------------------------------------------------------------------

    def skip(self) -> None:
        pattern = _BLANKS_AND_LINES if self.depth else _BLANKS
        found = pattern.match(self.text, self.position, self.end)
        if found is not None:
            self.position = found.end()

    def peek(self, wanted: str) -> bool:
        self.skip()
        return self.text.startswith(wanted, self.position, self.end)

    def take(self, wanted: str) -> bool:
        if not self.peek(wanted):
            return False
        self.position += len(wanted)
        return True

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        self.skip()
        found = pattern.match(self.text, self.position, self.end)
        if found is not None:
            self.position = found.end()
        return found

    def open(self, bracket: str) -> bool:
        if self.depth >= _MAX_DEPTH or not self.take(bracket):
            return False
        self.depth += 1
        return True

    def close(self, bracket: str) -> bool:
        taken = self.take(bracket)
        self.depth -= 1
        return taken

    # --- types -----------------------------------------------------------------------------------------------

    def type(self) -> Type | None:
        """A union of types, or one."""
        self.take("|")
        first = self._postfixed()
        if first is None:
            return None
        members = [first]
        while self.peek("|"):
            before = self.position
            self.take("|")
            following = self._postfixed()
            if following is None:
                self.position = before
                break
            members.append(following)
        if self.peek("&"):
            return self._intersection(members)
        return union(members)

    def _intersection(self, members: list[Type]) -> Type | None:
        """`A & B`: read, and known to nobody here."""
        while self.take("&"):
            following = self._postfixed()
            if following is None:
                return None
            members.append(following)
        return Named("unknown", tuple(members))

    def _postfixed(self) -> Type | None:
        found = self._primary()
        for _ in range(_MAX_DEPTH):
            if found is None:
                break
            if self.text.startswith("[]", self.position, self.end):
                self.position += 2
                found = Array(found)
            elif self.text.startswith("...", self.position, self.end):
                self.position += 3
                found = Variadic(found)
            elif self.text.startswith("?", self.position, self.end):
                self.position += 1
                found = union([found, NIL])
            else:
                break
        return found

    def _primary(self) -> Type | None:
        self.skip()
        if self.depth >= _MAX_DEPTH:
            return None
        character = self.text[self.position : self.position + 1] if self.position < self.end else ""
        if character == "(":
            return self._parenthesized()
        if character == "{":
            return self._record()
        if character == "[":
            return self._tuple()
        if character in ("'", '"'):
            found = self.match(_STRING)
            if found is None:
                return None
            body = found.group(1) if found.group(1) is not None else found.group(2)
            if len(body) > 1 and body[0] == body[-1] and body[0] in "'\"":
                body = body[1:-1]  # `'"name"'`, the older way
            return Literal("string", decoded(body))
        if character == "`":
            found = self.match(_TEMPLATE)
            return Template(decoded(found.group(1))) if found is not None else None
        if self.text.startswith("...", self.position, self.end):
            self.position += 3
            element = self._primary()
            return Variadic(element)
        if (number := self.match(_NUMBER)) is not None:
            return Literal("number" if "." in number.group() else "integer", number.group())
        return self._named()

    def _named(self) -> Type | None:
        found = self.match(NAME)
        if found is None:
            return None
        name = found.group()
        if name == "async" and self.peek("fun"):
            self.position += 3
            return self._function(is_async=True)
        if name == "fun" and (self.peek("(") or self.peek("<")):
            return self._function(is_async=False)
        if name in BOOLEAN_VALUES:
            return BOOLEAN_VALUES[name]
        arguments: tuple[Type, ...] = ()
        end = found.end()
        if self.text.startswith("<", self.position, self.end) and self.open("<"):
            arguments = tuple(each for each in self._list(">") if each is not None)
            if not self.close(">"):
                return None
        return Named(decoded(name), arguments, found.start(), end)

    def _list(self, closing: str) -> Iterator[Type | None]:
        while self.position < self.end and not self.peek(closing):
            before = self.position
            yield self.type()
            if not self.take(",") or self.position == before:
                return

    def _parenthesized(self) -> Type | None:
        if not self.open("("):
            return None
        inner = self.type()
        return inner if self.close(")") else None

    def _tuple(self) -> Type | None:
        if not self.open("["):
            return None
        elements = list(self._list("]"))
        if not self.close("]") or None in elements:
            return None
        return Tuple(tuple(each for each in elements if each is not None))

    def _record(self) -> Type | None:
        if not self.open("{"):
            return None
        fields: list[RecordField] = []
        while self.position < self.end and not self.peek("}"):
            before = self.position
            one = self._record_field()
            if one is None:
                self.depth -= 1
                return None
            fields.append(one)
            if not (self.take(",") or self.take(";")) or self.position == before:
                break
        return Record(tuple(fields)) if self.close("}") else None

    def _record_field(self) -> RecordField | None:
        found: re.Match[str] | None = None
        key: Type | None
        name: str | None
        if self.open("["):
            key = self.type()
            if not self.close("]"):
                return None
            name = key.text if isinstance(key, Literal) and key.kind == "string" else None
        else:
            found = self.match(NAME)
            if found is None:
                return None
            name, key = decoded(found.group()), None
        is_optional = self.take("?")
        if not self.take(":"):
            # without a type it is JSDoc, or half a record
            return RecordField(name, key, None, is_optional) if key is not None else None
        return RecordField(name, None if name is not None else key, self.type(), is_optional)

    def _function(self, is_async: bool) -> Type | None:
        generics = self.generics() if self.peek("<") else ()
        if not self.open("("):
            return None
        parameters: list[Parameter] = []
        while self.position < self.end and not self.peek(")"):
            before = self.position
            name = "..." if self.take("...") else None
            if name is None and (found := self.match(NAME)) is not None:
                name = decoded(found.group())
            if name is None:
                break
            is_optional = self.take("?")
            given = self.type() if self.take(":") else None
            parameters.append(Parameter(name, given, is_optional))
            if not self.take(",") or self.position == before:
                break
        if not self.close(")"):
            return None
        returns = self._returns() if self.take(":") else ()
        return Function(tuple(parameters), returns, is_async, generics=generics)

    def _returns(self) -> tuple[Type | None, ...]:
        before = self.position
        if self.open("("):  # `fun(): (name: A, other: B)`, or one type in parentheses
            several = list(self._named_returns(")"))
            closed = self.close(")")
            follows = self.text[self.position : self.position + 1]
            if closed and (len(several) != 1 or follows not in ("[", "?", "|")):
                return tuple(several)
            self.position = before
        return tuple(self._named_returns(""))

    def _named_returns(self, closing: str) -> Iterator[Type | None]:
        while self.position < self.end and not (closing and self.peek(closing)):
            before = self.position
            found = self.match(NAME)
            if found is None or not self.take(":"):
                self.position = before
            given = self.type()
            if given is None:
                self.position = before
                return
            yield given
            comma = self.position
            if not self.take(","):
                return
            if not closing and not self._begins_type():
                self.position = comma
                return

    def _begins_type(self) -> bool:
        self.skip()
        return self.position < self.end and self.text[self.position] not in ")]}>,"

    def generics(self) -> tuple[Generic, ...]:
        """`<K, V: Constraint>`."""
        if not self.open("<"):
            return ()
        found = tuple(self.generic_list(">"))
        self.close(">")
        return found

    def generic_list(self, closing: str = "") -> Iterator[Generic]:
        """`K, V: Constraint`."""
        while self.position < self.end and not (closing and self.peek(closing)):
            name = self.match(NAME)
            if name is None:
                return
            self.take("...")
            constraint = self.type() if self.take(":") or self.take("extends ") else None
            yield Generic(decoded(name.group()), constraint)
            if not self.take(","):
                return


def parse_type(text: str) -> Type | None:
    """A type from text that holds nothing else; None for any other text."""
    latin = text.encode("utf-8", "surrogatepass").decode("latin-1")
    parser = TypeParser(latin)
    found = parser.type()
    parser.skip()
    return found if parser.position == len(latin) else None

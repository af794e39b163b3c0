"""LuaCATS annotations of a comment: what each `---@tag` says, as plain data.

The parser never raises. Offsets are bytes from the start of the comment's text; every range lies in it and is not
empty. What a tag does not say right is a problem of the block; the rest of the block is read all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from llmspell_analysis.syntax.luacats_tags import (
    VISIBILITIES,
    AliasTag,
    Block,
    CastTag,
    ClassTag,
    EnumTag,
    FieldTag,
    GenericTag,
    OperatorTag,
    OverloadTag,
    ParamTag,
    Problem,
    ReturnTag,
    Tag,
    TypeTag,
    VarargTag,
)
from llmspell_analysis.syntax.luacats_type_parser import NAME, TypeParser, decoded
from llmspell_analysis.syntax.luacats_types import (
    Function,
    Generic,
    Type,
    Variadic,
    union,
)

# Tags without a content that anybody here reads.
_PLAIN = frozenset(
    {
        *("deprecated", "nodiscard", "async", "meta", "private", "protected", "package", "public", "diagnostic"),
        *("see", "source", "version", "module", "namespace", "using", "export", "language", "readonly", "internal"),
        *("author", "license", "copyright", "usage", "tparam", "treturn", "since", "todo", "note", "example"),
        *("description", "constructor", "mapping", "schema", "return_overload", "return_cast", "summary", "within"),
        *("table", "function", "event", "local", "static", "fixme", "section", "type_name", "name", "raise"),
    }
)


_LINE = re.compile(r"[ \t]*--(-?)(?!-)[ \t]*(?:@([A-Za-z_][\w\-]*)|(\|))?")
_LINE_BREAK = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)?")
_LONG = re.compile(r"--\[(=*)\[[ \t]*@([A-Za-z_][\w\-]*)")
_REST_OF_LINE = re.compile(r"[^\r\n]*")
_FLAGS = re.compile(r"\(([^)\r\n]*)\)")
_ALIAS_CASE_MARK = re.compile(r"[ \t]*[+>]?[ \t]*")
_CAST_NAME = re.compile(r"[A-Za-z_][\w.:\[\]\"']*")
_OPERATOR = re.compile(r"[A-Za-z_]\w*")
_DESCRIPTION = re.compile(r"[ \t]*(?:[#:@]|--)?[ \t]*")
_PARAMETER = re.compile(r"\.\.\.|" + NAME.pattern)


def parse_block(data: bytes) -> Block:
    """The annotations of comment lines, or of one long comment."""
    reader = _Reader(data.decode("latin-1"))
    reader.read()
    return Block(tuple(reader.tags), tuple(reader.problems), "\n".join(reader.lines))


@dataclass(slots=True)
class _Reader:
    text: str
    tags: list[Tag] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def read(self) -> None:
        long = _LONG.match(self.text)
        if long is not None:
            end = self.text.rfind("]" + long.group(1) + "]")
            self._tag(long.group(2), long.start(2) - 1, long.end(2), end if end > long.end(2) else len(self.text))
            return
        position = 0
        while position < len(self.text):
            position = self._line(position)

    def _line(self, position: int) -> int:
        """Reads one line; gives where the next begins, which is later for a type of several lines."""
        line = _REST_OF_LINE.match(self.text, position)
        end = line.end() if line is not None else len(self.text)
        found = _LINE.match(self.text, position, end)
        if found is not None and found.group(1) and found.group(2):
            end = max(end, self._tag(found.group(2), found.start(2) - 1, found.end(2), end))
        elif found is not None and found.group(1) and found.group(3):
            self._alias_case(found.end(), end)
        elif found is not None and found.group(1):
            self.lines.append(decoded(self.text[found.end() : end]))
        after = _LINE_BREAK.match(self.text, end)
        return max(after.end() if after is not None else end, position + 1)

    def _tag(self, name: str, start: int, after: int, end: int) -> int:
        parser = TypeParser(self.text, after, end)
        parser.end = len(self.text)
        # A type may go on in the next lines while one of its brackets is open; names and words stay in the line.
        content = _Content(self, name, start, end, parser)
        reader = _READERS.get(name)
        if reader is not None:
            reader(content)
        elif name in _PLAIN:
            self.tags.append(Tag(name, start, self._stripped(start, end)))
        else:
            self.tags.append(Tag(name, start, self._stripped(start, end)))
            self.problems.append(Problem(start, start + len(name) + 1, f"There is no annotation `@{name}`", name))
        return min(parser.position, len(self.text))

    def _stripped(self, start: int, end: int) -> int:
        return max(start + len(self.text[start:end].rstrip()), start + 1)

    def _alias_case(self, start: int, end: int) -> None:
        """`---| "value" # what it means`."""
        last = self.tags[-1] if self.tags else None
        mark = _ALIAS_CASE_MARK.match(self.text, start, end)
        parser = TypeParser(self.text, mark.end() if mark is not None else start, end)
        found = parser.type()
        if found is None:
            return
        stop = max(parser.position, start + 1)
        if isinstance(last, AliasTag | ParamTag):
            joined = found if last.type is None else union([last.type, found])
            self.tags[-1] = replace(last, end=stop, type=joined)


@dataclass(slots=True)
class _Content:
    """What stands after a tag's name in its line."""

    reader: _Reader
    name: str
    start: int
    end: int
    parser: TypeParser

    def add(self, tag: Tag) -> None:
        self.reader.tags.append(tag)

    def problem(self, message: str) -> None:
        stop = self.reader._stripped(self.start, self.end)
        self.reader.problems.append(Problem(self.start, stop, message))

    def word(self, pattern: re.Pattern[str] = NAME) -> re.Match[str] | None:
        """A name in this line."""
        self.parser.skip()
        if self.parser.position >= self.end:
            return None
        found = pattern.match(self.reader.text, self.parser.position, self.end)
        if found is not None:
            self.parser.position = found.end()
        return found

    def type(self) -> Type | None:
        """A type that begins in this line."""
        self.parser.skip()
        if self.parser.position >= self.end:
            return None
        before = self.parser.position
        found = self.parser.type()
        if found is None:
            self.parser.position = before
        return found

    def is_jsdoc(self) -> bool:
        """`@param {type} name`: of another tool."""
        rest = self.reader.text[self.parser.position : self.end].lstrip()
        closing = rest.find("}")
        return rest.startswith("{") and closing > 0 and ":" not in rest[:closing]

    def flags(self) -> frozenset[str]:
        found = self.word(_FLAGS)
        return frozenset(found.group(1).replace(",", " ").split()) if found is not None else frozenset()

    def types(self) -> list[Type | None]:
        """`A, B`; with a name after each, as results have it."""
        found: list[Type | None] = []
        while True:
            one = self.type()
            if one is None:
                return found
            if self.name == "return" and self.parser.position < self.end and self.parser.take("..."):
                one = Variadic(one)
            found.append(one)
            if self.parser.position > self.end:  # the type went on in further lines
                self.end = self.line_end()
            if self.name == "return":
                self.word()
            if self.parser.position >= self.end or not self.parser.take(","):
                return found

    def line_end(self) -> int:
        found = _REST_OF_LINE.match(self.reader.text, self.parser.position)
        return found.end() if found is not None else self.end

    def description(self) -> str:
        end = self.line_end() if self.parser.position > self.end else self.end
        mark = _DESCRIPTION.match(self.reader.text, self.parser.position, end)
        return decoded(self.reader.text[mark.end() if mark is not None else self.parser.position : end])

    def name_of(self, what: str) -> re.Match[str] | None:
        """The word that has to follow; its absence is a problem."""
        found = self.word()
        if found is None:
            self.problem(f"{what} needs a name")
        return found

    def stop(self) -> int:
        return self.reader._stripped(self.start, max(self.end, self.parser.position))


def _class(content: _Content) -> None:
    flags = content.flags()
    name = content.name_of("A class")
    if name is None:
        return
    generics = content.parser.generics() if content.parser.position < content.end else ()
    parents: list[Type | None] = []
    if content.parser.position < content.end and content.parser.take(":"):
        parents = content.types()
        if not parents:
            content.problem(f"After `:` stands what `{decoded(name.group())}` inherits from")
    known = tuple(each for each in parents if each is not None)
    content.add(
        ClassTag(
            content.name,
            content.start,
            content.stop(),
            decoded(name.group()),
            name.start(),
            name.end(),
            known,
            generics,
            flags,
        )
    )


def _alias(content: _Content) -> None:
    flags = content.flags()
    name = content.name_of("An alias")
    if name is None:
        return
    generics = content.parser.generics() if content.reader.text[name.end() : name.end() + 1] == "<" else ()
    given = None if "key" in flags else content.type()
    span = (content.start, content.stop(), decoded(name.group()), name.start(), name.end())
    content.add(AliasTag(content.name, *span, generics, given))


def _enum(content: _Content) -> None:
    flags = content.flags()
    name = content.name_of("An enum")
    if name is None:
        return
    span = (content.start, content.stop(), decoded(name.group()), name.start(), name.end())
    content.add(EnumTag(content.name, *span, "key" in flags))


def _field(content: _Content) -> None:
    parser = content.parser
    content.flags()
    visibility = "public"
    before = parser.position
    word = content.word()
    if word is not None and word.group() in VISIBILITIES:
        rest = content.reader.text[word.end() : content.end].lstrip()
        if rest[:1] == "[" or NAME.match(rest) is not None:
            visibility = word.group()
            before = word.end()
    parser.position = before
    parser.skip()
    name_start = parser.position
    key: Type | None = None
    name: str | None = None
    if parser.position < content.end and parser.open("["):
        key = parser.type()
        closed = parser.close("]")
        if key is None or not closed:
            content.problem("A field needs a name or `[type]`")
            return
        name_end = parser.position
    else:
        found = content.word()
        if found is None and (number := content.word(re.compile(r"\d+"))) is not None:
            found = number
        if found is None:
            content.problem("A field needs a name")
            return
        name, name_end = decoded(found.group()), found.end()
    is_optional = parser.position < content.end and parser.text.startswith("?", parser.position)
    parser.position += is_optional
    parser.skip()
    if name is not None and parser.text.startswith(":", parser.position):
        parser.position += 1
        parser.skip()
    type_start = parser.position
    given = content.type()
    if given is None:
        content.problem(f"The field `{name or 'in brackets'}` needs a type")
    type_end = parser.position
    content.add(
        FieldTag(
            content.name,
            content.start,
            content.stop(),
            name,
            name_start,
            name_end,
            key,
            given,
            type_start,
            type_end,
            is_optional,
            visibility,
            content.description(),
        )
    )


def _param(content: _Content) -> None:
    parser = content.parser
    name = content.word(_PARAMETER)
    if name is None:
        if not content.is_jsdoc():
            content.problem("A parameter needs a name")
        return
    is_optional = parser.position < content.end and parser.text.startswith("?", parser.position)
    parser.position += is_optional
    parser.skip()
    type_start = parser.position
    given = content.type()
    if given is None:
        content.problem(f"The parameter `{decoded(name.group())}` needs a type")
    content.add(
        ParamTag(
            content.name,
            content.start,
            content.stop(),
            decoded(name.group()),
            name.start(),
            name.end(),
            given,
            type_start,
            parser.position,
            is_optional,
            content.description(),
        )
    )


def _types(content: _Content) -> None:
    content.parser.skip()
    type_start = content.parser.position
    found = tuple(content.types())
    make: type[ReturnTag] | type[TypeTag] = ReturnTag if content.name == "return" else TypeTag
    if not found and (make is TypeTag or content.reader.text[type_start : content.end].strip()):
        if not content.is_jsdoc():
            content.problem(f"`@{content.name}` needs a type whose brackets are closed")
        if make is TypeTag:
            return
        found = (None,)  # something is said, and nobody knows what
    content.add(make(content.name, content.start, content.stop(), found, type_start, content.parser.position))


def _overload(content: _Content) -> None:
    given = content.type()
    if given is None:
        content.problem("`@overload` needs `fun(…)`")
    function = given if isinstance(given, Function) else None
    content.add(OverloadTag(content.name, content.start, content.stop(), function))


def _generic(content: _Content) -> None:
    found: list[Generic] = []
    while (name := content.word()) is not None:
        content.parser.take("...")
        constraint = content.type() if content.parser.position < content.end and content.parser.take(":") else None
        found.append(Generic(decoded(name.group()), constraint))
        if content.parser.position >= content.end or not content.parser.take(","):
            break
    if not found:
        content.problem("`@generic` needs a name")
    content.add(GenericTag(content.name, content.start, content.stop(), tuple(found)))


def _cast(content: _Content) -> None:
    name = content.word(_CAST_NAME)
    types: list[tuple[str, Type, int, int]] = []
    parser = content.parser
    while parser.position < content.end:
        sign = "+" if parser.take("+") else "-" if parser.take("-") else ""
        parser.skip()
        start = parser.position
        if sign and parser.position < content.end and parser.take("?"):
            given: Type | None = TypeParser("nil").type()
        else:
            given = content.type()
        if given is None:
            break
        types.append((sign, given, start, max(parser.position, start + 1)))
        if parser.position >= content.end or not parser.take(","):
            break
    if name is None:
        if not types:
            content.problem("`@cast` needs a variable and a type")
        return
    span = (content.start, content.stop(), decoded(name.group()), name.start(), name.end())
    content.add(CastTag(content.name, *span, tuple(types)))


def _operator(content: _Content) -> None:
    name = content.word(_OPERATOR)
    if name is None:
        content.problem("`@operator` needs the name of an operation")
        return
    parser = content.parser
    operand = None
    if parser.position < content.end and parser.open("("):
        operand = parser.type()
        parser.close(")")
    result = content.type() if parser.position < content.end and parser.take(":") else None
    span = (content.start, content.stop(), name.group(), name.start(), name.end())
    content.add(OperatorTag(content.name, *span, operand, result))


def _vararg(content: _Content) -> None:
    content.add(VarargTag(content.name, content.start, content.stop(), content.type()))


KNOWN_TAGS = _PLAIN | {"alias", "as", "cast", "class", "enum", "field", "generic", "operator", "overload", "param"}
KNOWN_TAGS |= {"return", "type", "vararg"}
_READERS: dict[str, Callable[[_Content], None]] = {
    "alias": _alias,
    "as": _types,
    "cast": _cast,
    "class": _class,
    "enum": _enum,
    "field": _field,
    "generic": _generic,
    "interface": _class,
    "operator": _operator,
    "overload": _overload,
    "param": _param,
    "return": _types,
    "type": _types,
    "vararg": _vararg,
}

"""Renders Handlebars templates: expressions, sub-expressions, blocks (`if`, `unless`, `each`, `with`, a name),
`else` and `else if`, block parameters, comments, white space control. A block's tag on
a line of its own leaves no line.

Written here because pybars3, the only maintained library, builds Python code from the template without escaping
`[…]` path segments: a template could run any code. This one walks a tree and knows only JSON values.

Invariant: output is HTML escaped except in `{{{…}}}` and `{{&…}}`; a path that leads nowhere is an error.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from .output import ToolError

MAX_DEPTH = 100
_TAG = re.compile(r"\{\{!--.*?--\}\}|\{\{\{(~?[^}]*)\}\}\}|\{\{(~?[^}]*)\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"[^"]*"|'[^']*')|(?P<number>-?\d+(?:\.\d+)?(?=[\s)]|$))"""
    r"""|(?P<bracket>[()])|(?P<path>(?:@|\.\./|\[[^\]]*\]|[^\s()="'{}|])+))"""
)
_REST_OF_LINE = re.compile(r"[ \t]*(?:\r?\n|\Z)")
_BLOCK_NAMES = re.compile(r"\s+as\s+\|\s*([\w\s]+?)\s*\|$")
_SEGMENT = re.compile(r"\[([^\]]*)\]|([^./\[\]]+)")
_LITERALS = {"true": True, "false": False, "null": None, "undefined": None}


@dataclass(slots=True)
class _Text:
    text: str


@dataclass(slots=True)
class _Expression:
    parts: list[Any]
    raw: bool


@dataclass(slots=True)
class _Block:
    name: str
    parts: list[Any]
    inverted: bool
    names: tuple[str, ...] = ()  # each xs as |item index|
    chained: bool = False  # an `else if`, closed together with the block it continues
    body: list[Any] = field(default_factory=list)
    alternative: list[Any] = field(default_factory=list)
    in_alternative: bool = False

    @property
    def open_list(self) -> list[Any]:
        return self.alternative if self.in_alternative else self.body


@dataclass(frozen=True, slots=True)
class _Path:
    text: str


@dataclass(frozen=True, slots=True)
class _Scope:
    value: Any
    parent: "_Scope | None" = None
    data: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, Any] = field(default_factory=dict)


def render(template: str, context: Mapping[str, Any]) -> Iterator[str]:
    """The rendered text, in pieces. Raises ToolError that names the tag or variable."""
    scope = _Scope(context)
    return _render(_parse(template), scope, 0)


def _parse(template: str) -> list[Any]:
    root = _Block("", [], False)
    stack = [root]
    position = 0
    strip_next = False
    for found in _TAG.finditer(template):
        text = template[position : found.start()]
        inner = found.group(1) if found.group(1) is not None else found.group(2)
        content = (inner or "").strip()
        text, after = _standalone(template, found, text, content if inner is not None else "!")
        position = after
        if strip_next:
            text = text.lstrip()
        if content.startswith("~"):
            text, content = text.rstrip(), content[1:].strip()
        strip_next = content.endswith("~")
        content = content.removesuffix("~").strip()
        if text:
            stack[-1].open_list.append(_Text(text))
        if inner is not None:
            _parse_tag(content, found.group(1) is not None, stack)
    if len(stack) > 1:
        name = next(block.name for block in reversed(stack) if not block.chained)
        raise ToolError(f"{{{{#{name}}}}} is not closed", "invalid_template")
    rest = template[position:]
    if "{{" in rest:
        raise ToolError(f"'{rest[rest.index('{{') :][:40]}' is not closed with }}}}", "invalid_template")
    root.body.append(_Text(rest.lstrip() if strip_next else rest))
    return root.body


def _standalone(template: str, tag: re.Match[str], text: str, content: str) -> tuple[str, int]:
    """The text before a tag and where to go on after it, without the line of a block's tag that has its own."""
    line = template.rfind("\n", 0, tag.start()) + 1
    margin = template[line : tag.start()]
    rest = _REST_OF_LINE.match(template, tag.end())
    is_block = content[:1] in {"#", "/", "^", "!"} or content.split(" ", 1)[0] == "else"
    if not is_block or rest is None or margin.strip(" \t") or len(margin) > len(text):
        return text, tag.end()
    return text[: len(text) - len(margin)], rest.end()


def _parse_tag(content: str, raw: bool, stack: list[_Block]) -> None:
    if not content:
        raise ToolError("{{}} is empty", "invalid_template")
    mark, rest = content[0], content[1:].strip()
    if mark == "!":
        return
    if mark == ">":
        raise ToolError(f"partial '{rest}' cannot be used: there are no partials here", "invalid_template")
    if mark == "/":
        _close_block(rest, stack)
    elif content == "^" or content.split(None, 1)[0] == "else":
        _parse_else(content, stack)
    elif mark in "#^":
        _open_block(rest, stack, inverted=mark == "^")
    elif mark == "&":
        stack[-1].open_list.append(_Expression(_expression(rest), True))
    else:
        stack[-1].open_list.append(_Expression(_expression(content), raw))


def _close_block(name: str, stack: list[_Block]) -> None:
    while stack[-1].chained:
        stack.pop()
    if stack[-1].name != name or len(stack) == 1:
        raise ToolError(f"{{{{/{name}}}}} does not close anything", "invalid_template")
    stack.pop()


def _parse_else(content: str, stack: list[_Block]) -> None:
    if len(stack) == 1 or stack[-1].in_alternative:
        raise ToolError(f"{{{{{content}}}}} outside a block", "invalid_template")
    stack[-1].in_alternative = True
    if condition := content.removeprefix("else").strip(" ^"):
        _open_block(condition, stack, inverted=False)
        stack[-1].chained = True


def _open_block(text: str, stack: list[_Block], *, inverted: bool) -> None:
    found = _BLOCK_NAMES.search(text)
    parts = _expression(text[: found.start()] if found else text)
    if not isinstance(parts[0], _Path):
        raise ToolError(f"{{{{#{text}}}}}: a block needs a name", "invalid_template")
    block = _Block(parts[0].text, parts, inverted, tuple(found[1].split()) if found else ())
    stack[-1].open_list.append(block)
    stack.append(block)
    if len(stack) > MAX_DEPTH:
        raise ToolError(f"blocks are nested deeper than {MAX_DEPTH}", "too_large")


def _expression(text: str) -> list[Any]:
    """A call: its name and arguments; sub-expressions are lists of the same form."""
    stack: list[list[Any]] = [[]]
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise ToolError(f"{{{{{text}}}}} cannot be read at '{text[position:][:20]}'", "invalid_template")
        position = found.end()
        if bracket := found["bracket"]:
            if bracket == "(":
                stack.append([])
            elif len(stack) == 1:
                raise ToolError(f"{{{{{text}}}}} has a ) too many", "invalid_template")
            else:
                inner = stack.pop()
                stack[-1].append(inner)
        elif (string := found["string"]) is not None:
            stack[-1].append(string[1:-1])
        elif (number := found["number"]) is not None:
            stack[-1].append(float(number) if "." in number else int(number))
        else:
            path = found["path"]
            stack[-1].append(_LITERALS[path] if path in _LITERALS else _Path(path))
        if len(stack) > MAX_DEPTH:
            raise ToolError(f"{{{{{text[:40]}…}}}} is nested deeper than {MAX_DEPTH}", "too_large")
    if len(stack) > 1 or not stack[0]:
        raise ToolError(f"{{{{{text}}}}} is not complete", "invalid_template")
    return stack[0]


def _render(nodes: list[Any], scope: _Scope, depth: int) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, _Text):
            yield node.text
        elif isinstance(node, _Expression):
            text = _shown(_value(node.parts, scope))
            yield text if node.raw else escape(text)
        else:
            yield from _render_block(node, scope, depth + 1)


def _render_block(block: _Block, scope: _Scope, depth: int) -> Iterator[str]:
    body, alternative = block.body, block.alternative
    if block.inverted:
        body, alternative = alternative, body
    name, arguments = block.name, block.parts[1:]
    if name in _BLOCKS:
        if len(arguments) != 1:
            raise ToolError(f"{{{{#{name}}}}} needs one argument", "invalid_template")
        value = _value(arguments, scope) if isinstance(arguments[0], list) else _argument(arguments[0], scope)
    else:
        value = _value(block.parts, scope)
    if name == "unless":
        value = not _truth(value)
    if name == "each" or (name not in _BLOCKS and isinstance(value, list)):
        yield from _render_each(value, block, scope, depth)
    elif not _truth(value):
        yield from _render(alternative, scope, depth)
    elif name in {"if", "unless"} or value is True:
        yield from _render(body, scope, depth)
    else:
        names = dict(zip(block.names, (value,), strict=False))
        yield from _render(body, _Scope(value, scope, names=names), depth)


def _render_each(value: Any, block: _Block, scope: _Scope, depth: int) -> Iterator[str]:
    body, alternative = block.body, block.alternative
    if block.inverted:
        body, alternative = alternative, body
    if not value:
        yield from _render(alternative, scope, depth)
        return
    if not isinstance(value, (list, dict)):
        raise ToolError("{{#each}} needs a list or a table", "invalid_template")
    items = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for index, (key, item) in enumerate(items):
        data = {"index": index, "key": key, "first": index == 0, "last": index == len(items) - 1}
        names = dict(zip(block.names, (item, key), strict=False))
        yield from _render(body, _Scope(item, scope, data, names), depth)


def _value(parts: list[Any], scope: _Scope) -> Any:
    head = parts[0]
    if isinstance(head, list):
        return _value(head, scope)
    if isinstance(head, _Path) and head.text in _HELPERS and (len(parts) > 1 or not _has(head.text, scope)):
        arguments = [_argument(each, scope) for each in parts[1:]]
        try:
            return _HELPERS[head.text](*arguments)
        except (TypeError, IndexError, KeyError) as error:
            raise ToolError(f"helper '{head.text}': {error}", "invalid_template") from None
    if len(parts) > 1:
        raise ToolError(f"there is no helper '{getattr(head, 'text', head)}'", "invalid_template")
    return _argument(head, scope)


def _argument(part: Any, scope: _Scope) -> Any:
    if isinstance(part, list):
        return _value(part, scope)
    return _resolve(part.text, scope) if isinstance(part, _Path) else part


def _has(name: str, scope: _Scope) -> bool:
    return isinstance(scope.value, dict) and name in scope.value


def _resolve(path: str, scope: _Scope) -> Any:
    rest = path
    while rest.startswith(("../", "@../")):
        mark, rest = ("@", rest[4:]) if rest.startswith("@") else ("", rest[3:])
        rest = mark + rest
        if scope.parent is None:
            raise ToolError(f"'{path}' leads out of the template's context", "undefined_variable")
        scope = scope.parent
    if rest in {"..", ".", "this", ""}:
        return (scope.parent or scope).value if rest == ".." else scope.value
    segments = [first or second for first, second in _SEGMENT.findall(rest)]
    value = scope.value
    if rest.startswith("@"):
        name = segments.pop(0)[1:]
        value = _from_data(name, path, scope)
    elif segments and segments[0] == "this":
        segments.pop(0)
    elif segments and (holder := _named(segments[0], scope)) is not None:
        value = holder.names[segments.pop(0)]
    for segment in segments:
        value = _member(value, segment, path)
    return value


def _named(name: str, scope: _Scope) -> _Scope | None:
    """The innermost scope whose block named a parameter so."""
    current: _Scope | None = scope
    while current is not None:
        if name in current.names:
            return current
        current = current.parent
    return None


def _from_data(name: str, path: str, scope: _Scope) -> Any:
    current: _Scope | None = scope
    while current is not None:
        if name == "root" and current.parent is None:
            return current.value
        if name in current.data:
            return current.data[name]
        current = current.parent
    raise ToolError(f"'{path}' is not defined here", "undefined_variable")


def _member(value: Any, segment: str, path: str) -> Any:
    if isinstance(value, dict) and segment in value:
        return value[segment]
    if isinstance(value, list):
        if segment == "length":
            return len(value)
        if segment.isdigit() and int(segment) < len(value):
            return value[int(segment)]
    raise ToolError(f"variable '{path}' is not defined in the context", "undefined_variable")


def _truth(value: Any) -> bool:
    return bool(value)


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return ",".join(_shown(item) for item in value)
        case dict():
            return "[object]"
    return str(value)


_BLOCKS = frozenset({"if", "unless", "each", "with"})
_HELPERS: dict[str, Callable[..., Any]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "gt": lambda left, right: left > right,
    "gte": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "lte": lambda left, right: left <= right,
    "and": lambda *values: all(values),
    "or": lambda *values: any(values),
    "not": lambda value: not value,
    "len": len,
    "lookup": lambda value, key: value[int(key) if isinstance(value, list) else key],
}

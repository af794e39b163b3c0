"""Breakpoints by the name of a function: stops at the first statement of the functions that a text defines by it.

Names are those of the text: ``f`` for ``function f`` and ``local f = function``, ``M.f`` for ``function M.f`` and
``M = { f = function }``, ``M:f`` as ``M.f``. What a module returns is also known by the module's name.

Invariant: a breakpoint is verified exactly when a text that defines its function carries a probe for it.
"""

import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tree_sitter import Node

from ..protocol.ldp import MAX_INTEGER, RequestError, list_argument, response
from ..runtime.globals import GLOBALS
from .breakpoint import Breakpoint
from .breakpoints import MAX_BREAKPOINTS, BreakpointTable
from .probes import Placement, ProbePoint, parse

Respond = Callable[[dict[str, Any]], None]
Request = Mapping[str, Any]

_NAME = re.compile(r"[A-Za-z_]\w*(\s*[.:]\s*[A-Za-z_]\w*)*", re.ASCII)
_IDENTIFIER = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_FUNCTIONS = frozenset({"function_declaration", "function_definition"})
_VOID = frozenset({"comment", "empty_statement"})
# what a chunk returns, in the place of a name
_RETURNED = "?"
# its own probe point is its condition, which is reached again with each round
_REPEATED = frozenset({"while_statement", "label_statement"})
_STANDARD_LIBRARIES = frozenset({"coroutine", "io", "math", "os", "package", "string", "table", "utf8"})
_STANDARD_FUNCTIONS = re.compile(
    "assert|collectgarbage|dofile|error|getmetatable|ipairs|load|loadfile|next|pairs|pcall|print|rawequal|rawget|rawlen"
    "|rawset|require|select|setmetatable|tonumber|tostring|type|warn|xpcall"
)


@dataclass(frozen=True, slots=True)
class Definition:
    """A function of a text: the names that it has there, and the point of its first statement."""

    names: frozenset[str]
    point: ProbePoint


def normalized(name: str) -> str | None:
    """A function's name without blanks, ``:`` as ``.``; None for what is no name."""
    name = name.strip().removesuffix("()").rstrip()
    if not _NAME.fullmatch(name):
        return None
    return re.sub(r"\s*[.:]\s*", ".", name).removeprefix("_G.")


def definitions(text: bytes, placement: Placement, module: str | None = None) -> list[Definition]:
    """The functions of a text that have names. ``module`` is the name that its file is required by."""
    root = parse(text)
    returned = _returned(root)
    returned_name = returned and _path(returned)
    points = sorted((point for of_line in placement.points.values() for point in of_line), key=lambda one: one.offset)
    found = []
    for path, function in _named_functions(root, returned):
        point = _entry(function, text, points)
        if point is not None:
            found.append(Definition(_names(path, returned_name, module), point))
    return found


def _names(path: str, returned_name: str | None, module: str | None) -> frozenset[str]:
    names = {path.removeprefix(_RETURNED).removeprefix(".").removeprefix("_G.")}
    for base in (_RETURNED, returned_name):
        if module and base and (path == base or path.startswith(base + ".")):
            names.add(module + path[len(base) :])
    return frozenset(names - {""})


def _returned(root: Node) -> Node | None:
    """The one value that the chunk returns at its end."""
    last = next((one for one in reversed(root.named_children) if one.type not in _VOID), None)
    if last is None or last.type != "return_statement" or not last.named_children:
        return None
    values = last.named_children[0].named_children
    return values[0] if len(values) == 1 else None


def _named_functions(root: Node, returned: Node | None) -> Iterator[tuple[str, Node]]:
    """Functions with the paths of names by which the text defines them."""
    # paths of the values that have one, by the value's node
    paths: dict[int, str] = {} if returned is None else {returned.id: _RETURNED}
    # Pre-order, without recursion: generated files nest deeper than Python's stack.
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type == "function_declaration" and (name := node.child_by_field_name("name")):
            paths[node.id] = _path(name) or ""
        elif node.type == "assignment_statement":
            paths.update((value.id, path) for target, value in _assigned(node) if (path := _path(target)))
        elif node.type == "table_constructor":
            prefix = paths[node.id] + "." if node.id in paths else ""
            paths.update((value.id, prefix + key) for key, value in _fields(node))
        if node.type in _FUNCTIONS and (path := paths.get(node.id)):
            yield path, node
        stack.extend(reversed(node.children))


def _assigned(statement: Node) -> Iterator[tuple[Node, Node]]:
    lists = [one for one in statement.named_children if one.type in ("variable_list", "expression_list")]
    if len(lists) == 2:
        targets = [one for one in lists[0].named_children if one.type != "attribute"]
        yield from zip(targets, lists[1].named_children, strict=False)


def _fields(constructor: Node) -> Iterator[tuple[str, Node]]:
    for field in constructor.named_children:
        name, value = field.child_by_field_name("name"), field.child_by_field_name("value")
        if field.type == "field" and name is not None and value is not None and (key := _key(name)):
            yield key, value


def _key(node: Node) -> str | None:
    """A field's key where it is a name, written as one or as a string."""
    text = node.text or b""
    if node.type == "string":
        content = node.child_by_field_name("content")
        text = (content.text or b"") if content else b""
    return text.decode() if node.type in ("identifier", "string") and _IDENTIFIER.fullmatch(text) else None


def _path(node: Node) -> str | None:
    """``a.b.c`` of what is written as names and fields; None for other expressions."""
    keys: list[str] = []
    while node.type != "identifier":
        field = node.child_by_field_name("field") or node.child_by_field_name("method")
        table, key = node.child_by_field_name("table"), _key(field) if field else None
        if table is None or key is None:
            return None
        keys.append(key)
        node = table
    return ".".join(reversed([*keys, _key(node) or "?"]))


def _entry(function: Node, text: bytes, points: Sequence[ProbePoint]) -> ProbePoint | None:
    """Where a function begins: a point of its own in front of what is reached more than once in a call."""
    body = function.child_by_field_name("body")
    first = next((one for one in body.named_children if one.type not in _VOID), None) if body else None
    if first is not None and first.type in _REPEATED:
        line, byte_column = first.start_point[0] + 1, first.start_point[1]
        before = text[first.start_byte - byte_column : first.start_byte].decode("utf-8", "replace")
        column = len(before.encode("utf-16-le")) // 2 + 1
        return ProbePoint(line, column, column + 1, first.start_byte, "statement")
    parameters = function.child_by_field_name("parameters")
    start = first.start_byte if first else parameters.end_byte if parameters else function.start_byte
    inside = (one for one in points if start <= one.offset <= function.end_byte)
    return next(inside, None)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a client asked for: the name as it was given, as it is compared (None: no name), the rest, and who it is."""

    given: str
    name: str | None
    breakpoint: Breakpoint
    client: str


class FunctionBreakpoints:
    """Those of a session. ``table`` has their places; ``sources`` are texts that are known though not loaded yet.

    ``is_debugged`` says whether somebody could let a stopped script go on, ``place`` where a client finds a source.
    """

    def __init__(
        self,
        table: BreakpointTable,
        send_event: Callable[[str, dict[str, Any]], None],
        apply: Callable[[], None],
        sources: Callable[[], Sequence[str]],
        is_debugged: Callable[[], bool],
        *,
        place: Callable[[str], dict[str, Any]],
    ) -> None:
        self._table, self._send_event, self._apply = table, send_event, apply
        self._sources, self._is_debugged, self._place = sources, is_debugged, place
        self._lock = threading.Lock()
        self._wanted: tuple[_Wanted, ...] = ()
        # by source, what became of them there
        self._places: dict[str, list[Breakpoint]] = {}

    def handle(self, request: Request, respond: Respond) -> None:
        """``setFunctionBreakpoints``"""
        arguments = request.get("arguments")
        if not isinstance(arguments, dict):
            raise RequestError("arguments: expected an object")
        requests = list_argument(arguments, "breakpoints")
        if len(requests) > MAX_BREAKPOINTS:
            raise RequestError(f"breakpoints: {len(requests)} are more than {MAX_BREAKPOINTS}")
        for index, one in enumerate(requests):
            _check(one, f"breakpoints[{index}]")
        if requests and not self._is_debugged():
            raise RequestError("nobody debugs this session: attach first")
        own = self._set(requests, request["client"])
        self._apply()
        respond(response(request, {"breakpoints": [self._described(one) for one in own]}))

    def clear(self, client: str) -> None:
        """A client has left; the caller has the script's thread take over what remains."""
        self._set((), client)

    def _set(self, requests: Sequence[Mapping[str, Any]], client: str) -> Sequence[_Wanted]:
        kept: dict[str, dict[tuple[object, ...], Breakpoint]] = {}
        for one in self._wanted:
            if one.client == client:
                kept.setdefault(one.given, {})[one.breakpoint.key] = one.breakpoint
        own = tuple(self._parsed(one, kept.setdefault(one["name"], {}), client) for one in requests)
        self._wanted = (*(one for one in self._wanted if one.client != client), *own)
        # a text that is loaded meanwhile is asked after by the table, which has the new names then
        self._table.functions = self if self._wanted else None
        with self._lock:
            known = dict.fromkeys([*self._places, *self._sources()])
            self._places.clear()
        for source in known:
            try:
                self.resolved(source, self._table.resolve_functions(source), tell=False)
            except (OSError, ValueError):
                continue  # the text is gone, or is no script: nothing in it can stop
        return own

    def _parsed(self, request: Mapping[str, Any], kept: dict[tuple[object, ...], Breakpoint], client: str) -> _Wanted:
        parsed = self._table.parse({**request, "line": 0, "column": None, "logMessage": None}, kept)
        return _Wanted(request["name"], normalized(request["name"]), replace(parsed, function=True), client)

    # The table asks -----------------------------------------------------------------------------------------

    def in_text(self, source: str, text: bytes, placement: Placement) -> tuple[Placement, list[Breakpoint]]:
        wanted = [one for one in self._wanted if one.name is not None and one.breakpoint.complaint is None]
        if not wanted:
            return placement, []
        found: list[Breakpoint] = []
        entries: dict[tuple[int, int], ProbePoint] = {}
        for definition in definitions(text, placement, _module(source)):
            for one in wanted:
                if one.name in definition.names:
                    entries[definition.point.place] = definition.point
                    found.append(replace(one.breakpoint, requested=definition.point.place))
        return _with_points(placement, entries.values()), found

    def resolved(self, source: str, breakpoints: Sequence[Breakpoint], *, tell: bool = True) -> None:
        wanted = self._wanted
        before = [self._described(one) for one in wanted]
        with self._lock:
            self._places[source] = list(breakpoints)
        if not tell:
            return
        for old, new in zip(before, map(self._described, wanted), strict=True):
            if old != new:
                self._send_event("breakpoint", {"reason": "changed", "breakpoint": new})

    # What clients are told ----------------------------------------------------------------------------------

    def _described(self, wanted: _Wanted) -> dict[str, Any]:
        with self._lock:
            places = [
                (source, one)
                for source, breakpoints in self._places.items()
                for one in breakpoints
                if one.id == wanted.breakpoint.id
            ]
        places.sort(key=lambda at: not at[1].verified)
        body: dict[str, Any] = {"id": wanted.breakpoint.id, "verified": False}
        if not wanted.breakpoint.enabled:
            body["enabled"] = False
        if not places:
            return body | {"message": wanted.breakpoint.complaint or _absence(wanted)}
        source, first = places[0]
        body |= {"verified": first.verified, "line": first.line, "column": first.column}
        body["source"] = {"name": os.path.basename(source), **self._place(source)}
        if not first.verified and first.message:
            body["message"] = first.message
        elif len(places) > 1:
            at = ", ".join(f"{os.path.basename(path)}:{one.line}" for path, one in places)
            body["message"] = f"{len(places)} functions have this name: {at}"
        return body


def _absence(wanted: _Wanted) -> str:
    """Why a breakpoint is in no text."""
    if wanted.name is None:
        return f"{wanted.given!r} is no function's name: expected one as the text has it, like f, M.f or M:f"
    root, _, rest = wanted.name.partition(".")
    built_in = root in GLOBALS or root in _STANDARD_LIBRARIES
    if (rest and built_in) or _STANDARD_FUNCTIONS.fullmatch(wanted.name):
        return f"{wanted.given} is built in and has no text to stop in: set breakpoints where it is called"
    return f"no text that is loaded defines a function {wanted.given}: in force when one is loaded"


def _module(source: str) -> str | None:
    """The last name that ``require`` finds a file by."""
    folder, file = os.path.split(source)
    stem = os.path.splitext(file)[0]
    name = os.path.basename(folder) if stem == "init" else stem
    return name if _IDENTIFIER.fullmatch(os.fsencode(name)) else None


def _with_points(placement: Placement, entries: Iterable[ProbePoint]) -> Placement:
    """A placement with these points, where it has none at their places."""
    points = dict(placement.points)
    for one in entries:
        of_line = points.get(one.line, ())
        if all(known.place != one.place for known in of_line):
            points[one.line] = tuple(sorted((*of_line, one), key=lambda point: point.offset))
    return replace(placement, points=points)


def _check(value: object, field: str) -> None:
    """Raises RequestError where a function breakpoint has a field of a wrong type."""
    if not isinstance(value, dict):
        raise RequestError(f"{field}: expected an object")
    if not isinstance(value.get("name"), str):
        raise RequestError(f"{field}.name: expected a string, got {value.get('name')!r}")
    for name in ("condition", "hitCondition"):
        if not isinstance(value.get(name), str | None):
            raise RequestError(f"{field}.{name}: expected a string, got {value[name]!r}")
    if not isinstance(value.get("enabled"), bool | None):
        raise RequestError(f"{field}.enabled: expected true or false, got {value['enabled']!r}")
    count = value.get("ignoreCount")
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MAX_INTEGER):
        raise RequestError(f"{field}.ignoreCount: expected an integer from 0 to {MAX_INTEGER}, got {count!r}")

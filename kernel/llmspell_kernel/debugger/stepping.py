"""What clients ask of steps: over, in, out, into one call of a line, to a line; and the files that steps go through.

``debugger/lua/stepping.lua`` does them.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tree_sitter import Node

from ..protocol.ldp import RequestError, integer_argument, list_argument, response
from .probes import parse, place

Request = Mapping[str, Any]
Respond = Callable[[dict[str, Any]], None]

MAX_PATTERNS = 1000
# where package managers put what is not the user's
LIBRARY_PATTERNS = (
    "**/lua_modules/**",
    "**/.luarocks/**",
    "**/luarocks/**",
    "/usr/share/lua/**",
    "/usr/local/share/lua/**",
    "/opt/homebrew/share/lua/**",
)
_FUNCTIONS = frozenset({"function_declaration", "function_definition"})
# what statements and the conditions of compound ones are in
_HOLDERS = _FUNCTIONS | {
    "chunk",
    "block",
    "if_statement",
    "elseif_statement",
    "while_statement",
    "repeat_statement",
    "for_statement",
}
_GLOB = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
_GLOB_TEXTS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@dataclass(frozen=True, slots=True)
class SkipFiles:
    """Globs of paths; the last that matches decides, and one that begins with ``!`` takes a file out again."""

    patterns: tuple[tuple[re.Pattern[str], bool], ...] = ()

    def skips(self, path: str) -> bool:
        return next((skip for pattern, skip in reversed(self.patterns) if pattern.fullmatch(path)), False)


def skip_files_of(arguments: Mapping[str, Any]) -> SkipFiles:
    """``skipFiles`` and ``justMyCode`` of ``launch`` and ``attach``. Raises RequestError."""
    return _skip_files(arguments, "skipFiles", list_argument(arguments, "skipFiles", optional=True))


def _skip_files(arguments: Mapping[str, Any], field: str, patterns: Sequence[object]) -> SkipFiles:
    just_my_code = arguments.get("justMyCode")
    if not isinstance(just_my_code, bool | None):
        raise RequestError(f"justMyCode: expected true or false, got {just_my_code!r}")
    if len(patterns) > MAX_PATTERNS:
        raise RequestError(f"{field}: more than {MAX_PATTERNS} patterns")
    read = [_pattern(one) for one in LIBRARY_PATTERNS] if just_my_code else []
    for index, one in enumerate(patterns):
        if not isinstance(one, str) or not one.removeprefix("!"):
            raise RequestError(f"{field}[{index}]: expected a glob such as '**/vendor/**', got {one!r}")
        read.append(_pattern(one))
    return SkipFiles(tuple(read))


def _pattern(glob: str) -> tuple[re.Pattern[str], bool]:
    """A glob without a folder to begin at holds in any."""
    wanted = glob.removeprefix("!")
    if not wanted.startswith(("/", "**")):
        wanted = f"**/{wanted}"
    parts = (_GLOB_TEXTS.get(part) or re.escape(part) for part in _GLOB.findall(wanted))
    return re.compile("".join(parts), re.DOTALL), not glob.startswith("!")


# Steps ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StepInTarget:
    """A call of the line that is stopped at: what Lua names its function by (empty: nothing), and the how many-th with
    that name it is from there on; ``within``: the lines of the statements that the line belongs to."""

    label: str
    name: str
    count: int
    line: int
    column: int
    end_line: int
    end_column: int
    within: tuple[int, int]


class Steps:
    """What a session's steps depend on: which files they go through, the calls offered at this stop, the source that
    is run to.

    ``ask`` has the stopped thread answer, ``resume`` lets it go on in a mode with parameters; ``source_of`` gives the
    path that a chunk was loaded from, ``read_source`` the text of a path (it raises OSError or ValueError).
    """

    def __init__(
        self,
        ask: Callable[..., None],
        resume: Callable[..., None],
        source_of: Callable[[str], str | None],
        read_source: Callable[[str], bytes],
    ) -> None:
        self._ask = ask
        self._resume = resume
        self._source_of = source_of
        self._read_source = read_source
        self._targets: Mapping[int, StepInTarget] = {}
        self._run_to_path = ""
        self._skip_files: dict[str, SkipFiles] = {}  # by client
        self._skipped = SkipFiles()  # of the client whose step is under way

    def skip(self, client: str, files: SkipFiles) -> None:
        """What a client's steps go through, from the next one on."""
        self._skip_files[client] = files

    def clear(self, client: str) -> None:
        """A client has left."""
        self._skip_files.pop(client, None)

    def _begin(self, client: str) -> None:
        self._skipped = self._skip_files.get(client, SkipFiles())

    def attended(self, chunk_name: bytes) -> tuple[bool, bool]:
        """Called from Lua: whether steps go through a chunk, and whether it is of the source that is run to."""
        path = self._source_of(os.fsdecode(chunk_name))
        return path is not None and self._skipped.skips(path), path == self._run_to_path

    def set_skip_files(self, request: Request, respond: Respond) -> None:
        """``setSkipFiles {patterns, justMyCode?}``: in force from the next step on."""
        arguments = request.get("arguments") or {}
        self.skip(request["client"], _skip_files(arguments, "patterns", list_argument(arguments, "patterns")))
        respond(response(request, {}))

    def step(self, request: Request, respond: Respond) -> None:
        """``next``, ``stepIn``, ``stepOut``."""
        arguments = request.get("arguments") or {}
        granularity = arguments.get("granularity")
        if granularity not in (None, "statement", "line"):
            raise RequestError(f"granularity: steps are by 'line' or 'statement', got {granularity!r}")
        self._begin(request["client"])
        targets, self._targets = self._targets, {}
        if request["command"] != "stepIn" or arguments.get("targetId") is None:
            self._resume(request, respond)
            return
        number = integer_argument(arguments, "targetId")
        if number not in targets:
            self._targets = targets
            raise RequestError(f"targetId: this stop has no target {number}")
        target = targets[number]
        self._resume(request, respond, target.name.encode(), target.count, *target.within)

    def step_in_targets(self, request: Request, respond: Respond) -> None:
        """The calls of the line that a frame is at, in the order in which they are made. Only the top frame goes on
        there."""
        frame = integer_argument(request.get("arguments") or {}, "frameId")
        self._ask(request, respond, "position", [frame], self._offer_targets)

    def _offer_targets(self, position: Mapping[str, Any]) -> dict[str, Any]:
        path = self._source_of(position["source"])
        self._targets = {}
        if position["top"] and path is not None:
            try:
                self._targets = dict(enumerate(calls_on_line(self._read_source(path), position["line"]), 1))
            except OSError as error:
                raise RequestError(f"{path} cannot be read: {error.strerror}") from error
            except ValueError as error:
                raise RequestError(str(error)) from error
        return {"targets": [_described(number, one) for number, one in self._targets.items()]}

    def run_to(self, request: Request, respond: Respond) -> None:
        """``runTo {source, line}``: goes on until a line is reached, in whatever frame or coroutine that the stopped
        one calls, resumes or goes back to; breakpoints still stop."""
        arguments = request.get("arguments") or {}
        source = arguments.get("source")
        path = source.get("path") if isinstance(source, dict) else None
        if not isinstance(path, str) or not path or "\0" in path:
            raise RequestError(f"source.path: expected a path, got {path!r}")
        wanted, path = integer_argument(arguments, "line"), os.path.realpath(path)
        try:
            text = self._read_source(path)
        except OSError as error:
            raise RequestError(f"source.path: {path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise RequestError(f"source.path: {error}") from error
        point = place(text).locate(wanted, None)
        if point is None:
            raise RequestError(f"line: there is no code at or after line {wanted}")
        self._begin(request["client"])
        self._run_to_path = path
        self._resume(request, respond, point.line, *_lines_of_function(text, point.offset))


def _described(number: int, target: StepInTarget) -> dict[str, Any]:
    return {
        "id": number,
        "label": target.label,
        "line": target.line,
        "column": target.column,
        "endLine": target.end_line,
        "endColumn": target.end_column,
    }


def calls_on_line(text: bytes, line: int) -> list[StepInTarget]:
    """The calls that begin on a line of a text, without those in the bodies of functions that begin there too."""
    row, found, counts = line - 1, [], dict[str, int]()
    calls, first, last = _calls_of_statements(parse(text), row)
    for node in calls:
        function = node.child_by_field_name("name")
        if function is None:
            continue
        name = _called_name(function)
        counts[name] = counts.get(name, 0) + 1
        begin, end = node.start_point, node.end_point
        if function.start_point[0] != row:
            continue
        label = _text(function).replace("\n", " ")
        found.append(
            StepInTarget(
                label if len(label) <= 60 else label[:59] + "…",
                name,
                counts[name],
                begin[0] + 1,
                _column(text, node.start_byte, begin[1]),
                end[0] + 1,
                _column(text, node.end_byte, end[1]),
                (first + 1, last + 1),
            )
        )
    return found


def _calls_of_statements(root: Node, row: int) -> tuple[Sequence[Node], int, int]:
    """The calls of the statements that touch a row, from those on that may still be made when it is reached first; and
    the first and last row of these statements."""
    outermost = _innermost_function(root, row)
    spans = [_statement(node) for node in _calls(outermost, row, row)]
    first = min((one.start_point[0] for one in spans), default=row)
    last = max((one.end_point[0] for one in spans), default=row)
    calls = list(_calls(outermost, first, last))
    begins = next((index for index, node in enumerate(calls) if node.start_point[0] == row), 0) if first < row else 0
    return calls[begins:], first, last


def _statement(node: Node) -> Node:
    """The statement of an expression, without the blocks that belong to it."""
    while node.parent is not None and node.parent.type not in _HOLDERS:
        node = node.parent
    return node


def _calls(outermost: Node, first: int, last: int) -> Iterator[Node]:
    """The calls of a function that touch some rows, each behind those that give it its function and arguments."""
    stack: list[tuple[Node, bool]] = [(outermost, False)]
    while stack:
        node, is_done = stack.pop()
        if is_done:
            yield node
            continue
        if node is not outermost and (
            node.type in _FUNCTIONS or node.end_point[0] < first or node.start_point[0] > last
        ):
            continue
        if node.type == "function_call":
            stack.append((node, True))
        stack.extend((child, False) for child in reversed(node.children))


def _innermost_function(root: Node, row: int) -> Node:
    """The innermost function that begins above a row and ends at it or below; the text itself when there is none."""
    found = node = root
    while True:
        inside = (one for one in node.children if one.start_point[0] <= row <= one.end_point[0])
        # a node that begins above the row holds whatever the row is in
        node = next((one for one in inside if one.start_point[0] < row), None)  # type: ignore[assignment]
        if node is None:
            return found
        if node.type in _FUNCTIONS:
            found = node


def _called_name(function: Node) -> str:
    """What Lua says that a called function is named, from the instruction of the call."""
    last = function.child_by_field_name("method") or function.child_by_field_name("field") or function
    return _text(last) if last.type == "identifier" else ""


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _column(text: bytes, offset: int, byte_column: int) -> int:
    before = text[offset - byte_column : offset].decode("utf-8", "replace")
    return len(before.encode("utf-16-le")) // 2 + 1


def _lines_of_function(text: bytes, offset: int) -> tuple[int, int]:
    """The lines on which the innermost function around a statement begins and ends, as Lua counts them: 0 and 0 for
    the chunk."""
    root = parse(text)
    node = root.descendant_for_byte_range(offset, offset + 1)
    while node is not None:
        # a function that begins at the statement is the statement
        if node.type in _FUNCTIONS and node.start_byte < offset:
            return node.start_point[0] + 1, node.end_point[0] + 1
        node = node.parent
    return 0, 0

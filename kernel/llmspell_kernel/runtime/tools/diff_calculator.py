"""The tool `diff-calculator`: what differs between two texts or two JSON values.

Invariant: no comparison is started that would take longer than a few seconds; texts and values beyond the limits are
refused. Files are read inside the allowed folders only.
"""

import difflib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..values import Value
from .confinement import read_file
from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext

MAX_BYTES = 4 * 1024 * 1024
MAX_LINES = 20_000
# Pairs of equal lines are what difflib's time grows with.
MAX_PAIRS = 2_000_000
MAX_SECONDS = 3.0
MAX_CHANGES = 100_000
MAX_DEPTH = 100


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    if parameters["type"] == "json":
        return _json_diff(_value("old", parameters, context), _value("new", parameters, context))
    old, new = _text("old", parameters, context), _text("new", parameters, context)
    return _text_diff(old, new, parameters["format"])


def _text(side: str, parameters: Parameters, context: ToolContext) -> str:
    text: str | None = parameters.get(f"{side}_text")
    if text is None:
        text = _file(side, "text", parameters, context)
    if len(text) > MAX_BYTES:
        raise ToolError(f"the {side} text is larger than the limit of {MAX_BYTES} bytes", "too_large")
    return text


def _value(side: str, parameters: Parameters, context: ToolContext) -> Any:
    given = parameters.get(f"{side}_json")
    name = f"parameter '{side}_json'"
    if given is None:
        given, name = _file(side, "json", parameters, context), f"file '{parameters.get(f'{side}_file')}'"
    if not isinstance(given, str):
        return given
    if len(given) > MAX_BYTES:
        raise ToolError(f"{name} is larger than the limit of {MAX_BYTES} bytes", "too_large")
    try:
        return json.loads(given)
    except (ValueError, RecursionError) as error:
        raise ToolError(f"{name} is not JSON: {error}", "invalid_input") from None


def _file(side: str, kind: str, parameters: Parameters, context: ToolContext) -> str:
    path = parameters.get(f"{side}_file")
    if path is None:
        raise ToolError(
            f"missing parameter '{side}_{kind}' or '{side}_file', which type '{kind}' needs", "invalid_parameters"
        )
    return read_file(path, context.allowed_roots, MAX_BYTES).decode("utf-8", "surrogateescape")


def _text_diff(old: str, new: str, form: str) -> ToolOutput:
    before, after = old.splitlines(), new.splitlines()
    _refuse_slow(before, after)
    _changes(before, after)  # the two formats of difflib itself have no limit of time
    result: Value = {
        "type": "text",
        "format": form,
        "diff": "\n".join(_FORMATS[form](before, after)),
        "stats": {"old_lines": len(before), "new_lines": len(after)},
    }
    return envelope("text_diff", result, "The texts are equal" if before == after else "The texts differ")


def _refuse_slow(before: Sequence[str], after: Sequence[str]) -> None:
    if max(len(before), len(after)) > MAX_LINES:
        raise ToolError(f"a text has more than {MAX_LINES} lines", "too_large")
    counts: dict[str, int] = {}
    for line in after:
        counts[line] = counts.get(line, 0) + 1
    # difflib leaves out the lines that are very frequent in a long text.
    popular = len(after) // 100 + 1 if len(after) >= 200 else len(after)
    pairs = sum(counts[line] for line in before if line in counts and counts[line] <= popular)
    if pairs > MAX_PAIRS:
        raise ToolError(
            f"the texts have too many equal lines to be compared ({pairs} pairs, the limit is {MAX_PAIRS})", "too_large"
        )


def _unified(before: Sequence[str], after: Sequence[str]) -> Iterable[str]:
    return difflib.unified_diff(before, after, "old", "new", lineterm="")


def _context(before: Sequence[str], after: Sequence[str]) -> Iterable[str]:
    return difflib.context_diff(before, after, "old", "new", lineterm="")


def _inline(before: Sequence[str], after: Sequence[str]) -> Iterable[str]:
    """Every line of both: unchanged ones behind two spaces, others behind their sign."""
    for tag, i1, i2, j1, j2 in _changes(before, after):
        if tag == "equal":
            yield from (f"  {line}" for line in before[i1:i2])
        else:
            yield from (f"- {line}" for line in before[i1:i2])
            yield from (f"+ {line}" for line in after[j1:j2])


def _simple(before: Sequence[str], after: Sequence[str]) -> Iterable[str]:
    """The lines that differ, each behind its sign and line number."""
    for tag, i1, i2, j1, j2 in _changes(before, after):
        if tag != "equal":
            yield from (f"-{number}: {before[number - 1]}" for number in range(i1 + 1, i2 + 1))
            yield from (f"+{number}: {after[number - 1]}" for number in range(j1 + 1, j2 + 1))


Changes = list[tuple[str, int, int, int, int]]


class _LimitedMatcher(difflib.SequenceMatcher[str]):
    """A matcher that gives up after MAX_SECONDS; between two of its steps, of which MAX_PAIRS is the limit."""

    def __init__(self, before: Sequence[str], after: Sequence[str]) -> None:
        self._end = time.monotonic() + MAX_SECONDS
        super().__init__(None, before, after)

    def find_longest_match(self, *args: Any) -> difflib.Match:
        if time.monotonic() > self._end:
            raise ToolError(f"the comparison took longer than {MAX_SECONDS:g} s and was stopped", "timeout")
        return super().find_longest_match(*args)


def _changes(before: Sequence[str], after: Sequence[str]) -> Changes:
    return list(_LimitedMatcher(before, after).get_opcodes())


_FORMATS: Mapping[str, Callable[[Sequence[str], Sequence[str]], Iterable[str]]] = {
    "unified": _unified,
    "context": _context,
    "inline": _inline,
    "simple": _simple,
}


def _json_diff(old: Any, new: Any) -> ToolOutput:
    found: dict[str, dict[str, Value]] = {"added": {}, "removed": {}, "modified": {}, "unchanged": {}}
    _compare(old, new, "", 0, found)
    counts: dict[str, Value] = {kind: len(entries) for kind, entries in found.items()}
    differ = any(found[kind] for kind in ("added", "removed", "modified"))
    summary: dict[str, Value] = {**counts, "identical": not differ}
    diff: dict[str, Value] = dict(found)
    result: Value = {"type": "json", "diff": diff, "summary": summary}
    return envelope("json_diff", result, "The values differ" if differ else "The values are equal")


def _compare(old: Any, new: Any, path: str, depth: int, found: dict[str, dict[str, Value]]) -> None:
    """Enter what becomes of each value by its path: `user.names[0]`, "" for the whole."""
    if depth > MAX_DEPTH:
        raise ToolError(f"the values are nested deeper than {MAX_DEPTH} levels", "too_large")
    children = _children(old, path), _children(new, path)
    if type(old) is type(new) and any(children):
        for place in dict.fromkeys((*children[0], *children[1])):
            if place not in children[1]:
                _enter(found, "removed", place, children[0][place])
            elif place not in children[0]:
                _enter(found, "added", place, children[1][place])
            else:
                _compare(children[0][place], children[1][place], place, depth + 1, found)
    elif _equal(old, new):
        _enter(found, "unchanged", path, old)
    else:
        _enter(found, "modified", path, {"old": old, "new": new})


def _children(value: Any, path: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return {f"{path}.{key}" if path else key: item for key, item in sorted(value.items())}
    return {f"{path}[{index}]": item for index, item in enumerate(value)} if isinstance(value, list) else {}


def _enter(found: dict[str, dict[str, Value]], kind: str, path: str, value: Any) -> None:
    found[kind][path] = value
    if len(found[kind]) > MAX_CHANGES:
        raise ToolError(f"the values have more than {MAX_CHANGES} {kind} entries", "too_large")


def _equal(old: Any, new: Any) -> bool:
    # Python takes true for 1; Lua and JSON do not.
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    if old == {} and new == []:
        return True  # an empty table of Lua may be either
    return bool(old == new) or (old == [] and new == {})

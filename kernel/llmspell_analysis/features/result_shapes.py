"""What a call of the script API gives, for hover: the fields of the classes that it returns, and of a tool its result.

Invariant: what the text does not say is not guessed: a tool's result is shown where its name and operation are written.
"""

from __future__ import annotations

import re

from llmspell_analysis.catalogue import Catalogue, Entry

_MAX_FIELDS = 12
_TYPE_NAME = re.compile(r"[A-Za-z_][\w.]*")
_CALLED_TOOL = re.compile(rb"""\s*\(\s*(["'])([\w-]+)\1""")
_OPERATION = re.compile(rb"""[^()]*?\boperation\s*=\s*(["'])([\w-]+)\1""")
# as far as a call's beginning is read
_MAX_CALL = 2000


def result_of_call(entry: Entry, data: bytes, end: int, catalogue: Catalogue) -> str:
    """Markdown about what a function of the API gives; `end` is where its name ends in `data`."""
    parts = [_of_tool(entry, data[end : end + _MAX_CALL], catalogue), *map(fields_of, _classes(entry, catalogue))]
    return "\n\n".join(part for part in parts if part)


def fields_of(record: Entry) -> str:
    """The fields of a class, one a line; "" where it has methods alone."""
    fields = [each for each in record.members.values() if each.kind not in ("function", "method")]
    if not fields:
        return ""
    lines = [f"- `{each.name}: {each.type}`" + _said(each) for each in fields[:_MAX_FIELDS]]
    if len(fields) > _MAX_FIELDS:
        lines.append(f"- … and {len(fields) - _MAX_FIELDS} more")
    return f"Fields of `{record.name}`:\n\n" + "\n".join(lines)


def _said(entry: Entry) -> str:
    """The first line of what is said of it."""
    first = entry.description.partition("\n")[0]
    return f": {first}" if first else ""


def _classes(entry: Entry, catalogue: Catalogue) -> list[Entry]:
    names = dict.fromkeys(name for text in entry.returns for name in _TYPE_NAME.findall(text))
    return [catalogue.classes[name] for name in names if name in catalogue.classes]


def _of_tool(entry: Entry, call: bytes, catalogue: Catalogue) -> str:
    if entry.qualified_name != "Tool.execute" or (named := _CALLED_TOOL.match(call)) is None:
        return ""
    tool = catalogue.tools.get(named[2].decode())
    if tool is None:
        return ""
    given = _OPERATION.match(call, named.end())
    operation = tool.operation(given[2].decode() if given is not None else tool.default_operation or "")
    if operation is None or not operation.result:
        return ""
    return f"Result of `{tool.name}`, operation `{operation.name}`: `{operation.result}`"

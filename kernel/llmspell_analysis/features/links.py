"""Document links: the file that a `require` loads, and addresses in comments and strings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from llmspell_analysis.analysis.chains import call_arguments, literal_string
from llmspell_analysis.analysis.kinds import COMMENT, NAME_FIELD, STRING
from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.analysis.project import Project

_ADDRESS = re.compile(rb"https?://[^\s\"'<>`\]}|]+[^\s\"'<>`\]}|.,;:!?]")
MAX_LINKS = 2000


@dataclass(frozen=True, slots=True)
class Link:
    """`target` is a path where `is_file`, else an address."""

    start: int
    end: int
    target: str
    is_file: bool = False


def links(analysis: Analysis, project: Project) -> list[Link]:
    found = [*_modules(analysis, project), *_addresses(analysis)]
    return sorted(found, key=lambda link: link.start)[:MAX_LINKS]


def _modules(analysis: Analysis, project: Project) -> Iterator[Link]:
    data = analysis.document.source.data
    for call in analysis.calls:
        callee = call.node.child_by_field_id(NAME_FIELD)
        if callee is None or data[callee.start_byte : callee.end_byte] != b"require":
            continue
        reference = analysis.reference_at.get(callee.start_byte)
        arguments = call_arguments(call.node)
        if reference is None or reference.local is not None or not arguments:
            continue
        name = literal_string(arguments[0], data)
        module = project.module(name, analysis.document.path) if name else None
        if module is not None:
            yield Link(arguments[0].start_byte + 1, arguments[0].end_byte - 1, module.document.path, is_file=True)


def _addresses(analysis: Analysis) -> Iterator[Link]:
    data = analysis.document.source.data
    if b"://" not in data:
        return
    pending: list[Node] = [analysis.document.tree.root_node]
    while pending:
        node = pending.pop()
        if node.kind_id in COMMENT | STRING:
            for match in _ADDRESS.finditer(data, node.start_byte, node.end_byte):
                address = _balanced(match.group())
                yield Link(match.start(), match.start() + len(address), address.decode("utf-8", "replace"))
        else:
            pending.extend(node.children)


def _balanced(address: bytes) -> bytes:
    """Without the parenthesis that closes what stands around it."""
    while address.endswith(b")") and address.count(b")") > address.count(b"("):
        address = address[:-1].rstrip(b".,;:!?")
    return address

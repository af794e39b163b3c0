"""What an expression is, as far as the text says: a literal, or a local that is bound once, to one.

A table that a local holds is read only where the local is used nowhere else, for then nobody has changed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.chains import literal_string
from llmspell_analysis.analysis.kinds import BOOLEAN, FUNCTION, IDENTIFIER, NIL, NUMBER, STRING, TABLE
from llmspell_analysis.analysis.values import unparenthesized
from llmspell_analysis.rules.reading import number, unary

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.model import Local
    from llmspell_analysis.rules.model import Subject

_KINDS = (
    (STRING, "string"),
    (NUMBER, "number"),
    (BOOLEAN, "boolean"),
    (NIL, "nil"),
    (TABLE, "table"),
    (FUNCTION, "function"),
)
KIND_OF: dict[int, str] = {kind: name for kinds, name in _KINDS for kind in kinds}


@dataclass(frozen=True, slots=True)
class Literal:
    """`node` stands in `data`. `is_here`: it is the expression itself, and not what a local holds."""

    kind: str
    node: Node
    data: bytes
    is_here: bool

    @property
    def text(self) -> str | None:
        """The value of a string."""
        return literal_string(self.node, self.data)

    @property
    def number(self) -> int | float | None:
        return number(self.node, self.data)

    @property
    def at(self) -> tuple[int, int]:
        return self.node.start_byte, self.node.end_byte

    @property
    def written(self) -> str:
        return self.data[self.node.start_byte : self.node.end_byte].decode("utf-8", "replace")


def literal_of(node: Node, subject: Subject) -> Literal | None:
    node = unparenthesized(node)
    found = _literal(node, subject.data, is_here=True)
    if found is not None or node.kind_id not in IDENTIFIER:
        return found
    local = subject.evaluator.local_at(node)
    if local is None or local.value is None or local.iterated is not None or local.kind not in ("local", "function"):
        return None
    if not subject.evaluator.is_constant(local):
        return None
    value = unparenthesized(local.value)
    found = _literal(value, _data_of(local, subject), is_here=False)
    if found is not None and found.kind == "table" and not subject.evaluator.is_used_once(local):
        return None
    return found


def literal_inside(node: Node, table: Literal, subject: Subject) -> Literal | None:
    """What an expression inside a table's constructor is."""
    if table.is_here:
        return literal_of(node, subject)
    return _literal(unparenthesized(node), table.data, is_here=False)


def _literal(node: Node, data: bytes, *, is_here: bool) -> Literal | None:
    if node.has_error:
        return None
    kind = KIND_OF.get(node.kind_id)
    if kind is None:
        negated = unary(node, data)
        if negated is None or negated[0] != b"-" or negated[1].kind_id not in NUMBER:
            return None
        kind = "number"
    return Literal(kind, node, data, is_here)


def _data_of(local: Local, subject: Subject) -> bytes:
    file = subject.evaluator.file
    variable = file.variable_of(local)
    return file.placed[variable.index].segment.data if variable is not None else subject.data

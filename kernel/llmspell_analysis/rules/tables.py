"""Table constructors as rules read them: fields with literal keys, and whether there may be others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.chains import literal_string
from llmspell_analysis.analysis.kinds import FIELD, IDENTIFIER, NAME_FIELD, VALUE_FIELD

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True)
class TableField:
    """A field of a constructor with a literal key."""

    name: str
    start: int
    end: int
    value: Node


@dataclass(frozen=True, slots=True)
class TableLiteral:
    """A constructor. `is_complete`: its keys are all literal, so that what is not there is missing."""

    node: Node
    fields: Mapping[str, TableField]
    is_complete: bool
    has_positional: bool

    def given(self, data: bytes) -> set[str]:
        """The names of the fields that are not plainly nil."""
        return {
            name for name, field in self.fields.items() if data[field.value.start_byte : field.value.end_byte] != b"nil"
        }


def read_table(node: Node, data: bytes) -> TableLiteral:
    fields: dict[str, TableField] = {}
    is_complete = not node.has_error
    has_positional = False
    for child in node.named_children:
        if child.kind_id not in FIELD:
            continue
        name_node, value = child.child_by_field_id(NAME_FIELD), child.child_by_field_id(VALUE_FIELD)
        if value is None:
            is_complete = False
        elif name_node is None:
            has_positional = True
        elif name_node.kind_id in IDENTIFIER and name_node.start_byte == child.start_byte:
            name = data[name_node.start_byte : name_node.end_byte].decode("utf-8", "replace")
            fields[name] = TableField(name, name_node.start_byte, name_node.end_byte, value)
        elif (literal := literal_string(name_node, data)) is not None:
            fields[literal] = TableField(literal, name_node.start_byte, name_node.end_byte, value)
        else:
            is_complete = False
    return TableLiteral(node, fields, is_complete, has_positional)

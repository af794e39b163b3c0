"""The fields that a file gives to its own variables: constructors, `M.x = …`, `function M.f()`, `function M:g()`.

Keys are a variable (a local, or a global's name) and the path of fields from it.
"""

from __future__ import annotations

from tree_sitter import Node

from llmspell_analysis.analysis.chains import literal_string, path_of_node
from llmspell_analysis.analysis.kinds import (
    BRACKET_INDEX,
    FIELD,
    FIELD_FIELD,
    IDENTIFIER,
    METHOD_FIELD,
    NAME_FIELD,
    NUMBER,
    TABLE,
    TABLE_FIELD,
    VALUE_FIELD,
)
from llmspell_analysis.analysis.model import Analysis, Local, Member

_MAX_MEMBER_DEPTH = 6


class Members:
    """Fills `Analysis.members`. `names` maps a name to the locals it means now, innermost last."""

    def __init__(self, analysis: Analysis, names: dict[str, list[Local]]) -> None:
        self.analysis = analysis
        self.names = names
        self.data = analysis.document.source.data

    def text(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def key_of(self, node: Node) -> tuple[Local | str, tuple[str, ...]] | None:
        """The variable and path of fields that an expression like `M.a.b` names."""
        named = path_of_node(node, self.data)
        if named is None:
            return None
        name, _, path = named
        found = self.names.get(name)
        root: Local | str = found[-1] if found else name
        if isinstance(root, Local) and root.kind == "self" and root.value is not None:
            owner = self.key_of(root.value)
            return (owner[0], owner[1] + path) if owner is not None else None
        return root, path

    def add(self, node: Node, value: Node | None, is_method: bool = False) -> None:
        """Records `base.name = value`, where `node` is the whole target."""
        key = self.key_of(node) if not is_method else None
        name_node = node.child_by_field_id(METHOD_FIELD if is_method else FIELD_FIELD)
        if is_method:
            base = node.child_by_field_id(TABLE_FIELD)
            owner = self.key_of(base) if base is not None else None
            if owner is None or name_node is None:
                return
            key = (owner[0], (*owner[1], self.text(name_node)))
        if key is None and node.kind_id in BRACKET_INDEX:
            self.add_by_key(node)
        if key is None or not key[1] or name_node is None:
            return
        owner_key = (key[0], key[1][:-1])
        member = Member(key[1][-1], name_node.start_byte, name_node.end_byte, value, is_method)
        members = self.analysis.members.setdefault(owner_key, {})
        if members.setdefault(member.name, member) is not member:
            self.analysis.members_again.add((owner_key, member.name))
        if value is not None and value.kind_id in TABLE:
            self.add_table(key, value)

    def add_by_key(self, node: Node) -> None:
        """Records that `base[key] = …` gives fields to `base` of which nobody knows the names."""
        base, key = node.child_by_field_id(TABLE_FIELD), node.child_by_field_id(FIELD_FIELD)
        owner = self.key_of(base) if base is not None else None
        if owner is not None and key is not None and key.kind_id not in NUMBER:
            self.analysis.members_by_key.add(owner)

    def add_table(self, key: tuple[Local | str, tuple[str, ...]], table: Node) -> None:
        """Records the fields of a table constructor as members of `key`."""
        pending = [(key, table)]
        while pending:
            owner, constructor = pending.pop()
            members = self.analysis.members.setdefault(owner, {})
            for field in constructor.named_children:
                if field.kind_id not in FIELD:
                    continue
                name_node, value = field.child_by_field_id(NAME_FIELD), field.child_by_field_id(VALUE_FIELD)
                if name_node is None or value is None:
                    continue
                is_name = name_node.kind_id in IDENTIFIER and field.start_byte == name_node.start_byte
                name = self.text(name_node) if is_name else literal_string(name_node, self.data)
                if name is None:
                    continue
                members.setdefault(name, Member(name, name_node.start_byte, name_node.end_byte, value))
                if value.kind_id in TABLE and len(owner[1]) < _MAX_MEMBER_DEPTH:
                    pending.append(((owner[0], (*owner[1], name)), value))

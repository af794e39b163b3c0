"""Fixes that put what exists in the place of a name of older scripts, with the arguments it needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.chains import call_arguments
from llmspell_analysis.analysis.kinds import BRACKET_INDEX, CALL, METHOD_INDEX, NAME_FIELD, STRING, TABLE_FIELD
from llmspell_analysis.analysis.model import MemberAccess
from llmspell_analysis.rules.model import Fix, Subject
from llmspell_analysis.syntax.tree import Edit

if TYPE_CHECKING:
    from tree_sitter import Node

# `State.load(scope, key)`, `AgentInstance:execute({text = ...})`; a longer chain is no mere renaming.
_CALL = re.compile(r"(?P<head>[\w.]*[\w])(?P<separator>[.:])(?P<name>\w+)(?:\((?P<parameters>[^()]*)\))?\Z")
_RECORD = re.compile(r"\w+\.get\(\w+\)\.(?P<field>\w+)\Z")


def fixes(access: MemberAccess, owner: str, separator: str, replacement: str, subject: Subject) -> tuple[Fix, ...]:
    """`replacement` is what the catalogue says to use instead of a member of `owner`."""
    if access.node.kind_id in BRACKET_INDEX:
        return ()
    found = _RECORD.match(replacement)
    if found is not None:
        return _as_field(access, found["field"])
    found = _CALL.match(replacement)
    if found is None or found["head"] != owner or found["separator"] != separator:
        return ()
    name, parameters = found["name"], found["parameters"]
    rename = Edit(access.start, access.end, name.encode())
    call = _call_of(access)
    title = f"Change to `{name}`"
    if call is None or not parameters:
        return (Fix(title, (rename,), is_safe=True),)
    wanted, given = [each.strip() for each in parameters.split(",")], call_arguments(call)
    if len(given) >= len(wanted) and not parameters.startswith("{"):
        return (Fix(title, (rename,), is_safe=True),)
    if wanted[0] == "scope" and len(given) == len(wanted) - 1:
        edit = _before_arguments(call, given, subject)
        return (Fix(f"Change to `{name}` in the scope `global`", (rename, edit)),) if edit is not None else ()
    if parameters.startswith("{text") and len(given) == 1 and given[0].kind_id in STRING:
        start, end = given[0].start_byte, given[0].end_byte
        if subject.data[start - 1 : start] == b"(":
            return (Fix(title, (rename, Edit(start, start, b"{ text = "), Edit(end, end, b" }")), is_safe=True),)
    return ()


def _call_of(access: MemberAccess) -> Node | None:
    parent = access.node.parent
    if parent is None or parent.kind_id not in CALL or parent.child_by_field_id(NAME_FIELD) != access.node:
        return None
    return parent


def _before_arguments(call: Node, given: list[Node], subject: Subject) -> Edit | None:
    """`"global"` in front of the others; None for a call without parentheses."""
    callee = call.child_by_field_id(NAME_FIELD)
    opening = subject.data.find(b"(", callee.end_byte, call.end_byte) if callee is not None else -1
    if callee is None or opening < 0 or subject.data[callee.end_byte : opening].strip():
        return None
    return Edit(opening + 1, opening + 1, b'"global", ' if given else b'"global"')


def _as_field(access: MemberAccess, field: str) -> tuple[Fix, ...]:
    """`session:get_name()` as `session.name`."""
    call = _call_of(access)
    base = access.node.child_by_field_id(TABLE_FIELD)
    if call is None or base is None or access.node.kind_id not in METHOD_INDEX or call_arguments(call):
        return ()
    return (Fix(f"Change to `.{field}`", (Edit(base.end_byte, call.end_byte, f".{field}".encode()),), is_safe=True),)

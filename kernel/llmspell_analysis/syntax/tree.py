"""Syntax trees: tree-sitter's Lua grammar, its node kinds as numbers, and incremental edits.

Kinds are compared as numbers because tree-sitter makes a new string for every `node.type`.
Invariant: a tree that was edited and parsed again equals a fresh parse of the same text.
"""

import re
import threading
from dataclasses import dataclass

import tree_sitter_lua
from tree_sitter import Language, Parser, Point, Tree

LANGUAGE = Language(tree_sitter_lua.language())
ERROR = 65535

_WORD_OF_LUA55 = re.compile(rb"\bglobal\b")

_parser = Parser(LANGUAGE)
_parser_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Edit:
    """Bytes `start`..`end` of the old text were replaced with `new`."""

    start: int
    end: int
    new: bytes


def kinds(*names: str) -> frozenset[int]:
    """The kind numbers of named or anonymous grammar symbols; one name can have several numbers."""
    found = frozenset(
        number
        for number in range(LANGUAGE.node_kind_count)
        if LANGUAGE.node_kind_is_visible(number) and LANGUAGE.node_kind_for_id(number) in names
    )
    if not found:
        raise ValueError(f"tree-sitter-lua has none of the node kinds {names}")
    return found


def field_id(name: str) -> int:
    """The number of a grammar field: reading a child by it is twice as fast as by name."""
    number = LANGUAGE.field_id_for_name(name)
    if number is None:
        raise ValueError(f"tree-sitter-lua has no field {name!r}")
    return number


def _as_lua54(data: bytes) -> bytes:
    """The grammar knows `global` as Lua 5.5 does, where it is no name; for the parser it is another name as long."""
    return _WORD_OF_LUA55.sub(b"globa_", data) if b"global" in data else data


def parse(data: bytes) -> Tree:
    with _parser_lock:
        return _parser.parse(_as_lua54(data))


def reparse(tree: Tree, old: bytes, edit: Edit, new: bytes) -> Tree:
    """The tree of `new`, which is `old` after `edit`. `tree` stays as it is."""
    edited = tree.copy()
    new_end = edit.start + len(edit.new)
    edited.edit(
        start_byte=edit.start,
        old_end_byte=edit.end,
        new_end_byte=new_end,
        start_point=_point(old, edit.start),
        old_end_point=_point(old, edit.end),
        new_end_point=_point(new, new_end),
    )
    with _parser_lock:
        return _parser.parse(_as_lua54(new), edited)


def _point(data: bytes, offset: int) -> Point:
    return Point(data.count(b"\n", 0, offset), offset - (data.rfind(b"\n", 0, offset) + 1))

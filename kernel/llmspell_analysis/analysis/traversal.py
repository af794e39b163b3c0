"""What the builder of an `Analysis` stands on: its stack of nodes, its scopes, and the names that they hold.

Invariant: `names` holds, for each name, the locals that are visible, the innermost last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tree_sitter import Node

from llmspell_analysis.analysis.chains import literal_string
from llmspell_analysis.analysis.kinds import (
    BRACKET_INDEX,
    FIELD_FIELD,
    IDENTIFIER,
    METHOD_FIELD,
    METHOD_INDEX,
    TABLE_FIELD,
)
from llmspell_analysis.analysis.members import Members
from llmspell_analysis.analysis.model import AccessKind, Analysis, Local, LocalKind, MemberAccess, Reference, Scope
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.tokens import KEYWORDS

# What an expression inherits or is asked for. GUARD ends at the next operator; the others reach all the way down.
GUARD, PROTECTED, BROKEN = 1, 2, 4
INHERITED = PROTECTED | BROKEN

_KEYWORD_NAMES = frozenset(word.decode() for word in KEYWORDS)
# Functions after whose call a script can have globals that its text does not show.
LOADERS = frozenset({"load", "loadstring", "dofile", "loadfile", "setfenv"})

Action = Callable[[Node, int], None]


class Traversal:
    """The state of one traversal."""

    def __init__(self, document: Document, outer: frozenset[str]) -> None:
        self.data = document.source.data
        self.root = document.tree.root_node
        chunk = Scope(0, len(self.data), None, is_function=True, is_vararg=True)
        self.scope = chunk
        self.analysis = Analysis(document, chunk, scopes=[chunk])
        self.names: dict[str, list[Local]] = {name: [Local(name, -1, -1, -1, chunk, "outer")] for name in outer}
        self.members = Members(self.analysis, self.names)
        self.stack: list[tuple[Action | None, Node, int]] = []

    # --- the stack -------------------------------------------------------------------------------------------

    # An entry without an action is visited by its node's kind.

    def push(self, node: Node | None, flags: int, action: Action | None = None) -> None:
        if node is not None:
            self.stack.append((action, node, flags))

    def push_all(self, nodes: Iterable[Node], flags: int) -> None:
        self.stack.extend([(None, node, flags) for node in nodes][::-1])

    def children(self, node: Node, flags: int) -> None:
        self.push_all(node.named_children, flags & INHERITED)

    # --- scopes ----------------------------------------------------------------------------------------------

    def open(self, start: int, end: int, is_function: bool = False, is_vararg: bool = False) -> Scope:
        self.scope = Scope(start, end, self.scope, is_function, is_vararg)
        self.analysis.scopes.append(self.scope)
        return self.scope

    def close(self, node: Node, flags: int) -> None:
        for local in self.scope.locals:
            self.names[local.name].pop()
        if self.scope.parent is not None:
            self.scope = self.scope.parent

    def declare(self, name: str, span: tuple[int, int], kind: LocalKind, visible_from: int) -> Local:
        local = Local(name, *span, visible_from, self.scope, kind)
        self.scope.locals.append(local)
        self.names.setdefault(name, []).append(local)
        self.analysis.locals.append(local)
        if kind != "self":
            self.analysis.local_at[local.start] = local
        if name == "_ENV":
            self.analysis.has_dynamic_globals = True
        return local

    def declare_node(self, node: Node, kind: LocalKind, visible_from: int) -> Local | None:
        name = self.text(node)
        if not name or name in _KEYWORD_NAMES:
            return None
        return self.declare(name, (node.start_byte, node.end_byte), kind, visible_from)

    def text(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    # --- variables and members ---------------------------------------------------------------------------------

    def refer(self, node: Node, access: AccessKind, flags: int) -> Reference | None:
        start, end = node.start_byte, node.end_byte
        name = self.data[start:end].decode("utf-8", "replace")
        if name in _KEYWORD_NAMES or not (name.isascii() and name.isidentifier()):
            return None
        found = self.names.get(name)
        local = found[-1] if found else None
        guarded = flags & (GUARD | BROKEN) != 0
        reference = Reference(name, start, end, local, access, guarded, self.scope)
        analysis = self.analysis
        analysis.references.append(reference)
        analysis.reference_at[start] = reference
        if local is not None:
            local.references.append(reference)
            return reference
        if access == "write":
            analysis.globals_assigned.setdefault(name, reference)
        elif flags & GUARD:
            analysis.globals_tested.add(name)
        if name in LOADERS or name == "_ENV" or (name == "_G" and access in ("write", "read") and not guarded):
            analysis.has_dynamic_globals = True
        return reference

    def index(self, node: Node, access: AccessKind, flags: int) -> None:
        base = node.child_by_field_id(TABLE_FIELD)
        if base is None:
            self.children(node, flags)
            return
        kind = node.kind_id
        name_node = node.child_by_field_id(METHOD_FIELD if kind in METHOD_INDEX else FIELD_FIELD)
        name: str | None = None
        if name_node is not None:
            if kind in BRACKET_INDEX:
                name = literal_string(name_node, self.data)
                self.push(name_node, flags & INHERITED)
            else:
                name = self.text(name_node)
        if name is not None and name_node is not None:
            guarded = flags & (GUARD | BROKEN) != 0
            self.analysis.members_accessed.append(
                MemberAccess(node, base, name, name_node.start_byte, name_node.end_byte, access, guarded)
            )
        self.index_base(base, name, access, flags)

    def index_base(self, base: Node, name: str | None, access: AccessKind, flags: int) -> None:
        if base.kind_id not in IDENTIFIER:
            self.push(base, flags & INHERITED)
            return
        reference = self.refer(base, "index", flags & INHERITED)
        if reference is not None:
            reference.mutates = access == "write"
        if reference is None or reference.local is not None or reference.name != "_G":
            return
        if access == "write" and name is not None:
            self.analysis.globals_assigned.setdefault(name, reference)
        elif access == "write":
            self.analysis.has_dynamic_globals = True
        elif name is not None:
            self.analysis.globals_tested.add(name)

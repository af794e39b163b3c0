"""The tables that one traversal of a tree fills, and that every rule and feature reads.

The builder alone writes them. Offsets are bytes of the document's text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from llmspell_analysis.analysis.chains import Chain

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.syntax.document import Document

# "outer": a local of the text around the piece that is analysed
LocalKind = Literal["local", "function", "parameter", "loop", "self", "outer"]
# What stands for a variable where a module returns a table constructor itself: no name that a script can write.
RETURNED = "return"
AccessKind = Literal["read", "write", "call", "index"]


@dataclass(slots=True, eq=False)
class Scope:
    """A block. `function` is the innermost function's own scope; the chunk's scope has no parent."""

    start: int
    end: int
    parent: Scope | None
    is_function: bool = False
    is_vararg: bool = False
    locals: list[Local] = field(default_factory=list)
    labels: dict[str, Label] = field(default_factory=dict)

    @property
    def function(self) -> Scope:
        scope = self
        while not scope.is_function and scope.parent is not None:
            scope = scope.parent
        return scope


@dataclass(slots=True, eq=False)
class Local:
    """A local variable; visible from `visible_from` to the end of its scope."""

    name: str
    start: int
    end: int
    visible_from: int
    scope: Scope
    kind: LocalKind
    attribute: str | None = None
    value: Node | None = None
    # what `ipairs` or `pairs` goes through, for the loop variable that takes its values
    iterated: Node | None = None
    references: list[Reference] = field(default_factory=list)

    @property
    def is_constant(self) -> bool:
        """Bound once: what its initial value says stays true."""
        for reference in self.references:  # noqa: SIM110 -- asked of every use: half the time of `any`
            if reference.access == "write":
                return False
        return True


@dataclass(slots=True, eq=False)
class Reference:
    """A use of a variable by name. `local` is None for a global.

    `guarded`: the value is only tested here (`if x`, `x and …`, `x or …`, `x == nil`, `type(x)`), so that nil
    is an answer and no mistake. `mutates`: a field of the value is set here, and nothing is read.
    """

    name: str
    start: int
    end: int
    local: Local | None
    access: AccessKind
    guarded: bool
    scope: Scope
    mutates: bool = False


@dataclass(slots=True, eq=False)
class MemberAccess:
    """`base.name`, `base:name` or `base["name"]`; `start`..`end` is the name alone."""

    node: Node
    base: Node
    name: str
    start: int
    end: int
    access: AccessKind
    guarded: bool


@dataclass(slots=True, eq=False)
class Call:
    """A function call. `protected`: inside the arguments of `pcall` or `xpcall`."""

    node: Node
    protected: bool


@dataclass(slots=True, eq=False)
class Label:
    name: str
    start: int
    end: int
    scope: Scope


@dataclass(slots=True, eq=False)
class Goto:
    name: str
    start: int
    end: int
    scope: Scope


@dataclass(slots=True, eq=False)
class Function:
    """A function with its name as written, for outlines: `M.run`, `M:run`, `local f`."""

    name: str
    node: Node
    name_start: int
    name_end: int
    is_local: bool
    is_method: bool
    parameters: tuple[str, ...]
    scope: Scope


@dataclass(slots=True, eq=False)
class Member:
    """A field that this file gives to one of its own variables."""

    name: str
    start: int
    end: int
    value: Node | None
    is_method: bool = False


@dataclass(slots=True, eq=False)
class Analysis:
    """Everything known about one version of one file."""

    document: Document
    chunk: Scope
    scopes: list[Scope] = field(default_factory=list)
    locals: list[Local] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    members_accessed: list[MemberAccess] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    gotos: list[Goto] = field(default_factory=list)
    # (variable, path of fields) -> its fields
    members: dict[tuple[Local | str, tuple[str, ...]], dict[str, Member]] = field(default_factory=dict)
    # fields that are given more than once, whose first value `members` has
    members_again: set[tuple[tuple[Local | str, tuple[str, ...]], str]] = field(default_factory=set)
    # variables and paths that are given fields by keys which nobody can read
    members_by_key: set[tuple[Local | str, tuple[str, ...]]] = field(default_factory=set)
    # names of globals that this file assigns -> first assignment
    globals_assigned: dict[str, Reference] = field(default_factory=dict)
    # names of globals that this file tests for existence anywhere
    globals_tested: set[str] = field(default_factory=set)
    # literal names given to `require`
    required: dict[str, int] = field(default_factory=dict)
    # the file may define globals in ways that no reading can follow (see builder)
    has_dynamic_globals: bool = False
    # offsets of names -> what is there
    reference_at: dict[int, Reference] = field(default_factory=dict)
    local_at: dict[int, Local] = field(default_factory=dict)
    returned: Node | None = None

    def visible_locals(self, offset: int) -> Iterator[Local]:
        """Locals in scope at `offset`, innermost first; a shadowed one does not appear."""
        seen: set[str] = set()
        for local in sorted(self.locals, key=lambda local: local.visible_from, reverse=True):
            if local.visible_from <= offset <= local.scope.end and local.name not in seen:
                seen.add(local.name)
                yield local

    def chain(self, node: Node) -> Chain | None:
        from llmspell_analysis.analysis.chains import chain_of_node

        return chain_of_node(node, self.document.source.data)

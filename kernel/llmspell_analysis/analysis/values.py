"""Known values: what a chain of names, fields and calls denotes, by the catalogue and by the file itself.

Never guesses: a variable that is assigned twice, an unknown call or a choice of types gives None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tree_sitter import Node

from llmspell_analysis.analysis.chains import Chain, Step, chain_of_node
from llmspell_analysis.analysis.kinds import (
    BOOLEAN,
    FUNCTION,
    NAME_FIELD,
    NUMBER,
    PARENTHESIZED,
    STRING,
    TABLE,
)
from llmspell_analysis.analysis.model import RETURNED, Analysis, Local, Member
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.analysis.types import class_of, element_of, members_of
from llmspell_analysis.catalogue import Catalogue, Entry, Tool

# A chain of locals that name one another; longer ones are written by programs.
_MAX_DEPTH = 24

Key = tuple["Local | str", tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Value:
    """A value as far as it is known.

    `type` is LuaCATS text. `entry` is the catalogue's entry for this very thing. `tool` is the tool that a
    handle stands for. `owner` is the file's own variable whose fields are known, `node` its value there.
    `self_type` is what a method of this value was taken from.
    """

    type: str = ""
    entry: Entry | None = None
    members: Mapping[str, Entry] = field(default_factory=dict)
    is_closed: bool = False
    tool: Tool | None = None
    analysis: Analysis | None = None
    owner: Key | None = None
    node: Node | None = None

    def is_entry(self, qualified_name: str) -> bool:
        """Whether this is the very thing that the catalogue has under this name."""
        return self.entry is not None and self.entry.qualified_name == qualified_name

    def own_members(self) -> Mapping[str, Member]:
        """Fields that the file gives to this value, as far as its `analysis` knows; see `Evaluator.own_member`."""
        if self.analysis is None or self.owner is None:
            return {}
        return self.analysis.members.get(self.owner, {})


@dataclass(frozen=True, slots=True)
class Binding:
    """A local found by other means than the tree: `chain` is its initial value."""

    name: str
    start: int
    kind: str
    chain: Chain | None = None
    type: str = ""


# by the identity of entries, which the catalogue keeps
_of_functions: dict[int, Value] = {}


def _of_function(entry: Entry) -> Value:
    """A function of the API, which is the same wherever it is used."""
    known = _of_functions.get(id(entry))
    if known is None or known.entry is not entry:
        known = _of_functions[id(entry)] = Value(type=entry.type, entry=entry)
    return known


Lookup = Callable[[str, int], "Local | Binding | None"]


class Evaluator:
    """Evaluates chains of one file. `lookup` finds the local a name means at an offset; None means a global."""

    def __init__(
        self, analysis: Analysis, catalogue: Catalogue, project: Project, lookup: Lookup | None = None
    ) -> None:
        self.analysis = analysis
        self.catalogue = catalogue
        self.project = project
        self.lookup = lookup or self._lookup_in_tables
        self._known: dict[Local, Value | None] = {}

    def _lookup_in_tables(self, name: str, offset: int) -> Local | None:
        reference = self.analysis.reference_at.get(offset)
        if reference is not None and reference.name == name:
            return reference.local
        declared = self.analysis.local_at.get(offset)
        if declared is not None and declared.name == name:
            return declared
        return next((local for local in self.analysis.visible_locals(offset) if local.name == name), None)

    def own_member(self, value: Value, name: str) -> Member | None:
        """A field that the file gives to a value."""
        return value.own_members().get(name)

    def is_constant(self, local: Local) -> bool:
        """Whether a local is bound once, so that what its initial value says stays true."""
        return local.is_constant

    # --- entry points ----------------------------------------------------------------------------------------

    def of_node(self, node: Node, depth: int = 0) -> Value | None:
        """The value of an expression."""
        kind = node.kind_id
        if kind in FUNCTION:
            return Value(type="function", analysis=self.analysis, node=node)
        if kind in TABLE:
            return Value(type="table", analysis=self.analysis, node=node)
        if kind in STRING:
            return self.of_type("string")
        if kind in NUMBER:
            return Value(type="number")
        if kind in BOOLEAN:
            return Value(type="boolean")
        chain = chain_of_node(node, self.analysis.document.source.data)
        if chain is None:
            return None
        return self.of_chain(chain, depth)

    def of_chain(self, chain: Chain, depth: int = 0) -> Value | None:
        if depth > _MAX_DEPTH:
            return None
        value = self.of_name(chain.root, chain.offset, depth)
        for step in chain.steps:
            if value is None:
                return None
            value = self.step(value, step, depth)
        return value

    def of_name(self, name: str, offset: int, depth: int = 0) -> Value | None:
        variable = self.lookup(name, offset)
        if isinstance(variable, Local):
            return self.of_local(variable, depth)
        if isinstance(variable, Binding):
            if variable.chain is not None:
                return self.of_chain(variable.chain, depth + 1)
            return self.of_type(variable.type) if variable.type else None
        return self.of_global(name)

    def of_global(self, name: str) -> Value | None:
        entry = self.catalogue.globals.get(name)
        own = Value(analysis=self.analysis, owner=(name, ()))
        if name in self.analysis.globals_assigned:
            return own
        if entry is None:
            return own if (name, ()) in self.analysis.members else None
        return self.of_entry(entry, analysis=self.analysis, owner=(name, ()))

    def of_local(self, local: Local, depth: int = 0) -> Value | None:
        if local not in self._known:
            self._known[local] = None  # for a local that is defined by itself
            self._known[local] = self._of_local(local, depth)
        return self._known[local]

    def _of_local(self, local: Local, depth: int) -> Value | None:
        own = Value(analysis=self.analysis, owner=(local, ()))
        if local.kind == "self" and local.value is not None:
            chain = chain_of_node(local.value, self.analysis.document.source.data)
            return self.of_chain(chain, depth + 1) if chain is not None else None
        if local.iterated is not None and self.is_constant(local):
            container = self.of_node(local.iterated, depth + 1)
            element = self.of_type(element_of(container.type, self.catalogue)) if container is not None else None
            return element or own
        if local.value is None or not self.is_constant(local):
            return own
        value = self.of_node(local.value, depth + 1)
        if value is None:
            return own
        if value.owner is None:
            return replace(value, analysis=self.analysis, owner=(local, ()))
        return value

    def of_entry(
        self, entry: Entry, tool: Tool | None = None, analysis: Analysis | None = None, owner: Key | None = None
    ) -> Value:
        """What the catalogue says about one of its entries."""
        if entry.kind in ("function", "method"):
            if tool is None and analysis is None and owner is None:
                return _of_function(entry)
            return Value(type=entry.type, entry=entry, tool=tool, analysis=analysis, owner=owner)
        members = entry.members or members_of(entry.type, self.catalogue)
        is_closed = entry.kind == "table" and entry.type in self.catalogue.classes
        return Value(entry.type, entry, members, is_closed, tool, analysis, owner)

    def of_type(self, text: str, tool: Tool | None = None) -> Value | None:
        """A value of a LuaCATS type; None when the type says nothing."""
        if text in ("", "any", "any?"):
            return None
        found = class_of(text, self.catalogue)
        # Only classes with methods are checked for unknown members: records may carry more than is written.
        is_closed = found is not None and any(each.kind == "method" for each in found.members.values())
        return Value(type=text, members=members_of(text, self.catalogue), is_closed=is_closed, tool=tool)

    # --- steps -----------------------------------------------------------------------------------------------

    def step(self, value: Value, step: Step, depth: int = 0) -> Value | None:
        if step.kind == "call":
            return self._call(value, step, depth)
        if step.name is None:
            return self.of_type(element_of(value.type, self.catalogue))
        return self.member(value, step.name, depth)

    def member(self, value: Value, name: str, depth: int = 0) -> Value | None:
        """`value.name` or `value:name`."""
        if value.is_entry("Tool") and name not in value.members:
            tool = self.catalogue.tools.get(name)
            if self.own_member(value, name) is None:
                return self.of_type("ToolInstance?", tool) if tool is not None else None
        own = self.own_member(value, name)
        if own is not None and value.analysis is not None and value.owner is not None:
            return self._own_member(value.analysis, value.owner, own, depth)
        found = value.members.get(name)
        if found is not None:
            return self.of_entry(found, value.tool)
        if value.type.startswith("table<") or value.type.endswith("[]"):
            return self.of_type(element_of(value.type, self.catalogue))
        return None

    def _own_member(self, analysis: Analysis, owner: Key, member: Member, depth: int) -> Value:
        key = (owner[0], (*owner[1], member.name))
        here = Value(analysis=analysis, owner=key, node=member.value)
        if member.value is None or depth > _MAX_DEPTH:
            return here
        evaluator = self.evaluator_of(analysis, owner, member)
        value = evaluator.of_node(member.value, depth + 1)
        if value is None:
            return here
        return value if value.owner is not None else replace(value, analysis=analysis, owner=key)

    def evaluator_of(self, analysis: Analysis, owner: Key, member: Member) -> Evaluator:
        """What evaluates the value of a member, which may be of another file."""
        return self if analysis is self.analysis else Evaluator(analysis, self.catalogue, self.project)

    def _call(self, value: Value, step: Step, depth: int) -> Value | None:
        entry = value.entry
        if entry is None or not entry.returns:
            return None
        if entry.qualified_name == "Tool.get":
            return self.of_type(entry.returns[0], self.catalogue.tools.get(step.name or ""))
        if entry.qualified_name == "require":
            return self._module(step.name, depth)
        return self.of_type(entry.returns[0])

    def _module(self, name: str | None, depth: int) -> Value | None:
        module = self.project.module(name, self.analysis.document.path) if name else None
        if module is None or module.returned is None or depth > _MAX_DEPTH:
            return None
        if module.returned.kind_id in TABLE:
            return Value(type="table", analysis=module, owner=(RETURNED, ()), node=module.returned)
        return Evaluator(module, self.catalogue, self.project).of_node(module.returned, depth + 1)

    # --- calls -----------------------------------------------------------------------------------------------

    def callee(self, call: Node) -> Value | None:
        """What a call calls."""
        name = call.child_by_field_id(NAME_FIELD)
        return self.of_node(name) if name is not None else None


def unparenthesized(node: Node) -> Node:
    """The expression inside redundant parentheses."""
    while node.kind_id in PARENTHESIZED and node.named_child_count == 1:
        inner = node.named_child(0)
        if inner is None:
            break
        node = inner
    return node

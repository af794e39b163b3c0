"""Where a name is used that means the same thing: a local, a global, a field of a known table, a label.

Invariant: two occurrences are joined only when they certainly mean the same; a field belongs to the variable that its
table was first known by.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from tree_sitter import Node

from llmspell_analysis.analysis.chains import chain_of_node
from llmspell_analysis.analysis.kinds import IDENTIFIER
from llmspell_analysis.analysis.model import RETURNED, Analysis, Label, Local, Member, MemberAccess, Scope
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.analysis.values import Key, Value
from llmspell_analysis.catalogue import Catalogue
from llmspell_analysis.features.objects import ObjectEvaluator, Owner

Use = Literal["declaration", "read", "write", "call"]
_PARAMETER = re.compile(rb"[ \t]*---[ \t]*@param[ \t]+([A-Za-z_]\w*)")
_OPENING = re.compile(rb"[\"']|\[=*\[")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A name in a file; `start`..`end` is the name alone."""

    analysis: Analysis
    start: int
    end: int
    use: Use


@dataclass(frozen=True, slots=True)
class LocalVariable:
    """Known in one function of one file."""

    analysis: Analysis
    local: Local

    @property
    def name(self) -> str:
        return self.local.name


@dataclass(frozen=True, slots=True)
class GlobalVariable:
    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """`owner` is the variable whose table it is in, and the path of fields to that table. Files that require the
    module or name the global may use it."""

    analysis: Analysis
    owner: Key
    name: str

    @property
    def is_local(self) -> bool:
        """Whether no other file can reach it by the owner's name."""
        return isinstance(self.owner[0], Local)


@dataclass(frozen=True, slots=True)
class JumpLabel:
    analysis: Analysis
    label: Label

    @property
    def name(self) -> str:
        return self.label.name


Thing = LocalVariable | GlobalVariable | Field | JumpLabel


class Names:
    """Resolves names of one file."""

    def __init__(self, analysis: Analysis, catalogue: Catalogue, project: Project) -> None:
        self.analysis = analysis
        self.evaluator = ObjectEvaluator(analysis, catalogue, project)
        self._accesses = {self._span(each)[0]: each for each in analysis.members_accessed}

    def at(self, offset: int) -> tuple[Thing, Occurrence] | None:
        """What the name at a byte offset, or right before it, means."""
        data = self.analysis.document.source.data
        start = offset = max(0, min(offset, len(data)))
        while start > 0 and _is_of_name(data[start - 1]):
            start -= 1
        thing = self._thing(start)
        if thing is None:
            return None
        found = next((one for one in self.of(thing) if one.start <= offset <= one.end), None)
        return (thing, found) if found is not None else None

    def _thing(self, start: int) -> Thing | None:
        analysis = self.analysis
        local = analysis.local_at.get(start)
        if local is not None and local.kind != "self":
            return LocalVariable(analysis, local)
        if start in self._accesses:
            return self._field(self._accesses[start])
        reference = analysis.reference_at.get(start)
        if reference is not None:
            if reference.local is not None:
                return LocalVariable(analysis, reference.local)
            return GlobalVariable(reference.name)
        for home, members in self._members():
            for member in members.values():
                if self._span(member)[0] == start:
                    return Field(*home, member.name)
        return self._label(start)

    def _members(self) -> Iterator[tuple[Owner, Mapping[str, Member]]]:
        """The fields that this file gives, by the class that the table's family shares."""
        for owner, members in self.analysis.members.items():
            yield self.evaluator.root_of(self.analysis, owner), members
        for value, fields in self.evaluator.family.written:
            home = self.evaluator.root(value)
            if home is not None:
                yield home, fields

    def _field(self, access: MemberAccess) -> Thing | None:
        if self._is_global_table(access.base):
            return GlobalVariable(access.name)
        owner = self._owner(access)
        home = self.evaluator.root(owner) if owner is not None else None
        return Field(*home, access.name) if home is not None else None

    def _is_global_table(self, base: Node) -> bool:
        reference = self.analysis.reference_at.get(base.start_byte)
        if base.kind_id not in IDENTIFIER or reference is None or reference.local is not None:
            return False
        return reference.name in ("_G", "_ENV")

    def _owner(self, access: MemberAccess) -> Value | None:
        chain = chain_of_node(access.base, self.analysis.document.source.data)
        return self.evaluator.of_chain(chain) if chain is not None else None

    def _label(self, start: int) -> JumpLabel | None:
        analysis = self.analysis
        for scope in analysis.scopes:
            for label in scope.labels.values():
                if label.start == start:
                    return JumpLabel(analysis, label)
        for jump in analysis.gotos:
            if jump.start == start:
                target = _label_of(jump.scope, jump.name)
                return JumpLabel(analysis, target) if target is not None else None
        return None

    def _span(self, named: MemberAccess | Member) -> tuple[int, int]:
        """The name alone, where it stands in quotes of any kind."""
        opening = _OPENING.match(self.analysis.document.source.data, named.start, named.end)
        if opening is None:
            return named.start, named.end
        return named.start + len(opening[0]), named.end - len(opening[0])

    # --- all of one thing ----------------------------------------------------------------------------------------

    def of(self, thing: Thing) -> list[Occurrence]:
        """Its occurrences in this file, in the order of the text."""
        match thing:
            case LocalVariable():
                found = self._of_local(thing)
            case GlobalVariable():
                found = self._of_global(thing)
            case Field():
                found = self._of_field(thing)
            case JumpLabel():
                found = self._of_label(thing)
        unique = {one.start: one for one in sorted(found, key=lambda one: one.use != "declaration")[::-1]}
        return sorted(unique.values(), key=lambda one: one.start)

    def _of_local(self, thing: LocalVariable) -> Iterator[Occurrence]:
        if thing.analysis is not self.analysis:
            return
        local = thing.local
        if local.kind != "self":
            yield Occurrence(self.analysis, local.start, local.end, "declaration")
        if local.kind == "parameter":
            yield from self._documented(local)
        for reference in local.references:
            use: Use = reference.access if reference.access in ("write", "call") else "read"
            yield Occurrence(self.analysis, reference.start, reference.end, use)

    def _documented(self, local: Local) -> Iterator[Occurrence]:
        """The name in `---@param name` before the parameter's function."""
        source = self.analysis.document.source
        line = source.line_of(min(local.start, local.scope.start)) - 1
        while line >= 0:
            start, end = source.line_span(line)
            if not source.data[start:end].lstrip().startswith(b"--"):
                return
            match = _PARAMETER.match(source.data, start, end)
            if match is not None and match[1] == local.name.encode():
                yield Occurrence(self.analysis, *match.span(1), "read")
            line -= 1

    def _of_global(self, thing: GlobalVariable) -> Iterator[Occurrence]:
        for reference in self.analysis.references:
            if reference.local is None and reference.name == thing.name:
                use: Use = reference.access if reference.access in ("write", "call") else "read"
                yield Occurrence(self.analysis, reference.start, reference.end, use)
        for access in self.analysis.members_accessed:
            if access.name == thing.name and self._is_global_table(access.base):
                use = access.access if access.access in ("write", "call") else "read"
                yield Occurrence(self.analysis, *self._span(access), use)

    def _of_field(self, thing: Field) -> Iterator[Occurrence]:
        for home, members in self._members():
            member = members.get(thing.name)
            if member is not None and is_same_owner(*home, thing):
                yield Occurrence(self.analysis, *self._span(member), "declaration")
        for access in self.analysis.members_accessed:
            if access.name != thing.name:
                continue
            value = self._owner(access)
            at = self.evaluator.root(value) if value is not None else None
            if at is not None and is_same_owner(*at, thing):
                use: Use = access.access if access.access in ("write", "call") else "read"
                yield Occurrence(self.analysis, *self._span(access), use)

    def _of_label(self, thing: JumpLabel) -> Iterator[Occurrence]:
        if thing.analysis is not self.analysis:
            return
        label = thing.label
        yield Occurrence(self.analysis, label.start, label.end, "declaration")
        for jump in self.analysis.gotos:
            if jump.name == label.name and _label_of(jump.scope, jump.name) is label:
                yield Occurrence(self.analysis, jump.start, jump.end, "read")


def is_same_owner(analysis: Analysis, owner: Key, thing: Field) -> bool:
    if owner[1] != thing.owner[1]:
        return False
    one, other = owner[0], thing.owner[0]
    if isinstance(one, Local) or isinstance(other, Local):
        return one is other
    # a table that a module returns has no name; a global's is the same in all files
    return one == other and (one != RETURNED or analysis is thing.analysis)


def _label_of(scope: Scope, name: str) -> Label | None:
    current: Scope | None = scope
    while current is not None:
        if name in current.labels:
            return current.labels[name]
        if current.is_function:
            return None
        current = current.parent
    return None


def _is_of_name(byte: int) -> bool:
    return byte == 0x5F or 0x30 <= byte <= 0x39 or 0x41 <= byte <= 0x5A or 0x61 <= byte <= 0x7A

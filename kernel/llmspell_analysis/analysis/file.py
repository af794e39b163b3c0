"""One version of a file: its segments, joined.

It knows what a name in a segment means where the segment does not say, which fields all segments together give to
a variable, and what a segment's findings can depend on (`environment`): with the same environment the same
segment has the same findings, which is why they are kept.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.annotations import inner_annotations
from llmspell_analysis.analysis.kinds import FUNCTION, PARAMETERS_FIELD
from llmspell_analysis.analysis.model import Analysis, Local, Member, Reference
from llmspell_analysis.analysis.segments import Placed, Segment, Segments
from llmspell_analysis.analysis.values import Evaluator, Key, Value

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.project import Project
    from llmspell_analysis.catalogue import Catalogue
    from llmspell_analysis.syntax.document import Document


@dataclass(slots=True, eq=False)
class Variable:
    """A local of the chunk, or a global that the file gives fields to (`local` is None)."""

    name: str
    local: Local | None = None
    # the segment that declares it
    index: int = -1
    # (index of the segment, use), in the order of the text; only of other segments than the declaring one
    uses: list[tuple[int, Reference]] = field(default_factory=list)
    is_written: bool = False
    is_tested: bool = False
    # a function assigns it, so that any call may
    is_set_by_functions: bool = False
    # path of fields -> name -> (index of the segment, member)
    members: dict[tuple[str, ...], dict[str, tuple[int, Member]]] = field(default_factory=dict)
    # what each of its fields' names tells of the fields that have it
    digests: dict[str, tuple[Hashable, ...]] = field(default_factory=dict)
    # fields that are given more than once, and paths whose fields are given by keys that nobody can read
    given_again: set[tuple[tuple[str, ...], str]] = field(default_factory=set)
    given_by_key: set[tuple[str, ...]] = field(default_factory=set)
    # variables that its value or its fields' values are made from
    needs: set[Variable] = field(default_factory=set)
    _whole: Hashable = None

    def declaration(self, file: File) -> Hashable:
        """What its declaration tells of its value; a function's body tells nothing."""
        local = self.local
        if local is None:
            return self.name in file.globals_assigned
        value = local.value
        told: Hashable = file.placed[self.index].segment.number
        if value is not None and value.kind_id in FUNCTION:
            told = _parameters(value, file.placed[self.index].segment)
        return (told, local.name, self.uses_told())

    def uses_told(self) -> Hashable:
        """What its uses tell of it."""
        return (self.is_written, self.is_tested, self.is_set_by_functions, self.is_used_once)

    @property
    def is_used_once(self) -> bool:
        return self.local is not None and len(self.local.references) + len(self.uses) == 1

    def whole(self, file: File) -> Hashable:
        """All that is known of it, but not of what it needs."""
        if self._whole is None:
            self._whole = (self.declaration(file), tuple(self.digests.items()))
        return self._whole


class File:
    """See the module. Made for one version, read by rules; nothing of it outlives the version but the segments."""

    def __init__(self, document: Document, segments: Segments | None = None) -> None:
        self.document = document
        self.placed: list[Placed] = (segments or Segments()).of(document)
        # the variables that each segment's free names mean; a name that is not there is a global
        self.bound: list[dict[str, Variable]] = []
        self.variables: list[Variable] = []
        self.globals: dict[str, Variable] = {}
        # names of globals that the file assigns -> the segment of the first assignment
        self.globals_assigned: dict[str, int] = {}
        self.globals_tested: set[str] = set()
        self.globals_read: set[str] = set()
        self.tested_members: frozenset[str] = frozenset()
        self.required: dict[str, int] = {}
        self.has_dynamic_globals = False
        # names that are no locals may mean fields of a table of the script's
        self.has_environment = False
        self._evaluators: dict[int, FileEvaluator] = {}
        self._closures: dict[Variable, Hashable] = {}
        self._by_local: dict[Local, Variable] = {}
        self._join()

    def _join(self) -> None:
        visible: dict[str, Variable] = {}
        tested: set[str] = set()
        for index, each in enumerate(self.placed):
            segment = each.segment
            analysis = segment.analysis
            bound = {name: visible[name] for name in segment.free.keys() & visible.keys()}
            self.bound.append(bound)
            self._note_uses(index, segment, bound)
            self._note_globals(index, segment, bound)
            for local in segment.declared:
                variable = Variable(local.name, local, index)
                variable.is_written = not local.is_constant
                variable.is_tested = any(reference.guarded for reference in local.references)
                variable.is_set_by_functions = any(
                    each.access == "write" and each.scope.function.parent is not None for each in local.references
                )
                visible[local.name] = variable
                self.variables.append(variable)
                self._by_local[local] = variable
                if local.value is None or local.value.kind_id not in FUNCTION:
                    variable.needs.update(bound.values())
            if analysis.members:
                self._note_members(index, segment, bound)
            if analysis.members_by_key:
                self._note_keys(segment, bound)
            tested |= segment.tested_members
        self.tested_members = frozenset(tested)

    def _note_uses(self, index: int, segment: Segment, bound: dict[str, Variable]) -> None:
        for name, variable in bound.items():
            for reference in segment.free[name]:
                variable.uses.append((index, reference))
                variable.is_written |= reference.access == "write"
                variable.is_tested |= reference.guarded
                if reference.access == "write" and reference.scope.function.parent is not None:
                    variable.is_set_by_functions = True

    def _note_globals(self, index: int, segment: Segment, bound: dict[str, Variable]) -> None:
        analysis = segment.analysis
        self.globals_read.update(segment.free.keys() - bound.keys())
        for name, reference in analysis.globals_assigned.items():
            if name not in bound or reference.name == "_G":
                self.globals_assigned.setdefault(name, index)
        if analysis.globals_tested:
            self.globals_tested.update(analysis.globals_tested - bound.keys())
        for name in analysis.required:
            self.required.setdefault(name, index)
        self.has_dynamic_globals = self.has_dynamic_globals or analysis.has_dynamic_globals
        self.has_environment = self.has_environment or _changes_environment(segment)

    def _note_members(self, index: int, segment: Segment, bound: dict[str, Variable]) -> None:
        for (root, path), members in segment.analysis.members.items():
            if isinstance(root, str):
                variable = bound.get(root)
                if variable is None:
                    variable = self.globals.get(root) or self.globals.setdefault(root, Variable(root))
            else:
                found = self._by_local.get(root)
                if found is None:
                    continue  # of an inner local: the segment knows it alone
                variable = found
            own = variable.members.setdefault(path, {})
            for name, member in members.items():
                again = (root, path), name
                if name in own or again in segment.analysis.members_again:
                    variable.given_again.add((path, name))
                    variable.digests[name] = (*variable.digests.get(name, ()), path, "again")
                if name in own:
                    continue
                own[name] = (index, member)
                told: Hashable = segment.number
                if member.value is not None and member.value.kind_id in FUNCTION:
                    told = _parameters(member.value, segment)
                elif bound:
                    variable.needs.update(bound.values())
                variable.digests[name] = (*variable.digests.get(name, ()), path, member.is_method, told)

    def _note_keys(self, segment: Segment, bound: dict[str, Variable]) -> None:
        for root, path in segment.analysis.members_by_key:
            variable = (
                (bound.get(root) or self.globals.get(root)) if isinstance(root, str) else self._by_local.get(root)
            )
            if variable is not None:
                variable.given_by_key.add(path)
                variable.digests["["] = (*variable.digests.get("[", ()), path)

    # --- what rules ask ----------------------------------------------------------------------------------------

    def environment(self, index: int) -> Hashable:
        """What the findings in a segment may depend on besides its bytes and what holds for the whole file."""
        segment, bound = self.placed[index].segment, self.bound[index]
        told: list[tuple[str, Hashable]] = [
            (local.name, self._by_local[local].uses_told()) for local in segment.declared if local in self._by_local
        ]
        for name in segment.free:
            variable = bound.get(name)
            if variable is None:
                variable = self.globals.get(name)
                if variable is None:
                    if name in self.globals_assigned:
                        told.append((name, True))
                    continue
            told.append((name, self._told(variable, segment.member_names)))
        return (self.has_environment, *told)

    def _told(self, variable: Variable, names: frozenset[str]) -> Hashable:
        digests = variable.digests
        fields = tuple((name, digests[name]) for name in names & digests.keys()) if digests else ()
        needed = self.needed(variable)
        return (variable.local is None, variable.declaration(self), fields, needed)

    def needed(self, variable: Variable) -> Hashable:
        """What all that a variable's value is made from tells."""
        if not variable.needs:
            return None
        if variable not in self._closures:
            seen = {variable}
            pending = [variable]
            while pending:
                for each in pending.pop().needs - seen:
                    seen.add(each)
                    pending.append(each)
            self._closures[variable] = frozenset(each.whole(self) for each in seen)
        return self._closures[variable]

    def variable_of(self, local: Local) -> Variable | None:
        return self._by_local.get(local)

    def evaluator(self, index: int, catalogue: Catalogue, project: Project) -> FileEvaluator:
        found = self._evaluators.get(index)
        if found is None:
            found = self._evaluators[index] = FileEvaluator(self, index, catalogue, project)
        return found

    def visible(self, index: int) -> Iterator[Variable]:
        """Locals of the chunk that a segment sees, the last first."""
        seen: set[str] = set()
        for variable in reversed(self.variables):
            if variable.index < index and variable.name not in seen:
                seen.add(variable.name)
                yield variable


class FileEvaluator(Evaluator):
    """Evaluates one segment, and goes to the others for what they declare."""

    def __init__(self, file: File, index: int, catalogue: Catalogue, project: Project) -> None:
        super().__init__(file.placed[index].segment.analysis, catalogue, project)
        self.file = file
        self.index = index
        self._globals: dict[str, Value | None] = {}

    def of_name(self, name: str, offset: int, depth: int = 0) -> Value | None:
        found = self.lookup(name, offset)
        if found is None or (isinstance(found, Local) and found.kind == "outer"):
            variable = self.file.bound[self.index].get(name)
            if variable is not None and variable.local is not None:
                return self.file.evaluator(variable.index, self.catalogue, self.project).of_local(variable.local, depth)
            return self.of_global(name)
        return super().of_name(name, offset, depth)

    def local_at(self, name: Node) -> Local | None:
        """The local that an identifier means, which may be of another segment."""
        reference = self.analysis.reference_at.get(name.start_byte)
        if reference is None:
            return None
        if reference.local is not None and reference.local.kind != "outer":
            return reference.local
        variable = self.file.bound[self.index].get(reference.name)
        return variable.local if variable is not None else None

    def of_global(self, name: str) -> Value | None:
        if name not in self._globals:
            self._globals[name] = self._of_global(name)
        return self._globals[name]

    def _of_global(self, name: str) -> Value | None:
        if self.file.has_environment:
            return None
        entry = self.catalogue.globals.get(name)
        own = Value(analysis=self.analysis, owner=(name, ()))
        if name in self.file.globals_assigned:
            return own
        if entry is None:
            return own if name in self.file.globals else None
        return self.of_entry(entry, analysis=self.analysis, owner=(name, ()))

    def is_constant(self, local: Local) -> bool:
        variable = self.file.variable_of(local)
        return not variable.is_written if variable is not None else local.is_constant

    def is_used_once(self, local: Local) -> bool:
        variable = self.file.variable_of(local)
        return variable.is_used_once if variable is not None else len(local.references) == 1

    def own_member(self, value: Value, name: str) -> Member | None:
        if value.owner is None or value.analysis is None:
            return None
        members = self._file_members(value.analysis, value.owner)
        if members is None:
            return value.own_members().get(name)
        found = members.get(name)
        return found[1] if found is not None else None

    def _file_members(self, analysis: Analysis, owner: Key) -> dict[str, tuple[int, Member]] | None:
        """The fields that the segments together give; None for what a segment or a module knows alone."""
        root, path = owner
        if analysis.document.path != self.file.document.path:
            return None
        if isinstance(root, str):
            variable = self.file.globals.get(root)
            return variable.members.get(path, {}) if variable is not None else None
        variable = self.file.variable_of(root)
        return variable.members.get(path, {}) if variable is not None else None

    def evaluator_of(self, analysis: Analysis, owner: Key, member: Member) -> Evaluator:
        members = self._file_members(analysis, owner)
        if members is not None and (found := members.get(member.name)) is not None and found[1] is member:
            return self.file.evaluator(found[0], self.catalogue, self.project)
        return super().evaluator_of(analysis, owner, member)


def _changes_environment(segment: Segment) -> bool:
    if b"_ENV" not in segment.data:
        return False
    return "_ENV" in segment.free or any(local.name == "_ENV" for local in segment.analysis.locals)


def _parameters(function: Node, segment: Segment) -> Hashable:
    """What a function tells without its body: its parameters and all that annotations say."""
    start = function.start_byte
    told: dict[int, Hashable] = segment.kept.setdefault("told", {})
    if start not in told:
        node = function.child_by_field_id(PARAMETERS_FIELD)
        written = segment.data[node.start_byte : node.end_byte] if node is not None else b""
        said = (segment.above, segment.below, *inner_annotations(segment))
        told[start] = (written, said) if any(said) else written
    return told[start]

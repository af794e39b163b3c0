"""What a file does to globals: new ones, and those of Lua and LLMSpell that nobody should change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.assignments import targets_and_values
from llmspell_analysis.analysis.kinds import ASSIGNMENT, DOT_INDEX
from llmspell_analysis.rules.model import Diagnostic, FileSubject, Related, found
from llmspell_analysis.rules.reading import text

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.model import MemberAccess, Reference
    from llmspell_analysis.analysis.segments import Placed, Segment

# Their fields are there to be changed.
_OPEN_TABLES = frozenset({"package", "_G", "arg", "_ENV"})


def check_new_globals(subject: FileSubject) -> Iterator[Diagnostic]:
    """set-undefined-global and lowercase-global, once for each name."""
    file = subject.file
    if subject.defined_elsewhere is None or "module" in file.globals_read:
        return
    known = subject.catalogue.globals.keys() | subject.defined_elsewhere | {"_ENV", "_G"}
    for name, index in file.globals_assigned.items():
        if name in known:
            continue
        placed = file.placed[index]
        reference = placed.segment.analysis.globals_assigned[name]
        if reference.name != name:
            continue  # `_G.name = …` says that a global is meant
        span = (reference.start + placed.start, reference.end + placed.start)
        yield found(
            "set-undefined-global", f"`{name}` becomes a global: `local` is missing, unless that is meant", span
        )
        if name[:1].islower():
            yield found("lowercase-global", f"The new global `{name}` begins with a small letter, as locals do", span)


def check_readonly_globals(subject: FileSubject) -> Iterator[Diagnostic]:
    """readonly-global: `print = …`, `math.pi = …`."""
    file = subject.file
    if file.has_dynamic_globals or "module" in file.globals_read:
        return  # its globals are those of another table
    # what a configuration lists among the globals is the project's to give
    given = _OPEN_TABLES | subject.options.globals
    for name in file.globals_assigned.keys() & subject.catalogue.globals.keys() - given:
        if name in file.globals_tested:
            continue  # it is given only where it is missing
        for index, placed in enumerate(file.placed):
            if name in file.bound[index]:
                continue
            for reference in placed.segment.free.get(name, ()):
                if reference.access == "write" and not _is_default(placed.segment, reference):
                    message = f"`{name}` is a global of Lua or LLMSpell: all code that uses it gets this instead"
                    yield found(
                        "readonly-global", message, (reference.start + placed.start, reference.end + placed.start)
                    )
    for name in file.globals.keys() & subject.catalogue.globals.keys() - given:
        members = subject.catalogue.globals[name].members
        for index, placed in enumerate(file.placed):
            if name in placed.segment.free and name not in file.bound[index]:
                for access in placed.segment.analysis.members_accessed:
                    if access.access == "write" and access.name in members and access.name not in file.tested_members:
                        yield from _readonly_field(name, access, placed)


def _readonly_field(name: str, access: MemberAccess, placed: Placed) -> Iterator[Diagnostic]:
    data = placed.segment.data
    if access.node.kind_id not in DOT_INDEX or text(access.base, data) != name.encode():
        return
    reference = placed.segment.analysis.reference_at.get(access.base.start_byte)
    if reference is None or reference.local is not None or _has_default(access.node, data):
        return
    span = (access.start + placed.start, access.end + placed.start)
    message = f"`{name}.{access.name}` is Lua's or LLMSpell's: all code that uses it gets this instead"
    yield found("readonly-global", message, span)


def _is_default(segment: Segment, reference: Reference) -> bool:
    node = segment.analysis.document.tree.root_node.descendant_for_byte_range(reference.start, reference.end)
    return node is None or _has_default(node, segment.data)


def _has_default(target: Node, data: bytes) -> bool:
    """`unpack = unpack or …`, `t.x = …` beside others: where the old value is read, it is wrapped and not lost."""
    statement: Node | None = target
    while statement is not None and statement.kind_id not in ASSIGNMENT:
        statement = statement.parent
    sides = targets_and_values(statement) if statement is not None else None
    return sides is not None and any(text(target, data) in text(value, data) for value in sides[1])


def check_g(subject: FileSubject) -> Iterator[Diagnostic]:
    """global-usage: `_G`."""
    file = subject.file
    if "_G" not in file.globals_read:
        return
    for index, placed in enumerate(file.placed):
        if "_G" in file.bound[index]:
            continue
        for reference in placed.segment.free.get("_G", ()):
            span = (reference.start + placed.start, reference.end + placed.start)
            yield found("global-usage", "`_G` reaches every global by a computed name", span)


def check_elements(subject: FileSubject) -> Iterator[Diagnostic]:
    """global-element: every place that gives a value to a global of the script's own. unused-global: never read."""
    on = {code for code in ("global-element", "unused-global") if subject.options.severities.get(code) is not None}
    file = subject.file
    if not on or subject.defined_elsewhere is None:
        return
    known = subject.catalogue.globals.keys() | subject.defined_elsewhere | {"_ENV", "_G"}
    uses = [
        (placed.start, reference)
        for index, placed in enumerate(file.placed)
        for name, references in placed.segment.free.items()
        if name not in file.bound[index] and name not in known
        for reference in references
        if reference.local is None
    ]
    read = {reference.name for _, reference in uses if reference.access != "write"} | file.globals_tested
    seen: set[str] = set()
    for start, reference in uses:
        if reference.access != "write":
            continue
        span = (reference.start + start, reference.end + start)
        if "global-element" in on:
            yield found("global-element", f"`{reference.name}` is a global: any script that is loaded sees it", span)
        if "unused-global" in on and reference.name not in read | seen:
            seen.add(reference.name)
            message = f"Nothing in this file reads the global `{reference.name}`"
            yield found("unused-global", message, span, tags=("unnecessary",))


# --- fields ------------------------------------------------------------------------------------------------------


def check_duplicate_fields(subject: FileSubject) -> Iterator[Diagnostic]:
    """duplicate-set-field: a function of a table defined twice, where nobody looked at the first between."""
    file = subject.file
    pending: dict[tuple[object, bytes], tuple[int, int, int]] = {}
    names: dict[str, set[tuple[object, bytes]]] = {}
    roots: dict[str, set[tuple[object, bytes]]] = {}
    for index, placed in enumerate(file.placed):
        defined, reads, writes = _defines(placed.segment)
        for name in reads & names.keys():
            if defined is None or name != defined[2]:
                for key in names.pop(name):
                    pending.pop(key, None)
        for written in writes & roots.keys():
            for key in roots.pop(written):
                pending.pop(key, None)  # the table is a new one
        if defined is None:
            continue
        root, path, name, start, end = defined
        key = (file.bound[index].get(root, root), path)
        if key in pending:
            first, first_start, first_end = pending[key]
            by = file.placed[first].start
            related = (Related(first_start + by, first_end + by, "first defined here"),)
            span = (start + placed.start, end + placed.start)
            message = f"`{path.decode('utf-8', 'replace')}` is defined again: the first definition is lost"
            yield found("duplicate-set-field", message, span, related=related)
        pending[key] = (index, start, end)
        names.setdefault(name, set()).add(key)
        roots.setdefault(root, set()).add(key)


Definition = tuple[str, bytes, str, int, int]


def _defines(segment: Segment) -> tuple[Definition | None, frozenset[str], frozenset[str]]:
    """The function that a statement gives to a field, the fields that it reads, the variables that it writes."""
    if "defines" not in segment.kept:
        analysis = segment.analysis
        reads = frozenset(access.name for access in analysis.members_accessed if access.access != "write")
        defined: Definition | None = None
        function = next((each for each in analysis.functions if each.scope.parent is analysis.chunk), None)
        if function is not None and not function.is_local and function.scope.end == len(segment.data):
            path = function.name.replace(":", ".")
            root, _, rest = path.partition(".")
            if rest and path.replace(".", "").isidentifier():
                last = path.rpartition(".")[2]
                defined = (root, path.encode(), last, function.name_start, function.name_end)
        writes = frozenset(
            name for name, uses in segment.free.items() if any(reference.access == "write" for reference in uses)
        )
        segment.kept["defines"] = (defined, reads, writes)
    found_: tuple[Definition | None, frozenset[str], frozenset[str]] = segment.kept["defines"]
    return found_

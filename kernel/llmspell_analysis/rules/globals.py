"""Undefined globals and unknown fields of the API's tables and classes.

Silent wherever a name could be defined in a way that the text does not show: loaded code, a changed
environment, a module that is not found, another file that assigns it, a test for its existence.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmspell_analysis.analysis.file import File
from llmspell_analysis.analysis.kinds import BRACKET_INDEX
from llmspell_analysis.analysis.model import Analysis, MemberAccess, Reference
from llmspell_analysis.analysis.values import Value
from llmspell_analysis.catalogue import Catalogue
from llmspell_analysis.rules import replacements
from llmspell_analysis.rules.model import Diagnostic, FileSubject, Fix, Severity, Subject, moved
from llmspell_analysis.rules.nearest import nearest
from llmspell_analysis.syntax.tree import Edit

# Of older Lua versions; scripts that test `_VERSION` use them in branches that never run here.
_LEGACY = frozenset({"unpack", "loadstring", "setfenv", "getfenv", "module", "bit32", "jit", "newproxy"})
_LEGACY_REPLACEMENTS = {"unpack": "table.unpack", "loadstring": "load"}
# Records whose methods are of older versions, by what the catalogue calls the methods' owner.
_FORMER_OBJECTS = {"SessionRecord": "Session"}


def check_undefined_globals(subject: FileSubject) -> Iterator[Diagnostic]:
    file = subject.file
    if subject.defined_elsewhere is None:
        return
    known = subject.catalogue.globals.keys() | file.globals_assigned.keys() | subject.defined_elsewhere
    known |= file.globals_tested
    if "_VERSION" in file.globals_read:
        known |= _LEGACY
    unknown = file.globals_read - known
    if unknown and subject.compile_error is not None:
        for each in file.placed:
            if not unknown.isdisjoint(each.segment.local_names):
                unknown -= each.segment.local_names
    if not unknown:
        return
    for index, placed in enumerate(file.placed):
        for name in unknown & placed.segment.free.keys():
            if name in file.bound[index]:
                continue
            for reference in placed.segment.free[name]:
                if reference.access != "write" and not reference.guarded:
                    yield moved(_undefined(reference, index, subject), placed.start)


def defined_elsewhere(file: File, modules: tuple[Analysis | None, ...], names: frozenset[str]) -> frozenset[str] | None:
    """Globals that modules, other files and settings (`names`) define; None when nobody can tell."""
    if file.has_dynamic_globals or any(module is None or module.has_dynamic_globals for module in modules):
        return None
    return names.union(*(module.globals_assigned for module in modules if module is not None))


def _undefined(reference: Reference, index: int, subject: FileSubject) -> Diagnostic:
    name = reference.name
    message = f"Undefined global `{name}`"
    replacement = subject.catalogue.absent.get(name) if name[:1].isupper() else _LEGACY_REPLACEMENTS.get(name)
    is_known = replacement is not None
    if replacement is None and name == "debug":
        message = "`debug` is nil: LLMSpell scripts run without the debug library"
    elif replacement:
        message += f": use `{replacement}`"
    else:
        replacement = nearest(name, _candidates(reference, index, subject))
        message += f": did you mean `{replacement}`?" if replacement else ""
    # Calling or indexing nil raises; reading it does not.
    severity = Severity.WARNING if reference.access == "read" else Severity.ERROR
    fixes = _rename(reference.start, reference.end, replacement, is_safe=is_known)
    code = "mutate-undefined-global" if reference.mutates else "undefined-global"
    return Diagnostic(code, severity, message, reference.start, reference.end, fixes=fixes)


def _candidates(reference: Reference, index: int, subject: FileSubject) -> Iterator[str]:
    file = subject.file
    yield from (local.name for local in file.placed[index].segment.analysis.visible_locals(reference.start))
    yield from (variable.name for variable in file.visible(index))
    yield from file.globals_assigned
    yield from subject.catalogue.globals


def _rename(start: int, end: int, replacement: str | None, *, is_safe: bool = False) -> tuple[Fix, ...]:
    if not replacement or not replacement.replace(".", "").replace("_", "").isalnum():
        return ()
    return (Fix(f"Change to `{replacement}`", (Edit(start, end, replacement.encode()),), is_safe),)


# --- fields ------------------------------------------------------------------------------------------------------


def check_undefined_fields(subject: Subject) -> Iterator[Diagnostic]:
    for access in subject.analysis.members_accessed:
        if access.access == "write" or access.guarded or access.name in subject.shared.tested_members:
            continue
        value = subject.evaluator.of_node(access.base)
        if value is None or access.name in value.members:
            continue
        if not value.is_closed:
            yield from _former_method(access, value, subject)
            continue
        owner = value.entry.qualified_name if value.entry is not None else value.type.removesuffix("?")
        if owner in subject.shared.added_globals or subject.evaluator.own_member(value, access.name) is not None:
            continue
        # `Tool.calculator` and `Tool["x"]` look a tool up; whether it exists is a rule of the tools.
        is_tool = access.name in subject.catalogue.tools or access.node.kind_id in BRACKET_INDEX
        if is_tool and value.is_entry("Tool"):
            continue
        yield _undefined_field(access, value, subject)


def _former_method(access: MemberAccess, value: Value, subject: Subject) -> Iterator[Diagnostic]:
    """`session:get_name()`, where a session is a record without methods."""
    record = value.type.removesuffix("?")
    owner = _FORMER_OBJECTS.get(record, "")
    absent = subject.catalogue.absent.get(f"{owner}:{access.name}") if owner else None
    if absent and access.access == "call" and subject.evaluator.own_member(value, access.name) is None:
        message = f"`{record}` has no methods, nor `{access.name}`: use `{absent}`"
        fixes = replacements.fixes(access, owner, ":", absent, subject)
        yield Diagnostic("undefined-global-field", Severity.ERROR, message, access.start, access.end, fixes=fixes)


def added_globals(file: File, modules: tuple[Analysis | None, ...], catalogue: Catalogue) -> frozenset[str]:
    """API tables that the file, or a module of it, gives fields to."""
    names = {name for name, variable in file.globals.items() if () in variable.members and name in catalogue.globals}
    for module in modules:
        if module is not None:
            names.update(root for root, path in module.members if isinstance(root, str) and not path)
    return frozenset(names)


def _undefined_field(access: MemberAccess, value: Value, subject: Subject) -> Diagnostic:
    entry = value.entry
    owner = entry.qualified_name if entry is not None else value.type.removesuffix("?")
    separator = "." if entry is not None else ":"
    written = f"{owner}{separator}{access.name}"
    absent = subject.catalogue.absent.get(written)
    if absent is None and separator == ":":
        absent = subject.catalogue.absent.get(f"{owner}.{access.name}")
    kind = "function or field" if entry is not None else "method or field"
    message = f"`{owner}` has no {kind} `{access.name}`"
    fixes: tuple[Fix, ...] = ()
    if absent:
        message += f": use `{absent}`"
        fixes = replacements.fixes(access, owner, separator, absent, subject)
    elif absent is None:
        near = nearest(access.name, value.members)
        if near is not None:
            message += f": did you mean `{near}`?"
            fixes = () if access.node.kind_id in BRACKET_INDEX else _rename(access.start, access.end, near)
    severity = Severity.WARNING if access.access == "read" else Severity.ERROR
    return Diagnostic("undefined-global-field", severity, message, access.start, access.end, fixes=fixes)

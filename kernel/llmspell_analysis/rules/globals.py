"""Undefined globals and unknown fields of the API's tables and classes.

Silent wherever a name could be defined in a way that the text does not show: loaded code, a changed
environment, a module that is not found, another file that assigns it, a test for its existence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmspell_analysis.analysis.kinds import BRACKET_INDEX
from llmspell_analysis.analysis.model import MemberAccess, Reference
from llmspell_analysis.analysis.values import Value
from llmspell_analysis.rules.model import Diagnostic, Fix, Severity, Subject
from llmspell_analysis.rules.nearest import nearest
from llmspell_analysis.syntax.tree import Edit

# Of older Lua versions; scripts that test `_VERSION` use them in branches that never run here.
_LEGACY = frozenset({"unpack", "loadstring", "setfenv", "getfenv", "module", "bit32", "jit", "newproxy"})
_LEGACY_REPLACEMENTS = {"unpack": "table.unpack", "loadstring": "load"}
# The arguments of a replacement like `State.load(scope, key)`; a longer chain is no mere renaming.
_PLAIN_CALL = re.compile(r"\([\w, ]*\)\Z")


def check_undefined_globals(subject: Subject) -> Iterator[Diagnostic]:
    analysis = subject.analysis
    defined = _defined_elsewhere(subject)
    if defined is None:
        return
    known = subject.catalogue.globals.keys() | analysis.globals_assigned.keys() | defined
    declared = {local.name for local in analysis.locals} if subject.compile_error is not None else frozenset()
    tests_version = "_VERSION" in {ref.name for ref in analysis.references if ref.local is None}
    for reference in analysis.references:
        name = reference.name
        if reference.local is not None or reference.access == "write" or reference.guarded or name in known:
            continue
        if name in analysis.globals_tested or name in declared or (tests_version and name in _LEGACY):
            continue
        yield _undefined(reference, subject)


def _defined_elsewhere(subject: Subject) -> set[str] | None:
    """Globals that other files and the project's settings define; None when nobody can tell."""
    if subject.analysis.has_dynamic_globals:
        return None
    names = set(subject.options.globals | subject.project.known_globals)
    for module in subject.project.modules(subject.analysis):
        if module is None or module.has_dynamic_globals:
            return None
        names.update(module.globals_assigned)
    return names


def _undefined(reference: Reference, subject: Subject) -> Diagnostic:
    name = reference.name
    message = f"Undefined global `{name}`"
    replacement = subject.catalogue.absent.get(name) if name[:1].isupper() else _LEGACY_REPLACEMENTS.get(name)
    if replacement is None and name == "debug":
        message = "`debug` is nil: LLMSpell scripts run without the debug library"
    elif replacement:
        message += f": use `{replacement}`"
    else:
        replacement = nearest(name, _candidates(reference, subject))
        message += f": did you mean `{replacement}`?" if replacement else ""
    # Calling or indexing nil raises; reading it does not.
    severity = Severity.WARNING if reference.access == "read" else Severity.ERROR
    fixes = _rename(reference.start, reference.end, replacement)
    return Diagnostic("undefined-global", severity, message, reference.start, reference.end, fixes=fixes)


def _candidates(reference: Reference, subject: Subject) -> Iterator[str]:
    yield from (local.name for local in subject.analysis.visible_locals(reference.start))
    yield from subject.analysis.globals_assigned
    yield from subject.catalogue.globals


def _rename(start: int, end: int, replacement: str | None) -> tuple[Fix, ...]:
    if not replacement or not replacement.replace(".", "").replace("_", "").isalnum():
        return ()
    return (Fix(f"Change to `{replacement}`", (Edit(start, end, replacement.encode()),)),)


# --- fields ------------------------------------------------------------------------------------------------------


def check_undefined_fields(subject: Subject) -> Iterator[Diagnostic]:
    added = _fields_added(subject)
    tested = {
        (owner, access.name)
        for access in subject.analysis.members_accessed
        if access.guarded and (owner := _owner_name(access, subject)) is not None
    }
    for access in subject.analysis.members_accessed:
        if access.access == "write" or access.guarded:
            continue
        value = subject.evaluator.of_node(access.base)
        if value is None or not value.is_closed or access.name in value.members:
            continue
        owner = _owner_name(access, subject)
        if owner in added or (owner, access.name) in tested or access.name in value.own_members():
            continue
        # `Tool.calculator` and `Tool["x"]` look a tool up; whether it exists is a rule of the tools.
        is_tool = access.name in subject.catalogue.tools or access.node.kind_id in BRACKET_INDEX
        if is_tool and value.is_entry("Tool"):
            continue
        yield _undefined_field(access, value, subject)


def _owner_name(access: MemberAccess, subject: Subject) -> str | None:
    """The API table or class behind an access, by the name that messages use."""
    value = subject.evaluator.of_node(access.base)
    if value is None or not value.is_closed:
        return None
    return value.entry.qualified_name if value.entry is not None else value.type.removesuffix("?")


def _fields_added(subject: Subject) -> set[str]:
    """API tables that this file, or a module of it, extends or passes to code that may."""
    names: set[str] = set()
    for (root, path), _ in subject.analysis.members.items():
        if isinstance(root, str) and not path and root in subject.catalogue.globals:
            names.add(root)
    for module in subject.project.modules(subject.analysis):
        if module is not None:
            names.update(root for root, path in module.members if isinstance(root, str) and not path)
    return names


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
        head, _, tail = _PLAIN_CALL.sub("", absent).rpartition(separator)
        if head == owner and tail.isidentifier():
            fixes = _rename(access.start, access.end, tail)
    elif absent is None:
        near = nearest(access.name, value.members)
        if near is not None:
            message += f": did you mean `{near}`?"
            fixes = _rename(access.start, access.end, near)
    severity = Severity.WARNING if access.access == "read" else Severity.ERROR
    if access.node.kind_id in BRACKET_INDEX:
        fixes = ()
    return Diagnostic("undefined-global-field", severity, message, access.start, access.end, fixes=fixes)

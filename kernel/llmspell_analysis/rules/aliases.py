"""preferred-local-alias: `table.insert` where `local insert = table.insert` stands above. Off unless switched on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from llmspell_analysis.analysis.kinds import DOT_INDEX, IDENTIFIER, TABLE_FIELD
from llmspell_analysis.rules.model import Diagnostic, FileSubject, Fix, Related, found, moved
from llmspell_analysis.rules.reading import text
from llmspell_analysis.syntax.tree import Edit

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.analysis.file import File
    from llmspell_analysis.analysis.model import Local, MemberAccess

CODE = "preferred-local-alias"


class _Alias(NamedTuple):
    """A local that is bound once, to a path of fields; `segment` is the number of its segment."""

    local: Local
    segment: int
    path: bytes
    root: object


def check(subject: FileSubject) -> Iterator[Diagnostic]:
    file = subject.file
    if subject.options.severities.get(CODE) is None or file.has_dynamic_globals:
        return
    aliases: dict[bytes, list[_Alias]] = {}
    for each in _aliases(file):
        aliases.setdefault(each.path, []).append(each)
    if not aliases:
        return
    changed = {
        access.name
        for placed in file.placed
        for access in placed.segment.analysis.members_accessed
        if access.access == "write"
    }
    for index, placed in enumerate(file.placed):
        for access in placed.segment.analysis.members_accessed:
            path = _path(access.node, placed.segment.data)
            for alias in aliases.get(path, ()) if path is not None else ():
                if access.name not in changed and _is_seen(alias, access, index, file):
                    by = file.placed[alias.segment].start - placed.start
                    yield moved(_preferred(alias.local, access.node, by), placed.start)
                    break


def _aliases(file: File) -> Iterator[_Alias]:
    for index, placed in enumerate(file.placed):
        for local in placed.segment.analysis.locals:
            if local.value is None or local.value.kind_id not in DOT_INDEX:
                continue
            path = _path(local.value, placed.segment.data)
            variable = file.variable_of(local)
            is_bound_once = not variable.is_written if variable is not None else local.is_constant
            if path is not None and is_bound_once:
                yield _Alias(local, index, path, _root(local.value, index, file))


def _path(node: Node, data: bytes) -> bytes | None:
    """`a.b.c` without blanks; None for anything else."""
    base = node if node.kind_id in DOT_INDEX else None
    while base is not None and base.kind_id in DOT_INDEX:
        base = base.child_by_field_id(TABLE_FIELD)
    if base is None or base.kind_id not in IDENTIFIER or node.has_error:
        return None
    written = text(node, data)
    return written if written.replace(b".", b"").replace(b"_", b"").isalnum() else None


def _root(node: Node, index: int, file: File) -> object:
    """What the first name of a path means: a local, a local of the file, or a global by its name."""
    base = node
    while base.kind_id in DOT_INDEX:
        inner = base.child_by_field_id(TABLE_FIELD)
        if inner is None:
            return None
        base = inner
    reference = file.placed[index].segment.analysis.reference_at.get(base.start_byte)
    if reference is None:
        return None
    if reference.local is not None and reference.local.kind != "outer":
        variable = file.variable_of(reference.local)
        return None if not reference.local.is_constant or (variable and variable.is_written) else reference.local
    bound = file.bound[index].get(reference.name)
    if bound is not None:
        return None if bound.is_written else bound.local
    return None if reference.name in file.globals_assigned else reference.name


def _is_seen(alias: _Alias, access: MemberAccess, index: int, file: File) -> bool:
    """Whether the alias is what its name means where the path stands, and the path means the same there."""
    local, node = alias.local, access.node
    if alias.root is None or access.access == "write" or _root(node, index, file) != alias.root:
        return False
    visible = file.placed[index].segment.analysis.visible_locals(node.start_byte)
    if alias.segment == index:
        if not local.visible_from <= node.start_byte:
            return False
        return next((each for each in visible if each.name == local.name), None) is local
    if any(each.name == local.name for each in visible):
        return False
    variable = next((each for each in file.visible(index) if each.name == local.name), None)
    return variable is not None and variable.local is local


def _preferred(local: Local, node: Node, by: int) -> Diagnostic:
    span = (node.start_byte, node.end_byte)
    return found(
        CODE,
        f"`{local.name}` is a local name for this",
        span,
        related=(Related(local.start + by, local.end + by, "named here"),),
        fixes=(Fix(f"Use `{local.name}`", (Edit(*span, local.name.encode()),)),),
    )

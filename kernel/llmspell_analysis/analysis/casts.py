"""`---@cast`: what a variable is from there on, because its author says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmspell_analysis.analysis.annotations import Comment
from llmspell_analysis.analysis.model import Local
from llmspell_analysis.syntax import luacats_types as lt
from llmspell_analysis.syntax.luacats_tags import CastTag

if TYPE_CHECKING:
    from llmspell_analysis.analysis.inference import Facts
    from llmspell_analysis.analysis.type_flow import TypeFlow


def casts(flow: TypeFlow, comment: Comment, facts: Facts) -> Facts:
    for tag in comment.tags(CastTag):
        facts = _cast(flow, comment, tag, facts)
    return facts


def _cast(flow: TypeFlow, comment: Comment, tag: CastTag, facts: Facts) -> Facts:
    root, _, rest = tag.variable.partition(".")
    local = _visible(flow, root, comment.start)
    path = tuple(rest.split(".")) if rest else ()
    key = (local if local is not None else root, path)
    given = facts.get(key)
    if key not in facts and not path:
        given = flow.inference.default(local) if local is not None else flow.inference.of_global(root)
    is_known = local is not None or not root.isidentifier() or path != () or _is_global(flow, root)
    flow.observer.cast(comment, tag, given, is_known)
    current = given
    for sign, wanted, _, _ in tag.types:
        if sign == "+":
            current = lt.union([current, wanted]) if current is not None else None
        elif sign == "-":
            members = lt.members_of_union(current) if current is not None else ()
            rest_of = [each for each in members if each not in lt.members_of_union(wanted)]
            current = lt.union(rest_of) if rest_of else None
        else:
            current = wanted
    return {**facts, key: current}


def _is_global(flow: TypeFlow, name: str) -> bool:
    file = flow.inference.program.file
    return name in flow.inference.types.catalogue.globals or name in file.globals_assigned or name == "self"


def _visible(flow: TypeFlow, name: str, offset: int) -> Local | None:
    for local in flow.unit.analysis.visible_locals(max(offset, 0)):
        if local.name == name:
            return local
    if flow.unit.index is None:
        return None
    # the last declaration before this statement
    for variable in flow.inference.program.file.visible(flow.unit.index + (offset > len(flow.unit.data))):
        if variable.name == name:
            return variable.local
    return None

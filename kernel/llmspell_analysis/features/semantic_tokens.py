"""Semantic tokens: what each name of a file is, for colours that a grammar cannot give.

Invariant: tokens do not overlap and come in the order of the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmspell_analysis.analysis.chains import chain_of_node
from llmspell_analysis.analysis.kinds import FUNCTION
from llmspell_analysis.analysis.model import Analysis, Local, MemberAccess, Reference
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.analysis.values import Evaluator, Value
from llmspell_analysis.catalogue import Catalogue, Entry

TYPES = ("namespace", "class", "parameter", "variable", "property", "function", "method", "label", "selfParameter")
MODIFIERS = ("declaration", "readonly", "deprecated", "modification", "defaultLibrary", "global")


@dataclass(frozen=True, slots=True)
class SemanticToken:
    """`type` is one of TYPES, `modifiers` are some of MODIFIERS."""

    start: int
    end: int
    type: str
    modifiers: tuple[str, ...] = ()


def semantic_tokens(
    analysis: Analysis, catalogue: Catalogue, project: Project, span: tuple[int, int] | None = None
) -> list[SemanticToken]:
    """Of the whole file, or of the bytes of a span."""
    names = _Names(analysis, catalogue, project)
    start, end = span or (0, len(analysis.document.source.data))
    # of two at one place the later one says more
    found = {token.start: token for token in _all(names, analysis, start, end)}
    return [found[at] for at in sorted(found) if found[at].end > found[at].start]


def _all(names: _Names, analysis: Analysis, start: int, end: int) -> Iterator[SemanticToken]:
    for members in analysis.members.values():
        for member in members.values():
            if start <= member.start < end and not _is_quoted(analysis, member.start):
                kind = "method" if member.value is not None and member.value.kind_id in FUNCTION else "property"
                yield SemanticToken(member.start, member.end, kind, ("declaration",))
    yield from (names.of_local(one) for one in analysis.locals if one.kind != "self" and start <= one.start < end)
    yield from (names.of_reference(one) for one in analysis.references if start <= one.start < end)
    for access in analysis.members_accessed:
        if start <= access.start < end and not _is_quoted(analysis, access.start):
            yield names.of_access(access)
    labels = (label for scope in analysis.scopes for label in scope.labels.values())
    yield from (
        SemanticToken(one.start, one.end, "label", ("declaration",)) for one in labels if start <= one.start < end
    )
    yield from (SemanticToken(one.start, one.end, "label") for one in analysis.gotos if start <= one.start < end)


def _is_quoted(analysis: Analysis, offset: int) -> bool:
    return analysis.document.source.data[offset : offset + 1] in (b'"', b"'", b"[")


class _Names:
    def __init__(self, analysis: Analysis, catalogue: Catalogue, project: Project) -> None:
        self._analysis = analysis
        self._catalogue = catalogue
        self._evaluator = Evaluator(analysis, catalogue, project)
        self._owners: dict[tuple[int, int], Value | None] = {}

    def of_local(self, local: Local) -> SemanticToken:
        return SemanticToken(local.start, local.end, _local_type(local), ("declaration", *_local_modifiers(local)))

    def of_reference(self, reference: Reference) -> SemanticToken:
        local = reference.local
        changes = ("modification",) if reference.access == "write" else ()
        if local is not None:
            kind = _local_type(local)
            return SemanticToken(reference.start, reference.end, kind, (*_local_modifiers(local), *changes))
        entry = self._catalogue.globals.get(reference.name)
        if entry is None or reference.name in self._analysis.globals_assigned:
            kind = "function" if reference.access == "call" else "variable"
            return SemanticToken(reference.start, reference.end, kind, ("global", *changes))
        kind = "function" if entry.kind == "function" else "namespace" if entry.members else "variable"
        return SemanticToken(
            reference.start, reference.end, kind, ("defaultLibrary", *_entry_modifiers(entry), *changes)
        )

    def of_access(self, access: MemberAccess) -> SemanticToken:
        changes = ("modification",) if access.access == "write" else ()
        entry = self._entry(access)
        is_method = self._analysis.document.source.data[access.node.start_byte : access.start].rstrip()[-1:] == b":"
        if entry is None:
            kind = "method" if is_method else "function" if access.access == "call" else "property"
            return SemanticToken(access.start, access.end, kind, changes)
        is_function = entry.kind in ("function", "method")
        kind = "method" if is_method else "function" if is_function else "property"
        return SemanticToken(access.start, access.end, kind, ("defaultLibrary", *_entry_modifiers(entry), *changes))

    def _entry(self, access: MemberAccess) -> Entry | None:
        key = (access.base.start_byte, access.base.end_byte)
        if key not in self._owners:
            chain = chain_of_node(access.base, self._analysis.document.source.data)
            self._owners[key] = self._evaluator.of_chain(chain) if chain is not None else None
        owner = self._owners[key]
        if owner is None or access.name in owner.own_members():
            return None
        return owner.members.get(access.name)


def _local_type(local: Local) -> str:
    if local.kind == "parameter":
        return "parameter"
    if local.kind == "self":
        return "selfParameter"
    if local.kind == "function" or (local.value is not None and local.value.kind_id in FUNCTION):
        return "function"
    return "variable"


def _local_modifiers(local: Local) -> tuple[str, ...]:
    return ("readonly",) if local.attribute in ("const", "close") else ()


def _entry_modifiers(entry: Entry) -> tuple[str, ...]:
    return ("deprecated",) if entry.deprecated else ()

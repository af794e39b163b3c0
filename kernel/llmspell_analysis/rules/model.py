"""Diagnostics as plain data, the table of codes, and what a rule is given."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Literal

from llmspell_analysis.analysis.file import File, FileEvaluator
from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.catalogue import Catalogue
from llmspell_analysis.syntax.compiler import CompileError
from llmspell_analysis.syntax.tree import Edit


class Severity(IntEnum):
    """As LSP numbers them."""

    ERROR = 1
    WARNING = 2
    INFORMATION = 3
    HINT = 4


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits against the same version of the text that the diagnostic is about.

    `is_safe`: the program does the same after it, or could only fail before it; nothing is guessed.
    """

    title: str
    edits: tuple[Edit, ...]
    is_safe: bool = False


@dataclass(frozen=True, slots=True)
class Related:
    start: int
    end: int
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `start`..`end` are byte offsets and never empty unless the text is."""

    code: str
    severity: Severity
    message: str
    start: int
    end: int
    tags: tuple[Literal["unnecessary", "deprecated"], ...] = ()
    related: tuple[Related, ...] = ()
    fixes: tuple[Fix, ...] = ()


def moved(diagnostic: Diagnostic, by: int) -> Diagnostic:
    """The same finding in a text that has `by` bytes more before it."""
    if not by:
        return diagnostic
    return replace(
        diagnostic,
        start=diagnostic.start + by,
        end=diagnostic.end + by,
        related=tuple(replace(each, start=each.start + by, end=each.end + by) for each in diagnostic.related),
        fixes=tuple(
            replace(fix, edits=tuple(replace(edit, start=edit.start + by, end=edit.end + by) for edit in fix.edits))
            for fix in diagnostic.fixes
        ),
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """One code: its highest severity and its explanation in one line, from which the docs are made.

    `needs_valid_text`: silent while the compiler refuses the file, for what is missing may still be written.
    """

    code: str
    severity: Severity
    explanation: str
    is_on: bool = True
    needs_valid_text: bool = False


def rule_on_valid_text(code: str, severity: Severity, explanation: str, *, is_on: bool = True) -> Rule:
    """A rule on texts that compile."""
    return Rule(code, severity, explanation, is_on, needs_valid_text=True)


def found(
    code: str,
    message: str,
    span: tuple[int, int],
    *,
    tags: tuple[Literal["unnecessary", "deprecated"], ...] = (),
    related: tuple[Related, ...] = (),
    fixes: tuple[Fix, ...] = (),
) -> Diagnostic:
    """A finding with its code's own severity."""
    from llmspell_analysis.rules.table import RULES

    return Diagnostic(code, RULES[code].severity, message, *span, tags, related, fixes)


# As luacheck's and StyLua's.
MAX_LINE = 120


@dataclass(frozen=True, slots=True)
class IgnoredName:
    """Findings that are left out where they mark a name that matches; `codes` None for those of every code."""

    codes: frozenset[str] | None
    name: re.Pattern[str]

    def covers(self, diagnostic: Diagnostic, data: bytes) -> bool:
        if self.codes is not None and diagnostic.code not in self.codes:
            return False
        return self.name.search(data[diagnostic.start : diagnostic.end].decode("utf-8", "replace")) is not None


@dataclass(frozen=True, slots=True)
class Options:
    """What a project adds or changes.

    - `severities` maps a code to a severity, or to None to switch it off.
    - `other_globals` are names that other files assign: known where a file reads them, new where it assigns them
      itself.
    - `other_types` are names of types that annotations of other files declare.
    """

    globals: frozenset[str] = frozenset()
    tools: frozenset[str] = frozenset()
    severities: Mapping[str, Severity | None] = field(default_factory=dict)
    other_globals: frozenset[str] = frozenset()
    other_types: frozenset[str] = frozenset()
    ignored: tuple[IgnoredName, ...] = ()
    line_length: int = MAX_LINE


@dataclass(frozen=True, slots=True)
class FileSubject:
    """What rules on a whole file look at: one version of it, and what is known beyond it.

    `defined_elsewhere` are the globals that modules, other files and settings define; None when nobody can tell.
    `modules` are the modules that the file requires, directly and through others.
    """

    file: File
    catalogue: Catalogue
    project: Project
    options: Options
    compile_error: CompileError | None
    modules: tuple[Analysis | None, ...]
    defined_elsewhere: frozenset[str] | None

    @property
    def data(self) -> bytes:
        return self.file.document.source.data


@dataclass(frozen=True, slots=True)
class Shared:
    """What holds for a whole file and decides findings in its segments, besides what the segments name themselves.

    `providers` are those that are configured; None where any may be. `has_hooks`: the script may register hooks,
    which can change what calls give. `allowed_paths` are the folders that file tools may use; empty without a
    project, None where any may be. `published` are the events of the script; None where they may be any.
    `tells_unknown`: variables of unknown types are told of.
    """

    tested_members: frozenset[str]
    tested_tools: frozenset[str]
    added_globals: frozenset[str]
    tools: frozenset[str]
    providers: frozenset[str] | None
    has_hooks: bool
    allowed_paths: tuple[str, ...] | None
    published: frozenset[str] | None
    tells_unknown: bool
    modules: tuple[Analysis | None, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """What rules on one segment look at; offsets are from the segment's start.

    What they find may depend on the segment's bytes, on `shared`, and on what `evaluator` says of its expressions,
    but on no offset outside of it: that is what findings are kept by.
    """

    analysis: Analysis
    evaluator: FileEvaluator
    catalogue: Catalogue
    shared: Shared

    @property
    def data(self) -> bytes:
        return self.analysis.document.source.data


@dataclass(frozen=True, slots=True)
class Piece:
    """What rules look at that need the text of one segment alone."""

    analysis: Analysis

    @property
    def data(self) -> bytes:
        return self.analysis.document.source.data


FileCheck = Callable[[FileSubject], Iterator[Diagnostic]]
SegmentCheck = Callable[[Subject], Iterator[Diagnostic]]
PieceCheck = Callable[[Piece], Iterator[Diagnostic]]

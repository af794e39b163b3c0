"""Diagnostics as plain data, the table of codes, and what a rule is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal, Protocol

from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.analysis.values import Evaluator
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
    """Edits against the same version of the text that the diagnostic is about."""

    title: str
    edits: tuple[Edit, ...]


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


@dataclass(frozen=True, slots=True)
class Rule:
    """One code: its highest severity and its explanation in one line, from which the docs are made."""

    code: str
    severity: Severity
    explanation: str


@dataclass(frozen=True, slots=True)
class Options:
    """What a project adds or changes. `severities` maps a code to a severity, or to None to switch it off."""

    globals: frozenset[str] = frozenset()
    tools: frozenset[str] = frozenset()
    severities: Mapping[str, Severity | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subject:
    """What rules look at: one version of one file, and what is known beyond it."""

    analysis: Analysis
    evaluator: Evaluator
    catalogue: Catalogue
    project: Project
    options: Options
    compile_error: CompileError | None

    @property
    def data(self) -> bytes:
        return self.analysis.document.source.data


class Check(Protocol):
    def __call__(self, subject: Subject) -> Iterator[Diagnostic]: ...

"""Runs every rule on one version of a file."""

from __future__ import annotations

from dataclasses import replace

from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.analysis.values import Evaluator
from llmspell_analysis.catalogue import Catalogue
from llmspell_analysis.rules import globals as globals_rules
from llmspell_analysis.rules import syntax_errors, tools
from llmspell_analysis.rules.model import Check, Diagnostic, Options, Subject
from llmspell_analysis.rules.suppressions import Suppressions
from llmspell_analysis.rules.table import SYNTAX_CODES
from llmspell_analysis.syntax.compiler import compile_error

# To add a rule: write its module, add its codes to the table, add its check here.
CHECKS: tuple[Check, ...] = (
    syntax_errors.check,
    globals_rules.check_undefined_globals,
    globals_rules.check_undefined_fields,
    tools.check,
)
# More findings than a person reads; a file with more is not a script.
MAX_DIAGNOSTICS = 1000


def check(
    analysis: Analysis, catalogue: Catalogue, project: Project, options: Options | None = None
) -> tuple[Diagnostic, ...]:
    """All findings of a file, in the order of the text, suppressed ones left out."""
    options = options or Options()
    subject = Subject(
        analysis=analysis,
        evaluator=Evaluator(analysis, catalogue, project),
        catalogue=catalogue,
        project=project,
        options=options,
        compile_error=compile_error(analysis.document.source.data),
    )
    found: list[Diagnostic] = []
    suppressions = Suppressions(analysis.document)
    for run in CHECKS:
        found.extend(suppressions.filter(_configured(each, options) for each in run(subject)))
    found = _certain(found, analysis)
    found = [each for each in found if options.severities.get(each.code, each.severity) is not None]
    found.sort(key=lambda each: (each.start, each.end, each.code))
    return tuple(dict.fromkeys(found))[:MAX_DIAGNOSTICS]


def _certain(found: list[Diagnostic], analysis: Analysis) -> list[Diagnostic]:
    """After a syntax error the rest of its line, and all that an open string swallows, may mean anything."""
    broken = next((each for each in found if each.code in SYNTAX_CODES), None)
    if broken is None:
        return found
    source = analysis.document.source
    line = source.line_of(broken.start)
    swallowed = broken.start if broken.message.startswith("Unfinished") else len(source)
    return [
        each
        for each in found
        if each.code in SYNTAX_CODES or (source.line_of(each.start) != line and each.start < swallowed)
    ]


def _configured(diagnostic: Diagnostic, options: Options) -> Diagnostic:
    severity = options.severities.get(diagnostic.code)
    return diagnostic if severity is None else replace(diagnostic, severity=severity)

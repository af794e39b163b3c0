"""Runs every rule on one version of a file.

Rules are of three kinds, by what their findings depend on: the text of one statement alone, a statement and what
its names mean, the whole file. Findings of the first two are kept with the segment, so that after an edit only
what it touches is looked at again. Invariant: with and without kept findings the result is the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from llmspell_analysis.analysis.declared_types import DeclaredTypes
from llmspell_analysis.analysis.file import File
from llmspell_analysis.analysis.inference import Program
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.analysis.segments import Segment, Segments
from llmspell_analysis.catalogue import Catalogue
from llmspell_analysis.rules import (
    aliases,
    assigned_values,
    code_style,
    docs,
    environment,
    flow,
    global_variables,
    host_names,
    host_rules,
    layout,
    naming,
    older_names,
    requires,
    security,
    spelling,
    statements,
    style,
    style_walk,
    syntax_recovery,
    syntax_walk,
    table_clones,
    tools,
    types,
    variables,
)
from llmspell_analysis.rules import globals as globals_rules
from llmspell_analysis.rules.model import (
    Diagnostic,
    FileCheck,
    FileSubject,
    Options,
    Piece,
    PieceCheck,
    SegmentCheck,
    Shared,
    Subject,
    moved,
)
from llmspell_analysis.rules.suppressions import Suppressions
from llmspell_analysis.rules.table import RULES, SYNTAX_CODES
from llmspell_analysis.syntax.compiler import compile_error
from llmspell_analysis.syntax.document import Document

# To add a rule: write its module, add its codes to the table, add its check to the list of its kind.
FILE_CHECKS: tuple[FileCheck, ...] = (
    syntax_recovery.check,
    globals_rules.check_undefined_globals,
    global_variables.check_new_globals,
    global_variables.check_readonly_globals,
    global_variables.check_g,
    global_variables.check_duplicate_fields,
    global_variables.check_elements,
    environment.check,
    requires.check,
    variables.check_chunk,
    assigned_values.check_chunk,
    flow.check_chunk,
    statements.check_swaps,
    statements.check_empty_statements,
    style.check_lines,
    style.check_complexity,
    aliases.check,
    table_clones.check,
    naming.check,
    spelling.check,
    code_style.check,
    layout.check,
)
SEGMENT_CHECKS: tuple[SegmentCheck, ...] = (
    globals_rules.check_undefined_fields,
    *host_rules.SEGMENT_CHECKS,
    older_names.check,
)
PIECE_CHECKS: tuple[PieceCheck, ...] = (
    *host_rules.PIECE_CHECKS,
    syntax_walk.check,
    variables.check_inner,
    assigned_values.check_inner,
)
_META = re.compile(rb"\A(?:[ \t]*(?:--[^\r\n]*)?\r?\n)*?---[ \t]*@meta\b")
_META_WITHIN = 4096
# More findings than a person reads; a file with more is not a script.
MAX_DIAGNOSTICS = 1000


def check(
    document: Document,
    catalogue: Catalogue,
    project: Project,
    options: Options | None = None,
    segments: Segments | None = None,
) -> tuple[Diagnostic, ...]:
    """All findings of a file, in the order of the text, suppressed ones left out."""
    return check_file(document, catalogue, project, options, segments)[0]


def check_file(
    document: Document,
    catalogue: Catalogue,
    project: Project,
    options: Options | None = None,
    segments: Segments | None = None,
) -> tuple[tuple[Diagnostic, ...], File]:
    """The findings, and the tables of the file. `segments` are the file's from the version before."""
    options = options or Options()
    segments = segments or Segments()
    with segments.lock:
        file = File(document, segments)
        subject = _subject(file, catalogue, project, options)
        found = [each for run in FILE_CHECKS for each in run(subject)]
        found.extend(_in_segments(subject))
    suppressions = Suppressions(document)
    found.extend(suppressions.problems)
    on = _codes_on(options)
    found = [each for each in found if each.code in on]
    if _META.search(document.source.data, 0, _META_WITHIN):
        # It describes what is defined elsewhere: its functions are empty, its names are nobody's.
        found = [each for each in found if not RULES[each.code].needs_valid_text]
    data = document.source.data
    ignored = [each for each in found if any(one.covers(each, data) for one in options.ignored)]
    found = [each for each in found if each not in ignored or each.code in SYNTAX_CODES]
    found = list(suppressions.filter(_configured(each, options) for each in found))
    found = _certain(found, document)
    found.sort(key=lambda each: (each.start, each.end, each.code))
    return tuple(dict.fromkeys(found))[:MAX_DIAGNOSTICS], file


def _subject(file: File, catalogue: Catalogue, project: Project, options: Options) -> FileSubject:
    data = file.document.source.data
    modules = tuple(project.modules(file))
    names = options.globals | project.known_globals | (options.other_globals - file.globals_assigned.keys())
    elsewhere = globals_rules.defined_elsewhere(file, modules, names)
    return FileSubject(file, catalogue, project, options, compile_error(data), modules, elsewhere)


def _in_segments(subject: FileSubject) -> Iterator[Diagnostic]:
    file = subject.file
    on = _codes_on(subject.options)
    shared = Shared(
        tested_members=file.tested_members,
        tested_tools=tools.tested_tools(file),
        added_globals=globals_rules.added_globals(file, subject.modules, subject.catalogue) | subject.options.globals,
        tools=subject.options.tools | subject.project.python_tools(file.document.path),
        providers=host_names.configured(file, subject.project),
        allowed_paths=security.allowed_paths(file, subject.project),
        published=host_names.published_in(file, subject.modules),
        has_hooks="Hook" in file.globals_read or None in subject.modules,
        tells_unknown="no-unknown" in on,
        modules=subject.modules,
    )
    style_codes = style_walk.CODES & on
    declared = DeclaredTypes(file, subject.catalogue, subject.modules, subject.options.other_types)
    program = Program(file, declared, subject.project)
    state = types.TypeState(file)
    for index, placed in enumerate(file.placed):
        segment = placed.segment
        facts = state.before(index)
        context = (shared, file.environment(index), tuple(facts.items()), state.of_casts(index))
        found: types.Found | None = segment.found.get(context)
        if found is None or not declared.still_tells(found.looked):
            evaluator = file.evaluator(index, subject.catalogue, subject.project)
            seen = Subject(segment.analysis, evaluator, subject.catalogue, shared)
            with declared.noted() as looked:
                own = [each for run in SEGMENT_CHECKS for each in run(seen)]
                of_types, after = types.check(seen, index, program, facts)
                own += (*docs.check(index, program), *docs.check_missing(index, program), *of_types)
            found = types.Found(tuple(own), state.kept(after), declared.told(looked))
            segment.keep(context, found)
        state.after(facts, found.state)
        for each in (*_of_piece(segment), *_of_style(segment, style_codes), *found.diagnostics):
            if each.code in on:
                yield moved(each, placed.start)


def _of_piece(segment: Segment) -> tuple[Diagnostic, ...]:
    if "pieces" not in segment.kept:
        piece = Piece(segment.analysis)
        segment.kept["pieces"] = tuple(each for run in PIECE_CHECKS for each in run(piece))
    found: tuple[Diagnostic, ...] = segment.kept["pieces"]
    return found


def _of_style(segment: Segment, codes: frozenset[str]) -> tuple[Diagnostic, ...]:
    """What is off unless a project wants it costs nothing where it does not."""
    if not codes:
        return ()
    kept: tuple[frozenset[str], tuple[Diagnostic, ...]] | None = segment.kept.get("style")
    if kept is None or kept[0] != codes:
        kept = segment.kept["style"] = (codes, tuple(style_walk.check(Piece(segment.analysis), codes)))
    return kept[1]


def _certain(found: list[Diagnostic], document: Document) -> list[Diagnostic]:
    """After a syntax error the rest of its line, and all that an open string swallows, may mean anything."""
    broken = [each for each in found if each.code in SYNTAX_CODES]
    if not broken:
        return found
    source = document.source
    lines = {source.line_of(each.start) for each in broken}
    swallowed = min((each.start for each in broken if each.message.startswith("Unfinished")), default=len(source))
    return [
        each
        for each in found
        if each.code in SYNTAX_CODES
        or (
            not RULES[each.code].needs_valid_text and source.line_of(each.start) not in lines and each.start < swallowed
        )
    ]


def _codes_on(options: Options) -> frozenset[str]:
    severities = options.severities
    return frozenset(
        code for code, rule in RULES.items() if (severities[code] is not None if code in severities else rule.is_on)
    )


def _configured(diagnostic: Diagnostic, options: Options) -> Diagnostic:
    severity = options.severities.get(diagnostic.code)
    return diagnostic if severity is None else replace(diagnostic, severity=severity)

"""The validator's single entry: a script's text in, findings out. Needs no language server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from llmspell_analysis.analysis.project import Project
from llmspell_analysis.catalogue import load_catalogue
from llmspell_analysis.rules.check import check_file
from llmspell_analysis.rules.model import Diagnostic, Fix, Options, Related, Severity
from llmspell_analysis.syntax.compiler import compile_error
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.luacats_names import declared_types, mentioned_types
from llmspell_analysis.syntax.text import MAX_CHECKED_BYTES, MAX_SOURCE_BYTES, SourceText

__all__ = [
    "MAX_CHECKED_BYTES",
    "Diagnostic",
    "Fix",
    "Options",
    "Related",
    "Report",
    "Severity",
    "compiler_findings",
    "declared_types",
    "read_script",
    "report",
    "validate",
    "validate_file",
]


@dataclass(frozen=True, slots=True)
class Report:
    """Findings of one script in the order of its text, and what it has to do with others.

    `needed_globals` are those that it reads and nobody known gives it; `assigned_globals` those that it gives others.
    `named_types` are words of its annotations that may be types of others; `declared_types` those that it declares.
    """

    findings: tuple[Diagnostic, ...]
    needed_globals: frozenset[str] = frozenset()
    assigned_globals: frozenset[str] = frozenset()
    named_types: frozenset[str] = frozenset()
    declared_types: frozenset[str] = frozenset()


def validate(
    text: bytes | str,
    path: str = "",
    *,
    options: Options | None = None,
    project: Project | None = None,
) -> tuple[Diagnostic, ...]:
    """Findings in one script, in the order of its text. Ranges are byte offsets into its UTF-8 form.

    `path` is where the script is: modules that it requires are looked for beside it. One `project` for many
    files reads each module once. Never raises, whatever the bytes are.
    """
    return report(text, path, options=options, project=project).findings


def report(
    text: bytes | str,
    path: str = "",
    *,
    options: Options | None = None,
    project: Project | None = None,
) -> Report:
    """`validate`, for who puts the findings of many scripts together."""
    source = SourceText(text) if isinstance(text, bytes) else SourceText.from_str(text)
    if len(source) > MAX_CHECKED_BYTES:
        return Report(compiler_findings(source))
    options, catalogue = options or Options(), load_catalogue()
    findings, file = check_file(Document(source, path), catalogue, project or Project(), options)
    assigned = frozenset(file.globals_assigned)
    needed = file.globals_read - assigned - catalogue.globals.keys() - options.globals
    declared = declared_types(source.data)
    return Report(findings, frozenset(needed), assigned, mentioned_types(source.data) - declared, declared)


def compiler_findings(source: SourceText) -> tuple[Diagnostic, ...]:
    """All that is found in a text that is too large for the rules."""
    error = compile_error(source.data)
    if error is None:
        return ()
    start, end = source.compiler_line_span(error.line)
    return (Diagnostic("syntax-error", Severity.ERROR, error.message, start, max(end, start + 1)),)


def read_script(path: str) -> bytes:
    """The bytes of a file. Raises OSError; ValueError for a file above the size limit."""
    file = Path(path)
    if (size := file.stat().st_size) > MAX_SOURCE_BYTES:
        raise ValueError(f"{path} has {size} bytes; a script has at most {MAX_SOURCE_BYTES}")
    return file.read_bytes()


def validate_file(
    path: str, *, options: Options | None = None, project: Project | None = None
) -> tuple[bytes, tuple[Diagnostic, ...]]:
    """The bytes of a file and the findings in it. Raises as `read_script`."""
    data = read_script(path)
    return data, validate(data, str(Path(path).resolve()), options=options, project=project)

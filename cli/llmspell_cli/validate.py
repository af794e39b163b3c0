"""``llmspell validate``: findings as text, for people and for editors' problem matchers."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from llmspell_analysis.analysis.project import Project
from llmspell_analysis.syntax.text import SourceText
from llmspell_analysis.validation import Diagnostic, Severity, validate_file

from llmspell_cli.failure import fail, problem_of
from llmspell_cli.report import show

_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFORMATION: "36", Severity.HINT: "90"}
_NOT_SEARCHED = frozenset({"node_modules", "__pycache__"})


def explain(code: str) -> int:
    """Print a diagnostic's page; exit code 1 for a code that does not exist."""
    from llmspell_analysis.rules.explanation import explanation
    from llmspell_analysis.rules.nearest import nearest
    from llmspell_analysis.rules.table import RULES

    if code in RULES:
        show(explanation(code))
        return 0
    near = nearest(code, RULES)
    return fail(f"there is no diagnostic {code!r}" + (f"; did you mean {near!r}?" if near else ""))


def validate(paths: Sequence[Path], least: Severity) -> int:
    """Print the findings; exit code 1 when there is an error or a file cannot be read, else 0."""
    coloured = sys.stdout.isatty()
    failed, files, findings = False, 0, 0
    project = Project()  # one for all files: each module is read once
    for path in paths:
        if (problem := problem_of(path)) is not None:
            failed = bool(fail(f"{path} {problem}"))
            continue
        scripts, unread = _scripts(path)
        for error in unread:
            failed = bool(fail(f"{error.filename} cannot be read: {error.strerror}"))
        for file in scripts:
            files += 1
            try:
                text, diagnostics = validate_file(str(file), project=project)
            except OSError as error:
                failed = bool(fail(f"{file} cannot be read: {error.strerror}"))
                continue
            except ValueError as error:
                failed = bool(fail(str(error)))
                continue
            diagnostics = tuple(one for one in diagnostics if one.severity <= least)
            findings += len(diagnostics)
            failed = failed or any(one.severity == Severity.ERROR for one in diagnostics)
            if diagnostics:
                show("".join(_shown(str(file), SourceText(text), diagnostics, coloured)), end="")
    show(f"{files} {'file' if files == 1 else 'files'}, {findings} {'finding' if findings == 1 else 'findings'}")
    return 1 if failed else 0


def _scripts(path: Path) -> tuple[Sequence[Path], Sequence[OSError]]:
    """The scripts at or below a path, and what went wrong with folders below it."""
    if not path.is_dir():
        return [path], []
    found: list[Path] = []
    unread: list[OSError] = []
    for folder, folders, names in os.walk(path, onerror=unread.append):
        folders[:] = [one for one in folders if not one.startswith(".") and one not in _NOT_SEARCHED]
        scripts = (Path(folder, one) for one in names if one.endswith(".lua") and not one.startswith("."))
        found.extend(one for one in scripts if one.is_file())
    return sorted(found), unread


def _shown(name: str, source: SourceText, diagnostics: Iterable[Diagnostic], coloured: bool) -> Iterator[str]:
    for one in diagnostics:
        line = source.line_of(one.start)
        start, end = source.line_span(line)
        text = source.data[start:end].decode("utf-8", "replace")
        column = len(source.data[start : one.start].decode("utf-8", "replace"))
        length = max(1, len(source.data[one.start : min(one.end, end)].decode("utf-8", "replace")))
        severity = one.severity.name.lower()
        if coloured:
            severity = f"\x1b[1;{_COLOURS[one.severity]}m{severity}\x1b[0m"
        # tabs stay, so that the marks stand below what they mark
        padding = "".join("\t" if character == "\t" else " " for character in text[:column])
        yield f"{name}:{line + 1}:{column + 1}: {severity}[{one.code}]: {one.message}\n"
        yield f"  {text}\n  {padding}{'^' * length}\n"

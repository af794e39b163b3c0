"""Findings as workflow commands of GitHub Actions, which shows them beside the code."""

from collections.abc import Iterator
from pathlib import Path

from llmspell_analysis.syntax.text import SourceText
from llmspell_analysis.validation import Diagnostic, Severity

from llmspell_cli.validation.checking import Checked
from llmspell_cli.validation.places import place_of, relative_to_root

_COMMANDS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFORMATION: "notice",
    Severity.HINT: "notice",
}


def commands(checked: Checked, root: Path) -> Iterator[str]:
    source = SourceText(checked.data)
    name = relative_to_root(checked.name, root) or checked.name
    for one in checked.findings:
        yield _command(name, source, one)


def of_problem(message: str) -> str:
    """What could not be done, which belongs to no line."""
    return f"::error title=llmspell::{_data(message)}\n"


def _command(name: str, source: SourceText, one: Diagnostic) -> str:
    start, end = place_of(source, one.start), place_of(source, one.end)
    last_line = end.line - 1 if end.column == 1 and end.line > start.line else end.line
    properties = {"file": name, "line": str(start.line), "endLine": str(last_line)}
    if start.line == end.line:  # columns of a range over lines are not shown
        properties |= {"col": str(start.column), "endColumn": str(end.column)}
    properties["title"] = one.code
    written = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{_COMMANDS[one.severity]} {written}::{_data(one.message)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

"""Rules on marked snippets: one folder per rule, `rules/<code>/`, adding a case needs no code.

A file has cases, each under a line `-- case: title`. Under a line of code stands what is found in it:

    prnt("x")
    ^^^^ error undefined-global: Undefined global `prnt`: did you mean `print`?
         fix: print("x")

A case without marks expects silence. Shown are errors, warnings, and whatever the folder's own code finds, which is
on there. Marks are cut out before the text is looked at. LLMSPELL_UPDATE_CASES=1
writes what is found now into the files; read the difference before committing it.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from llmspell_analysis.rules.table import RULES
from llmspell_analysis.syntax.compiler import compile_error
from llmspell_analysis.syntax.text import SourceText
from llmspell_analysis.validation import Diagnostic, Options, Severity, validate

CASES = Path(__file__).parent / "rules"
# Where the script of a case about other files stands; elsewhere a case is a text without a file.
SCRIPT = Path(__file__).parent / "project" / "script.lua"
ABOUT_FILES = ("different-requires", "unresolved-require")
MOST = Severity.WARNING
TITLE = re.compile(r"-- case: (.+)")
MARK = re.compile(r"\s*(\^+ (error|warning|information|hint) [\w-]+: |fix: |related: )")


@dataclass(frozen=True)
class Case:
    file: Path
    title: str
    text: str  # with marks

    @property
    def code(self) -> bytes:
        return "\n".join(line for line in self.text.split("\n") if MARK.match(line) is None).encode()


def cases_of(file: Path) -> list[Case]:
    parts = TITLE.split(file.read_text(encoding="utf-8"))
    return [Case(file, title.strip(), body.strip("\n")) for title, body in zip(parts[1::2], parts[2::2], strict=True)]


def marks(found: Diagnostic, source: SourceText) -> list[str]:
    line = source.line_of(found.start)
    start, end = source.line_span(line)
    before = source.slice(start, found.start)
    blank = "".join("\t" if char == "\t" else " " for char in before)
    carets = "^" * max(1, len(source.slice(found.start, min(found.end, end))))
    lines = [f"{blank}{carets} {found.severity.name.lower()} {found.code}: {found.message}"]
    indent = blank + " " * (len(carets) + 1)
    lines += [f"{indent}related: {each.message}, line {source.line_of(each.start) + 1}" for each in found.related]
    for fix in found.fixes:
        data = source.data
        for edit in sorted(fix.edits, key=lambda each: each.start, reverse=True):
            data = data[: edit.start] + edit.new + data[edit.end :]
        after = SourceText(data)
        lines.append(f"{indent}fix: {after.slice(*after.line_span(line)).strip()}")
    return lines


def findings(code: bytes, folder: str) -> list[Diagnostic]:
    is_off = folder in RULES and not RULES[folder].is_on
    options = Options(severities={folder: RULES[folder].severity}) if is_off else None
    path = str(SCRIPT) if folder in ABOUT_FILES else ""
    return [found for found in validate(code, path, options=options) if found.code == folder or found.severity <= MOST]


def rendered(code: bytes, folder: str) -> str:
    """The code with what is found in it, as the case files have it."""
    source = SourceText(code)
    below: dict[int, list[str]] = {}
    for found in findings(code, folder):
        assert found.code in RULES
        assert 0 <= found.start < found.end <= len(code)
        below.setdefault(source.line_of(found.start), []).extend(marks(found, source))
    lines = code.decode().split("\n")
    return "\n".join("\n".join([line, *below.get(index, [])]) for index, line in enumerate(lines))


ALL = [case for file in sorted(CASES.rglob("*.lua")) for case in cases_of(file)]

if os.environ.get("LLMSPELL_UPDATE_CASES"):
    for path in sorted(CASES.rglob("*.lua")):
        path.write_text(
            "\n\n".join(
                f"-- case: {case.title}\n{rendered(case.code, case.file.parent.name)}" for case in cases_of(path)
            )
            + "\n",
            encoding="utf-8",
        )
    ALL = [case for file in sorted(CASES.rglob("*.lua")) for case in cases_of(file)]


@pytest.mark.parametrize("case", ALL, ids=[f"{case.file.parent.name}: {case.title}" for case in ALL])
def test_findings_are_as_marked(case: Case) -> None:
    actual = rendered(case.code, case.file.parent.name)
    assert actual == case.text, f"{case.file.name}, case {case.title!r}; found:\n{actual}"


def test_every_code_has_a_case() -> None:
    marked = {match for case in ALL for match in re.findall(r"\^+ \w+ ([\w-]+): ", case.text)}
    assert marked >= RULES.keys() - {"local-limit"}


EVERYTHING = Options(severities={code: rule.severity for code, rule in RULES.items()})


@pytest.mark.parametrize("case", ALL, ids=[f"{case.file.parent.name}: {case.title}" for case in ALL])
def test_a_fix_gives_code_that_compiles_and_no_longer_has_the_finding(case: Case) -> None:
    """Of every rule, also of those that the case is not about."""
    path = str(SCRIPT) if case.file.parent.name in ABOUT_FILES else ""
    is_valid = compile_error(case.code) is None
    for found in validate(case.code, path, options=EVERYTHING):
        for fix in found.fixes:
            data = case.code
            for edit in sorted(fix.edits, key=lambda each: each.start, reverse=True):
                data = data[: edit.start] + edit.new + data[edit.end :]
            assert not is_valid or compile_error(data) is None, f"{found.code}, {fix.title}: {data.decode()}"
            left = [each for each in validate(data, path, options=EVERYTHING) if each.code == found.code]
            again = [each for each in left if each.start == found.start]
            assert not again, f"{found.code}, {fix.title} left {again}: {data.decode()}"


def test_more_locals_than_a_function_may_have() -> None:
    code = "\n".join(f"local v{index} = 0" for index in range(201))
    (found,) = validate(code)
    assert found.code == "local-limit"
    assert code.encode()[found.start : found.end] == b"="

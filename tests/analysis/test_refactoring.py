"""Refactorings: texts with the selection in ⟦⟧, and what they become."""

import re
from pathlib import Path

import pytest
from llmspell_analysis.analysis.builder import analyze
from llmspell_analysis.features.refactoring import refactorings
from llmspell_analysis.formatting.formatter import applied
from llmspell_analysis.syntax.compiler import compile_error
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.text import SourceText

TEXT = (Path(__file__).parent / "features" / "refactoring.txt").read_text(encoding="utf-8")
PARTS = re.split(r"^=== (.+)\n", TEXT, flags=re.MULTILINE)
CASES = dict(zip(PARTS[1::2], PARTS[2::2], strict=True))


@pytest.mark.parametrize("title", CASES)
def test_refactoring(title: str) -> None:
    marked, *wanted = re.split(r"^---> ", CASES[title], flags=re.MULTILINE)
    before, _, rest = marked.partition("⟦")
    chosen, _, after = rest.partition("⟧")
    data = (before + chosen + after).encode()
    start = len(before.encode())
    analysis = analyze(Document(SourceText(data), "/x.lua"))
    found = {one.title: one for one in refactorings(analysis, start, start + len(chosen.encode()))}
    for new in (applied(data, one.edits) for one in found.values()):
        assert compile_error(new) is None, new.decode()
    if not wanted:
        assert not found
        return
    name, _, text = wanted[0].partition("\n")
    assert applied(data, found[name].edits).decode().strip() == text.strip()

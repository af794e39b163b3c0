"""No text makes validator, completion, hover, signature help, definition or symbols fail."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llmspell_analysis.analysis.builder import analyze
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.catalogue import load_catalogue
from llmspell_analysis.features.completion import complete
from llmspell_analysis.features.definition import definition
from llmspell_analysis.features.hover import hover
from llmspell_analysis.features.signature import signature_at
from llmspell_analysis.features.symbols import symbols
from llmspell_analysis.rules.table import RULES
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.text import MAX_SOURCE_BYTES, SourceText
from llmspell_analysis.validation import Options, validate

SAMPLES = [
    path.read_bytes()
    for folder in ("rules", "features")
    for path in sorted((Path(__file__).parent / folder).rglob("*.*"))
]
EVERYTHING = Options(severities={code: rule.severity for code, rule in RULES.items()})
RELAXED = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


def exercise(data: bytes, offset: int) -> None:
    for found in validate(data, options=EVERYTHING):
        assert 0 <= found.start <= found.end <= max(len(data), 1)
        for fix in found.fixes:
            assert all(0 <= edit.start <= edit.end <= len(data) for edit in fix.edits)
    analysis = analyze(Document(SourceText(data)))
    catalogue, project = load_catalogue(), Project()
    completion = complete(analysis, offset, catalogue, project, snippets=True)
    assert 0 <= completion.start <= completion.end <= len(data)
    hover(analysis, offset, catalogue, project)
    signature_at(analysis, offset, catalogue, project)
    definition(analysis, offset, catalogue, project)
    for symbol in symbols(analysis):
        assert symbol.start <= symbol.end


@RELAXED
@given(st.binary(max_size=300), st.integers(0, 300))
def test_any_bytes(data: bytes, offset: int) -> None:
    exercise(data, offset)


@RELAXED
@given(st.sampled_from(SAMPLES), st.data())
def test_truncated_texts(sample: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, max(0, len(sample) - 1)))
    end = data.draw(st.integers(start, min(len(sample), start + 600)))
    piece = sample[start:end]
    exercise(piece, data.draw(st.integers(0, len(piece))))


@RELAXED
@given(st.sampled_from(SAMPLES), st.data())
def test_mutated_texts(sample: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, max(0, len(sample) - 1)))
    piece = bytearray(sample[start : start + 400])
    for _ in range(data.draw(st.integers(1, 6))):
        if piece:
            piece[data.draw(st.integers(0, len(piece) - 1))] = data.draw(st.integers(0, 255))
    exercise(bytes(piece), data.draw(st.integers(0, len(piece))))


def test_deep_nesting() -> None:
    for code in (b"(" * 3000, b"{" * 3000, b"f(" * 3000, b"x = " + b"a+" * 3000 + b"a", b"a" + b".b" * 3000 + b"()"):
        exercise(code, len(code))


def test_a_binary_file_has_one_finding() -> None:
    (found,) = validate(b"\x7fELF\0\0\1" * 1000)
    assert found.code == "syntax-error"


def test_a_file_above_the_limit_has_no_structure() -> None:
    data = b"x = 1\n" * (MAX_SOURCE_BYTES // 6 + 1)
    document = Document(SourceText(data))
    assert document.is_binary
    assert analyze(document).references == []


def test_crlf_and_lone_cr() -> None:
    assert [found.code for found in validate(b"local x = 1\r\nprnt(x)\r\n")] == ["undefined-global"]
    assert [found.code for found in validate(b"-- c\rprnt(1)\r")] == ["undefined-global"]

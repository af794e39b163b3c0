"""No text makes an editor feature fail, and what each gives lies in the text."""

import itertools
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from llmspell_analysis.analysis.builder import analyze
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.catalogue import load_catalogue
from llmspell_analysis.features.call_hierarchy import call_item, incoming, outgoing
from llmspell_analysis.features.context import Context
from llmspell_analysis.features.definition import declaration, implementation, type_definition
from llmspell_analysis.features.folding import folds
from llmspell_analysis.features.highlights import highlights
from llmspell_analysis.features.inlay_hints import inlay_hints
from llmspell_analysis.features.inline_values import inline_values
from llmspell_analysis.features.links import links
from llmspell_analysis.features.live_questions import completion_question, hover_question
from llmspell_analysis.features.occurrences import Names
from llmspell_analysis.features.refactoring import refactorings
from llmspell_analysis.features.references import references
from llmspell_analysis.features.rename import RenameRefusedError, rename
from llmspell_analysis.features.selection import selections
from llmspell_analysis.features.semantic_tokens import semantic_tokens
from llmspell_analysis.features.workspace import Workspace
from llmspell_analysis.formatting.formatter import Style, applied, format_document
from llmspell_analysis.formatting.typing import after_line_break
from llmspell_analysis.syntax.compiler import compile_error
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.text import SourceText

HERE = Path(__file__).parent
SAMPLES = [path.read_bytes() for folder in ("rules", "features") for path in sorted((HERE / folder).rglob("*.*"))]
SAMPLES += [path.read_bytes() for path in sorted((HERE.parents[1] / "examples").rglob("*.lua"))]
EXAMPLES = settings(max_examples=60)


def exercise(data: bytes, offset: int, end: int) -> None:
    document = Document(SourceText(data))
    analysis, size = analyze(document), len(data)
    catalogue, project = load_catalogue(), Project()
    workspace = Workspace(project)
    spans = [(one.start, one.end) for one in highlights(analysis, offset, catalogue, project)]
    spans += selections(document, offset)
    spans += [(one.start, one.end) for one in links(analysis, project)]
    spans += [(one.start, one.end) for one in inline_values(analysis, (0, size), end)]
    tokens = semantic_tokens(analysis, catalogue, project)
    spans += [(one.start, one.end) for one in tokens]
    assert all(one.end <= other.start for one, other in itertools.pairwise(tokens))
    spans += [
        (one.offset, one.offset) for one in inlay_hints(analysis, (0, size), catalogue, project, parameters="all")
    ]
    found = references(analysis, offset, catalogue, workspace)
    spans += [(one.start, one.end) for one in found.occurrences] if found is not None else []
    for find in (declaration, type_definition, implementation):
        target = find(analysis, offset, catalogue, project)
        spans += [(target.start, target.end)] if target is not None else []
    assert all(0 <= first <= last <= size for first, last in spans)
    assert all(0 <= fold.first_line < fold.last_line for fold in folds(document))
    item = call_item(analysis, offset, catalogue, project)
    if item is not None:
        incoming(item, catalogue, workspace)
        outgoing(item, catalogue, project)
    completion_question(Context(analysis, offset, catalogue, project))
    hover_question(analysis, offset, catalogue, project)
    for line in range(1, min(len(document.source.line_starts), 5)):
        applied(data, after_line_break(document, Style(), line))
    is_valid = compile_error(data) is None
    if is_valid:
        assert compile_error(applied(data, format_document(document, Style()))) is None
    for one in refactorings(analysis, min(offset, end), max(offset, end)):
        if is_valid:
            assert compile_error(applied(data, one.edits)) is None, (one.title, data, offset, end)


@EXAMPLES
@given(st.sampled_from(SAMPLES), st.data())
def test_pieces_of_texts(sample: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, max(0, len(sample) - 1)))
    piece = sample[start : data.draw(st.integers(start, min(len(sample), start + 800)))]
    exercise(piece, data.draw(st.integers(0, len(piece))), data.draw(st.integers(0, len(piece))))


@EXAMPLES
@given(st.sampled_from(SAMPLES), st.data())
def test_whole_texts_that_are_valid(sample: bytes, data: st.DataObject) -> None:
    exercise(sample, data.draw(st.integers(0, len(sample))), data.draw(st.integers(0, len(sample))))


@EXAMPLES
@given(st.binary(max_size=200), st.integers(0, 200), st.integers(0, 200))
def test_any_bytes(data: bytes, offset: int, end: int) -> None:
    exercise(data, offset, end)


@EXAMPLES
@given(st.sampled_from([sample for sample in SAMPLES if compile_error(sample) is None]), st.data())
def test_a_rename_and_the_one_back_give_the_same_text(sample: bytes, data: st.DataObject) -> None:
    analysis = analyze(Document(SourceText(sample), "/x.lua"))
    starts = [one.start for one in (*analysis.references, *analysis.locals, *analysis.members_accessed)]
    if not starts:
        return
    offset = data.draw(st.sampled_from(starts))
    at = Names(analysis, load_catalogue(), Project()).at(offset)
    if at is None:
        return
    new = renamed(sample, offset, "another_name")
    if new is None:
        return
    assert compile_error(new) is None
    before = sum(one.start < at[1].start for one in Names(analysis, load_catalogue(), Project()).of(at[0]))
    shifted = at[1].start + before * (len("another_name") - len(at[0].name.encode()))
    assert renamed(new, shifted, at[0].name) == sample


def renamed(text: bytes, offset: int, name: str) -> bytes | None:
    """None where the rename is refused."""
    analysis = analyze(Document(SourceText(text), "/x.lua"))
    try:
        renaming = rename(analysis, offset, name, load_catalogue(), Workspace(Project()))
    except RenameRefusedError:
        return None
    [(_, edits)] = renaming.edits.values() or [(analysis, ())]
    return applied(text, edits)

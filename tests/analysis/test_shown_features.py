"""What editors show of a file or do with its text: folds, selections, links, tokens, hints, formatting."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llmspell_analysis.analysis.builder import analyze
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.catalogue import load_catalogue
from llmspell_analysis.features.folding import folds
from llmspell_analysis.features.inlay_hints import inlay_hints
from llmspell_analysis.features.links import links
from llmspell_analysis.features.selection import selections
from llmspell_analysis.features.semantic_tokens import semantic_tokens
from llmspell_analysis.formatting.formatter import Style, applied, format_document, format_lines
from llmspell_analysis.formatting.typing import after_line_break
from llmspell_analysis.syntax.compiler import compile_error
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.text import SourceText
from llmspell_analysis.syntax.tokens import tokenize

from .workspace_cases import WorkspaceCase, workspace_cases

STYLE = Style()
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.lua"))


def named(data_file: str) -> pytest.MarkDecorator:
    cases = workspace_cases(data_file)
    return pytest.mark.parametrize("case", cases, ids=[case.title for case in cases])


def only(case: WorkspaceCase) -> Document:
    [text] = case.files.values()
    return Document(SourceText(text.replace("¦", "").encode()), "/main.lua")


@named("folding.txt")
def test_folds(case: WorkspaceCase) -> None:
    found = [f"{one.first_line}-{one.last_line} {one.kind or ''}".strip() for one in folds(only(case))]
    assert found == [rest for _, rest in case.expectations]


@named("selection.txt")
def test_selections(case: WorkspaceCase, tmp_path: Path) -> None:
    placed = case.placed(tmp_path)
    document = placed.analysis.document
    found = [document.source.slice(*span) for span in selections(document, placed.offset)]
    assert [text for text in found if text.strip() != document.source.slice(0, len(document.source)).strip()] == [
        rest for _, rest in case.expectations if rest != document.source.slice(0, len(document.source)).strip()
    ]


@named("links.txt")
def test_links(case: WorkspaceCase, tmp_path: Path) -> None:
    placed = case.placed(tmp_path)
    path = str(tmp_path / "main.lua")
    found = links(analyze(Document(SourceText(Path(path).read_bytes()), path)), placed.project)
    assert [("main.lua", one.start, one.end) for one in found] == placed.marks
    assert [Path(one.target).name if one.is_file else one.target for one in found] == [
        rest for _, rest in case.expectations
    ]


@named("tokens.txt")
def test_semantic_tokens(case: WorkspaceCase) -> None:
    document = only(case)
    found = semantic_tokens(analyze(document), load_catalogue(), Project())
    shown = [" ".join((document.source.slice(one.start, one.end), one.type, *one.modifiers)) for one in found]
    assert shown == [rest for _, rest in case.expectations]


@named("hints.txt")
def test_inlay_hints(case: WorkspaceCase) -> None:
    document = only(case)
    found = inlay_hints(analyze(document), (0, len(document.source)), load_catalogue(), Project())
    assert [one.label for one in found] == [rest for _, rest in case.expectations]


@named("formatting.txt")
def test_formatting(case: WorkspaceCase) -> None:
    document = only(case)
    [(_, wanted)] = case.expectations
    data = applied(document.source.data, format_document(document, Style(insert_final_newline=False)))
    assert data.decode() == wanted


@named("typing.txt")
def test_after_a_line_break(case: WorkspaceCase) -> None:
    [text] = case.files.values()
    document = only(case)
    line = text.partition("¦")[0].count("\n")
    [(_, wanted)] = case.expectations
    data = applied(document.source.data, after_line_break(document, STYLE, line))
    assert data.decode().rstrip() == wanted


def test_formatting_some_lines_leaves_the_others() -> None:
    document = Document(SourceText(b"local  a\nlocal  b\nlocal  c\n"), "/x.lua")
    assert applied(document.source.data, format_lines(document, STYLE, 1, 1)) == b"local  a\nlocal b\nlocal  c\n"


def test_formatting_keeps_line_breaks_of_windows_and_ends_the_last_line() -> None:
    document = Document(SourceText(b"do\r\nlocal  a\r\nend"), "/x.lua")
    assert applied(document.source.data, format_document(document, STYLE)) == b"do\r\n  local a\r\nend\r\n"


@pytest.mark.parametrize(
    ("text", "formatted"),
    [
        (b"f()", b"f()\n"),
        (b"f()\n ", b"f()\n"),
        (b"f() ", b"f()\n"),
        (b"f()\n\n\t", b"f()\n"),
        (b"f() -- x \n ", b"f() -- x\n"),
        (b"f() \n \n", b"f()\n"),
        (b"f()\r\n\t\r\n", b"f()\r\n"),
    ],
)
def test_formatting_ends_the_last_line_once(text: bytes, formatted: bytes) -> None:
    assert applied(text, format_document(Document(SourceText(text), "/x.lua"), STYLE)) == formatted


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_formatted(path: Path) -> None:
    assert format_document(Document(SourceText(path.read_bytes()), str(path)), STYLE) == ()


PIECES = """
local x = 1|x = -x - -x|if x then|elseif y then|else|end|for i = 1, 2 do|while x do|repeat|until x|f(function()|end)
return x|t = {|}|1,|-- comment|--[[ long|]]|s = [[|x[ [[k]] ] = 2|goto a|::a::|local y <const> = 2|f{1}|f'x'|a.b:c(1)
.. 'x'|and y|(x)()|local function f(...)|x = not not y|x = ~y ~ y|x = 2^-3|;|
""".replace("\n", "|").split("|")


@given(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from([" ", "\n", "\t", "  ", "\r\n"])), max_size=30))
def test_formatting_changes_no_token_and_is_done_at_once(pieces: list[tuple[str, str]]) -> None:
    data = "".join(text + space for text, space in pieces).encode()
    edits = sorted(format_document(Document(SourceText(data), "/x.lua"), STYLE), key=lambda edit: edit.start)
    assert all(edit.end <= following.start for edit, following in pairwise(edits))
    new = applied(data, tuple(edits))
    before = [(token.kind, token.text(data).rstrip()) for token in tokenize(data)]
    assert [(token.kind, token.text(new).rstrip()) for token in tokenize(new)] == before
    assert (compile_error(new) is None) == (compile_error(data) is None)
    again = Document(SourceText(new), "/x.lua")
    assert applied(new, format_document(again, STYLE)) == new

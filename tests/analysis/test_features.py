"""Completion, hover, signature help and definition on texts with a cursor: adding a case needs no code."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from llmspell_analysis.analysis.builder import analyze
from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.catalogue import load_catalogue
from llmspell_analysis.features.completion import complete
from llmspell_analysis.features.definition import definition
from llmspell_analysis.features.hover import hover
from llmspell_analysis.features.signature import signature_at
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.text import SourceText

FEATURES = Path(__file__).parent / "features"
CURSOR = "¦"


@dataclass(frozen=True)
class Case:
    title: str
    text: str
    expectations: tuple[tuple[str, str], ...]

    def parsed(self) -> tuple[Analysis, int]:
        text = self.text.replace("«", "").replace("»", "")
        before, cursor, after = text.partition(CURSOR)
        assert cursor, f"{self.title}: no cursor"
        return analyze(Document(SourceText.from_str(before + after))), len(before.encode())


def cases(name: str) -> list[Case]:
    parts = re.split(r"^=== (.+)\n", (FEATURES / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = []
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        text = re.split(r"^---> ", body, flags=re.MULTILINE)
        pairs = [expectation.strip().partition(" ")[::2] for expectation in text[1:]]
        found.append(Case(title, text[0].rstrip("\n"), tuple(pairs)))
    return found


def parametrize(name: str) -> Callable[..., object]:
    loaded = cases(name)
    return pytest.mark.parametrize("case", loaded, ids=[case.title for case in loaded])


@parametrize("completion.txt")
def test_completion(case: Case) -> None:
    analysis, offset = case.parsed()
    completion = complete(analysis, offset, load_catalogue(), Project())
    items = sorted(completion.items, key=lambda item: (item.rank, item.order, item.label))
    labels = [item.label for item in items]
    assert completion.start <= offset <= completion.end
    for word, rest in case.expectations:
        wanted = rest.split()
        match word:
            case "includes":
                assert set(wanted) <= set(labels)
            case "excludes":
                assert not set(wanted) & set(labels)
            case "only":
                assert set(wanted) == set(labels)
            case "first":
                assert set(wanted) == set(labels[: len(wanted)])
            case "order":
                assert wanted == [label for label in labels if label in wanted]
            case "nothing":
                assert labels == []
            case _:
                pytest.fail(f"unknown expectation {word}")


@parametrize("hover.txt")
def test_hover(case: Case) -> None:
    analysis, offset = case.parsed()
    found = hover(analysis, offset, load_catalogue(), Project())
    for word, rest in case.expectations:
        if word == "nothing":
            assert found is None
            continue
        assert word == "contains"
        assert found is not None
        assert rest in found.markdown
        assert found.start <= offset <= found.end


@parametrize("signature.txt")
def test_signature_help(case: Case) -> None:
    analysis, offset = case.parsed()
    found = signature_at(analysis, offset, load_catalogue(), Project())
    for word, rest in case.expectations:
        if word == "nothing":
            assert found is None
            continue
        assert found is not None
        if word == "label":
            assert found.label.startswith(rest)
            assert all(label in found.label for label, _ in found.parameters)
        else:
            assert word == "active"
            assert found.active == (None if rest == "none" else int(rest))


@parametrize("definition.txt")
def test_definition(case: Case) -> None:
    analysis, offset = case.parsed()
    found = definition(analysis, offset, load_catalogue(), Project())
    marked = case.text.replace(CURSOR, "")
    start = len(marked[: marked.index("«")].encode())
    name = marked[marked.index("«") + 1 : marked.index("»")]
    assert found is not None
    assert (found.start, found.end) == (start, start + len(name))


def test_method_after_a_dot_brings_its_colon() -> None:
    text = 'local t = Tool.get("calculator")\nt.exe'
    completion = complete(
        analyze(Document(SourceText.from_str(text))), len(text), load_catalogue(), Project(), snippets=True
    )
    item = next(item for item in completion.items if item.label == "execute")
    (edit,) = item.edits
    assert (text[edit.start : edit.end], edit.new) == (".", b":")


def test_snippets_only_when_they_are_wanted() -> None:
    analysis = analyze(Document(SourceText.from_str('Tool.execute("calculator", { ')))
    offset = len(analysis.document.source)
    plain = complete(analysis, offset, load_catalogue(), Project())
    rich = complete(analysis, offset, load_catalogue(), Project(), snippets=True)
    assert not any(item.is_snippet for item in plain.items)
    assert any(item.is_snippet for item in rich.items)


def test_module_is_followed(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "greet.lua").write_text(
        "local M = {}\nfunction M.hello(name) return name end\nshared = 1\nreturn M\n"
    )
    text = 'local greet = require("lib.greet")\ngreet.hel'
    analysis = analyze(Document(SourceText.from_str(text), str(tmp_path / "main.lua")))
    completion = complete(analysis, len(text), load_catalogue(), Project())
    assert [item.label for item in completion.items] == ["hello"]
    target = definition(analysis, len(text) - 1, load_catalogue(), Project())
    assert target is None  # `hel` is no name of the module
    found = hover(
        analyze(Document(SourceText.from_str(text + "lo"), str(tmp_path / "main.lua"))),
        len(text),
        load_catalogue(),
        Project(),
    )
    assert found is not None
    assert "function M.hello(name)" in found.markdown

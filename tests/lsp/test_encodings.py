"""Every answer that has positions, in the three encodings, as real editors negotiate them: the same places each time.

Expectations are written as pieces of text; a position in an answer is turned into the text that it delimits.
"""

from collections.abc import Callable
from typing import Any

import pytest

URI = "file:///project/script.lua"
# as each one says it in `initialize`
EDITORS: dict[str, tuple[dict[str, Any], str]] = {
    "VS Code": ({"general": {"positionEncodings": ["utf-16"]}}, "utf-16"),
    "Neovim": ({"general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]}}, "utf-8"),
    "Emacs": ({"general": {"positionEncodings": ["utf-32", "utf-8", "utf-16"]}}, "utf-32"),
    "one that says nothing": ({}, "utf-16"),
}
UNITS: dict[str, Callable[[str], int]] = {
    "utf-8": lambda text: len(text.encode()),
    "utf-16": lambda text: len(text.encode("utf-16-le")) // 2,
    "utf-32": len,
}
TEXT = (
    'local e = "😀é" local name = 1\r\n'
    'print("😀", name, "é") --[[ 😀 ]] name = 2\r\n'
    'local function f(x) return x, "😀" end\r\n'
    'print("é😀", f(name), e) prnt("😀")\r\n'
)
NAME = "name"


class Place:
    """Turns pieces of the text into positions of an encoding, and back."""

    def __init__(self, encoding: str) -> None:
        self.units = UNITS[encoding]
        self.lines = TEXT.split("\r\n")

    def at(self, line: int, piece: str, inside: int = 0) -> dict[str, int]:
        """Where a piece begins in a line, `inside` characters further."""
        before = self.lines[line][: self.lines[line].index(piece) + inside]
        return {"line": line, "character": self.units(before)}

    def text(self, span: Any) -> str:
        """The text of a range in one line."""
        start, end = span["start"], span["end"]
        assert start["line"] == end["line"]
        line = self.lines[start["line"]]
        boundaries = {self.units(line[:index]): index for index in range(len(line) + 1)}
        return line[boundaries[start["character"]] : boundaries[end["character"]]]


@pytest.fixture(params=EDITORS)
def editor(request: pytest.FixtureRequest, raw_client: Any) -> tuple[Any, Place]:
    capabilities, encoding = EDITORS[request.param]
    result = raw_client.initialize(capabilities)
    assert result["capabilities"]["positionEncoding"] == encoding
    raw_client.open(TEXT)
    return raw_client, Place(encoding)


def ranges(answer: Any) -> list[Any]:
    """All ranges in an answer, wherever they are."""
    if isinstance(answer, dict):
        if answer.keys() == {"start", "end"}:
            return [answer]
        return [found for value in answer.values() for found in ranges(value)]
    return [found for value in answer for found in ranges(value)] if isinstance(answer, list) else []


WHOLE = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
# Request, more parameters, and the texts of the ranges of its answer.
CASES: list[tuple[str, dict[str, Any], set[str]]] = [
    ("hover", {}, {NAME}),
    ("definition", {}, {NAME}),
    ("declaration", {}, {NAME}),
    ("references", {"context": {"includeDeclaration": True}}, {NAME}),
    ("documentHighlight", {}, {NAME}),
    ("prepareRename", {}, {NAME}),
    ("rename", {"newName": "other"}, {NAME}),
    ("linkedEditingRange", {}, {NAME}),
]


@pytest.mark.parametrize(("method", "more", "expected"), CASES, ids=[case[0] for case in CASES])
def test_an_answer_about_a_name_is_where_the_name_is(
    editor: tuple[Any, Place], method: str, more: dict[str, Any], expected: set[str]
) -> None:
    client, place = editor
    position = place.at(1, NAME, 1)
    answer = client.request(f"textDocument/{method}", {"textDocument": {"uri": URI}, "position": position, **more})
    found = ranges(answer)
    assert {place.text(each) for each in found} == expected
    if len(found) > 2:
        assert [each["start"]["line"] for each in found] == [0, 1, 1, 3]


def test_diagnostics(editor: tuple[Any, Place]) -> None:
    client, place = editor
    assert "prnt" in {place.text(each["range"]) for each in client.diagnostics()}


def test_symbols_folds_and_selections(editor: tuple[Any, Place]) -> None:
    client, place = editor
    document = {"textDocument": {"uri": URI}}
    symbols = client.request("textDocument/documentSymbol", document)
    assert "f" in {place.text(each["selectionRange"]) for each in symbols}
    (selection,) = client.request("textDocument/selectionRange", {**document, "positions": [place.at(1, NAME, 1)]})
    assert place.text(selection["range"]) == NAME


def test_completion_replaces_the_word(editor: tuple[Any, Place]) -> None:
    client, place = editor
    items = client.request(
        "textDocument/completion", {"textDocument": {"uri": URI}, "position": place.at(3, "prnt", 2)}
    )["items"]
    edit = next(item for item in items if item["label"] == "print")["textEdit"]
    assert place.text(edit["range"]) == "pr"


def test_signature_help_knows_the_parameter(editor: tuple[Any, Place]) -> None:
    client, place = editor
    position = place.at(3, "f(name)", 2)
    found = client.request("textDocument/signatureHelp", {"textDocument": {"uri": URI}, "position": position})
    assert found["signatures"][0]["label"].startswith("f(x)")


def test_semantic_tokens_and_hints(editor: tuple[Any, Place]) -> None:
    client, place = editor
    data = client.request("textDocument/semanticTokens/full", {"textDocument": {"uri": URI}})["data"]
    line = character = 0
    texts = set()
    for down, along, length, _, _ in zip(*[iter(data)] * 5, strict=True):
        line, character = line + down, along if down else character + along
        start = {"line": line, "character": character}
        texts.add(place.text({"start": start, "end": {"line": line, "character": character + length}}))
    assert {NAME, "f", "x"} <= texts
    for hint in client.request("textDocument/inlayHint", {"textDocument": {"uri": URI}, "range": WHOLE}):
        assert place.text({"start": hint["position"], "end": hint["position"]}) == ""


def test_edits_of_the_client_are_where_it_means_them(editor: tuple[Any, Place]) -> None:
    client, place = editor
    span = {"start": place.at(3, "prnt"), "end": place.at(3, "prnt", 4)}
    client.change(2, {"range": span, "text": "print"})
    assert "undefined-global" not in {each["code"] for each in client.diagnostics(version=2)}

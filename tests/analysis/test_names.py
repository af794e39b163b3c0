"""References, highlights and renames: what names mean, in one file and in several."""

import os
import re
from pathlib import Path

import pytest
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.catalogue import load_catalogue
from llmspell_analysis.features.highlights import highlights
from llmspell_analysis.features.references import references
from llmspell_analysis.features.rename import RenameRefusedError, rename
from llmspell_analysis.features.workspace import Workspace

from .workspace_cases import PlacedCase, WorkspaceCase, workspace_cases


def named(cases: list[WorkspaceCase]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=[case.title for case in cases])


@named(workspace_cases("references.txt"))
def test_references(case: WorkspaceCase, tmp_path: Path) -> None:
    placed = case.placed(tmp_path)
    found = references(placed.analysis, placed.offset, load_catalogue(), placed.workspace)
    if ("nothing", "") in case.expectations:
        assert found is None
        return
    assert found is not None
    places = [(placed.name(one.analysis.document.path), one.start, one.end) for one in found.occurrences]
    assert sorted(places) == sorted(placed.marks)


@named(workspace_cases("highlight.txt"))
def test_highlights(case: WorkspaceCase, tmp_path: Path) -> None:
    placed = case.placed(tmp_path)
    found = highlights(placed.analysis, placed.offset, load_catalogue(), placed.project)
    assert [(one.start, one.end) for one in found] == [(start, end) for _, start, end in placed.marks]


def renamed(placed: PlacedCase, new: str) -> dict[str, str]:
    renaming = rename(placed.analysis, placed.offset, new, load_catalogue(), placed.workspace)
    texts = dict(placed.texts)
    for path, (analysis, edits) in renaming.edits.items():
        data = analysis.document.source.data
        for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
            data = data[: edit.start] + edit.new + data[edit.end :]
        texts[placed.name(path)] = data.decode()
    return texts


@named(workspace_cases("rename.txt"))
def test_rename(case: WorkspaceCase, tmp_path: Path) -> None:
    placed = case.placed(tmp_path / "before")
    [(word, rest)] = case.expectations
    assert word == "as"
    new, _, expected = rest.partition("\n")
    if expected == "refused":
        with pytest.raises(RenameRefusedError):
            renamed(placed, new)
        return
    texts = renamed(placed, new)
    pieces = re.split(r"^@@ (.+)\n", expected, flags=re.MULTILINE)
    wanted = dict(zip(pieces[1::2], pieces[2::2], strict=True)) or {"main.lua": expected}
    assert {name: text.rstrip("\n") for name, text in texts.items()} == {
        name: text.rstrip("\n") for name, text in wanted.items()
    }


def test_what_is_no_regular_file_is_not_looked_through(tmp_path: Path) -> None:
    (tmp_path / "a.lua").write_text("local x = 1\n")
    os.mkfifo(tmp_path / "pipe.lua")
    (tmp_path / "endless.lua").symlink_to("/dev/zero")
    assert list(Workspace(Project([str(tmp_path)])).paths()) == [str(tmp_path / "a.lua")]

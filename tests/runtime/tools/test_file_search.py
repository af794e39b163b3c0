"""The limits of `file-search`."""

import pytest
from llmspell_kernel.runtime.tools import ToolContext, confinement, file_search, patterns, run_tool
from llmspell_kernel.runtime.tools.output import ToolError


def search(folder, **parameters):
    context = ToolContext((folder.resolve(),))
    return run_tool("file-search", {"pattern": "a", "path": str(folder), **parameters}, context)


def test_a_search_that_takes_too_long_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(file_search, "MAX_SECONDS", -1.0)
    with pytest.raises(ToolError, match="the search took longer than"):
        search(tmp_path)


def test_a_slow_pattern_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(patterns, "MAX_SECONDS", 0.1)
    (tmp_path / "f").write_text("a" * 60 + "!")
    with pytest.raises(ToolError, match=r"parameter 'pattern': the search took longer than 0.1 s"):
        search(tmp_path, pattern="^(a|aa)+$", use_regex=True)


def test_matches_beyond_the_limit_are_left_out_and_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(file_search, "MAX_MATCHES", 2)
    (tmp_path / "f").write_text("aaa")
    summary = search(tmp_path)["metadata"]["response"]["result"]["summary"]
    assert (summary["total_matches"], summary["truncated"]) == (2, True)


def test_an_answer_beyond_the_limit_is_cut_and_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(file_search, "MAX_CHARACTERS", 10)
    (tmp_path / "f").write_text("aaaaaaaaa\na\n")
    summary = search(tmp_path)["metadata"]["response"]["result"]["summary"]
    assert (summary["total_matches"], summary["truncated"]) == (1, True)


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(file_search, "MAX_FILES", 1)
    for name in "bc":
        (tmp_path / name).write_text("")
    with pytest.raises(ToolError, match="more than 1 files to search"):
        search(tmp_path)


def test_a_folder_with_too_many_entries_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(file_search, "MAX_ENTRIES", 1)
    for name in "bc":
        (tmp_path / name).write_text("")
    with pytest.raises(ToolError, match="more than 1 entries"):
        search(tmp_path)


def test_the_own_folder_of_llmspell_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(confinement, "home_path", lambda: tmp_path / "own")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "key").write_text("a")
    (tmp_path / "z").write_text("a")
    result = search(tmp_path, recursive=True)["metadata"]["response"]["result"]
    assert [match["file_path"] for match in result["matches"]] == [str(tmp_path / "z")]
    assert [skipped["path"] for skipped in result["skipped_files"]] == [str(tmp_path / "own")]

"""Comparisons that would take too long are refused."""

import pytest
from llmspell_kernel.runtime.tools import ToolContext, diff_calculator, run_tool
from llmspell_kernel.runtime.tools.output import ToolError

CONTEXT = ToolContext(())


def test_a_text_with_too_many_lines_is_refused(monkeypatch):
    monkeypatch.setattr(diff_calculator, "MAX_LINES", 2)
    with pytest.raises(ToolError, match="more than 2 lines"):
        run_tool("diff-calculator", {"old_text": "a\nb\nc", "new_text": ""}, CONTEXT)


def test_texts_with_too_many_equal_lines_are_refused(monkeypatch):
    monkeypatch.setattr(diff_calculator, "MAX_PAIRS", 8)
    with pytest.raises(ToolError, match="9 pairs, the limit is 8"):
        run_tool("diff-calculator", {"old_text": "a\na\na", "new_text": "a\na\na"}, CONTEXT)


def test_a_text_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(diff_calculator, "MAX_BYTES", 2)
    with pytest.raises(ToolError, match="old text is larger than the limit of 2 bytes"):
        run_tool("diff-calculator", {"old_text": "aaa", "new_text": ""}, CONTEXT)


def test_values_with_too_many_changes_are_refused(monkeypatch):
    monkeypatch.setattr(diff_calculator, "MAX_CHANGES", 2)
    with pytest.raises(ToolError, match="more than 2 added entries"):
        run_tool("diff-calculator", {"type": "json", "old_json": [], "new_json": [1, 2, 3]}, CONTEXT)


def test_values_that_are_nested_too_deeply_are_refused():
    deep = "[" * 200 + "]" * 200
    with pytest.raises(ToolError, match="nested deeper than 100 levels"):
        run_tool("diff-calculator", {"type": "json", "old_json": deep, "new_json": deep}, CONTEXT)


def test_a_comparison_that_takes_too_long_is_stopped(monkeypatch):
    monkeypatch.setattr(diff_calculator, "MAX_SECONDS", -1.0)
    with pytest.raises(ToolError, match="the comparison took longer than"):
        run_tool("diff-calculator", {"old_text": "a", "new_text": "b"}, CONTEXT)

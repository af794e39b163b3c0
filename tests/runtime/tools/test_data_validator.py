"""The limits of `data-validator`."""

import pytest
from llmspell_kernel.runtime.tools import ToolContext, data_validator, patterns, run_tool
from llmspell_kernel.runtime.tools.output import ToolError


def validate(value, *rules):
    return run_tool("data-validator", {"input": value, "rules": {"rules": list(rules)}}, ToolContext(()))["result"]


def items(*rules):
    return {"type": "array", "unique": False, "item_rules": {"rules": list(rules)}}


def test_a_slow_pattern_is_stopped(monkeypatch):
    monkeypatch.setattr(patterns, "MAX_SECONDS", 0.1)
    with pytest.raises(ToolError, match=r"'rules\[1\].regex': the search took longer than 0.1 s"):
        validate("a" * 60 + "!", {"type": "pattern", "regex": "^(a|aa)+$"})


def test_all_patterns_of_a_call_share_its_time(monkeypatch):
    monkeypatch.setattr(patterns, "MAX_TOTAL_SECONDS", 0.2)
    slow = {"type": "pattern", "regex": "^(a|aa)+$"}
    with pytest.raises(
        ToolError, match=r"'rules\[1\].item_rules\[1\].regex': the searches took longer than 0.2 s toge"
    ):
        validate(["a" * 26 + "!"] * 1000, items(slow))


def test_errors_beyond_the_limit_are_left_out(monkeypatch):
    monkeypatch.setattr(data_validator, "MAX_ERRORS", 2)
    assert len(validate([1, 2, 3], items({"type": "email"}))["errors"]) == 2


def test_errors_that_repeat_large_values_are_left_out(monkeypatch):
    monkeypatch.setattr(data_validator, "MAX_CHARACTERS", 10)
    assert len(validate(["x" * 20, "y" * 20], items({"type": "email"}))["errors"]) == 1


def test_rules_that_are_nested_too_deeply_are_refused():
    rule = {"type": "required"}
    for _ in range(60):
        rule = items(rule)
    with pytest.raises(ToolError, match="nested deeper than 50 levels"):
        validate([], rule)


def test_too_many_rules_are_refused(monkeypatch):
    monkeypatch.setattr(data_validator, "MAX_RULES", 2)
    with pytest.raises(ToolError, match="more than 2 rules"):
        validate([], *[{"type": "required"}] * 3)

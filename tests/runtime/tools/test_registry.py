"""Which tools exist, what a wrong name is answered with, and that nothing is imported too early."""

import subprocess
import sys

import pytest
from llmspell_analysis.catalogue import load_tool, tool_names
from llmspell_kernel.runtime.tools import did_you_mean, registered
from llmspell_kernel.runtime.tools.output import ToolError
from llmspell_kernel.runtime.tools.parameters import check


@pytest.mark.parametrize("name", registered())
def test_every_registered_tool_has_a_schema(name):
    assert name in tool_names()


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("uuid_generator", "uuid-generator"),
        ("template_engine", "template-creator"),
        ("template-engine", "template-creator"),
        ("UUID-Generator", "uuid-generator"),
        ("calculater", "calculator"),
        ("file operations", "file-operations"),
        ("nothing-like-it", None),
    ],
)
def test_a_wrong_name_gets_the_right_suggestion(wrong, right):
    assert did_you_mean(wrong) == right


def test_the_callers_parameters_are_not_changed():
    parameters = {"operation": "ls", "path": "."}
    checked = check(load_tool("file-operations"), parameters)
    assert checked["recursive"] is False
    assert parameters == {"operation": "ls", "path": "."}


def test_unknown_parameters_are_ignored():
    assert check(load_tool("uuid-generator"), {"nonsense": 1})["nonsense"] == 1


@pytest.mark.parametrize(
    ("tool", "parameters", "message"),
    [
        (
            "uuid-generator",
            {"format": True},
            "parameter 'format': expected string, got boolean true",
        ),
        ("uuid-generator", {"short": "yes"}, "parameter 'short': expected boolean, got string 'yes'"),
        ("datetime-handler", {"operation": "ad"}, "unknown value 'ad'; did you mean 'add'?"),
        ("template-creator", {"input": "a", "context": [1]}, "parameter 'context': expected table, got list"),
        ("calculator", {"input": {"a": 1}}, "parameter 'input': expected string, got table"),
    ],
)
def test_a_wrong_parameter_is_explained(tool, parameters, message):
    with pytest.raises(ToolError) as caught:
        check(load_tool(tool), parameters)
    assert message in str(caught.value)


HEAVY = (
    "fastjsonschema",
    "regex",
    "tarfile",
    "simpleeval",
    "jinja2",
    "jq",
    "dateutil",
    "sqlite3",
    "zoneinfo",
    "subprocess",
    "difflib",
)


def test_nothing_heavy_is_imported_before_it_is_used():
    code = f"import sys, llmspell_kernel.runtime.globals; print([m for m in {HEAVY!r} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout.strip() == "[]"

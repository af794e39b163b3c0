"""What the cases of the tools find in results is in the result types of the catalogue, by which misuse is told."""

import tomllib
from pathlib import Path

import pytest
from llmspell_analysis.analysis.types import members_of
from llmspell_analysis.catalogue import Operation, Tool, load_catalogue

CATALOGUE = load_catalogue()
CASES = Path(__file__).parents[1] / "runtime" / "tools" / "cases"
# Where each style has the answer.
PREFIXES = {
    "envelope": "result.",
    "envelope_double": "result.result.",
    "text_meta": "metadata.response.result.",
    "raw": "data.",
    "json": "data.",
}
# What a tool adds at the top.
FURTHER = {"calculator": {"resource_usage"}}
TOP = {
    "envelope": {"operation", "success", "result", "message", "error", "metadata", "_raw_text", "media"},
    "text_meta": {"text", "data", "metadata", "media"},
}
TOP["envelope_double"], TOP["raw"], TOP["json"] = TOP["envelope"], TOP["text_meta"], TOP["text_meta"]


def cases_of(tool: Tool) -> list[dict[str, object]]:
    path = CASES / f"{tool.name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))["case"] if path.exists() else []


def found_paths(case: dict[str, object]) -> set[str]:
    return {path for key in ("expect", "matches") for path in case.get(key, {})}  # type: ignore[attr-defined]


def operation_of(tool: Tool, case: dict[str, object]) -> Operation | None:
    parameters = case["parameters"]
    assert isinstance(parameters, dict)
    if "operation" not in tool.schema["properties"] and len(tool.operations) == 1:
        return next(iter(tool.operations.values()))
    return tool.operation(parameters.get("operation") or tool.default_operation or "")


@pytest.mark.parametrize("name", sorted(CATALOGUE.tools))
def test_fields_of_answers_are_in_the_type_of_the_operation(name: str) -> None:
    tool = CATALOGUE.tools[name]
    for case in cases_of(tool):
        operation = operation_of(tool, case)
        fields = members_of(operation.result, CATALOGUE) if operation is not None else {}
        if operation is not None and fields:
            prefix = PREFIXES[operation.result_style or tool.result_style]
            given = {
                path.removeprefix(prefix).partition(".")[0] for path in found_paths(case) if path.startswith(prefix)
            }
            assert {each for each in given if not each.isdigit()} <= fields.keys(), f"{case['name']}: {operation}"


@pytest.mark.parametrize("name", sorted(CATALOGUE.tools))
def test_results_have_the_fields_of_their_style(name: str) -> None:
    tool = CATALOGUE.tools[name]
    for case in cases_of(tool):
        operation = operation_of(tool, case)
        style = operation.result_style if operation is not None and operation.result_style else tool.result_style
        given = {path.partition(".")[0] for path in found_paths(case)}
        assert given <= TOP[style] | FURTHER.get(name, set()), case["name"]

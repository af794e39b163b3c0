"""What is too large or takes too long ends with a readable error, and the next call works."""

import sys

import pytest
from llmspell_kernel.runtime.tools import ToolContext, file_operations, json_processor, run_tool
from llmspell_kernel.runtime.tools.output import ToolError

CONTEXT = ToolContext(())


@pytest.fixture(autouse=True)
def _no_child_is_left():
    yield
    json_processor.close()


@pytest.mark.skipif(sys.platform == "win32", reason="jq is not available there")
def test_an_endless_query_is_stopped_and_the_next_one_works(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(json_processor, "MAX_SECONDS", 0.2)
        with pytest.raises(ToolError, match="took longer than"):
            run_tool("json-processor", {"input": 1, "query": "last(range(1; infinite))"}, CONTEXT)
    assert run_tool("json-processor", {"input": 1, "query": ". + 1"}, CONTEXT)["data"] == 2


@pytest.mark.skipif(sys.platform == "win32", reason="jq is not available there")
def test_a_query_with_too_many_results_is_stopped(monkeypatch):
    monkeypatch.setattr(json_processor, "MAX_RESULTS", 10)
    with pytest.raises(ToolError, match="more than 10 results"):
        run_tool("json-processor", {"input": 1, "query": "range(100)"}, CONTEXT)


@pytest.mark.skipif(sys.platform == "win32", reason="jq is not available there")
def test_a_query_that_takes_too_much_memory_is_stopped(monkeypatch):
    monkeypatch.setattr(json_processor, "MAX_MEMORY", 200 * 2**20)
    with pytest.raises(ToolError, match="more than 200 MiB of memory"):
        run_tool("json-processor", {"input": "x", "query": ". * 400000000 | length"}, CONTEXT)


def test_a_slow_pattern_in_a_schema_is_stopped(monkeypatch):
    monkeypatch.setattr(json_processor, "MAX_SECONDS", 0.2)
    with pytest.raises(ToolError, match="took longer than"):
        run_tool(
            "json-processor",
            {
                "operation": "validate",
                "input": {"a": "a" * 40 + "!"},
                "schema": {"properties": {"a": {"pattern": "^(a+)+$"}}},
            },
            CONTEXT,
        )


def test_a_query_sees_no_environment(monkeypatch):
    monkeypatch.setenv("LLMSPELL_TEST_SECRET", "secret")
    monkeypatch.setattr(json_processor, "_REFUSED", __import__("re").compile("(?P<word>never)"))
    answer = run_tool("json-processor", {"input": 1, "query": 'env | has("LLMSPELL_TEST_SECRET")'}, CONTEXT)
    assert answer["data"] is False


def test_content_larger_than_the_limit_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(file_operations, "MAX_FILE_BYTES", 10)
    parameters = {"operation": "write", "path": str(tmp_path / "a"), "input": "x" * 11}
    with pytest.raises(ToolError, match="larger than the limit of 10 bytes"):
        run_tool("file-operations", parameters, ToolContext((tmp_path.resolve(),)))
    assert not (tmp_path / "a").exists()


def test_a_folder_with_too_many_entries_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(file_operations, "MAX_ENTRIES", 2)
    for number in range(3):
        (tmp_path / str(number)).touch()
    with pytest.raises(ToolError, match="more than 2 entries"):
        run_tool("file-operations", {"operation": "ls", "path": str(tmp_path)}, ToolContext((tmp_path.resolve(),)))


def test_a_long_expression_is_answered_and_not_evaluated():
    answer = run_tool("calculator", {"input": "1+" * 6000 + "1"}, CONTEXT)
    assert answer["error"]["code"] == "too_large"


def test_a_deep_expression_is_answered():
    answer = run_tool("calculator", {"input": "(" * 900 + "1" + ")" * 900}, CONTEXT)
    assert answer["success"] is False


def test_a_template_that_takes_too_long_is_stopped(monkeypatch):
    from llmspell_kernel.runtime.tools import template_creator

    monkeypatch.setattr(template_creator, "MAX_SECONDS", -1.0)
    with pytest.raises(ToolError, match="rendering took longer"):
        run_tool("template-creator", {"input": "{{ a }}", "context": {"a": 1}}, CONTEXT)

"""What the cases of `csv-analyzer` cannot say: binary formats, missing extras, limits."""

import base64
import importlib
import io

import pytest
from llmspell_kernel.runtime.tools import ToolContext, csv_table, patterns, run_tool
from llmspell_kernel.runtime.tools.output import ToolError

CONTEXT = ToolContext(())


def convert(text, kind):
    parameters = {"operation": "convert", "input": text, "options": {"format": kind}}
    return base64.b64decode(run_tool("csv-analyzer", parameters, CONTEXT)["data"]["data"])


def test_an_excel_sheet_holds_texts_and_no_formulas():
    openpyxl = pytest.importorskip("openpyxl")
    sheet = openpyxl.load_workbook(io.BytesIO(convert("a,b\n007,=1+1\n", "excel"))).active
    assert list(sheet.values) == [("a", "b"), ("007", "=1+1")]
    assert sheet["B2"].data_type == "s"


def test_a_parquet_table_holds_the_columns():
    parquet = pytest.importorskip("pyarrow.parquet")
    assert parquet.read_table(io.BytesIO(convert("a,b\n007,x\n", "parquet"))).to_pydict() == {"a": ["007"], "b": ["x"]}


@pytest.mark.parametrize("kind", ["excel", "parquet"])
def test_a_missing_extra_is_named(monkeypatch, kind):
    def missing(_name):
        raise ImportError

    monkeypatch.setattr(importlib, "import_module", missing)
    parameters = {"operation": "convert", "input": "a\n1", "options": {"format": kind}}
    from llmspell_kernel.runtime.tools import csv_analyzer

    with pytest.raises(ToolError, match=rf"pip install 'llmspell\[{kind}\]'"):
        csv_analyzer.run(parameters, CONTEXT)


def test_a_table_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(csv_table, "MAX_CELLS", 3)
    with pytest.raises(ToolError, match="larger than the limit of 3 cells"):
        run_tool("csv-analyzer", {"input": "a,b\n1,2\n"}, CONTEXT)


def test_a_text_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(csv_table, "MAX_BYTES", 3)
    with pytest.raises(ToolError, match="larger than the limit of 3 bytes"):
        run_tool("csv-analyzer", {"input": "a,b\n"}, CONTEXT)


def test_a_slow_pattern_is_stopped(monkeypatch):
    monkeypatch.setattr(patterns, "MAX_SECONDS", 0.1)
    rules = {"a": {"pattern": "^(a|aa)+$"}}
    parameters = {"operation": "validate", "input": "a\n" + "a" * 60 + "!\n", "options": {"rules": rules}}
    with pytest.raises(ToolError, match=r"'options.rules.a.pattern': the search took longer than 0.1 s"):
        run_tool("csv-analyzer", parameters, CONTEXT)


def test_all_patterns_of_a_call_share_its_time(monkeypatch):
    monkeypatch.setattr(patterns, "MAX_TOTAL_SECONDS", 0.2)
    rows = "\n".join(["a" * 26 + "!"] * 1000)
    parameters = {"operation": "validate", "input": f"x\n{rows}", "options": {"rules": {"x": {"pattern": "^(a|aa)+$"}}}}
    with pytest.raises(ToolError, match=r"the searches took longer than 0.2 s together"):
        run_tool("csv-analyzer", parameters, CONTEXT)

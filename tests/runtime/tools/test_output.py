"""The rule that makes a Lua table of a tool's answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llmspell_kernel.runtime.tools.output import (
    envelope,
    failure,
    json_text,
    lua_table,
    plain_json,
    raw,
    text_meta,
)


def test_an_envelope_is_flattened_and_its_text_kept():
    table = lua_table(envelope("hash", {"hash": "x"}, "done"), 3)
    assert table == {
        "operation": "hash",
        "success": True,
        "message": "done",
        "result": {"hash": "x"},
        "_raw_text": '{"operation":"hash","success":true,"message":"done","result":{"hash":"x"}}',
        "metadata": {"execution_time_ms": 3},
    }


def test_a_failure_has_an_error_and_no_result():
    table = lua_table(failure("evaluate", "division by zero", "division_by_zero"), 0)
    assert table["success"] is False
    assert table["error"] == {"message": "division by zero", "code": "division_by_zero"}
    assert "result" not in table


def test_metadata_of_the_answer_gives_way_to_that_of_the_run():
    assert lua_table(envelope("a", 1, metadata={"mine": True}), 5)["metadata"] == {"execution_time_ms": 5}


def test_text_keeps_its_structure_in_the_metadata():
    table = lua_table(text_meta("read", "hello", {"size": 5}), 1)
    assert set(table) == {"text", "metadata"}
    assert table["metadata"]["response"] == {"operation": "read", "success": True, "result": {"size": 5}}


@pytest.mark.parametrize("text", ["{broken", "[1,", "true", "12", '"quoted"', "", "  plain"])
def test_text_that_is_no_json_container_has_no_data(text):
    assert "data" not in lua_table(text_meta("read", text, None), 1)


def test_raw_answers_are_data_whatever_keys_they_have():
    table = lua_table(raw("query", {"result": 1, "success": False}), 1)
    assert table["data"] == {"result": 1, "success": False}
    assert "result" not in table


def test_plain_json_is_data_and_text():
    table = lua_table(plain_json({"valid": True}), 1)
    assert table == {"data": {"valid": True}, "text": '{"valid":true}', "metadata": {"execution_time_ms": 1}}


def test_what_json_does_not_have_becomes_null():
    assert json_text({"a": [float("nan"), float("inf")], "b": 1.5}) == '{"a":[null,null],"b":1.5}'


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(json_values)
def test_the_text_of_an_answer_says_what_its_data_says(value):
    table = lua_table(raw("query", value), 1)
    assert json.loads(table["text"]) == table["data"]

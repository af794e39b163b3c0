"""The global JSON: what is parsed and written, and how mistakes are reported."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llmspell_kernel.runtime.globals.json import parse, stringify
from llmspell_kernel.runtime.host import Host, HostContext, HostError

CASES = [
    ("1", "1"),
    ("1.0", "1.0"),
    ("-0.5", "-0.5"),
    ("9223372036854775807", "9223372036854775807"),
    ("9223372036854775808", "9.223372036854775808e+18"),
    ('"a\\u00e9\\ud83d\\ude00"', '"aé😀"'),
    ("[1,2,3]", "[1,2,3]"),
    ("{}", "{}"),
    ("[]", "{}"),
    ('{"b":1,"a":null}', '{"b":1}'),
    ("[true,false]", "[true,false]"),
    ('{"z":{"y":[{}]},"a":"\\n"}', '{"a":"\\n","z":{"y":[{}]}}'),
]


@pytest.mark.parametrize(("text", "written"), CASES)
def test_a_text_is_parsed_and_written(script, lua, text, written):
    found = script.run(f"print(JSON.stringify(JSON.parse({lua(text)})))")
    assert json.loads(found) == json.loads(written)
    assert found == written or text == "9223372036854775808"


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        ("{1, 2, x = 3}", "[1,2]"),
        ("{}", "{}"),
        ("{[5] = 'a'}", '{"5":"a"}'),
        ("nil", "null"),
        ("0/0", "null"),
        ("{math.huge, -math.huge}", "[null,null]"),
        ("{b = 1, a = 2}", '{"a":2,"b":1}'),
        ("'\\xff'", '"\\xff"'),
        ("3.0", "3.0"),
        ("3", "3"),
    ],
)
def test_a_value_is_written(script, expression, written):
    assert script.run(f"io.write(JSON.stringify({expression}))").encode("utf-8", "surrogateescape") == (
        written.replace("\\xff", "\udcff").encode("utf-8", "surrogateescape")
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the text is empty at line 1 column 1"),
        ("{", "at line 1 column 2"),
        ("[1,\n2,]", "at line 2"),
        ("NaN", "NaN is not a JSON value"),
        ("1e999", "out of range"),
        ('"\\ud800"', "half of a surrogate pair"),
        ('"\\udc80"', "half of a surrogate pair"),
        ("[" * 100000, "nested"),
        ("[" * 300 + "]" * 300, "nested"),
    ],
)
def test_a_mistake_in_a_text_is_reported(script, lua, text, reason):
    message = script.error(f"JSON.parse({lua(text)})")
    assert reason in message
    assert message.startswith("cell:1: ")


def test_errors_of_parse_begin_as_promised(script):
    assert script.run("print(select(2, pcall(function() JSON.parse('{') end)))").startswith(
        "cell:1: JSON parse error: "
    )


def test_a_null_in_an_array_leaves_a_hole(script):
    assert script.run("local t = JSON.parse('[1,null,3]') print(t[1], t[2], t[3])") == "1\tnil\t3"


@pytest.mark.parametrize("value", ["print", "coroutine.create(print)", "{a = {print}}", "io.stdout.write"])
def test_what_is_no_data_cannot_be_written(script, value):
    assert "bad argument #1 to 'JSON.stringify'" in script.error(f"JSON.stringify({value})")


def test_a_table_that_contains_itself_cannot_be_written(script):
    assert "contains itself" in script.error("local t = {} t.t = t JSON.stringify(t)")


@pytest.mark.parametrize("arguments", ["", "nil", "{}", "true"])
def test_parse_needs_text(script, arguments):
    assert "bad argument #1 to 'JSON.parse' (string expected" in script.error(f"JSON.parse({arguments})")


def test_a_number_is_accepted_as_text(script):
    assert script.run("print(JSON.parse(12))") == "12"


def test_a_script_that_replaces_the_standard_library_does_not_break_it(new_script):
    code = "type, tostring, select = nil, nil, nil string.format = nil print(JSON.stringify(JSON.parse('[1]')))"
    assert new_script().run(code) == "[1]"


HOST = Host(HostContext(Path(), Path()))
values = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.binary().map(lambda data: data.decode("utf-8", "surrogateescape")),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=("Cs",))), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(values)
def test_what_is_written_is_read_back_the_same(value):
    back = parse(HOST, stringify(HOST, value))
    assert back == value
    assert repr(back) == repr(value) or isinstance(value, dict | list)


def refusal(text):
    try:
        parse(HOST, text)
    except HostError as error:
        return str(error)
    return None


@given(st.text(st.characters(codec="utf-8")))
@settings(max_examples=200)
def test_any_text_is_parsed_or_refused_with_the_promised_beginning(text):
    message = refusal(text)
    assert message is None or message.startswith("JSON parse error: ")

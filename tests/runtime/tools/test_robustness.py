"""Whatever a script gives a tool, the answer is a table or a ToolError, never another exception."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llmspell_analysis.catalogue import load_tool
from llmspell_kernel.runtime.configuration import Configuration
from llmspell_kernel.runtime.tools import ToolContext, json_processor, registered, run_tool
from llmspell_kernel.runtime.tools.output import ToolError
from llmspell_kernel.runtime.values import encode

text = st.one_of(
    st.text(max_size=20),
    st.binary(max_size=12).map(lambda data: data.decode("utf-8", "surrogateescape")),
)
template = st.text(st.sampled_from("{}#/^>~&! abcx.@[]()|=\"'\n%-_1"), max_size=30)
HANDLEBARS = (
    *("{{", "}}", "{{{", "}}}", "#if ", "#each ", "/if", "/each", "else", "a", "xs", "this", "../"),
    *("@index", "~", "!", "(eq ", " as |y|"),
)
TERA = (
    *("{%", "%}", "for x in xs", "endfor", "if a", "endif", "|", "upper", "(", ")", "default(value=1)"),
    "loop.index",
)
fragments = st.lists(st.sampled_from([*HANDLEBARS, *TERA, " ", "\n"]), max_size=12).map("".join)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | text
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=6
)
WITHOUT_NETWORK = Configuration(document={"runtime": {"security": {"allow_network_access": False}}})
# jq and schemas run in a process of their own, which test_limits and the cases try.
IN_PROCESS = [name for name in registered() if name != "json-processor"]


@pytest.fixture(scope="module")
def context():
    with tempfile.TemporaryDirectory() as folder:
        yield ToolContext((Path(folder).resolve(),), WITHOUT_NETWORK)


@pytest.fixture(scope="module", autouse=True)
def _no_child_is_left():
    yield
    json_processor.close()


def answer(tool, parameters, context):
    try:
        table = run_tool(tool, parameters, context)
    except ToolError as error:
        table = {"message": str(error)}
    assert table
    encode(table)


def plausible(tool):
    """Parameters of the right names, often of the right types."""
    properties = load_tool(tool).schema["properties"]
    of_type = {"string": text, "integer": st.integers(-5, 200), "number": st.floats(), "boolean": st.booleans()}
    strategies = {}
    for name, schema in properties.items():
        right = st.sampled_from(schema["enum"]) if "enum" in schema else of_type.get(str(schema.get("type")), values)
        if schema.get("type") == "object":
            inner = schema.get("properties", {})
            right = st.fixed_dictionaries(
                {}, optional={key: of_type.get(str(each.get("type")), values) for key, each in inner.items()}
            )
        strategies[name] = right
    return st.fixed_dictionaries({}, optional=strategies)


@pytest.mark.parametrize("tool", IN_PROCESS)
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_plausible_parameters(context, tool, data):
    answer(tool, data.draw(plausible(tool)), context)


@pytest.mark.parametrize("tool", registered())
@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_wild_parameters(context, tool, data):
    names = st.sampled_from(list(load_tool(tool).schema["properties"])) | text
    answer(tool, data.draw(st.dictionaries(names, values, max_size=4)), context)


@pytest.mark.parametrize("engine", ["tera", "handlebars"])
@given(source=template | fragments)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_templates(context, engine, source):
    parameters = {"input": source, "engine": engine, "auto_detect": False, "context": {"a": 1, "xs": [1, {"a": 2}]}}
    answer("template-creator", parameters, context)


expressions = st.lists(
    st.sampled_from(
        ["1", "2.5", "x", "+", "-", "*", "/", "^", "%", "(", ")", "sin(", "max(", ",", "&&", "!", "==", "pi"]
    )
    | st.integers().map(str),
    max_size=10,
).map(" ".join)


@given(source=expressions | text)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_expressions(context, source):
    table = run_tool("calculator", {"input": source, "variables": {"x": 3}}, context)
    assert table["success"] is True or table["error"]["message"]
    encode(table)

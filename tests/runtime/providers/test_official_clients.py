"""The official clients understand the fake server: it is held to the formats of the real ones."""

import anthropic
import ollama
import openai
import pytest
from llmspell_fake_server import KEY, PIECES, TEXT, Refusal, Scenario

TOOLS = Scenario(tool_calls=(("add", {"a": 1, "b": "wörld"}),))
OPENAI_TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}}}}
ANTHROPIC_TOOL = {"name": "add", "input_schema": {"type": "object"}}
USER = [{"role": "user", "content": "hi"}]


@pytest.fixture
def openai_client(server):
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture
def anthropic_client(server):
    with anthropic.Anthropic(base_url=f"{server.url}/anthropic", api_key=KEY, max_retries=0) as client:
        yield client


def test_openai_reads_a_whole_answer(openai_client):
    answer = openai_client.chat.completions.create(model="m", messages=USER)
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == (TEXT, "stop")
    assert answer.usage.total_tokens == 18


def test_openai_reads_a_stream(openai_client):
    options = {"include_usage": True}
    chunks = list(openai_client.chat.completions.create(model="m", messages=USER, stream=True, stream_options=options))
    text = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
    assert (text, chunks[-1].usage.completion_tokens) == (TEXT, 7)


@pytest.mark.parametrize("is_stream", [False, True])
def test_openai_reads_tool_calls(server, openai_client, is_stream):
    server.scenarios["m"] = TOOLS
    answer = openai_client.chat.completions.create(model="m", messages=USER, tools=[OPENAI_TOOL], stream=is_stream)
    if not is_stream:
        (call,) = answer.choices[0].message.tool_calls
        assert (call.function.name, call.function.arguments) == ("add", '{"a": 1, "b": "w\\u00f6rld"}')
        return
    pieces = [call for one in answer if one.choices for call in one.choices[0].delta.tool_calls or ()]
    assert pieces[0].function.name == "add"
    assert "".join(one.function.arguments for one in pieces) == '{"a": 1, "b": "w\\u00f6rld"}'


def test_openai_lists_models(openai_client):
    assert sorted(one.id for one in openai_client.models.list()) == ["gpt-a", "gpt-b"]


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, openai.AuthenticationError), (429, openai.RateLimitError), (500, openai.InternalServerError)],
)
def test_openai_knows_the_refusals(server, openai_client, status, error):
    server.scenarios["m"] = Scenario(refusals=[Refusal(status, "no")])
    with pytest.raises(error, match="no"):
        openai_client.chat.completions.create(model="m", messages=USER)


def test_anthropic_reads_a_whole_answer(anthropic_client):
    answer = anthropic_client.messages.create(model="m", max_tokens=10, messages=USER)
    assert (answer.content[0].text, answer.stop_reason, answer.usage.output_tokens) == (TEXT, "end_turn", 7)


def test_anthropic_reads_a_stream(anthropic_client):
    with anthropic_client.messages.stream(model="m", max_tokens=10, messages=USER) as stream:
        assert tuple(stream.text_stream) == PIECES
        assert stream.get_final_message().usage.output_tokens == 7


@pytest.mark.parametrize("is_stream", [False, True])
def test_anthropic_reads_tool_calls(server, anthropic_client, is_stream):
    server.scenarios["m"] = TOOLS
    given = {"model": "m", "max_tokens": 10, "messages": USER, "tools": [ANTHROPIC_TOOL]}
    if is_stream:
        with anthropic_client.messages.stream(**given) as stream:
            answer = stream.get_final_message()
    else:
        answer = anthropic_client.messages.create(**given)
    (call,) = answer.content
    assert (call.name, call.input, answer.stop_reason) == ("add", {"a": 1, "b": "wörld"}, "tool_use")


def test_anthropic_lists_models(anthropic_client):
    assert [one.id for one in anthropic_client.models.list()] == ["claude-a"]


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, anthropic.AuthenticationError), (429, anthropic.RateLimitError), (500, anthropic.InternalServerError)],
)
def test_anthropic_knows_the_refusals(server, anthropic_client, status, error):
    server.scenarios["m"] = Scenario(refusals=[Refusal(status, "no")])
    with pytest.raises(error, match="no"):
        anthropic_client.messages.create(model="m", max_tokens=10, messages=USER)


def test_ollama_reads_answers(server):
    client = ollama.Client(host=server.url)
    whole = client.chat(model="m", messages=USER)
    assert (whole.message.content, whole.done_reason, whole.eval_count) == (TEXT, "stop", 7)
    assert "".join(one.message.content for one in client.chat(model="m", messages=USER, stream=True)) == TEXT


@pytest.mark.parametrize("is_stream", [False, True])
def test_ollama_reads_tool_calls(server, is_stream):
    server.scenarios["m"] = TOOLS
    answer = ollama.Client(host=server.url).chat(model="m", messages=USER, tools=[OPENAI_TOOL], stream=is_stream)
    (call,) = [call for one in (answer if is_stream else [answer]) for call in one.message.tool_calls or ()]
    assert (call.function.name, call.function.arguments) == ("add", {"a": 1, "b": "wörld"})


def test_ollama_knows_its_models(server):
    client = ollama.Client(host=server.url)
    assert [one.model for one in client.list().models] == ["llama3.1:8b", "qwen2:0.5b"]
    assert client.show("llama3.1:8b").details.quantization_level == "Q4_0"
    assert [one.model for one in client.ps().models] == ["llama3.1:8b"]
    assert [one.status for one in client.pull("x", stream=True)][-1] == "success"
    with pytest.raises(ollama.ResponseError, match="does not exist"):
        list(client.pull("missing", stream=True))


def test_ollama_knows_the_refusals(server):
    server.scenarios["m"] = Scenario(refusals=[Refusal(404, "model 'm' not found")])
    with pytest.raises(ollama.ResponseError, match="not found"):
        ollama.Client(host=server.url).chat(model="m", messages=USER)

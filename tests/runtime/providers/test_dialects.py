"""The three dialects over real HTTP: what is sent, what comes back, and what is said when it fails."""

import pytest
from llmspell_fake_server import KEY, PIECES, TEXT, Refusal, Scenario
from llmspell_kernel.runtime.providers.errors import ProviderError
from llmspell_kernel.runtime.providers.model import (
    Done,
    Image,
    Message,
    Request,
    TextDelta,
    ToolCall,
    ToolDefinition,
    Usage,
)

DIALECTS = ("openai", "anthropic", "ollama")
every = pytest.mark.parametrize("dialect", DIALECTS)
SUM = ToolDefinition("add", "Adds.", {"type": "object", "properties": {"a": {"type": "number"}}})


@every
def test_an_answer_comes_in_pieces(connect, dialect):
    events = connect(dialect).ask()
    assert events == [*(TextDelta(piece) for piece in PIECES), Done("stop", Usage(11, 7), "m")]


@every
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_an_answer_may_be_split_at_any_byte(server, connect, dialect, size):
    server.scenarios["m"] = Scenario(tool_calls=(("add", {"a": 1}), ("add", {"a": "wörld"})), split=size)
    server.scenarios["text"] = Scenario(split=size)
    client = connect(dialect)
    assert "".join(one.text for one in client.ask("text") if isinstance(one, TextDelta)) == TEXT
    calls = [one for one in client.ask() if isinstance(one, ToolCall)]
    assert [(one.name, one.arguments) for one in calls] == [("add", {"a": 1}), ("add", {"a": "wörld"})]


@every
def test_a_tool_is_called_and_answered(server, connect, dialect):
    server.scenarios["m"] = Scenario(tool_calls=(("add", {"a": 1, "b": [2, {}]}),))
    client = connect(dialect)
    question = Message("user", "one and two?")
    *_, call, done = client.ask(request=Request("m", (question,), tools=(SUM,)))
    assert (call.name, call.arguments, call.problem) == ("add", {"a": 1, "b": [2, {}]}, "")
    assert done.finish_reason == "tool_calls"
    said = Message("assistant", "", tool_calls=(call,))
    result = Message("tool", "3", tool_call_id=call.id, name="add")
    events = client.ask(request=Request("m", (question, said, result), tools=(SUM,)))
    assert [one.text for one in events if isinstance(one, TextDelta)] == list(PIECES)


@every
def test_broken_arguments_are_a_problem_of_the_call(server, connect, dialect):
    server.scenarios["m"] = Scenario(tool_calls=(("add", '{"a": '),))
    *_, call, _done = connect(dialect).ask()
    assert (call.name, call.arguments) == ("add", {})
    assert call.problem.startswith("its arguments are no JSON: ")


SENT = {
    "openai": {
        "path": "/v1/chat/completions",
        "header": ("authorization", f"Bearer {KEY}"),
        "body": {
            "model": "m",
            "messages": [
                {"role": "system", "content": "be brief"},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "look"},
                        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,QUJD"}},
                    ],
                },
            ],
            "stream": True,
            "stream_options": {"include_usage": True},
            "tools": [
                {"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": SUM.schema}}
            ],
            "temperature": 0.5,
            "max_tokens": 20,
            "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}},
            "stop": "END",
        },
    },
    "anthropic": {
        "path": "/anthropic/v1/messages",
        "header": ("x-api-key", KEY),
        "body": {
            "model": "m",
            "max_tokens": 20,
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "QUJD"}},
                        {"type": "text", "text": "look"},
                    ],
                }
            ],
            "stream": True,
            "system": "be brief\n\nAnswer with JSON alone, without any other text. It has to fit this JSON Schema: "
            '{"type": "object"}',
            "tools": [{"name": "add", "description": "Adds.", "input_schema": SUM.schema}],
            "temperature": 0.5,
            "stop_sequences": ["END"],
        },
    },
    "ollama": {
        "path": "/api/chat",
        "header": ("authorization", f"Bearer {KEY}"),
        "body": {
            "model": "m",
            "messages": [
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": "look", "images": ["QUJD"]},
            ],
            "stream": True,
            "tools": [
                {"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": SUM.schema}}
            ],
            "format": {"type": "object"},
            "options": {"temperature": 0.5, "num_predict": 20, "stop": ["END"]},
        },
    },
}


@every
def test_what_is_sent_is_what_the_dialect_asks_for(server, connect, dialect):
    messages = (Message("system", "be brief"), Message("user", "look", (Image("QUJD", "image/jpeg"),)))
    request = Request("m", messages, (SUM,), 0.5, 20, {"type": "object"}, {"stop": "END"})
    connect(dialect).ask(request=request)
    (received,) = server.received
    expected = SENT[dialect]
    assert received.path == expected["path"]
    name, value = expected["header"]
    assert received.headers[name] == value
    assert received.body == expected["body"]


@every
def test_models_are_listed(connect, dialect):
    assert (
        connect(dialect).models()
        == {
            "openai": ["gpt-a", "gpt-b"],
            "anthropic": ["claude-a"],
            "ollama": ["llama3.1:8b", "qwen2:0.5b"],
        }[dialect]
    )


# what the server does -> kind of the error, and parts of its message
FAILURES = {
    "401": (
        Scenario(refusals=[Refusal(401, f"Incorrect API key provided: {KEY}")]),
        "authentication",
        ("provider 'here' refuses the key (401: Incorrect API key provided: [redacted])", "providers.here.api_key"),
    ),
    "404": (
        Scenario(refusals=[Refusal(404, "model 'm' not found")]),
        "not_found",
        ("does not know the model 'm'", "404: model 'm' not found", "providers.here.base_url"),
    ),
    "400": (
        Scenario(refusals=[Refusal(400, "temperature is too high")]),
        "invalid_request",
        ("does not accept the request (400: temperature is too high)",),
    ),
    "429": (
        Scenario(refusals=[Refusal(429, "slow down", {"retry-after": "7"})]),
        "rate_limit",
        ("is asked too often (429: slow down)", "wait 7 s", "providers.here.requests_per_minute"),
    ),
    "500": (Scenario(refusals=[Refusal(500, "oops")]), "server", ("has failed (500: oops)",)),
    "302": (
        Scenario(refusals=[Refusal(302, "", {"location": "http://elsewhere/"})]),
        "configuration",
        ("has moved to http://elsewhere/; change providers.here.base_url",),
    ),
    "cut": (Scenario(cut=60), "connection", ("here",)),
    "silence": (Scenario(hang=60), "timeout", ("sent nothing for 0.3 s (providers.here.timeout)",)),
    "broken JSON": (Scenario(body=b'data: {"a":\n\n{"a":\n', split=0), "protocol", ("sent what is no JSON",)),
    "no end": (Scenario(body=b"\n"), "connection", ("ended its answer in the middle",)),
    "no object": (Scenario(body=b"data: 17\n\n"), "protocol", ("is no JSON",)),
}


@every
@pytest.mark.parametrize("what", FAILURES)
def test_a_failure_is_told_with_what_to_change(server, connect, dialect, what):
    scenario, kind, parts = FAILURES[what]
    server.scenarios["m"] = scenario = Scenario(
        refusals=list(scenario.refusals), cut=scenario.cut, hang=scenario.hang, body=scenario.body
    )
    with pytest.raises(ProviderError) as caught:
        connect(dialect, timeout=0.3 if scenario.hang else 20).ask()
    assert caught.value.kind == kind
    for part in parts:
        assert part in str(caught.value)
    assert KEY not in str(caught.value)


MID_STREAM = {
    "openai": b'data: {"error": {"message": "overload", "type": "server_error"}}\n\n',
    "anthropic": b"event: error\n"
    b'data: {"type": "error", "error": {"type": "overloaded_error", "message": "overload"}}\n\n',
    "ollama": b'{"error": "overload"}\n',
}


@every
def test_an_error_in_the_middle_of_an_answer_is_told(server, connect, dialect):
    server.scenarios["m"] = Scenario(body=MID_STREAM[dialect])
    with pytest.raises(ProviderError, match="provider 'here' broke off its answer: overload"):
        connect(dialect).ask()


@every
@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_what_may_pass_is_tried_again(server, connect, dialect, status):
    server.scenarios["m"] = Scenario(refusals=[Refusal(status, headers={"retry-after-ms": "1"})] * 2)
    events = connect(dialect, max_retries=2).ask()
    assert isinstance(events[-1], Done)
    assert len(server.received) == 3


@every
def test_retries_have_an_end(server, connect, dialect):
    server.scenarios["m"] = Scenario(refusals=[Refusal(500, "oops", {"retry-after": "0"})] * 5)
    with pytest.raises(ProviderError, match=r"has failed \(500: oops\) \(tried 2 times\)"):
        connect(dialect, max_retries=1).ask()
    assert len(server.received) == 2


@every
def test_a_wrong_key_is_not_tried_again(server, connect, dialect):
    server.scenarios["m"] = Scenario(refusals=[Refusal(401)] * 5)
    with pytest.raises(ProviderError):
        connect(dialect, max_retries=3).ask()
    assert len(server.received) == 1


@every
def test_an_answer_that_has_begun_is_not_asked_for_again(server, connect, dialect):
    complete = connect(dialect)
    complete.ask()
    server.scenarios["m"] = Scenario(cut=700 if dialect != "ollama" else 300)
    with pytest.raises(ProviderError):
        connect(dialect, max_retries=3).ask()
    assert len(server.received) == 2


@every
def test_a_request_that_is_ended_ends_its_connection(server, connect, dialect):
    server.scenarios["m"] = Scenario(hang=60)
    future = connect(dialect).start()
    server.wait_for(1)
    future.cancel()
    assert server.broken_off.wait(20)


@every
def test_connections_are_used_again(server, connect, dialect):
    client = connect(dialect)
    for _ in range(5):
        client.ask()
    assert (len(server.received), server.connections) == (5, 1)


@every
def test_no_more_requests_are_under_way_than_allowed(server, connect, dialect):
    import threading

    gate = threading.Event()
    server.scenarios["m"] = Scenario(gate=gate)
    client = connect(dialect, max_concurrent_requests=3)
    asked = [client.start() for _ in range(20)]
    server.wait_for(3)
    gate.set()
    assert all(isinstance(one.result(30)[-1], Done) for one in asked)
    assert (len(server.received), server.most_active) == (20, 3)


def test_a_server_that_does_not_stream_is_understood(server, connect):
    import json

    call = {"id": "c", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    answer = {
        "model": "m",
        "choices": [{"message": {"content": "whole", "tool_calls": [call]}, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    }
    server.scenarios["m"] = Scenario(body=json.dumps(answer).encode(), content_type="application/json")
    assert connect("openai").ask() == [
        TextDelta("whole"),
        ToolCall("c", "add", {"a": 1}),
        Done("tool_calls", Usage(1, 2), "m"),
    ]


def test_no_server_is_a_readable_error(server, connect):
    url = server.url
    server.close()
    with pytest.raises(ProviderError) as caught:
        connect("ollama", base_url=url).ask()
    assert str(caught.value).startswith(f"provider 'here' cannot be reached at {url}: Connection refused; ")
    assert "check providers.here.base_url; is Ollama running (ollama serve)?" in str(caught.value)


def test_a_proxy_is_used(server, connect):
    connect("openai", base_url="http://models.invalid/v1", proxy=server.url)
    with pytest.raises(ProviderError, match="404"):
        connect("openai", base_url="http://models.invalid/v1", proxy=server.url).ask()
    assert server.received[0].path == "http://models.invalid/v1/chat/completions"


def test_further_headers_are_sent(server, connect):
    connect("openai", headers={"x-team": "blue"}).ask()
    assert server.received[0].headers["x-team"] == "blue"

"""Names of models, waits between tries, limits, answers of any-llm, the script of mock."""

import asyncio
import sys
import time
from email.utils import formatdate
from types import ModuleType, SimpleNamespace

import httpx
import pytest
from llmspell_kernel.runtime.providers.any_llm import AnyLlmProvider
from llmspell_kernel.runtime.providers.connection import _retry_after
from llmspell_kernel.runtime.providers.errors import ProviderError
from llmspell_kernel.runtime.providers.limits import RequestLimits
from llmspell_kernel.runtime.providers.mock import MockProvider
from llmspell_kernel.runtime.providers.model import Done, Message, Request, TextDelta, ToolCall, Usage
from llmspell_kernel.runtime.providers.model_name import split
from llmspell_kernel.runtime.providers.retrying import delay_of
from llmspell_kernel.runtime.providers.settings import ProviderSettings, read_settings

# the model's name, the provider beside it -> provider and model
NAMES = [
    ("openai/gpt-4", None, ("openai", "gpt-4")),
    ("gpt-4", None, ("openai", "gpt-4")),
    ("gpt-4", "groq", ("groq", "gpt-4")),
    ("meta-llama/Llama-3", "together", ("together", "meta-llama/Llama-3")),
    ("together/meta-llama/Llama-3", None, ("together", "meta-llama/Llama-3")),
    ("together/x", "together", ("together", "x")),
    ("local/llama3.1:8b", None, ("ollama", "llama3.1:8b")),
    ("local/llama3.1:8b@ollama", None, ("ollama", "llama3.1:8b")),
    ("local/phi@candle", None, ("candle", "phi")),
    ("llama3.1:8b", "local", ("ollama", "llama3.1:8b")),
    ("openai/gpt-4@x", None, ("openai", "gpt-4@x")),
]


@pytest.mark.parametrize(("text", "provider", "expected"), NAMES)
def test_a_name_of_a_model_is_split(text, provider, expected):
    name = split(text, provider)
    assert (name.provider, name.model) == expected


@pytest.mark.parametrize("text", ["", "/", "openai/", "/gpt-4", "local/@ollama"])
def test_a_name_without_a_part_is_refused(text):
    with pytest.raises(ValueError, match=r"no provider|names no model"):
        split(text)


def test_waits_grow_are_random_and_have_an_end():
    assert [delay_of(attempt, None, lambda: 1.0) for attempt in (1, 2, 3, 20)] == [0.5, 1.0, 2.0, 30.0]
    assert [delay_of(attempt, None, lambda: 0.0) for attempt in (1, 2, 3, 20)] == [0.25, 0.5, 1.0, 15.0]
    assert 0.25 <= delay_of(1, None) <= 0.5


def test_a_server_says_how_long_to_wait():
    assert delay_of(1, 7.0, lambda: 0.0) == 7.0
    headers = {"retry-after": "7"}
    assert _retry_after(httpx.Headers(headers)) == 7.0
    assert _retry_after(httpx.Headers({"retry-after-ms": "250", **headers})) == 0.25
    date = formatdate(time.time() + 100, usegmt=True)
    assert 90 < (_retry_after(httpx.Headers({"retry-after": date})) or 0) <= 100
    assert _retry_after(httpx.Headers({"retry-after": formatdate(0, usegmt=True)})) == 0.0
    assert _retry_after(httpx.Headers({"retry-after": "soon"})) is None
    assert _retry_after(httpx.Headers({})) is None


def test_requests_of_a_minute_are_spread_over_it(monkeypatch):
    waited = []

    async def sleep(seconds):
        waited.append(round(seconds, 3))

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)

    async def take(limits):
        for _ in range(3):
            async with limits.turn():
                pass

    asyncio.run(take(RequestLimits(5, 120)))
    assert waited == [0.0, 0.5, 1.0]
    waited.clear()
    asyncio.run(take(RequestLimits(5, 0)))
    assert waited == []


def asked(provider, request):
    async def collect():
        return [event async for event in provider.stream(request)]

    return asyncio.run(collect())


REQUEST = Request("m", (Message("user", "hi"),))
REPLICATE = ProviderSettings("replicate", "any-llm", max_retries=0)


async def anywhere(_url):
    """The network may be used."""


def test_any_llm_is_asked_for_when_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "any_llm", None)
    with pytest.raises(ProviderError, match=r"needs the extra any-llm: pip install 'llmspell\[any-llm\]'"):
        asked(AnyLlmProvider(REPLICATE, "", anywhere), REQUEST)


@pytest.fixture
def any_llm(monkeypatch):
    """Stands for the library: what it is given, and chunks in OpenAI's form, which it promises."""
    module = ModuleType("any_llm")
    module.given = []

    async def acompletion(model, messages, **more):
        module.given.append((model, messages, more))
        if model == "bad":
            raise RuntimeError("no such model, key sk-0123456789abcdefghij")
        call = {"index": 0, "id": "c", "function": {"name": "add", "arguments": '{"a": 1}'}}
        chunks = [
            {"model": model, "choices": [{"delta": {"content": "yes"}, "finish_reason": None}]},
            {"model": model, "choices": [{"delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]},
            {"model": model, "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}},
        ]

        async def stream():
            for chunk in chunks:
                yield SimpleNamespace(model_dump=lambda mode, chunk=chunk: chunk)

        return stream()

    async def alist_models(provider, **_):
        return [SimpleNamespace(id=f"{provider}-b"), SimpleNamespace(id=f"{provider}-a")]

    module.acompletion, module.alist_models = acompletion, alist_models
    monkeypatch.setitem(sys.modules, "any_llm", module)
    return module


def test_any_llm_answers(any_llm):
    provider = AnyLlmProvider(REPLICATE, "key", anywhere)
    assert asked(provider, REQUEST) == [
        TextDelta("yes"),
        ToolCall("c", "add", {"a": 1}),
        Done("tool_calls", Usage(3, 4), "m"),
    ]
    ((model, messages, more),) = any_llm.given
    assert (model, messages) == ("m", [{"role": "user", "content": "hi"}])
    assert (more["provider"], more["api_key"], more["stream"]) == ("replicate", "key", True)
    assert asyncio.run(provider.models()) == ["replicate-a", "replicate-b"]


@pytest.mark.usefixtures("any_llm")
def test_an_error_of_any_llm_is_told_without_the_key():
    with pytest.raises(ProviderError) as caught:
        asked(AnyLlmProvider(REPLICATE, "", anywhere), Request("bad", REQUEST.messages))
    assert str(caught.value) == "provider 'replicate': RuntimeError: no such model, key [redacted]"


def test_mock_replies_as_often_as_its_script_says(tmp_path):
    script = tmp_path / "replies.toml"
    script.write_text('[[replies]]\ntimes = 1\ntext = "first"\n[[replies]]\ntext = "then: {text}"\n')
    provider = MockProvider(script)
    texts = ["".join(one.text for one in asked(provider, REQUEST) if isinstance(one, TextDelta)) for _ in range(3)]
    assert texts == ["first", "then: hi", "then: hi"]


FAULTY = {
    "{": "Expecting property name",
    "5": "expected a list 'replies'",
    '[{"txt": "x"}]': "replies[1]: unknown field 'txt'; known: model, contains",
    '[{"text": 5}]': "replies[1].text: expected str, got int",
    '[{"times": true}]': "replies[1].times: expected int, got bool",
    '[{"pattern": "("}]': "replies[1].pattern: not a regular expression",
    '[{"tool_calls": [{}]}]': "replies[1].tool_calls: each needs a text 'name'",
    '[{"chunks": [1]}]': "replies[1].chunks: expected texts",
}


@pytest.mark.parametrize("text", FAULTY)
def test_a_faulty_script_of_mock_is_told(tmp_path, text):
    script = tmp_path / "replies.json"
    script.write_text(text)
    with pytest.raises(ProviderError) as caught:
        asked(MockProvider(script), REQUEST)
    assert str(caught.value).startswith(f"providers.mock.script: {script}: ")
    assert FAULTY[text] in str(caught.value)


def test_a_script_of_mock_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ProviderError, match="cannot be read: No such file"):
        asked(MockProvider(tmp_path / "none.json"), REQUEST)


HOSTS = {
    "": "http://localhost:11434",
    "0.0.0.0": "http://0.0.0.0:11434",
    "there:99": "http://there:99",
    "https://there/": "https://there",
}


@pytest.mark.parametrize("host", HOSTS)
def test_ollama_is_where_its_own_programs_look_for_it(monkeypatch, tmp_path, host):
    monkeypatch.setenv("OLLAMA_HOST", host)
    assert read_settings("ollama", {}, tmp_path).base_url == HOSTS[host]


def test_no_key_is_in_the_representation_of_settings(tmp_path):
    given = {"api_key": "hidden-1", "headers": {"x": "hidden-2"}, "proxy": "http://user:hidden-3@proxy"}
    assert "hidden" not in repr(read_settings("openai", {"openai": given}, tmp_path))

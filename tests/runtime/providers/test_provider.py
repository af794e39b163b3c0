"""The globals Provider and LocalLLM, and how providers are configured."""

import asyncio
import socket
import sys
import threading
from types import ModuleType

import pytest
from llmspell_fake_server import KEY, Scenario
from llmspell_kernel.runtime.configuration import Configuration, ConfigurationError, load_configuration


@pytest.fixture
def configured(new_script):
    """A function that makes a Lua state with these tables of [providers]."""

    def make(**providers):
        return new_script(configuration=Configuration(document={"providers": providers}))

    return make


def test_nothing_is_listed_when_nothing_is_configured(configured):
    assert configured().value("Provider.list()") == {}


def test_configured_providers_are_listed(configured):
    script = configured(
        openai={"api_key": KEY, "default_model": "gpt-4", "models": ["gpt-4", "gpt-4o-mini"]},
        anthropic={"api_key": KEY, "default_model": "claude-3-haiku"},
        off={"type": "openai", "base_url": "http://x.invalid", "enabled": False},
        groq={},  # without a key
        wrong={"type": "openai"},  # without an address
        mock={},
    )
    listed = script.value("Provider.list()")
    assert [one["name"] for one in listed] == ["rig/openai/gpt-4", "rig/anthropic/claude-3-haiku", "rig/mock"]
    assert listed[0] == {
        "name": "rig/openai/gpt-4",
        "enabled": True,
        "capabilities": {
            "supports_streaming": True,
            "supports_multimodal": True,
            "max_context_tokens": 128_000,
            "available_models": ["gpt-4", "gpt-4o-mini"],
        },
    }
    assert script.value("Provider.getCapabilities('anthropic').max_context_tokens") == 200_000
    assert script.run("print(Provider.get('rig/openai/gpt-4').name, Provider.get('openai').name)") == (
        "rig/openai/gpt-4\trig/openai/gpt-4"
    )
    assert script.run("print(Provider.isAvailable('openai'), Provider.isAvailable('groq'), Provider.get('groq'))") == (
        "true\tfalse\tnil"
    )


def test_a_key_comes_from_the_environment(configured, monkeypatch):
    monkeypatch.setenv("MY_KEY", KEY)
    script = configured(groq={"api_key_env": "MY_KEY"})
    assert script.run("print(Provider.isAvailable('groq'))") == "true"


def test_a_key_comes_from_the_keyring(configured, monkeypatch):
    import keyring

    monkeypatch.setattr(
        keyring, "get_password", lambda service, name: KEY if (service, name) == ("llmspell", "groq") else None
    )
    assert configured(groq={}).run("print(Provider.isAvailable('groq'))") == "true"


def test_an_agent_without_a_key_is_told_where_it_goes(configured):
    message = configured().error("Agent.builder():model('openai/gpt-4o-mini'):build()")
    assert message == (
        "cell:1: build: provider 'openai' has no key; set the environment variable OPENAI_API_KEY, "
        "providers.openai.api_key_env or providers.openai.api_key in llmspell.toml, or say :api_key(…)"
    )


MISTAKES = [
    (
        {"x": {"type": "opnai"}},
        "providers.x.type: expected one of openai, anthropic, ollama, mock, any-llm, got 'opnai'",
    ),
    ({"x": {"type": "openai"}}, "providers.x.base_url is missing: where the server of provider 'x' is"),
    (
        {"x": {"type": "mock", "timeout": "long"}},
        "providers.x.timeout: expected a number from 0.01 to 86400, got str 'long'",
    ),
    ({"x": {"type": "mock", "max_retries": 1.5}}, "providers.x.max_retries: expected a whole number, got float 1.5"),
    ({"x": {"type": "mock", "api_key": 5}}, "providers.x.api_key: expected a text, got int"),
    ({"x": {"type": "mock", "basurl": ""}}, "providers.x.basurl: there is no such setting; did you mean 'base_url'?"),
    ({"x": {"type": "mock", "enabled": False}}, "provider 'x' is off; set providers.x.enabled = true"),
    (
        {"x": {"type": "mock", "prices": {"m": {"input": -1}}}},
        "providers.x.prices.m: expected input and output, what a million tokens cost, got dict {'input': -1}",
    ),
]


@pytest.mark.parametrize(("tables", "message"), MISTAKES)
def test_mistakes_in_the_settings_are_named(configured, tables, message):
    assert configured(**tables).error("Agent.builder():model('x/m'):build()") == f"cell:1: build: {message}"


def test_in_process_inference_is_refused(configured):
    assert "there is no in-process inference here" in configured().error("Agent.builder():model('candle/m'):build()")


def test_the_default_provider_and_model_are_the_configuration_s(configured):
    script = configured(default_provider="mock", mock={"default_model": "m"})
    assert script.run("print(Agent.builder():build():execute({text = 'x'}).metadata.model)") == "m"


def test_the_back_end_of_a_local_model_is_ollama(configured):
    script = configured()
    assert script.value("Agent.builder():model('local/llama3.1:8b'):build():get_config().model") == {
        "provider": "ollama",
        "model_id": "llama3.1:8b",
        "settings": {},
    }


def test_a_key_goes_nowhere_but_where_the_file_says(configured, server, monkeypatch):
    """A script that names another server gets none of the user's keys there."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    network = {"private_addresses": ["127.0.0.0/8"]}
    script = configured()
    script.runtime.host.context.configuration.document["network"] = network
    code = f"Agent.builder():model('openai/m'):base_url('{server.url}/v1'):build():execute({{text = 'x'}})"
    assert script.run(f"print({code}.text)") == "Hello, wörld 🌍!"
    script.run(f"""
        Config.setProvider("mine", {{type = "openai", base_url = "{server.url}/v1", api_key_env = "OPENAI_API_KEY"}})
        Agent.builder():model("mine/m"):build():execute({{text = "x"}})
        Agent.builder():model("mine/m"):api_key("sk-my-own-key-0123456789"):build():execute({{text = "x"}})
    """)
    assert [one.headers.get("authorization") for one in server.received] == [
        None,
        None,
        "Bearer sk-my-own-key-0123456789",
    ]


def test_a_server_that_a_script_names_has_to_be_allowed(configured, server):
    code = f"Agent.builder():model('openai/m'):base_url('{server.url}/v1'):build():execute({{text = 'x'}})"
    message = configured().error(code)
    assert "which is not a public address" in message
    assert "set providers.openai.base_url in llmspell.toml" in message
    assert server.received == []


def test_a_server_that_a_script_names_is_connected_to_at_the_address_that_was_checked(configured, server, monkeypatch):
    """A name that leads elsewhere when it is asked again (DNS rebinding) leads nowhere."""
    asked = []

    async def resolve(loop, host, port, **_):
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "127.0.0.2"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", resolve)
    script = configured()
    script.runtime.host.context.configuration.document["network"] = {"private_addresses": ["127.0.0.1"]}
    url = server.url.replace("127.0.0.1", "models.test")
    message = script.error(f"Agent.builder():model('openai/m'):base_url('{url}/v1'):build():execute({{text = 'x'}})")
    assert "127.0.0.2, which is not a public address" in message
    assert server.received == []


def test_the_name_stays_in_the_request_to_the_address_that_was_checked(configured, server, monkeypatch):
    async def resolve(loop, host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", resolve)
    script = configured()
    script.runtime.host.context.configuration.document["network"] = {"private_addresses": ["127.0.0.1"]}
    url = server.url.replace("127.0.0.1", "models.test")
    code = f"Agent.builder():model('openai/m'):base_url('{url}/v1'):build():execute({{text = 'x'}})"
    assert script.run(f"print({code}.text)") == "Hello, wörld 🌍!"
    assert server.received[0].headers["host"] == url.removeprefix("http://")


def test_a_script_names_no_proxy(configured, server):
    script = configured(openai={"api_key": KEY})
    proxy = f'Config.setProvider("openai", {{proxy = "{server.url}"}})'
    message = script.error(f"{proxy} Agent.builder():model('openai/m'):build():execute({{text = 'x'}})")
    assert "providers.openai.proxy: a script names no proxy; set it in llmspell.toml" in message
    assert server.received == []


def test_a_script_names_no_server_for_any_llm(configured, server, monkeypatch):
    """The library would send a server the key that it finds in the environment."""
    monkeypatch.setitem(sys.modules, "any_llm", ModuleType("any_llm"))
    named = f'Config.setProvider("mine", {{type = "any-llm", base_url = "{server.url}"}})'
    message = configured().error(f"{named} Agent.builder():model('mine/m'):build():execute({{text = 'x'}})")
    assert "providers.mine.base_url: a script names no server for the extra any-llm" in message


def test_any_llm_asks_nobody_when_the_network_is_off(configured, monkeypatch):
    monkeypatch.setitem(sys.modules, "any_llm", ModuleType("any_llm"))
    script = configured(replicate={"max_retries": 0, "api_key": KEY})
    script.runtime.host.context.configuration.document["runtime"] = {"security": {"allow_network_access": False}}
    message = script.error("Agent.builder():model('replicate/m'):build():execute({text = 'x'})")
    assert "allow_network_access under [runtime.security] in llmspell.toml is false" in message


def test_an_agent_talks_to_a_server(configured, server):
    script = configured(openai={"base_url": f"{server.url}/v1", "api_key": KEY})
    server.scenarios["tools"] = Scenario(tool_calls=(("calculator", {"input": "1 + 1"}),))
    code = """
        local agent = Agent.builder():model("openai/tools"):system_prompt("be brief"):allow_tool("calculator"):build()
        local output = agent:execute({text = "sum"})
        print(output.text, output.metadata.token_count, output.metadata.tool_calls)
    """
    assert script.run(code) == "Hello, wörld 🌍!\t36\t1"
    first, second = server.received
    assert [one["role"] for one in first.body["messages"]] == ["system", "user"]
    assert [one["role"] for one in second.body["messages"]] == ["system", "user", "assistant", "tool"]
    assert '"result":2' in second.body["messages"][-1]["content"].replace(" ", "")
    (tool,) = first.body["tools"]
    assert set(tool["function"]["parameters"]) == {"type", "properties", "required"}


def test_an_interrupt_ends_the_connection(configured, server):
    server.scenarios["m"] = Scenario(hang=60)
    script = configured(openai={"base_url": f"{server.url}/v1", "api_key": KEY})
    script.run("agent = Agent.builder():model('openai/m'):build()")

    def interrupt():
        server.wait_for(1)
        script.runtime.async_hook.request("interrupt")

    thread = threading.Thread(target=interrupt)
    thread.start()
    outcome = script.runtime.execute("agent:execute({text = 'x'})")
    thread.join()
    assert outcome.error.kind == "interrupted"
    assert server.broken_off.wait(20)


def test_no_key_is_in_what_a_script_can_see(configured, server):
    server.scenarios["m"] = Scenario(refusals=[])
    script = configured(openai={"base_url": f"{server.url}/v1", "api_key": KEY})
    script.run("agent = Agent.builder():model('openai/m'):api_key('sk-my-own-key-0123456789'):build()")
    shown = script.run("""
        print(JSON.stringify({agent:get_config(), Agent.get_details(agent.name), Provider.list(), Config.get()}))
        for key, value in pairs(agent) do print(key, tostring(value)) end
    """)
    assert KEY not in shown
    assert "sk-my-own-key" not in shown
    assert "sk-my-own-key" not in repr(script.runtime.host.agents.all())


@pytest.fixture
def local(configured, server):
    return configured(ollama={"base_url": server.url, "max_retries": 0})


def test_local_models_are_listed(local):
    assert local.value("LocalLLM.list()")[0] == {
        "id": "llama3.1:8b",
        "backend": "ollama",
        "size_bytes": 4_661_224_676,
        "quantization": "Q4_0",
        "modified_at": "2025-05-04T17:37:44.706015396-07:00",
    }


def test_a_local_model_is_described(local):
    assert local.value("LocalLLM.info('local/llama3.1:8b@ollama')") == {
        "id": "llama3.1:8b",
        "backend": "ollama",
        "size_bytes": 4_661_224_676,
        "format": "gguf",
        "loaded": True,
        "parameter_count": "8.0B",
        "quantization": "Q4_0",
    }
    assert "does not know the model 'missing'" in local.error("LocalLLM.info('missing')")


def test_a_local_model_is_downloaded(local):
    assert local.value("LocalLLM.pull('tiny:1b@ollama')") == {
        "model_id": "tiny:1b",
        "percent_complete": 100.0,
        "bytes_downloaded": 1000,
        "bytes_total": 1000,
        "status": "complete",
    }
    assert "file does not exist" in local.error("LocalLLM.pull('missing')")


def test_the_state_of_the_back_ends_is_told(local, configured, server):
    found = local.value("LocalLLM.status()")
    assert found["ollama"] == {"running": True, "models": 2, "version": "0.9.0"}
    assert found["candle"]["ready"] is False
    server.close()
    found = configured(ollama={"base_url": server.url, "max_retries": 0}).value("LocalLLM.status()")
    assert found["ollama"]["running"] is False
    assert "cannot be reached" in found["ollama"]["error"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("LocalLLM.list(1)", "bad argument #1 to 'LocalLLM.list' (string expected, got number)"),
        ("LocalLLM.list('gpu')", "LocalLLM.list: backend: 'gpu' is none of ollama, candle"),
        ("LocalLLM.info()", "bad argument #1 to 'LocalLLM.info' (string expected, got no value)"),
        ("LocalLLM.pull('m@gpu')", "LocalLLM.pull: model_spec: backend 'gpu' is none of ollama, candle"),
        ("Provider.get({})", "bad argument #1 to 'Provider.get' (string expected, got table)"),
    ],
)
def test_mistakes_are_named(local, code, message):
    assert local.error(code) == f"cell:1: {message}"


FAULTY = [
    ("[providers.openai]\ntimeout = true", "providers.openai.timeout: expected a number"),
    (
        "[providers.openai]\nbase_uri = 'x'",
        "providers.openai.base_uri: there is no such setting; did you mean 'base_url'?",
    ),
    ("[providers]\nopenai = 1", "providers.openai: expected a table, got int"),
    ("[circuit_breakers.providers]\nfailure_threshold = 0", "circuit_breakers.providers.failure_threshold"),
]


@pytest.mark.parametrize(("text", "message"), FAULTY)
def test_a_faulty_file_is_told_when_it_is_read(tmp_path, text, message):
    (tmp_path / "llmspell.toml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'llmspell.toml'}: {message}")


def test_a_script_names_replies_of_the_project_alone(configured, outside, tmp_path):
    script = configured()
    root = script.runtime.host.context.project_root
    (root / "mine.json").write_text('[{"text": "from the project"}]')
    (outside / "theirs.json").write_text('[{"text": "from elsewhere"}]')
    (root / "link.json").symlink_to(outside / "theirs.json")
    ask = "Agent.builder():model('mock/m'):build():execute({text = 'x'}).text"
    for path in (outside / "theirs.json", "link.json", "../theirs.json", "a\\0b"):
        script.run(f"Config.setProvider('mock', {{script = '{path}'}})")
        assert script.error(f"print({ask})").endswith(
            "providers.mock.script: a script may name files of the project alone"
        )
    script.run("Config.setProvider('mock', {script = 'mine.json'})")
    assert script.value(ask) == "from the project"


def test_a_project_without_the_network_asks_this_machine_alone(new_script, server):
    here = {"type": "openai", "base_url": f"{server.url}/v1"}
    away = {"type": "openai", "base_url": "http://models.invalid/v1"}
    document = {
        "providers": {"here": here, "away": away},
        "runtime": {"security": {"allow_network_access": False}},
    }
    script = new_script(configuration=Configuration(document=document))
    ask = "Agent.builder():model('{}/m'):build():execute({{text = 'x'}}).text"
    assert script.value(ask.format("here")) == "Hello, wörld 🌍!"
    assert script.error(f"print({ask.format('away')})").endswith(
        "provider 'away': the network may not be used: allow_network_access under [runtime.security] in llmspell.toml "
        "is false"
    )

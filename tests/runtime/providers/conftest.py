"""The fake server, and ways to ask it."""

import importlib.util
import sys
from pathlib import Path

import pytest

_NAME = "llmspell_fake_server"
if _NAME not in sys.modules:
    _SPEC = importlib.util.spec_from_file_location(_NAME, Path(__file__).parent / "fake_server.py")
    assert _SPEC is not None
    assert _SPEC.loader is not None
    sys.modules[_NAME] = importlib.util.module_from_spec(_SPEC)
    _SPEC.loader.exec_module(sys.modules[_NAME])

from llmspell_fake_server import KEY, PATHS, FakeServer  # noqa: E402
from llmspell_kernel.runtime.configuration import Configuration  # noqa: E402
from llmspell_kernel.runtime.host import HostContext  # noqa: E402
from llmspell_kernel.runtime.providers.loop import submit  # noqa: E402
from llmspell_kernel.runtime.providers.model import Message, Request  # noqa: E402
from llmspell_kernel.runtime.providers.providers import make  # noqa: E402
from llmspell_kernel.runtime.providers.settings import read_settings  # noqa: E402

WAIT = 30


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """What the machine has set does not decide the tests."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "OLLAMA_HOST"):
        monkeypatch.delenv(name, raising=False)
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GROQ_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server():
    fake = FakeServer()
    yield fake
    fake.close()


class Client:
    """A provider at the fake server, asked from the test's thread."""

    def __init__(self, dialect, settings, context):
        self.provider = make(settings, context)
        self.dialect, self.settings = dialect, settings

    def start(self, model="m", text="hi", **more):
        request = more.pop("request", None) or Request(model, (Message("user", text),), **more)

        async def collect():
            return [event async for event in self.provider.stream(request)]

        return submit(collect())

    def ask(self, model="m", text="hi", **more):
        return self.start(model, text, **more).result(WAIT)

    def models(self):
        return submit(self.provider.models()).result(WAIT)

    def close(self):
        submit(self.provider.close()).result(WAIT)


@pytest.fixture
def connect(server, tmp_path):
    """A function that makes a client of a dialect, with further settings."""
    made = []

    def client(dialect, **settings):
        table = {"type": dialect, "base_url": server.url + PATHS[dialect], "api_key": KEY, "max_retries": 0, **settings}
        read = read_settings("here", {"here": table}, tmp_path)
        made.append(Client(dialect, read, HostContext(tmp_path, tmp_path, Configuration())))
        return made[-1]

    yield client
    for one in made:
        one.close()

"""A Lua state with LLMSpell's globals for each test module, and a way to run code in it."""

import json
import tempfile
from pathlib import Path

import pytest
from llmspell_kernel.runtime.configuration import Configuration
from llmspell_kernel.runtime.host import Host, HostContext
from llmspell_kernel.runtime.state import Runtime

WITH_RAG = Configuration(document={"rag": {"enabled": True}})


class Script:
    """Runs Lua code and gives what it printed, or the message of the error that ended it."""

    def __init__(self, project_root: Path, home: Path, configuration: Configuration | None = None) -> None:
        self.output: list[bytes] = []
        context = HostContext(project_root, home, configuration or Configuration())
        self.runtime = Runtime(Host(context), lambda _name, data: self.output.append(data), lambda _code: None)

    def run(self, code: str) -> str:
        """What the code printed. Fails when it raises."""
        self.output.clear()
        outcome = self.runtime.execute(code)
        assert outcome.error is None, outcome.error
        return b"".join(self.output).decode("utf-8", "surrogateescape").rstrip("\n")

    def error(self, code: str) -> str:
        """The message of the error that the code raises. Fails when it does not."""
        outcome = self.runtime.execute(code)
        assert outcome.error is not None, "the code did not raise"
        return outcome.error.message

    def value(self, expression: str) -> object:
        """The value of an expression, by way of JSON."""
        return json.loads(self.run(f"print(JSON.stringify({expression}))"))


def lua_text(text: str) -> str:
    """Text as a Lua literal."""
    data = text.encode("utf-8", "surrogateescape")
    return '"' + "".join(f"\\x{byte:02x}" for byte in data) + '"'


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """One Lua state for the module's tests, with a project folder and a home of its own."""
    folder = tmp_path_factory.mktemp("runtime")
    (folder / "project").mkdir()
    return Script(folder / "project", folder / "home")


@pytest.fixture(scope="module")
def script_with_rag(tmp_path_factory):
    """The same where RAG is enabled."""
    folder = tmp_path_factory.mktemp("rag")
    (folder / "project").mkdir()
    return Script(folder / "project", folder / "home", WITH_RAG)


@pytest.fixture
def new_script(tmp_path):
    """A function that makes further Lua states; all share one project and home unless told otherwise."""

    def make(project="project", configuration=None):
        root = tmp_path / project
        root.mkdir(exist_ok=True)
        return Script(root, tmp_path / "home", configuration)

    return make


@pytest.fixture
def outside():
    """A folder outside every default root of the file tools (the temporary folder is one of these roots)."""
    with tempfile.TemporaryDirectory(dir=Path.home(), prefix=".llmspell-test-") as folder:
        yield Path(folder)


@pytest.fixture
def lua():
    return lua_text

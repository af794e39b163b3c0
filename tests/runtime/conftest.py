"""A Lua state with LLMSpell's globals for each test module, and a way to run code in it."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from llmspell_kernel.runtime.configuration import Configuration
from llmspell_kernel.runtime.host import Host, HostContext
from llmspell_kernel.runtime.state import Runtime

WITH_RAG = Configuration(document={"rag": {"enabled": True}})


# Gives the paths at which a Python object (userdata that is no file) can be reached from a value without `debug`.
WALK = b"""
local library, roots = ...
local _ENV = library.globals
local debug, type, next, format = library.debug, library.type, library.next, library.string.format
local found, seen, queue = {}, {}, { { roots, "" } }
while #queue > 0 do
  local value, path = table.unpack(table.remove(queue))
  local kind = type(value)
  if kind == "userdata" and not library.io.type(value) then found[#found + 1] = path end
  if not seen[value] and (kind == "table" or kind == "function" or kind == "userdata") then
    seen[value] = true
    local metatable = debug.getmetatable(value)
    if metatable and kind == "table" then queue[#queue + 1] = { metatable, path .. "<metatable>" } end
    if kind == "table" then
      for key, item in next, value do
        queue[#queue + 1] = { key, path .. ".key" }
        queue[#queue + 1] = { item, path .. "." .. tostring(key) }
      end
    elseif kind == "function" and debug.getinfo(value, "S").what ~= "C"
      and not library.is_internal(debug.getinfo(value, "S").source) then
      for i = 1, 255 do
        local name, upvalue = debug.getupvalue(value, i)
        if not name then break end
        queue[#queue + 1] = { upvalue, path .. "^" .. name }
      end
    end
  end
end
return library.table.concat(found, "\\n")
"""


class Script:
    """Runs Lua code and gives what it printed, or the message of the error that ended it."""

    def __init__(self, project_root: Path, home: Path, configuration: Configuration | None = None, **more: Any) -> None:
        self.output: list[bytes] = []
        context = HostContext(project_root, home, configuration or Configuration(), **more)
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


@pytest.fixture(scope="module")
def script_with_clients(tmp_path_factory):
    """The same where clients hear what a script publishes."""
    folder = tmp_path_factory.mktemp("clients")
    (folder / "project").mkdir()
    return Script(folder / "project", folder / "home", publish=lambda _msg_type, _content: None)


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


@pytest.fixture
def python_objects():
    """A function: the paths at which a script can reach Python objects."""

    def walk(script):
        lua, library = script.runtime.lua, script.runtime.library
        roots = lua.table(library.globals, library.debug.getmetatable(b""), library.coroutine.running()[0])
        return lua.compile(WALK, name=b"=walk", mode=b"t")(library, roots).decode().splitlines()

    return walk

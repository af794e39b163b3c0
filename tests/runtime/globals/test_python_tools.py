"""Tools that are written in Python: found, described, checked, run, loaded again, and their faults told."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from llmspell_kernel.runtime.tools import registered
from llmspell_kernel.runtime.tools.python_call import CallInterruptedError, PythonCalls

WORDS = '''
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import llmspell


@dataclass
class Point:
    x: int
    tags: tuple[str, ...] = ("a", "b")


@llmspell.tool
def word_count(text: str, least: int = 1, mode: Literal["words", "letters"] = "words") -> dict:
    """Counts the words of a text.

    More about it.

    Args:
        text: What is counted.
        least: Shorter words are left out.
    """
    return {"count": len([one for one in text.split() if len(one) >= least]), "mode": mode}


@llmspell.tool(name="echo", description="Gives back what it gets.", category="test", version="2.1.0")
def anything(value: Any = None, maybe: int | None = None, items: list[float] = [], table: dict[str, bool] = {}) -> Any:
    return value


@llmspell.tool
def give(what: str) -> Any:
    return {
        "nothing": None, "point": Point(1), "path": Path("/a"), "bytes": b"x\\xff", "set": {1},
        "nested": {"a": [(1, 2)]}, "number keys": {1: "one"}, "object": object(), "class": Point, "key": {None: 1},
    }[what]


@llmspell.tool
def fail(how: str) -> None:
    if how == "exit":
        raise SystemExit(3)
    raise ValueError("not so")


def no_tool() -> None:
    pass
'''


@pytest.fixture(scope="module")
def tools(script):
    folder = script.runtime.host.context.project_root / "llmspell_tools"
    folder.mkdir()
    (folder / "words.py").write_text(WORDS)
    (folder / "_private.py").write_text("raise RuntimeError('never loaded')")
    (folder / "imports.py").write_text("from llmspell_tools.words import word_count")
    return script


def test_tools_are_listed_with_the_others(tools):
    listed = {one["name"]: one for one in tools.value("Tool.list()")}
    assert listed["word-count"] == {
        "name": "word-count",
        "description": "Counts the words of a text.",
        "version": "1.0.0",
    }
    assert listed["echo"] == {"name": "echo", "description": "Gives back what it gets.", "version": "2.1.0"}
    assert "calculator" in listed
    assert "no-tool" not in listed


def test_tools_are_discovered_by_category(tools):
    assert [one["name"] for one in tools.value('Tool.discover({category = "test"})')] == ["echo"]
    assert "project" in tools.value("Tool.categories()")
    assert tools.value('Tool.exists("word-count")') is True


def test_parameters_are_described_by_signature_and_docstring(tools):
    parameters = tools.value('Tool.get("word-count").schema.parameters')
    assert parameters == [
        {"name": "text", "type": "string", "description": "What is counted.", "required": True},
        {
            "name": "least",
            "type": "integer",
            "description": "Shorter words are left out.",
            "required": False,
            "default": 1,
        },
        {"name": "mode", "type": "string", "description": "", "required": False, "default": "words"},
    ]


RESULTS = {
    'Tool.execute("word-count", {text = "a bb ccc"})': {"count": 3, "mode": "words"},
    'Tool.execute("word-count", {text = "a bb ccc", least = 2.0})': {"count": 2, "mode": "words"},
    'Tool.get("word-count"):execute({text = ""}).count': 0,
    'Tool["echo"]:execute({value = {1, {a = true}}})': [1, {"a": True}],
    'Tool.execute("echo", {value = "x", maybe = 2, items = {1.5}, table = {a = true}})': "x",
    'Tool.execute("give", {what = "point"})': {"x": 1, "tags": ["a", "b"]},
    'Tool.execute("give", {what = "path"})': "/a",
    'Tool.execute("give", {what = "bytes"}) == "x\\xff"': True,
    'Tool.execute("give", {what = "nothing"}) == nil': True,
    'Tool.execute("give", {what = "nested"})': {"a": [[1, 2]]},
    'Tool.execute("give", {what = "set"})': [1],
    'Tool.execute("give", {what = "number keys"})': {"1": "one"},
}


@pytest.mark.parametrize("expression", RESULTS)
def test_result_is_what_the_function_returned(tools, expression):
    assert tools.value(expression) == RESULTS[expression]


ERRORS = {
    'Tool.execute("word-count", {})': "missing parameter 'text'",
    'Tool.execute("word-count", {text = 1})': "parameter 'text': expected string, got number 1",
    'Tool.execute("word-count", {text = "", mode = "word"})': "did you mean 'words'?",
    'Tool.execute("word-count", {text = "", lest = 1})': "unknown parameter 'lest'; did you mean 'least'?",
    'Tool.execute("wordcount", {})': "Tool 'wordcount' not found; did you mean 'word-count'?",
    'Tool.execute("word_count", {})': "did you mean 'word-count'?",
    'Tool.execute("fail", {how = "so"})': "Tool execution failed: fail: ValueError: not so (words.py:45)",
    'Tool.execute("fail", {how = "exit"})': "Tool execution failed: fail: SystemExit: 3 (words.py:44)",
    'Tool.execute("give", {what = "other"})': "Tool execution failed: give: KeyError: 'other' (words.py:",
    'Tool.execute("give", {what = "object"})': "it returned a value of type object, which Lua does not have",
    'Tool.execute("give", {what = "class"})': "it returned a value of type type, which Lua does not have",
    'Tool.execute("give", {what = "key"})': "it returned a table with a key of type NoneType",
    'Tool.execute("word-count", {"text"})': "parameters are given by name",
}


@pytest.mark.parametrize("call", ERRORS)
def test_error_says_what_and_where(tools, call):
    assert ERRORS[call] in tools.error(call)
    assert tools.value('Tool.execute("word-count", {text = "still there"}).count') == 2


@pytest.fixture
def project(new_script):
    script = new_script()
    folder = script.runtime.host.context.project_root / "llmspell_tools"
    folder.mkdir()
    return script, folder


def test_changed_file_is_loaded_again(project):
    script, folder = project
    path = folder / "one.py"
    path.write_text("import llmspell\n@llmspell.tool\ndef one() -> int:\n    return 1\n")
    assert script.value('Tool.execute("one", {})') == 1
    path.write_text("import llmspell\n@llmspell.tool\ndef one() -> int:\n    return 1000\n")
    os.utime(path, (1, 1))
    assert script.value('Tool.execute("one", {})') == 1000
    path.unlink()
    assert script.value('Tool.exists("one")') is False


FAULTY = {
    "def f(:": "faulty.py cannot be loaded: SyntaxError: invalid syntax (faulty.py:1)",
    "1 / 0": "faulty.py cannot be loaded: ZeroDivisionError: division by zero (faulty.py:1)",
    "import llmspell\n@llmspell.tool\ndef f(*args): pass": (
        "SignatureError: tool 'f': parameter 'args': scripts give parameters by name, one for each"
    ),
    "import llmspell\n@llmspell.tool\ndef f(x: complex): pass": (
        "tool 'f': parameter 'x': <class 'complex'> is not a type that Lua has"
    ),
    "import llmspell\n@llmspell.tool\ndef f(x: 'Nowhere'): pass": "its annotations cannot be read: name 'Nowhere'",
    "import llmspell\nfrom typing import Literal\n@llmspell.tool\ndef f(x: Literal[1, 'a']): pass": (
        "parameter 'x': a Literal has strings alone, or integers alone"
    ),
}


@pytest.mark.parametrize("text", FAULTY)
def test_fault_of_a_file_is_told_to_who_asks_for_its_tools_and_the_others_work(project, text):
    script, folder = project
    (folder / "faulty.py").write_text(text)
    (folder / "good.py").write_text("import llmspell\n@llmspell.tool\ndef good() -> bool:\n    return True\n")
    assert FAULTY[text] in script.error('Tool.execute("f", {})')
    assert script.value('Tool.execute("good", {})') is True


def test_project_without_the_folder_has_none(new_script):
    script = new_script()
    assert script.value('Tool.exists("word-count")') is False
    assert len(script.value("Tool.list()")) == len(registered())


def test_tools_of_an_installed_package(tmp_path):
    site = tmp_path / "site"
    information = site / "a_package-1.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: a-package\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[llmspell.tools]\nsome = a_package\nbroken = nowhere_at_all\n")
    (site / "a_package.py").write_text("import llmspell\n@llmspell.tool\ndef packaged() -> int:\n    return 7\n")
    (tmp_path / "llmspell.toml").write_text("")
    script = tmp_path / "script.lua"
    script.write_text('print(Tool.execute("packaged", {}), select(2, pcall(Tool.execute, "other", {})))')
    command = [sys.executable, "-m", "llmspell_cli.main", "run", str(script)]
    environment = {**os.environ, "PYTHONPATH": str(site), "LLMSPELL_HOME": str(tmp_path / "home")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("7\t"), done
    assert "the entry point broken = nowhere_at_all cannot be loaded: ModuleNotFoundError" in done.stdout


CALLS = {
    "interrupt": ("while True: pass", "interrupted"),
    "terminate": ("while True: pass", "terminated"),
}


@pytest.mark.parametrize("kind", CALLS)
def test_interrupt_ends_a_call(project, kind):
    code, expected = CALLS[kind]
    script, folder = project
    runtime = script.runtime
    (folder / "busy.py").write_text(
        textwrap.dedent(f"""
        import llmspell
        begun = None
        @llmspell.tool
        def busy() -> None:
            begun()
            try:
                {code}
            except Exception:
                pass
        """)
    )
    runtime.host.python_tools.all()

    def begun():
        # as the reader's thread does, but here: the exception comes when the function goes on
        runtime.async_hook.request(kind)
        runtime.host.python_calls.interrupt()

    sys.modules["llmspell_tools.busy"].begun = begun
    outcome = runtime.execute('Tool.execute("busy", {}) print("went on")')
    assert outcome.error.kind == expected
    assert script.output == []
    assert script.run("print('still there')") == "still there"


def test_call_that_was_ended_before_it_began_does_not_begin():
    calls, called = PythonCalls(), []
    calls.abandon()
    with pytest.raises(CallInterruptedError):
        calls.run(lambda: called.append(1), {})
    assert called == []


def test_decorated_function_stays_a_function():
    import llmspell

    @llmspell.tool(name="x")
    def add(a: int) -> int:
        return a + 1

    assert add(1) == 2
    assert Path(llmspell.__file__).name == "__init__.py"

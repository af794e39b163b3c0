"""What other files of a script contribute."""

from pathlib import Path

from llmspell_analysis.analysis.builder import analyze
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.catalogue import load_catalogue
from llmspell_analysis.features.completion import complete
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.text import SourceText
from llmspell_analysis.validation import Options, Severity, validate, validate_file
from llmspell_kernel.runtime.tools.python_tools import PythonTools


def codes(text: str, path: Path, project: Project | None = None) -> list[str]:
    return [found.code for found in validate(text, str(path), project=project)]


def test_globals_of_a_required_file_are_defined(tmp_path: Path) -> None:
    (tmp_path / "config.lua").write_text("settings = {}\n")
    main = tmp_path / "main.lua"
    assert codes('require("config")\nprint(settings)', main) == []
    assert codes('require("config")\nprint(setings)', main) == ["undefined-global"]


def test_globals_of_a_file_that_a_required_file_requires_are_defined(tmp_path: Path) -> None:
    (tmp_path / "a.lua").write_text('require("b")\n')
    (tmp_path / "b.lua").write_text('require("a")\nfrom_b = 1\n')
    assert codes('require("a")\nprint(from_b)', tmp_path / "main.lua") == []


def test_modules_are_found_in_folders_and_in_the_roots(tmp_path: Path) -> None:
    (tmp_path / "lib" / "x").mkdir(parents=True)
    (tmp_path / "lib" / "x" / "init.lua").write_text("made = 1\n")
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    project = Project([str(tmp_path)])
    assert codes('require("lib.x")\nprint(made, mad)', scripts / "main.lua", project) == ["undefined-global"]


def test_a_module_name_leads_nowhere_outside(tmp_path: Path) -> None:
    (tmp_path / "outside.lua").write_text("secret = 1\n")
    inside = tmp_path / "inside"
    inside.mkdir()
    assert Project().module("../outside", str(inside / "main.lua")) is None
    assert Project().module("..outside", str(inside / "main.lua")) is None


def test_a_changed_module_is_read_again(tmp_path: Path) -> None:
    module = tmp_path / "m.lua"
    module.write_text("one = 1\n")
    project = Project()
    assert codes('require("m")\nprint(two)', tmp_path / "main.lua", project) == ["undefined-global"]
    module.write_text("one = 1\ntwo = 2\n")
    assert codes('require("m")\nprint(two)', tmp_path / "main.lua", project) == []


def test_fields_that_a_module_adds_to_the_api_exist(tmp_path: Path) -> None:
    (tmp_path / "extend.lua").write_text("function State.get(key) return key end\n")
    assert codes('require("extend")\nState.get("x")', tmp_path / "main.lua") == []


def test_options_add_names_and_change_severities() -> None:
    text = 'print(injected, othr)\nTool.execute("own-tool", {})'
    options = Options(globals=frozenset({"injected"}), tools=frozenset({"own-tool"}))
    assert [found.message for found in validate(text, options=options)] == ["Undefined global `othr`"]
    quiet = Options(severities={"undefined-global": None, "unknown-tool": Severity.HINT})
    assert [found.severity for found in validate(text, options=quiet)] == [Severity.HINT]


def test_validate_file_gives_text_and_findings(tmp_path: Path) -> None:
    script = tmp_path / "s.lua"
    script.write_bytes(b"prnt(1)\n")
    text, found = validate_file(str(script))
    assert text == b"prnt(1)\n"
    assert [each.code for each in found] == ["undefined-global"]


def test_a_module_that_returns_a_table_constructor_is_known_by_its_fields(tmp_path: Path) -> None:
    (tmp_path / "m.lua").write_text('return { calc = Tool.get("calculator"), inner = { state = State } }\n')
    main = tmp_path / "main.lua"
    use = 'local m = require("m")\n'
    assert codes(use + 'm.calc:execute({ operation = "evaluate", input = "1" })', main) == []
    assert codes(use + "m.calc:execut({})", main) == ["undefined-global-field"]
    assert codes(use + 'm.inner.state.sav("custom", "k", 1)', main) == ["undefined-global-field"]
    assert codes(use + "m.other()", main) == []


def test_fields_of_a_module_are_completed_when_it_returns_a_table_constructor(tmp_path: Path) -> None:
    (tmp_path / "m.lua").write_text("return { run = function(task) return task end, limit = 3 }\n")
    text = 'local m = require("m")\nm.'
    analysis = analyze(Document(SourceText.from_str(text), str(tmp_path / "main.lua")))
    completion = complete(analysis, len(text), load_catalogue(), Project())
    assert {"run", "limit"} <= {item.label for item in completion.items}


PYTHON_TOOLS = """\
import llmspell
from llmspell import tool


@llmspell.tool
def word_count(text: str) -> int:
    return len(text.split())


@tool(name="shout", description="Shouts.")
def shouted(text: str) -> str:
    return text.upper()


def no_tool(text: str) -> str:
    return text
"""
CALLS = 'Tool.execute("word-count", {})\nTool.execute("shout", {})\n'


def test_tools_in_python_of_the_project_are_known(tmp_path: Path) -> None:
    (tmp_path / "llmspell.toml").touch()
    (tmp_path / "scripts").mkdir()
    (tmp_path / "llmspell_tools").mkdir()
    (tmp_path / "llmspell_tools" / "words.py").write_text(PYTHON_TOOLS)
    (tmp_path / "llmspell_tools" / "_shared.py").write_text(PYTHON_TOOLS.replace("word_count", "hidden"))
    main = tmp_path / "scripts" / "main.lua"
    assert codes(CALLS, main) == []
    for name in ("no-tool", "hidden"):
        assert codes(f'Tool.execute("{name}", {{}})', main) == ["unknown-tool"]
    [found] = validate('Tool.execute("word-coun", {})', str(main))
    assert found.message.endswith("did you mean `word-count`?")


def test_names_of_tools_in_python_are_those_that_the_runtime_finds(tmp_path: Path) -> None:
    (tmp_path / "llmspell_tools").mkdir()
    (tmp_path / "llmspell.toml").touch()
    (tmp_path / "llmspell_tools" / "words.py").write_text(PYTHON_TOOLS)
    assert Project().python_tools(str(tmp_path / "main.lua")) == PythonTools(tmp_path).all().keys()


def test_changed_file_of_tools_is_read_again_and_a_broken_one_has_none(tmp_path: Path) -> None:
    (tmp_path / "llmspell.toml").touch()
    (tmp_path / "llmspell_tools").mkdir()
    words = tmp_path / "llmspell_tools" / "words.py"
    words.write_text(PYTHON_TOOLS)
    project = Project()
    assert codes(CALLS, tmp_path / "main.lua", project) == []
    words.write_text(PYTHON_TOOLS + "def broken(:\n")
    assert codes(CALLS, tmp_path / "main.lua", project) == ["unknown-tool", "unknown-tool"]


def test_a_module_that_is_found_from_a_folder_above_or_elsewhere_in_the_project_is_not_missed(tmp_path: Path) -> None:
    (tmp_path / "main" / "lib").mkdir(parents=True)
    (tmp_path / "other" / "deep").mkdir(parents=True)
    (tmp_path / "main" / "lib" / "b.lua").write_text("return {}\n")
    (tmp_path / "other" / "deep" / "c.lua").write_text("return {}\n")
    module = tmp_path / "main" / "lib" / "a.lua"
    assert codes('return require("lib.b")', module) == []
    assert codes('return require("deep.c")', module) == ["unresolved-require"]
    (tmp_path / "llmspell.toml").write_text("")
    assert codes('return require("deep.c")', module) == []
    assert codes('return require("deep.d")', module) == ["unresolved-require"]


def test_modules_are_found_in_the_folder_of_the_project_that_a_script_belongs_to(tmp_path: Path) -> None:
    (tmp_path / "llmspell.toml").write_text("")
    (tmp_path / "names.lua").write_text("known = 1\n")
    (tmp_path / "scripts").mkdir()
    assert codes('require("names")\nprint(known, knwn)', tmp_path / "scripts" / "main.lua") == ["undefined-global"]


def test_a_project_says_that_findings_depend_on_which_files_it_has(tmp_path: Path) -> None:
    (tmp_path / "llmspell.toml").write_text("")
    script = str(tmp_path / "main.lua")
    before = Project().surroundings(script)
    (tmp_path / "new.lua").write_text("")
    assert Project().surroundings(script) != before

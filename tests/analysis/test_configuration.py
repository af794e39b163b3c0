"""Configuration files, ours and other tools': the cases are data in tests/analysis/configuration/."""

import re
import tomllib
from pathlib import Path

import pytest
from llmspell_analysis.configuration import Configurations
from llmspell_analysis.configuration.globs import GlobError, Globs
from llmspell_analysis.configuration.reading import toml_line
from llmspell_analysis.rules.name_patterns import from_lua, from_regex, from_stars
from llmspell_analysis.validation import validate

FOLDER = Path(__file__).with_name("configuration")
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted(FOLDER.glob("*.toml"))
    for case in tomllib.loads(file.read_text()).get("case", ())
]
COVERS = tomllib.loads((FOLDER / "globs.toml").read_text())["covers"]


@pytest.mark.parametrize("case", CASES)
def test_case(case, tmp_path):
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    for name, text in case["files"].items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    path = folder / case.get("at", "a.lua")
    configuration = Configurations().of(str(path))

    problems = {str(problem).replace(str(folder), "{folder}") for problem in configuration.problems}
    expected = set(case.get("problems", ()))
    assert expected <= problems
    for beginning in case.get("other_problems", ()):
        assert any(problem.startswith(beginning) for problem in problems - expected), problems
    assert len(problems) == len(expected) + len(case.get("other_problems", ()))

    assert configuration.is_excluded == case.get("is_excluded", False)
    assert configuration.is_included == case.get("is_included", True)
    data = case["script"].encode()
    findings = [
        each for each in validate(data, str(path), options=configuration.options) if each.code in case.get("about", ())
    ]
    assert [f"{each.code}: {data[each.start : each.end].decode()}" for each in findings] == case.get("found", [])
    if "severities" in case:
        assert [each.severity.name.lower() for each in findings] == case["severities"]


@pytest.mark.parametrize("pattern", COVERS)
def test_glob(pattern):
    globs = Globs.of("/project", (pattern,))
    covered, others = COVERS[pattern]
    assert [path for path in (*covered, *others) if globs.covers(f"/project/{path}")] == covered


@pytest.mark.parametrize("pattern", ["", "a{b", "x" * 2000, "\0", "{a,b}" * 20])
def test_glob_that_cannot_be_read(pattern):
    with pytest.raises(GlobError):
        Globs.of("/project", (pattern,))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("foo.*", r"foo.*"),
        ("^_%w+$", r"^_[A-Za-z0-9]+\Z"),
        ("%.x", r"\.x"),
        ("[%a_-]x", r"[A-Za-z_-]x"),
        ("[^%d]", r"[^0-9]"),
        ("a-b", r"a*?b"),
        ("%D", r"[^0-9]"),
        ("a|b", r"a\|b"),
        ("%b()", None),
        ("(a)", None),
        ("a.-b.-c.-d.-e", None),
        ("[a", None),
    ],
)
def test_lua_pattern_as_a_regular_expression(pattern, expected):
    compiled = from_lua(pattern)
    assert (compiled.pattern if compiled is not None else None) == expected


@pytest.mark.parametrize("pattern", ["(a+)+$", "a*b*c*d*", "(?P<x>a)", "(", "x" * 500])
def test_regular_expression_that_could_take_long_is_refused(pattern):
    assert from_regex(pattern) is None


def test_stars_stand_for_anything_and_nothing_else_does():
    pattern = from_stars("a.*b")
    assert pattern is not None
    assert [name for name in ("a.xb", "axxb", "a.b", "za.b") if re.search(pattern, name)] == ["a.xb", "a.b"]


TOML = """\
top = 1
[validator]
globals = [
  "a",
]
severity.unused-local = "off"
[validator.severity]
"quoted-code" = "x"
[[validator.overrides]]
files = ["a"]
[[validator.overrides]]
files = ["b"]
[validator.overrides.severity]
code = "off"
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("top",), 1),
        (("validator",), 2),
        (("validator", "globals"), 3),
        (("validator", "severity", "unused-local"), 6),
        (("validator", "severity", "quoted-code"), 8),
        (("validator", "overrides", 0), 9),
        (("validator", "overrides", 1, "files"), 12),
        (("validator", "overrides", 1, "severity", "code"), 14),
        (("validator", "overrides", 1, "severity", "other"), 13),
        (("nosuch",), 0),
    ],
)
def test_line_of_a_key(keys, line):
    assert toml_line(TOML, *keys) == line


def test_changed_file_is_read_again(tmp_path):
    (tmp_path / ".git").mkdir()
    configurations = Configurations()
    path = str(tmp_path / "a.lua")
    assert configurations.of(path).options.globals == frozenset()
    (tmp_path / "llmspell.toml").write_text("[validator]\nglobals = ['a']")
    assert configurations.of(path).options.globals == {"a"}
    (tmp_path / "llmspell.toml").write_text("[validator]\nglobals = ['a', 'b']")
    assert configurations.of(path).options.globals == {"a", "b"}


def test_folder_or_pipe_in_the_place_of_a_file_is_no_configuration(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".luacheckrc").mkdir()
    assert Configurations().of(str(tmp_path / "a.lua")).sources == ()


def test_file_that_is_too_large_is_told(tmp_path):
    (tmp_path / ".luarc.json").write_text(" " * (1024 * 1024 + 1))
    (problem,) = Configurations().of(str(tmp_path / "a.lua")).problems
    assert str(problem) == f"{tmp_path}/.luarc.json: is larger than 1048576 bytes"

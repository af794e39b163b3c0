"""Configuration files, ours and other tools': the cases are data in tests/analysis/configuration/."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from llmspell_analysis.configuration import Configurations, llmspell_toml
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


# --- whatever a file holds ---------------------------------------------------------------------------------------

NAMES_OF_FILES = ("llmspell.toml", ".luarc.json", ".emmyrc.json", ".luacheckrc", "selene.toml")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 200) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = {
    ".luarc.json": (
        *("diagnostics.globals", "diagnostics.globalsRegex", "diagnostics.disable", "diagnostics.enable"),
        *("diagnostics.severity", "diagnostics.neededFileStatus", "diagnostics.groupSeverity", "runtime.version"),
        *("diagnostics.groupFileStatus", "diagnostics.unusedLocalExclude", "workspace.ignoreDir", "workspace.library"),
        *("Lua", "diagnostics", "workspace", "runtime"),
    ),
    ".luacheckrc": (
        *("std", "stds", "globals", "read_globals", "not_globals", "ignore", "enable", "only", "files", "unused"),
        *("exclude_files", "include_files", "max_line_length", "allow_defined", "redefined"),
    ),
}


def _read_one(folder, name, data):
    (folder / name).write_bytes(data)
    configuration = Configurations().of(str(folder / "a.lua"))
    validate(b"nobody()", options=configuration.options)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("configured")
    (folder / ".git").mkdir()
    return folder


@pytest.mark.parametrize("name", NAMES_OF_FILES)
@settings(deadline=None, max_examples=60)
@given(data=st.binary(max_size=80) | st.text(alphabet="[]{}()=\"'\\,.*-\n ab1", max_size=60).map(str.encode))
def test_no_bytes_are_too_much(project, name, data):
    for each in NAMES_OF_FILES:
        (project / each).unlink(missing_ok=True)
    _read_one(project, name, data)


@settings(deadline=None, max_examples=150)
@given(document=st.dictionaries(st.sampled_from(KEYS[".luarc.json"]), VALUES, max_size=6))
@example(document={"workspace.library": {"\0": None}})
def test_no_shape_of_json_is_too_much(project, document):
    for each in NAMES_OF_FILES:
        (project / each).unlink(missing_ok=True)
    _read_one(project, ".luarc.json", json.dumps(document).encode())


def _as_lua(value):
    if isinstance(value, dict):
        return "{" + ",".join(f"[{json.dumps(key)}]={_as_lua(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ",".join(map(_as_lua, value)) + "}"
    return "nil" if value is None else json.dumps(value)


@settings(deadline=None, max_examples=150)
@given(document=st.dictionaries(st.sampled_from(KEYS[".luacheckrc"]), VALUES, max_size=6))
def test_no_options_of_luacheck_are_too_much(project, document):
    for each in NAMES_OF_FILES:
        (project / each).unlink(missing_ok=True)
    text = "\n".join(f"{key} = {_as_lua(value)}" for key, value in document.items())
    _read_one(project, ".luacheckrc", text.encode("utf-8", "replace"))


@settings(deadline=None, max_examples=150)
@given(
    section=st.dictionaries(
        st.sampled_from(("globals", "tools", "include", "exclude", "line_length", "severity", "overrides", "x")),
        VALUES.filter(lambda value: value is not None),
        max_size=5,
    )
)
def test_every_shape_of_ours_is_understood_or_told(section):
    reader = llmspell_toml.read_section("/project/llmspell.toml", "", section)
    assert all(str(problem) for problem in reader.problems)

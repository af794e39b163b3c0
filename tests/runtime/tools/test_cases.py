"""Every case of `cases/<tool>.toml`, run from Lua through the gate. Adding a case needs no code.

A case has `name`, `parameters`, and what is expected: `expect` (dotted path → value), `matches` (dotted path →
regular expression), `absent` (paths that must not be there), or `raises` (part of the error). Before it, `files`
(path → content) and `links` (path → target) are put into the folder `{tmp}`; afterwards `left` (path → content)
must be there and `gone` must not. `{tmp}` in any text is the test's folder.
"""

import json
import re
import tomllib
from pathlib import Path

import pytest
from llmspell_analysis.catalogue import load_tool
from llmspell_kernel.runtime.tools import registered
from llmspell_kernel.runtime.tools.json_processor import close

CASES = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8"))["case"]
    for path in sorted((Path(__file__).parent / "cases").glob("*.toml"))
}
ALL = [pytest.param(tool, case, id=f"{tool}-{case['name']}") for tool, cases in CASES.items() for case in cases]
MISSING = object()


@pytest.fixture(scope="module", autouse=True)
def _no_child_is_left():
    yield
    close()


def placed(value, folder):
    if isinstance(value, str):
        return value.replace("{tmp}", str(folder))
    if isinstance(value, list):
        return [placed(item, folder) for item in value]
    if isinstance(value, dict):
        return {placed(key, folder): placed(item, folder) for key, item in value.items()}
    return value


def at(value, path):
    for part in path.split("."):
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return MISSING
    return value


def prepare(case, folder):
    for name, content in case.get("files", {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())
    for name, target in placed(case.get("links", {}), folder).items():
        (folder / name).symlink_to(target)


@pytest.mark.parametrize(("tool", "case"), ALL)
def test_case(script, lua, tmp_path, tool, case):
    prepare(case, tmp_path)
    parameters = lua(json.dumps(placed(case["parameters"], tmp_path)))
    call = f'pcall(Tool.execute, "{tool}", JSON.parse({parameters}))'
    ok, answer = json.loads(
        script.run(f"local ok, answer = {call} print(JSON.stringify({{ok, ok and answer or tostring(answer)}}))")
    )
    if "raises" in case:
        assert not ok, answer
        assert placed(case["raises"], tmp_path) in answer
        assert f"Tool execution failed: {tool}: " in answer
    else:
        assert ok, answer
    for path, expected in placed(case.get("expect", {}), tmp_path).items():
        found = at(answer, path)
        assert found == expected, (path, answer)
        assert type(found) is type(expected), (path, found)
    for path, pattern in case.get("matches", {}).items():
        assert re.fullmatch(pattern, str(at(answer, path)), re.DOTALL), (path, answer)
    for path in case.get("absent", ()):
        assert at(answer, path) is MISSING, (path, answer)
    for name, content in case.get("left", {}).items():
        assert (tmp_path / name).read_bytes() == content.encode()
    for name in case.get("gone", ()):
        assert not (tmp_path / name).exists()


@pytest.mark.parametrize("tool", registered())
def test_every_operation_has_a_case(tool):
    tried = {case["parameters"].get("operation", load_tool(tool).default_operation) for case in CASES[tool]}
    parameter = load_tool(tool).schema["properties"].get("operation")
    if parameter is not None:
        assert set(parameter["enum"]) <= tried

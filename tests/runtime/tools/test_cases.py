"""Every case of `cases/<tool>.toml`, run from Lua through the gate. Adding a case needs no code.

A case has `name`, `parameters`, and what is expected: `expect` (dotted path → value), `matches` (dotted path →
regular expression), `absent` (paths that must not be there), or `raises` (part of the error). Before it, `files`
(path → content), what `prepared` names (see conftest) and `links` (path → target) are put into the folder `{tmp}`;
afterwards `left` (path → content) must be there and `gone` must not. `{tmp}` in any text is the test's folder.

What reaches out of the sandbox has `settings` (as llmspell.toml would give them; without them loopback is allowed),
`environment` (variables), `names` (what the resolver knows) and `routes` (what the web server answers, see conftest):
`{url}` and `{port}` are the server's. `received` (dotted path → value) is what it was asked, in order, and
`received_without` (paths) what not; `asked` how often. `mail` are the options of a mail server at
`{mail_port}`, `letters` (dotted path → value) what it got. `never` are texts that the answer may not hold.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
from llmspell_analysis.catalogue import load_tool
from llmspell_kernel.runtime.configuration import Configuration
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


def placed(value, places):
    if value == "{mail_port}":
        return int(places[value])
    if isinstance(value, str):
        for name, place in places.items():
            value = value.replace(name, place)
        return value
    if isinstance(value, list):
        return [placed(item, places) for item in value]
    if isinstance(value, dict):
        return {placed(key, places): placed(item, places) for key, item in value.items()}
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


def prepare(case, folder, places):
    for name, content in case.get("files", {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())
    for name, target in placed(case.get("links", {}), places).items():
        (folder / name).symlink_to(target)


LOOPBACK = {"network": {"private_addresses": ["127.0.0.0/8"], "proxy": ""}}


@pytest.fixture
def surroundings(request, script, new_script, tmp_path, monkeypatch, prepared):
    """What a case runs in: its script, and what stands for `{…}` in its texts."""
    case = request.node.callspec.params["case"]
    places = {"{tmp}": str(tmp_path), "{python}": sys.executable}
    prepare(case, tmp_path, places)
    if "prepared" in case:
        prepared[case["prepared"]](tmp_path)
    if "names" in case:
        request.getfixturevalue("names").update(case["names"])
    if "routes" in case:
        web_server = request.getfixturevalue("web_server")
        web_server.routes.update(case["routes"])
        places |= {"{url}": web_server.url, "{port}": str(web_server.port)}
    if "mail" in case:
        request.getfixturevalue("trusted")
        request.node.mail_server = request.getfixturevalue("mail_server")(case["mail"])
        places["{mail_port}"] = str(request.node.mail_server.port)
    for name, value in placed(case.get("environment", {}), places).items():
        monkeypatch.setenv(name, value)
    if not {"settings", "routes", "names", "mail"} & case.keys():
        return script, places
    settings = placed(case.get("settings", LOOPBACK), places)
    allows = settings.get("security", {}).get("allow_processes", False)
    return new_script(configuration=Configuration(allow_processes=allows, document=settings)), places


@pytest.mark.parametrize(("tool", "case"), ALL)
def test_case(request, surroundings, lua, tmp_path, tool, case):
    script, places = surroundings
    parameters = lua(json.dumps(placed(case["parameters"], places)))
    call = f'pcall(Tool.execute, "{tool}", JSON.parse({parameters}))'
    ok, answer = json.loads(
        script.run(f"local ok, answer = {call} print(JSON.stringify({{ok, ok and answer or tostring(answer)}}))")
    )
    if "raises" in case:
        assert not ok, answer
        assert placed(case["raises"], places) in answer
        assert f"Tool execution failed: {tool}: " in answer
    else:
        assert ok, answer
    expect(case.get("expect", {}), answer, places)
    for path, pattern in case.get("matches", {}).items():
        assert re.fullmatch(pattern, str(at(answer, path)), re.DOTALL), (path, answer)
    for path in case.get("absent", ()):
        assert at(answer, path) is MISSING, (path, answer)
    for text in placed(case.get("never", []), places):
        assert text not in json.dumps(answer)
    for name, content in case.get("left", {}).items():
        assert (tmp_path / name).read_bytes() == content.encode()
    for name in case.get("gone", ()):
        assert not (tmp_path / name).exists()
    if "mail" in case:
        expect(case.get("letters", {}), request.node.mail_server.letters, places)
    if "routes" in case:
        received = request.getfixturevalue("web_server").received
        expect(case.get("received", {}), received, places)
        for path in case.get("received_without", ()):
            assert at(received, path) is MISSING, received
        assert len(received) == case.get("asked", len(received)), received


def expect(expected, answer, places):
    for path, value in placed(expected, places).items():
        found = at(answer, path)
        assert found == value, (path, answer)
        assert type(found) is type(value), (path, found)


@pytest.mark.parametrize("tool", registered())
def test_every_operation_has_a_case(tool):
    tried = {case["parameters"].get("operation", load_tool(tool).default_operation) for case in CASES[tool]}
    parameter = load_tool(tool).schema["properties"].get("operation")
    if parameter is not None:
        assert set(parameter["enum"]) <= tried

"""The global Config: what of llmspell.toml scripts see, what they may change, and that secrets stay inside."""

import json

import pytest
from llmspell_kernel.runtime.configuration import load_configuration

DOCUMENT = """
default_engine = "lua"
[providers]
default_provider = "mock"
[providers.mock]
provider_type = "mock"
api_key = "hidden-value-1"
api_key_env = "MOCK_API_KEY"
max_tokens = 4096
base_url = "https://user:hidden-value-2@example.org/v1"
headers = { Authorization = "Bearer hidden-value-3", Accept = "text/plain" }
[rag]
since = 2026-01-02
big = 99999999999999999999
notes = "use sk-hiddenvalue4abcdefghijkl here"
[runtime.security]
allow_network_access = false
[tools.file-operations]
allowed_paths = ["extra"]
[debug]
access_token = "hidden-value-5"
[security]
allow_processes = true
"""


@pytest.fixture
def configured(new_script, tmp_path):
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "llmspell.toml").write_text(DOCUMENT)
    return new_script(configuration=load_configuration(tmp_path / "project"))


def test_every_key_of_the_catalogue_is_there_without_a_file(script):
    value = script.value("Config.get()")
    assert set(value) == {"default_engine", "engines", "providers", "runtime", "tools", "events", "debug", "rag"}
    assert script.run("print(Config.getDefaultEngine(), #Config.listProviders())") == "lua\t0"


@pytest.mark.parametrize(
    "expression",
    ["Config.get()", "Config.toJson()", "Config.getProvider('mock')"]
    + [f"Config.getSection('{name}')" for name in ("providers", "engines", "runtime", "tools", "security")]
    + ["Config.getTools()", "Config.getSecurity()"],
)
def test_no_secret_leaves(configured, expression):
    text = json.dumps(configured.value(expression))
    assert "hidden" not in text


def test_what_is_no_secret_is_told(configured):
    provider = configured.value("Config.getProvider('mock')")
    assert provider["api_key"] == "[redacted]"
    assert provider["base_url"] == "https://user:[redacted]@example.org/v1"
    assert (provider["api_key_env"], provider["max_tokens"]) == ("MOCK_API_KEY", 4096)
    assert provider["headers"]["Accept"] == "text/plain"
    assert configured.value("Config.get().rag") == {"since": "2026-01-02", "big": 1e20, "notes": "use [redacted] here"}


def test_providers_are_the_tables_of_their_section(configured):
    assert configured.value("Config.listProviders()") == ["mock"]
    assert configured.run("print(Config.getProvider('default_provider'), Config.getProvider('none'))") == "nil\tnil"


def test_security_is_that_of_the_file(configured):
    assert configured.value("Config.getSecurity()") == {
        "allow_file_access": True,
        "allow_network_access": False,
        "allow_process_spawn": True,
        "policy": "default",
    }
    assert configured.run("print(Config.isFileAccessAllowed(), Config.isNetworkAccessAllowed())") == "true\tfalse"


def test_permissions_are_the_standard_ones(script):
    permissions = script.value("Config.getPermissions()")
    assert [name for name, value in permissions.items() if not value] == ["access_secrets", "modify_security"]


def test_a_provider_that_is_set_is_there_and_its_key_is_not_told(new_script):
    script = new_script()
    script.run("Config.setProvider('own', {model = 'm', api_key = 'x'})")
    assert script.value("Config.getProvider('own')") == {"model": "m", "api_key": "[redacted]"}
    assert script.value("Config.listProviders()") == ["own"]


def test_a_snapshot_brings_providers_and_paths_back(new_script, outside):
    script = new_script()
    code = f"""
        Config.setProvider("a", {{model = "first"}})
        Config.snapshot()
        Config.setProvider("a", {{model = "second"}})
        Config.setProvider("b", {{}})
        Config.addAllowedPath("{outside}")
        Config.restoreSnapshot(os.time())
        print(Config.getProvider("a").model, Config.getProvider("b"), #Config.getTools().file_operations.allowed_paths)
    """
    assert script.run(code) == "first\tnil\t0"


def test_a_path_that_is_added_opens_the_file_tools(new_script, outside):
    script = new_script()
    write = f"Tool.execute('file-operations', {{operation = 'write', path = '{outside}/x.txt', input = 'hi'}})"
    script.runtime.execute(write)
    assert not (outside / "x.txt").exists()
    script.run(f"Config.addAllowedPath('{outside}') Config.addAllowedPath('{outside}')")
    script.run(write)
    assert (outside / "x.txt").read_text() == "hi"
    assert script.value("Config.getTools().file_operations.allowed_paths") == [str(outside.resolve())]


ERRORS = {
    "Config.getProvider()": "bad argument #1 to 'Config.getProvider' (string expected, got no value)",
    "Config.getSection({})": "bad argument #1 to 'Config.getSection' (string expected, got table)",
    "Config.getSection('rag')": "Config.getSection: there is no section 'rag' (known: providers, engines,",
    "Config.addAllowedPath(print)": "bad argument #1 to 'Config.addAllowedPath' (string expected, got function)",
    "Config.addAllowedPath('')": "Config.addAllowedPath: the path is empty",
    "Config.addAllowedPath('a\\0b')": "Config.addAllowedPath: path 'a\0b' cannot be used",
    "Config.setProvider(1, {})": "bad argument #1 to 'Config.setProvider' (string expected, got number)",
    "Config.setProvider('', {})": "Config.setProvider: the name is empty",
    "Config.setProvider('a')": "bad argument #2 to 'Config.setProvider' (table expected, got no value)",
    "Config.setProvider('a', {1})": "Config.setProvider: config: expected settings by name, got a list",
    "Config.setProvider('a', {f = print})": "bad argument #2 to 'Config.setProvider' (a function cannot be passed",
    "Config.setSecurity()": "bad argument #1 to 'Config.setSecurity' (table expected, got no value)",
    "Config.setSecurity({allow_processes = true})": "Config.setSecurity: a script may not change",
    "Config.restoreSnapshot('x')": "bad argument #1 to 'Config.restoreSnapshot' (integer expected, got string)",
    "Config.restoreSnapshot(0/0)": "bad argument #1 to 'Config.restoreSnapshot' (integer expected, got number)",
    "Config.restoreSnapshot(0)": "Config.restoreSnapshot: there is no snapshot at or before 0",
}


@pytest.mark.parametrize("call", ERRORS)
def test_errors_name_the_argument(script, call):
    assert ERRORS[call] in script.error(call)


def test_a_name_of_a_setting_is_no_provider(configured):
    assert "is a setting of [providers]" in configured.error("Config.setProvider('default_provider', {})")

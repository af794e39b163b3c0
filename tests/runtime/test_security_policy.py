"""What the policies `default` and `strict` let scripts do, and attempts to get round them."""

import os
import sys

import pytest
from llmspell_kernel.runtime.configuration import ConfigurationError, load_configuration

SECRET = "the-canary-sings"
POLICIES = {
    "default": "",
    "strict": "[security]\npolicy = 'strict'",
    "no files": "[runtime.security]\nallow_file_access = false",
}


@pytest.fixture
def make(new_script, tmp_path):
    """A state in a project with this llmspell.toml; its tasks use the canary, a file outside, and `inside.txt`."""

    def make_script(text):
        root = tmp_path / "project"
        root.mkdir(exist_ok=True)
        (root / "llmspell.toml").write_text(text)
        (root / "inside.txt").write_text("inside")
        (root / "module.lua").write_text("return 'module'")
        (tmp_path / "canary.txt").write_text(SECRET)
        (tmp_path / "outer.lua").write_text(f"return '{SECRET}'")
        if not (root / "link.txt").is_symlink():
            (root / "link.txt").symlink_to(tmp_path / "canary.txt")
        script = new_script(configuration=load_configuration(root))
        script.run(
            f"root, outside, canary = {str(root)!r}, {str(tmp_path)!r}, {str(tmp_path / 'canary.txt')!r} "
            "function spill(f) if io.type(f) == 'file' then print(f:read('a')) end end"
        )
        return script

    return make_script


@pytest.fixture
def strict(make):
    return make(POLICIES["strict"])


# Each would print the canary, or leave a file outside, where files are not kept to the project.
ESCAPES = [
    "spill(io.open(canary))",
    "spill(io.open(canary, 'r+'))",
    "spill(io.open(root .. '/../canary.txt'))",
    "spill(io.open(root .. '/./inside.txt/../../canary.txt'))",
    "spill(io.open(root .. '/link.txt'))",
    "spill(io.open('/proc/self/cwd/../../' .. canary))",
    "spill(io.open('/proc/self/root' .. canary))",
    "for line in io.lines(canary) do print(line) end",
    "io.input(canary) print(io.read('a'))",
    "io.output(outside .. '/made.txt') io.write('x')",
    "io.open(outside .. '/made.txt', 'w')",
    "os.rename(canary, root .. '/stolen.txt') spill(io.open(root .. '/stolen.txt'))",
    "os.rename(root .. '/inside.txt', outside .. '/made.txt')",
    "os.remove(canary)",
    "print(dofile(outside .. '/outer.lua'))",
    "print(loadfile(outside .. '/outer.lua')())",
    "print(select(2, loadfile(canary)))",
    "package.path = outside .. '/?.lua' print(require('outer'))",
    "package.path = outside .. '/?.txt' print(pcall(require, 'canary'))",
    "print(package.searchers[2]('outer', outside .. '/?.lua'))",
    "package.path = outside .. '/?.lua' print(package.searchers[2]('outer'))",
    "print(package.searchpath('canary', outside .. '/?.txt'))",
    "print(package.searchpath('outer', outside .. '/?.lua'))",
    "package.searchers[5] = function() return function() return io.open(canary):read('a') end end print(require('z'))",
    "package.preload.q = function() return io.open(canary):read('a') end print(require('q'))",
    "print(package.loaded.io.open(canary):read('a'))",
    "print(package.loaded._G.io.open(canary):read('a'))",
    "print(coroutine.wrap(function() return io.open(canary):read('a') end)())",
    "local co = coroutine.create(io.open) print(select(2, coroutine.resume(co, canary)):read('a'))",
    "print(load('return io.open(...)', 'x', 't', _G)(canary):read('a'))",
    "print(load('return io.open(...)', 'x', 't', {io = io})(canary):read('a'))",
    "print(load(string.dump(function() return io.open(canary) end), 'x', 'b'))",
    "print(getmetatable('').__index.open)",
    "local methods = getmetatable(io.open(root .. '/inside.txt')).__index print(methods.open(canary):read('a'))",
    "setmetatable(_G, {__index = function(_, k) return k end}) print(debug.getregistry)",
    "print(debug.getinfo(1))",
    "print(debug.getupvalue(io.open, 1))",
    "print(package.loadlib('/lib/x.so', '*'))",
    "package.cpath = outside .. '/?.so' print(pcall(require, 'evil'))",
    "local s = 'x' string.format = function() return canary end spill(io.open(s))",
    "tostring = function() return canary end spill(io.open(5))",
    "table.concat, string.gsub, string.find = nil spill(io.open(canary))",
    "print(os.tmpname())",
    "print(Tool.execute('file-operations', {operation = 'read', path = canary}).text)",
    "print(Tool.execute('file-operations', {operation = 'write', path = outside .. '/made.txt', input = 'x'}).text)",
    "Config.addAllowedPath('/') print(Tool.execute('file-operations', {operation = 'read', path = canary}).text)",
    "local id = Session.create() print(Artifact.get(id, Artifact.store_file(id, canary, 'x')).content)",
    "print(Template.execute('document-processor', {model = 'mock/echo', document_paths = {canary}}).result)",
    "local h = Hook.register('BeforeToolExecution', function() spill(io.open(canary)) end) Tool.execute('x', {})",
    "local t <close> = setmetatable({}, {__close = function() spill(io.open(canary)) end})",
    "setmetatable({}, {__gc = function() spill(io.open(canary)) end}) collectgarbage()",
    "print(xpcall(error, function() return io.open(canary):read('a') end))",
    "string.gsub('x', '.', function() spill(io.open(canary)) end)",
    "table.sort({1, 2}, function() spill(io.open(canary)) return false end)",
    "Workflow.sequential({name = 'w', steps = {{name = 's', type = 'function', run = function() spill(io.open(canary)) "
    "end}}}):execute()",
]


@pytest.mark.parametrize("policy", ["strict", "no files"])
@pytest.mark.parametrize("code", ESCAPES, ids=range(len(ESCAPES)))
def test_files_outside_are_out_of_reach(make, tmp_path, policy, code):
    script = make(POLICIES[policy])
    outcome = script.runtime.execute(code)
    told = b"".join(script.output).decode() + outcome.shown + (outcome.error.message if outcome.error else "")
    assert SECRET not in told
    assert (tmp_path / "canary.txt").read_text() == SECRET
    assert not (tmp_path / "made.txt").exists()
    assert script.run("print(1 + 1)") == "2"


@pytest.mark.skipif(os.name != "posix", reason="the paths are those of POSIX")
def test_the_canary_would_sing_without_the_policy(make):
    script = make(POLICIES["default"])
    assert script.run("spill(io.open(canary))") == SECRET
    assert script.run("package.path = outside .. '/?.lua' print((require('outer')))") == SECRET
    assert script.run("spill(io.open(root .. '/link.txt'))") == SECRET


INSIDE = [
    ("spill(io.open(root .. '/inside.txt'))", "inside"),
    ("for line in io.lines(root .. '/inside.txt') do print(line) end", "inside"),
    ("io.input(root .. '/inside.txt') print(io.read('a')) io.input():close()", "inside"),
    ("local f = io.open(root .. '/new.txt', 'w') f:write('new') f:close() spill(io.open(root .. '/new.txt'))", "new"),
    ("print((require('module')))", "module"),
    ("print(dofile(root .. '/module.lua'))", "module"),
    ("print(loadfile(root .. '/module.lua')())", "module"),
    ("print(package.searchpath('module', package.path) ~= nil)", "true"),
    (
        "io.open(root .. '/a', 'w'):close() print(os.rename(root .. '/a', root .. '/b'), os.remove(root .. '/b'))",
        "true\ttrue",
    ),
    ("print(Tool.execute('file-operations', {operation = 'read', path = root .. '/inside.txt'}) ~= nil)", "true"),
    ("print(os.time() > 0, os.getenv('HOME') ~= nil, type(os.date()))", "true\ttrue\tstring"),
    ("State.save('s', 'k', 1) print(State.load('s', 'k'))", "1"),
    ("print(load('return 1 + 1')())", "2"),
]


@pytest.mark.parametrize(("code", "printed"), INSIDE, ids=range(len(INSIDE)))
def test_the_projects_own_files_are_in_reach(strict, code, printed):
    assert strict.run(code) == printed


def test_allowed_paths_of_the_file_are_in_reach(make, tmp_path):
    script = make(f"[security]\npolicy = 'strict'\n[tools.file-operations]\nallowed_paths = [{str(tmp_path)!r}]")
    assert script.run("spill(io.open(canary))") == SECRET


PROCESSES = [
    "os.execute('touch ' .. outside .. '/made.txt')",
    "io.popen('touch ' .. outside .. '/made.txt'):close()",
    "package.loaded.os.execute('touch ' .. outside .. '/made.txt')",
    "load('os.execute(...)', 'x', 't', {os = os})('touch ' .. outside .. '/made.txt')",
    "coroutine.wrap(os.execute)('touch ' .. outside .. '/made.txt')",
    "local e = os.execute os.execute = nil e('touch ' .. outside .. '/made.txt')",
    "Tool.execute('process-executor', {executable = 'touch', arguments = {outside .. '/made.txt'}})",
]


@pytest.mark.parametrize("policy", ["default", "strict"])
@pytest.mark.parametrize("code", PROCESSES, ids=range(len(PROCESSES)))
def test_no_process_runs_where_processes_are_not_allowed(make, tmp_path, policy, code):
    outcome = make(POLICIES[policy]).runtime.execute(code)
    assert outcome.error is not None
    assert not (tmp_path / "made.txt").exists()


@pytest.mark.parametrize(
    "text", ["[security]\nallow_processes = true", "[runtime.security]\nallow_process_spawn = true"]
)
@pytest.mark.parametrize("policy", ["", "policy = 'strict'\n"])
@pytest.mark.skipif(sys.platform == "win32", reason="the command is one of POSIX")
def test_processes_run_where_the_file_says_so(make, text, policy):
    text = text.replace("[security]\n", f"[security]\n{policy}") if text[:2] == "[s" else f"[security]\n{policy}{text}"
    assert make(text).run("print(os.execute('exit 3'))") == "nil\texit\t3"


def test_a_strict_script_sees_no_key_of_the_environment(strict, make, monkeypatch):
    monkeypatch.setenv("LLMSPELL_TEST_KEY", SECRET)
    assert strict.run("print(os.getenv('LLMSPELL_TEST_KEY'))") == "nil"
    assert make(POLICIES["default"]).run("print(os.getenv('LLMSPELL_TEST_KEY'))") == SECRET


def test_a_strict_script_does_not_change_the_locale_of_the_process(strict):
    assert strict.run("print(os.setlocale('C', 'time'), os.setlocale(nil, 'time') ~= nil)") == "nil\ttrue"


CHANGES = [
    ("Config.addAllowedPath('/')", "modify_tools is off"),
    ("Config.setProvider('openai', {base_url = 'http://127.0.0.1:1'})", "modify_providers is off"),
    ("Config.setSecurity({})", "modify_security is off"),
]


@pytest.mark.parametrize(("code", "message"), CHANGES, ids=[one[0] for one in CHANGES])
def test_a_strict_script_changes_no_settings(strict, code, message):
    assert message in strict.error(code)


REPORTED = [
    ("", "true true false default"),
    ("[security]\npolicy = 'strict'", "true false false strict"),
    ("[security]\npolicy = 'strict'\n[runtime.security]\nallow_network_access = true", "true true false strict"),
    ("[runtime.security]\nallow_file_access = false", "false true false default"),
    ("[runtime.security]\nallow_network_access = false", "true false false default"),
    ("[security]\nallow_processes = true", "true true true default"),
    ("[runtime.security]\nallow_process_spawn = true", "true true true default"),
    ("[security]\nallow_processes = false\n[runtime.security]\nallow_process_spawn = true", "true true false default"),
]


@pytest.mark.parametrize(("text", "expected"), REPORTED, ids=range(len(REPORTED)))
def test_what_config_reports_is_what_holds(make, text, expected):
    code = """
        local security = Config.getSecurity()
        print(Config.isFileAccessAllowed(), Config.isNetworkAccessAllowed(), security.allow_process_spawn,
          security.policy)
    """
    assert make(text).run(code).split() == expected.split()


NETWORK = [
    "Tool.execute('http-requester', {input = 'http://198.51.100.1/'})",
    "Tool.execute('web-scraper', {input = 'http://198.51.100.1/'})",
    "Tool.execute('web-searcher', {input = 'x', provider = 'duckduckgo'})",
    "Agent.builder():model('openai/gpt'):api_key('none'):build():execute({text = 'x'})",
]


@pytest.mark.parametrize("text", [POLICIES["strict"], "[runtime.security]\nallow_network_access = false"])
@pytest.mark.parametrize("code", NETWORK, ids=range(len(NETWORK)))
def test_the_network_is_not_used_where_it_is_not_allowed(make, text, code):
    script = make(text)
    printed = script.run(
        f"local ok, answer = pcall(function() return {code} end) print(ok and JSON.stringify(answer) or answer)"
    )
    assert "the network may not be used" in printed


MISTAKES = [
    ("[security]\npolicy = 'lax'", "security.policy: expected default or strict, got 'lax'"),
    ("[security]\npolicy = 5", "security.policy: expected str"),
    ("[runtime.security]\nallow_file_access = 'no'", "runtime.security.allow_file_access: expected bool"),
    ("[runtime.security]\nallow_file_acces = false", "did you mean 'runtime.security.allow_file_access'?"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_names_the_setting(tmp_path, text, message):
    (tmp_path / "llmspell.toml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(tmp_path)
    assert message in str(caught.value)


def test_hooks_hear_of_what_is_refused(strict):
    code = """
        local hook = Hook.register("SecurityViolation", function(context) print(context.data.operation) end)
        io.open(canary) os.remove(canary) pcall(os.execute, "true") os.getenv("LLMSPELL_NONE") loadfile(canary)
    """
    assert strict.run(code).splitlines() == ["io.open", "os.remove", "os.execute", "os.getenv", "load"]


REFUSALS = [
    ("io.open(canary)", ("is outside the allowed folders", "13")),
    ("os.remove(canary)", ("is outside the allowed folders", "13")),
    ("os.rename(canary, canary)", ("is outside the allowed folders", "13")),
    ("loadfile(canary)", ("cannot open path",)),
]


@pytest.mark.parametrize(("call", "expected"), REFUSALS, ids=[one[0] for one in REFUSALS])
def test_a_refusal_is_given_as_lua_gives_failures(strict, call, expected):
    printed = strict.run(f"print({call})").split("\t")
    assert printed[0] == "nil"
    assert expected[0] in printed[1]
    assert tuple(printed[2:]) == expected[1:]


@pytest.mark.parametrize(
    "code", ["io.open()", "io.open({})", "os.remove()", "os.rename('a')", "os.getenv()", "io.lines({})"]
)
def test_wrong_arguments_are_told_as_usual(strict, code):
    assert "bad argument" in strict.error(code)

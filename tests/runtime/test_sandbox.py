"""What a script can reach: Lua and LLMSpell, and nothing of Python."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llmspell_kernel.runtime.configuration import Configuration, ConfigurationError, load_configuration
from llmspell_kernel.runtime.host import Host, HostContext
from llmspell_kernel.runtime.state import Runtime


@pytest.fixture
def reachable(script, python_objects):
    """Where Python objects can be reached from the globals, or from what a script put there."""
    return lambda: python_objects(script)


def test_globals_lead_to_no_python_object(script, reachable):
    assert reachable() == []


def test_walk_would_find_a_python_object(script, reachable):
    script.runtime.library.globals[b"planted"] = object()
    try:
        assert reachable() == [".1.planted"]
    finally:
        script.runtime.library.globals[b"planted"] = None


@pytest.mark.parametrize(
    "code",
    [
        "kept = Tool.list()",
        "kept = { pcall(Tool.execute, 'calculator', { operation = 'evaluate', input = '1+1' }) }",
        "kept = { pcall(Tool.execute, 'nosuch', {}) }",
        "kept = { pcall(Tool.execute, {}, {}) }",
        "kept = { pcall(Tool.execute, 'calculator', { f = print }) }",
        "kept = { pcall(JSON.parse, '{') }",
        "kept = { pcall(JSON.stringify, { a = print }) }",
        "kept = { pcall(State.save, '\\0\\xff', { 1 }) }",
        "kept = { pcall(loadfile, '/dev/null\\0x') }",
        "kept = { pcall(dofile, '/dev/null\\0x') }",
        "kept = { pcall(require, 'a\\0b') }",
        "kept = { pcall(print, setmetatable({}, { __tostring = function() return {} end })) }",
        "kept = { pcall(io.write, {}) }",
        "kept = { pcall(os.exit, 'x') }",
        "kept = { xpcall(Tool.execute, function(e) return { e } end, 'nosuch', {}) }",
        "kept = { coroutine.resume(coroutine.create(Tool.execute), 'nosuch', {}) }",
    ],
)
def test_results_and_errors_lead_to_no_python_object(script, reachable, code):
    script.run(code)
    assert reachable() == []


def test_failure_of_the_output_is_no_object_of_the_script(tmp_path):
    def failing(_name, _data):
        raise OSError("disk full")

    runtime = Runtime(Host(HostContext(tmp_path, tmp_path)), failing, lambda _code: None)
    outcome = runtime.execute("local ok, e = pcall(print, 'x') return ok, type(e)")
    assert outcome.shown == 'true\t"nil"'


def test_python_object_that_got_in_has_no_attributes(script):
    script.runtime.library.globals[b"planted"] = ValueError("x")
    try:
        assert "no access to Python" in script.error("return planted.args")
        assert "no access to Python" in script.error("planted.args = 1")
    finally:
        script.runtime.library.globals[b"planted"] = None


@pytest.mark.parametrize(
    "expression",
    [
        "debug",
        "python",
        "package.loaded.debug",
        "package.loaded.python",
        "package.loadlib",
        "package.searchers[3]",
        "package.searchers[4]",
        "package.preload.debug",
    ],
)
def test_is_gone(script, expression):
    assert script.run(f"print({expression})") == "nil"


@pytest.mark.parametrize("name", ["debug", "python", "lupa"])
def test_cannot_be_required(script, name):
    assert f"module '{name}' not found" in script.error(f"require '{name}'")


@pytest.mark.parametrize(
    "code",
    [
        "load(d)",
        "load(d, 'x', 'b')",
        "load(d, 'x', 'bt')",
        "load((function() local p = d return function() local q = p p = nil return q end end)())",
    ],
)
def test_binary_chunks_are_refused(script, code):
    answer = script.run(f"local d = string.dump(function() return 1 end) print(select('#', {code}), ({code}))")
    assert answer == "2\tnil"


def test_binary_file_is_refused(script, tmp_path):
    path = tmp_path / "binary.lua"
    script.run(f"local f = io.open('{path}', 'wb') f:write(string.dump(function() end)) f:close()")
    assert "binary chunk" in script.run(f"print(loadfile('{path}'))")
    assert "binary chunk" in script.error(f"dofile('{path}')")


def test_load_reads_pieces_and_takes_an_environment(script):
    code = """
    local pieces, i = { "return ", "x ", "+ 1" }, 0
    print(load(function() i = i + 1 return pieces[i] end, "=pieces", "t", { x = 41 })())
    """
    assert script.run(code) == "42"


@pytest.mark.parametrize("call", ["os.execute('true')", "os.execute()", "io.popen('true')"])
def test_processes_are_refused_by_default(script, call):
    assert "allow_processes = true" in script.error(call)


def test_processes_run_where_the_project_allows_them(new_script):
    script = new_script(configuration=Configuration(allow_processes=True))
    assert script.run("print(os.execute('exit 3'))") == "nil\texit\t3"


def test_exit_does_not_depend_on_the_scripts_globals(tmp_path):
    codes = []
    runtime = Runtime(Host(HostContext(tmp_path, tmp_path)), lambda *_: None, codes.append)
    runtime.execute("math = nil string = nil os.exit(3)")
    assert codes == [3]


@pytest.mark.parametrize(("code", "number"), [("", 0), ("true", 0), ("false", 1), ("7", 7), ("2.0", 2)])
def test_exit_codes(tmp_path, code, number):
    codes = []
    runtime = Runtime(Host(HostContext(tmp_path, tmp_path)), lambda *_: None, codes.append)
    runtime.execute(f"os.exit({code})")
    assert codes == [number]


def test_require_looks_beside_the_script_first_and_in_the_project_then(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "near.lua").write_text("return 'project'")
    (tmp_path / "far.lua").write_text("return 'project'")
    (tmp_path / "sub" / "near.lua").write_text("return 'beside'")
    (tmp_path / "sub" / "script.lua").write_text("print(require 'near', (require 'far'))")
    output = []
    runtime = Runtime(Host(HostContext(tmp_path, tmp_path)), lambda _, data: output.append(data), lambda _: None)
    assert runtime.run_file(tmp_path / "sub" / "script.lua").error is None
    assert output == [b"beside\tproject\n"]


def test_error_in_a_required_module_names_its_file(tmp_path):
    (tmp_path / "broken.lua").write_text("x = = 1")
    (tmp_path / "script.lua").write_text("\nrequire 'broken'")
    runtime = Runtime(Host(HostContext(tmp_path, tmp_path)), lambda *_: None, lambda _: None)
    error = runtime.run_file(tmp_path / "script.lua").error
    assert "broken.lua:1:" in error.message
    assert (error.path, error.line) == (str(tmp_path / "script.lua"), 2)


def test_output_of_print_and_streams_keeps_its_order(tmp_path):
    output = []
    runtime = Runtime(Host(HostContext(tmp_path, tmp_path)), lambda *one: output.append(one), lambda _: None)
    runtime.execute(
        "print('a', nil, 1.0) io.write('b', 2) io.stdout:write('c'):write('d') io.stderr:write('e')"
        " warn('@on') warn('f', 'g')"
    )
    assert output == [
        ("stdout", b"a\tnil\t1.0\n"),
        *[("stdout", one) for one in (b"b", b"2", b"c", b"d")],
        ("stderr", b"e"),
        ("stderr", b"Lua warning: fg\n"),
    ]


@pytest.mark.parametrize("code", ["io.read()", "io.lines()()", "io.stdin:read()", "io.input():read()"])
def test_runtime_without_a_client_to_ask_says_so(script, code):
    assert "'Input.read_line' is not available" in script.error(code)


def test_session_without_input_reads_files(script, tmp_path):
    (tmp_path / "in.txt").write_text("one\ntwo\n")
    assert script.run(f"io.input('{tmp_path / 'in.txt'}') print(io.read()) print(io.lines()())") == "one\ntwo"


ERRORS = [
    ("error('x')", "script.lua:1: x", 1),
    ("\nlocal t\nt.x = 1", "script.lua:3: attempt to index a nil value (local 't')", 3),
    ("local function f()\n  error('x', 2)\nend\nf()", "script.lua:4: x", 2),
    ("\n\nTool.execute('nosuch', {})", "script.lua:3: ", 3),
    ("error({ code = 1 })", "(error object is a table value)", 1),
    ("error(setmetatable({}, { __tostring = function() return 'custom' end }))", "custom", 1),
    ("error()", "nil", 1),
    ("print(\n1 +\n{})", "attempt to perform arithmetic on a table value", None),
    ("#!/usr/bin/env llmspell\nerror('x')", "script.lua:2: x", 2),
    ("\ufeff#!x\nerror('x')", "script.lua:2: x", 2),
    ("local function f() return f() + 1 end\nf()", "stack overflow", None),
    ("string.rep(nil)", "bad argument #1 to 'rep' (string expected, got nil)", 1),
]


@pytest.mark.parametrize(("text", "message", "line"), ERRORS)
def test_error_says_where(tmp_path, text, message, line):
    path = tmp_path / "script.lua"
    path.write_text(text)
    runtime = Runtime(Host(HostContext(tmp_path, tmp_path)), lambda *_: None, lambda _: None)
    error = runtime.run_file(path).error
    assert message in error.message
    if line is not None:
        assert (error.path, error.line) == (str(path), line)
    assert "[llmspell" not in error.message + error.traceback


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("1 +", ("incomplete", "")),
        ("x = 1", ("complete", "")),
        ("f(", ("incomplete", "  ")),
        ("for i = 1, 2 do", ("incomplete", "  ")),
        ("  if x then", ("incomplete", "    ")),
        ("s = [[abc", ("incomplete", "")),
        ("x = = 1", ("invalid", "")),
        ("s = 'abc\n", ("invalid", "")),
        ("", ("complete", "")),
        ("end", ("invalid", "")),
        ("\ud800", ("invalid", "")),
    ],
)
def test_completeness(script, code, answer):
    assert script.runtime.completeness(code) == answer


def test_code_with_a_lone_surrogate_is_a_syntax_error(script):
    assert script.runtime.execute("\ud800 x").error.kind == "syntax"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("1, 'a', nil, true", '1\t"a"\tnil\ttrue'),
        ("nil", "nil"),
        ("x = 1", ""),
        ("1e15, 0.1, -0.0, 1/0, -1/0, 0/0", "1e+15\t0.1\t-0.0\tinf\t-inf\t-nan"),
        ("{1, 2, x = 'y', ['a b'] = {}}", '{ 1, 2, ["a b"] = {}, x = "y" }'),
        ("'a\\0b\\n\\xff'", None),
    ],
)
def test_values_of_a_cell_are_shown(script, code, shown):
    outcome = script.runtime.execute(code)
    assert outcome.error is None
    if shown is not None:
        assert outcome.shown.replace("-nan", "nan") == shown.replace("-nan", "nan")


def test_huge_value_is_shown_in_part(script):
    outcome = script.runtime.execute(
        "(function() local t = {} for d = 1, 4 do local u = {} for i = 1, 100 do u[i] = t end t = u end return t end)()"
    )
    assert outcome.error is None
    assert len(outcome.shown) < 100_000


MISTAKES = [
    ("[security]\nallow_processes = 1", "security.allow_processes: expected bool, got int 1"),
    ("security = 1", "security: expected a table"),
    ("[tools.file-operations]\nallowed_paths = 'x'", "tools.file-operations.allowed_paths: expected list"),
    ("[tools.file-operations]\nallowed_paths = [1]", "tools.file-operations.allowed_paths: expected strings, got int"),
    ("[tools.file-operations]\nallowed_paths = ['~nosuchuser/x']", "tools.file-operations.allowed_paths: "),
    ('[tools.file-operations]\nallowed_paths = ["a\\u0000b"]', "tools.file-operations.allowed_paths: "),
    ("[securty]\nallow_processes = true", "securty: there is no such setting; did you mean 'security'?"),
    ("allow_processes = true", "allow_processes: there is no such setting; known: security, tools, "),
    ("[security]\nallow_process = true", "security.allow_process: there is no such setting; did you mean 'security.al"),
    ("[tools.file_operations]", "tools.file_operations: there is no such setting; did you mean 'tools.file-operations"),
    ("[tools.file-operations]\nallowed = []", "tools.file-operations.allowed: there is no such setting; "),
    ("[security", "Expected ']'"),
    ("x = 'a" + "b" * (1024 * 1024), "larger than"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES, ids=range(len(MISTAKES)))
def test_mistake_in_the_configuration_names_file_and_setting(tmp_path, text, message):
    path = tmp_path / "llmspell.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(tmp_path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_configuration_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "llmspell.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match=r"llmspell\.toml"):
        load_configuration(tmp_path)


def test_configuration_is_read(tmp_path):
    (tmp_path / "llmspell.toml").write_text(
        "[security]\nallow_processes = true\n[tools.file-operations]\nallowed_paths = ['data']"
    )
    assert load_configuration(tmp_path) == Configuration(True, (tmp_path.resolve() / "data",))


def test_sections_that_the_runtime_does_not_read_are_accepted(tmp_path):
    (tmp_path / "llmspell.toml").write_text("default_engine = 'lua'\n[engines.x]\ny = 1\n[tools.calculator]\nz = 1")
    assert load_configuration(tmp_path) == Configuration()


TEXT = st.binary(max_size=12).map(lambda data: data.decode("utf-8", "surrogateescape"))
SCALARS = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | TEXT
# an array never ends in nil, an empty table is an object: Lua cannot tell
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, min_size=1, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
)


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    """Sends values through Lua: what a host function gets when Lua passes on what another gave."""
    host = Host(HostContext(tmp_path_factory.mktemp("echo"), tmp_path_factory.mktemp("home")))
    given_values, received = [], []
    host.register("Test.give", lambda _host: given_values[-1])
    host.register("Test.take", lambda _host, *values: received.append(values))
    runtime = Runtime(host, lambda *_: None, lambda _: None)
    runtime.library.globals[b"host"] = runtime._host_from_lua

    def send(value):
        given_values.append(value)
        outcome = runtime.execute("host('Test.take', (host('Test.give')))")
        assert outcome.error is None, outcome.error
        return received[-1][0]

    return send


@settings(deadline=None, max_examples=150)
@given(VALUES)
def test_values_survive_the_way_through_lua(echo, value):
    assert echo(value) == value


LONG = dict[str, int](min_size=6, max_size=40)
RUNS = st.one_of(
    *(st.lists(kind, **LONG) for kind in (st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), TEXT, SCALARS)),
    *(st.dictionaries(TEXT, kind, **LONG) for kind in (st.integers(0, 9), st.floats(allow_nan=False), TEXT, SCALARS)),
)


@settings(deadline=None, max_examples=150)
@given(st.recursive(RUNS, lambda inner: st.lists(inner, min_size=1, max_size=9), max_leaves=6))
def test_runs_of_a_kind_survive_the_way_through_lua(echo, value):
    assert repr(echo(value)) == repr(value) or echo(value) == value


@pytest.mark.parametrize("size", [7, 8, 9, 3999, 4000, 4001, 8001])
@pytest.mark.parametrize("item", [1, 1.5, "text", "", "a\0b", "\udcff", True])
def test_lists_of_any_length_keep_their_values_and_types(echo, size, item):
    value = [item] * size
    assert repr(echo(value)) == repr(value)
    assert echo({f"key {i}": item for i in range(size)}) == {f"key {i}": item for i in range(size)}


@pytest.mark.parametrize("value", [[2**63] * 9, [*range(20), 2**64], ["\ud800", *"abcdefghi"]])
def test_runs_of_what_lua_cannot_hold_arrive_as_the_nearest(echo, value):
    expected = [
        float(one) if isinstance(one, int) and one >= 2**63 else "?" if one == "\ud800" else one for one in value
    ]
    assert echo(value) == expected


PLACES = [
    ("{1, 2, 3, 4, 5, 6, 7, 8, 9, print}", "a function cannot be passed (at [10])"),
    ("{a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = {x = {print}}}", "(at .h.x[1])"),
    ("{{}, {k = {[print] = 1}}}", "a function cannot be a key (in [2].k)"),
    ("{[{}] = 1}", "a table cannot be a key (in the table)"),
    ("print", "a function cannot be passed)"),
]


@pytest.mark.parametrize(("value", "place"), PLACES, ids=[one[0] for one in PLACES])
def test_what_cannot_cross_is_told_with_its_place(script, value, place):
    assert place in script.error(f"State.save('s', 'k', {value})")


def test_metamethods_of_what_crosses_are_not_called(script):
    code = """
        local strange = setmetatable({1, 2, 3, 4, 5, 6, 7, 8}, {__index = error, __len = error, __pairs = error})
        print(JSON.stringify(strange))
    """
    assert script.run(code) == "[1,2,3,4,5,6,7,8]"


@pytest.mark.parametrize("value", [-0.0, math.inf, -math.inf, 2**63 - 1, -(2**63), 1.0, 1, True, "", "\0", "\udcff"])
def test_scalar_keeps_its_type_and_sign(echo, value):
    assert repr(echo(value)) == repr(value)


def test_nan_stays_nan(echo):
    assert math.isnan(echo(math.nan))


@pytest.mark.parametrize(
    ("value", "arrived"), [(2**63, 2.0**63), (10**400, math.inf), ([], {}), ({"a": None}, {}), ("\ud800", "?")]
)
def test_value_that_lua_cannot_hold_arrives_as_the_nearest(echo, value, arrived):
    assert echo(value) == arrived


@pytest.mark.parametrize("size", [3999, 4000, 4001, 8000, 8001, 20_000])
def test_long_lists_travel_in_pages(echo, size):
    assert echo(list(range(size))) == list(range(size))


def test_list_nested_too_deep_is_refused(echo):
    value = 1
    for _ in range(300):
        value = [value]
    with pytest.raises(AssertionError, match="nested deeper than 200"):
        echo(value)


def test_strict_globals_of_a_script_do_not_reach_the_runtime(script):
    outcome = script.runtime.execute(
        "setmetatable(_G, { __index = function(_, key) error('undefined ' .. key, 2) end })"
    )
    assert outcome.error is None
    try:
        assert script.runtime.execute("1 + 1").shown == "2"
        assert "undefined nosuch" in script.runtime.execute("return nosuch").error.message
    finally:
        script.runtime.execute("setmetatable(_G, nil)")


@pytest.mark.parametrize("caught", ["pcall(busy)", "xpcall(busy, print)"])
def test_interrupt_passes_pcall_and_xpcall(script, caught):
    hook = script.runtime.async_hook
    hook.request("interrupt")
    outcome = script.runtime.execute(f"local function busy() while true do end end while true do {caught} end")
    assert outcome.error.kind == "interrupted"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("return error('x')", "cell:1: x"),
        ("\n\nreturn error('x')", "cell:3: x"),
        ("error('x')", "cell:1: x"),
        ("error(nil)", "(error object is a nil value)"),
    ],
)
def test_error_of_a_cell_has_its_line(script, code, message):
    assert script.runtime.execute(code).error.message == message


def test_writing_is_no_result_of_a_cell(script):
    assert script.runtime.execute("io.write('')").shown == ""

"""An interrupt ends a script wherever it is, whatever the script does with its errors."""

import pytest
from llmspell_kernel.runtime.host import HostInterruptedError

# each spins inside what is named; a loop around it takes the errors
SWALLOWING = {
    "pcall": "pcall(busy)",
    "xpcall": "xpcall(busy, print)",
    "xpcall with a handler that fails": "xpcall(busy, error)",
    "coroutine.resume": "coroutine.resume(coroutine.create(busy))",
    "coroutine.wrap in pcall": "pcall(coroutine.wrap(busy))",
    "coroutine in a coroutine": (
        "coroutine.resume(coroutine.create(function() coroutine.resume(coroutine.create(busy)) end))"
    ),
    "coroutine.close": (
        "local co = coroutine.create(function() local c <close> = closing coroutine.yield() end) "
        "coroutine.resume(co) coroutine.close(co)"
    ),
    "close handler": "pcall(function() local c <close> = closing end)",
    "table.sort": "pcall(table.sort, { 3, 1, 2 }, busy)",
    "string.gsub": "pcall(string.gsub, 'abc', '.', busy)",
    "metamethod": "pcall(function() return setmetatable({}, { __index = busy }).x end)",
    "iterator": "pcall(function() for _ in busy do end end)",
    "load": "pcall(load, busy)",
}


@pytest.mark.parametrize("kind", ["interrupt", "terminate"])
@pytest.mark.parametrize("swallow", SWALLOWING.values(), ids=SWALLOWING)
def test_interrupt_ends_a_script_that_swallows_errors(script, swallow, kind):
    class Output(list):
        def append(self, data):
            super().append(data)
            if data == b"busy\n":
                script.runtime.async_hook.request(kind)

    script.output = Output()
    outcome = script.runtime.execute(
        "local function busy() print('busy') while true do end end\n"
        "local closing = setmetatable({}, { __close = busy })\n"
        f"while true do {swallow} end"
    )
    assert outcome.error.kind == {"interrupt": "interrupted", "terminate": "terminated"}[kind]
    assert script.output == [b"busy\n"]


REFUSED = {
    "coroutine.create()": "bad argument #1 to 'create' (function expected, got no value)",
    "coroutine.wrap({})": "bad argument #1 to 'wrap' (function expected, got table)",
    "coroutine.resume('x')": "bad argument #1 to 'resume' (coroutine expected, got string)",
    "coroutine.close(1)": "bad argument #1 to 'close' (coroutine expected, got number)",
    "coroutine.close(coroutine.running())": "cannot close a running coroutine",
}


@pytest.mark.parametrize("call", REFUSED)
def test_coroutine_functions_refuse_as_those_of_lua_do(script, call):
    assert script.error(f"\n{call}") == f"cell:2: {REFUSED[call]}"


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("print(coroutine.resume(coroutine.create(function(...) return ... end), 1, nil, 3, nil))", "true 1 nil 3 nil"),
        ("print(coroutine.resume(coroutine.create(function() error({ 1 }, 0) end)))", "false table: "),
        ("print(coroutine.resume(coroutine.create(function() error('x') end)))", "false cell:1: x"),
        ("print(coroutine.resume(coroutine.create(function() error('x', 2) end)))", "false x"),
        ("print(pcall(coroutine.wrap(function() error('x', 0) end)))", "false x"),
        ("local co = coroutine.wrap(function(...) print(coroutine.yield(...)) end) print(co(1, nil)) co(nil, 2)",
         "1 nil\nnil 2"),
        ("local co = coroutine.create(print) print(coroutine.close(co), coroutine.status(co))", "true dead"),
        ("local co = coroutine.create(function() local c <close> = setmetatable({}, { __close = function() error('y') "
         "end }) coroutine.yield() end) coroutine.resume(co) print(coroutine.close(co))", "false cell:1: y"),
        ("local co = coroutine.create(error) print(coroutine.resume(co, 'x')) print(coroutine.resume(co))",
         "false x\nfalse cannot resume dead coroutine"),
    ],
)  # fmt: skip
def test_coroutine_functions_give_what_those_of_lua_give(script, code, printed):
    assert script.run(code).replace("\t", " ").startswith(printed)


@pytest.mark.parametrize("kind", ["interrupt", "terminate"])
def test_interrupt_ends_a_wait_for_input_before_the_hook_comes(script, kind, monkeypatch):
    hook = script.runtime.async_hook
    monkeypatch.setattr(hook, "_arm", lambda state: None)

    def read_line(_host):
        hook.request(kind)
        raise HostInterruptedError

    monkeypatch.setitem(script.runtime.host._functions, "Input.read_line", read_line)
    script.output = []
    outcome = script.runtime.execute("io.read() print('went on')")
    assert outcome.error.kind == {"interrupt": "interrupted", "terminate": "terminated"}[kind]
    assert script.output == []

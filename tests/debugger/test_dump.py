"""Dumps of functions are read, and their instructions written as luac writes them."""

import pytest
from llmspell_kernel.debugger.dump import DumpError, read_dump
from llmspell_kernel.debugger.instructions import instruction_text
from lupa.lua54 import LuaRuntime


@pytest.fixture(scope="module")
def dump():
    lua = LuaRuntime(encoding=None)
    make = lua.eval(b"function(text, strip) return string.dump(assert(load(text, '=t', 't')), strip) end")
    return lambda text, strip=False: make(text.encode() if isinstance(text, str) else text, strip)


def listing(function):
    return [
        f"[{function.lines[index]}] {instruction_text(function, index, lambda to: str(to + 1))}"
        for index in range(function.size)
    ]


# What luac 5.4.4 lists for each of these texts (its function's addresses aside).
LISTINGS = {
    "local a, b = 1, 2.0": ["VARARGPREP 0", "LOADI 0 1", "LOADF 1 2", "RETURN 2 1 1 ; 0 out"],
    "local a = 'x\\n\"\\200'": ["VARARGPREP 0", 'LOADK 0 0 ; "x\\n\\"\\200"', "RETURN 1 1 1 ; 0 out"],
    "x = nil": ["VARARGPREP 0", 'SETTABUP 0 0 1k ; _ENV "x" nil', "RETURN 0 1 1 ; 0 out"],
    "local t <const> = {1, 2}; t.n = true; return t[1]": [
        "VARARGPREP 0",
        "NEWTABLE 0 0 2 ; 2",
        "EXTRAARG 0",
        "LOADI 1 1",
        "LOADI 2 2",
        "SETLIST 0 2 0",
        'SETFIELD 0 0 1k ; "n" true',
        "GETI 1 0 1",
        "RETURN 1 2 1 ; 1 out",
        "RETURN 1 1 1 ; 0 out",
    ],
    "for i = 1, 3 do f(i) end": [
        "VARARGPREP 0",
        "LOADI 0 1",
        "LOADI 1 3",
        "LOADI 2 1",
        "FORPREP 0 3 ; exit to 10",
        'GETTABUP 4 0 0 ; _ENV "f"',
        "MOVE 5 3",
        "CALL 4 2 1 ; 1 in 0 out",
        "FORLOOP 0 4 ; to 6",
        "RETURN 0 1 1 ; 0 out",
    ],
    "local n = ...; if n == 0.5 then return n - 1, n ~ 3, #n end": [
        "VARARGPREP 0",
        "VARARG 0 2 ; 1 out",
        "EQK 0 0 0 ; 0.5",
        "JMP 6 ; to 11",
        "ADDI 1 0 -1",
        "MMBINI 0 1 7 0 ; __sub",
        "BXORK 2 0 1 ; 3",
        "MMBINK 0 1 15 0 ; __bxor 3",
        "LEN 3 0",
        "RETURN 1 4 1 ; 3 out",
        "RETURN 1 1 1 ; 0 out",
    ],
}


@pytest.mark.parametrize("text", LISTINGS)
def test_instructions_are_written_as_luac_does(dump, text):
    assert listing(read_dump(dump(text))) == [f"[1] {one}" for one in LISTINGS[text]]


def test_inner_functions_have_their_own_lines_names_and_upvalues(dump):
    text = "local n = 0\nlocal function add(by)\n  n = n + by\n  return n\nend\nreturn add"
    chunk = read_dump(dump(text))
    [add] = chunk.functions
    assert (chunk.first_line, chunk.last_line, chunk.is_vararg, chunk.source) == (0, 0, True, b"=t")
    assert (add.first_line, add.last_line, add.parameters, add.source) == (2, 5, 1, b"=t")
    assert [one.name for one in add.locals] == [b"by"]
    assert [(one.name, one.in_stack, one.index) for one in add.upvalues] == [(b"n", True, 0)]
    assert "[3] GETUPVAL 1 0 ; n" in listing(add)
    assert "[5] CLOSURE 1 0 ; function of lines 2 to 5" in listing(chunk)


def test_lines_of_a_long_function_with_gaps_are_those_of_the_text(dump):
    text = "local n = 0\n" + "\n" * 300 + "n = n + 1\n" * 200 + "return n"
    lines = read_dump(dump(text)).lines
    assert sorted(set(lines)) == [1, *range(302, 503)]


def test_dump_without_debug_information_has_no_lines_and_no_names(dump):
    function = read_dump(dump("print(1)", strip=True))
    assert function.lines == ()
    assert function.upvalues[0].name is None
    assert instruction_text(function, 1, str) == 'GETTABUP 0 0 0 ; - "print"'


def test_long_constants_are_shown_by_their_beginning(dump):
    text = instruction_text(read_dump(dump(f"local a = '{'é' * 100}'")), 1, str)
    assert text == f'LOADK 0 0 ; "{"é" * 30}"…'


FAULTY = {
    "no dump": (lambda data: b"print(1)", "no dump"),
    "another version": (lambda data: data[:4] + b"\x53" + data[5:], "no dump of Lua 5.4"),
    "another size": (lambda data: data[:12] + b"\x08" + data[13:], "another size"),
    "cut": (lambda data: data[:-20], "cut off"),
    "unknown constant": (lambda data: data.replace(b"\x04\x86print", b"\x7f\x86print"), "cut off or damaged"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_what_is_no_dump_of_this_lua_is_refused(dump, name):
    damage, message = FAULTY[name]
    data = damage(dump("print(1)"))
    with pytest.raises(DumpError, match=message):
        read_dump(data)

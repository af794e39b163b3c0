"""Completion and inspection of the live state: cases as data, what they must not do, positions, limits, faults."""

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llmspell_kernel.runtime.host import Host, HostContext
from llmspell_kernel.runtime.state import Runtime
from llmspell_kernel.worker.completion import complete
from llmspell_kernel.worker.inspection import inspect
from llmspell_kernel.worker.introspection import MAX_MATCHES, remember

CURSOR = "¦"
FOLDER = Path(__file__).parent / "introspection_cases"


def cases(name):
    found = tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))["case"]
    return [pytest.param(case, id=case["name"]) for case in found]


def new_runtime(folder):
    return Runtime(Host(HostContext(folder, folder / "home")), lambda _name, _data: None, lambda _code: None)


class Cells:
    """Runs cells in one state and asks about texts with a cursor mark."""

    def __init__(self, runtime):
        self.runtime = runtime
        self.count = 0

    def run(self, code):
        self.count += 1
        remember(self.runtime, f"=cell {self.count}", code)
        outcome = self.runtime.execute(code, f"=cell {self.count}")
        assert outcome.error is None, outcome.error
        return outcome.shown

    def complete(self, text):
        return complete(self.runtime, request(text))

    def inspect(self, text, detail=0):
        return inspect(self.runtime, request(text) | {"detail_level": detail})

    def plain(self, text, detail=0):
        return self.inspect(text, detail)["data"].get("text/plain", "")


def request(text):
    before, _, after = text.partition(CURSOR)
    return {"code": before + after, "cursor_pos": len(before)}


@pytest.fixture
def cells(tmp_path):
    return Cells(new_runtime(tmp_path))


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One state for tests that change nothing in it."""
    return Cells(new_runtime(tmp_path_factory.mktemp("introspection")))


# Cases -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", cases("completion.toml"))
def test_completion(cells, case):
    cells.run(case.get("prelude", ""))
    reply = cells.complete(case["text"])
    assert reply["status"] == "ok", reply
    matches = reply["matches"]
    if "matches" in case:
        assert matches == case["matches"]
    assert set(case.get("has", ())) <= set(matches)
    assert not set(case.get("absent", ())) & set(matches)
    if "last" in case:
        assert matches[-len(case["last"]) :] == case["last"]
    if "replaced" in case:
        code = case["text"].replace(CURSOR, "")
        assert code[reply["cursor_start"] : reply["cursor_end"]] == case["replaced"]
    types = {one["text"]: [one["type"], one["signature"]] for one in reply["metadata"]["_jupyter_types_experimental"]}
    assert list(types) == matches
    assert {text: types[text] for text in case.get("types", {})} == case.get("types", {})


@pytest.mark.parametrize("case", cases("inspection.toml"))
def test_inspection(cells, case):
    cells.run(case.get("prelude", ""))
    reply = cells.inspect(case["text"], case.get("detail", 0))
    assert reply["status"] == "ok", reply
    assert reply["found"] is ("says" in case)
    assert set(reply["data"]) == ({"text/plain", "text/markdown"} if "says" in case else set())
    plain = reply["data"].get("text/plain", "")
    for part in case.get("says", ()):
        assert part in plain
    for part in case.get("silent", ()):
        assert part not in plain


def test_markdown_shows_lua_as_code(cells):
    cells.run("t = { '```' }")
    assert '````lua\n{ "```" }\n````' in cells.inspect("t¦")["data"]["text/markdown"]


# No side effects -------------------------------------------------------------------------------------------------

TRAP = """
touched = 0
local function touch() touched = touched + 1 return "touched" end
trap = setmetatable({ own = setmetatable({ inner = 1 }, { __tostring = touch, __name = 5 }) }, {
  __index = touch, __newindex = touch, __pairs = touch, __len = touch, __eq = touch, __lt = touch, __call = touch,
  __tostring = touch, __concat = touch, __shl = touch, __close = touch,
})
fallen = setmetatable({}, { __index = trap })
setmetatable(_G, { __index = touch, __newindex = rawset })
"""


@pytest.mark.parametrize(
    "text",
    [
        "trap.¦",
        "trap:¦",
        "trap['¦",
        "trap.ow¦n",
        "trap.missing.¦",
        "fallen.¦",
        "fallen:x¦",
        "tou¦",
        "missing¦",
        "trap(¦)",
    ],
)
def test_no_metamethod_runs(cells, text):
    cells.run(TRAP)
    cells.complete(text)
    for detail in (0, 1):
        cells.inspect(text, detail)
    assert cells.run("rawget(_G, 'touched')") == "0"


def test_fields_beside_an_index_function_are_found(cells):
    cells.run(TRAP)
    assert cells.complete("trap.¦")["matches"] == ["own"]
    assert "{ inner = 1 }" in cells.plain("trap¦")


def test_nothing_of_ours_is_among_the_globals(shared):
    names = set(shared.complete("¦")["matches"])
    assert not names & {"library", "debug", "python", "host", "globals"}
    assert shared.complete("package.loaded.¦")["matches"] == shared.run(
        "local names = {} for name in pairs(package.loaded) do if name ~= '_G' then names[#names + 1] = name end end "
        "table.sort(names) names[#names + 1] = '_G' return table.concat(names, ' ')"
    ).strip('"').split(" ")


def test_globals_are_as_they_were(shared):
    count = "local n = 0 for _ in pairs(_G) do n = n + 1 end return n"
    before = shared.run(count)
    shared.complete("¦")
    shared.inspect("Tool.execute(¦")
    assert shared.run(count) == before


def test_modules_of_the_project(cells, tmp_path):
    (tmp_path / "module_a.lua").write_text("local M = {}\nfunction M.go() end\nreturn M\n")
    assert cells.complete("require('mod¦')")["matches"] == ["module_a"]
    assert cells.complete("local a = require('module_a')\na.¦")["matches"] == ["go"]


def test_a_library_that_a_script_adds_to_stays_known(cells):
    cells.run("for i = 1, 50 do string['own' .. i] = function(text) end end")
    assert cells.plain("string¦").startswith("string: stringlib")
    assert "function string.own7(text)" in cells.plain("string.own7¦")


# Limits ----------------------------------------------------------------------------------------------------------


def test_a_table_of_a_million_keys_gives_the_whole_name_and_no_more_than_the_limit(cells):
    cells.run("big = {} for i = 1, 1000000 do big['key' .. i] = i end")
    reply = cells.complete("big.key999999¦")
    assert "key999999" in reply["matches"]
    matches = cells.complete("big.key¦")["matches"]
    assert len(matches) == MAX_MATCHES
    assert matches == sorted(set(matches))
    assert "keys: " in cells.plain("big¦")


def test_fields_behind_a_million_items_are_found(cells):
    cells.run("list = {} for i = 1, 1000000 do list[i] = i end list.name = 'x'")
    assert cells.complete("list.¦")["matches"] == ["name"]
    plain = cells.plain("list¦")
    assert "[1]: integer = 1" in plain
    assert 'name: string = "x"' in plain


def test_a_long_chain_of_inheritance_ends(cells):
    cells.run("t = { last = 1 } for i = 1, 100000 do t = setmetatable({ ['k' .. i] = 1 }, { __index = t }) end")
    assert cells.complete("t.k100¦")["matches"] == ["k100000"]
    assert cells.inspect("t¦")["found"]


def test_deep_and_wide_values_are_shown_in_part(cells):
    cells.run(
        "function grow(n) if n == 0 then return 1 end local t = {} for i = 1, 30 do t[i] = grow(n - 1) end return t end"
    )
    cells.run("t = grow(4)")
    assert len(cells.plain("t¦")) < 200_000


def test_long_texts_in_a_value_are_cut(cells):
    cells.run("t = {} for i = 1, 100 do t[i] = string.rep('x', 5000) end")
    assert len(cells.plain("t¦")) < 25_000


def test_a_text_far_longer_than_is_read(shared):
    code = "x = 1\n" * 200_000 + "print(pri"
    reply = complete(shared.runtime, {"code": code + "\n" + "y = 2\n" * 100_000, "cursor_pos": len(code)})
    assert reply["matches"] == ["print"]
    assert (reply["cursor_start"], reply["cursor_end"]) == (len(code) - 3, len(code))


def test_a_deeply_nested_text(shared):
    assert shared.complete("t" + ".a" * 10_000 + ".¦")["matches"] == []
    assert shared.complete("(" * 10_000 + "pri¦")["matches"] == ["print"]
    for around in ("({})", "({}.b)", "({}[1])", "{}[{{"):
        before, _, after = around.partition("{}")
        assert shared.complete(before * 5_000 + "string" + after * 5_000 + ".¦")["status"] == "ok"
    assert shared.inspect("f(" * 10_000 + "¦")["found"] is False


# Requests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [complete, inspect])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "code: expected a string"),
        ({"code": 1, "cursor_pos": 0}, "code: expected a string"),
        ({"code": None}, "code: expected a string"),
        ({"code": "x", "cursor_pos": "1"}, "cursor_pos: expected an integer"),
        ({"code": "x", "cursor_pos": 1.5}, "cursor_pos: expected an integer"),
        ({"code": "x", "cursor_pos": True}, "cursor_pos: expected an integer"),
    ],
)
def test_misshapen_request_is_refused(shared, answer, content, message):
    assert answer(shared.runtime, content) == {
        "status": "error",
        "ename": "RequestError",
        "evalue": message,
        "traceback": [f"RequestError: {message}"],
    }


def test_misshapen_detail_level_is_refused(shared):
    reply = inspect(shared.runtime, {"code": "x", "cursor_pos": 1, "detail_level": "1"})
    assert (reply["status"], reply["evalue"]) == ("error", "detail_level: expected 0 or 1")


@pytest.mark.parametrize(("position", "start"), [(None, 4), (99, 4), (10**30, 4), (7, 4), (-5, 0)])
def test_cursor_outside_the_text_is_moved_into_it(shared, position, start):
    reply = complete(shared.runtime, {"code": "😀😀; pri", "cursor_pos": position})
    assert reply["cursor_start"] == start
    assert ("print" in reply["matches"]) is True


def test_without_a_cursor_the_end_counts(shared):
    assert complete(shared.runtime, {"code": "pri"})["matches"] == ["print"]
    assert inspect(shared.runtime, {"code": "print"})["found"]


# Positions -------------------------------------------------------------------------------------------------------

# what JSON can carry, with whole astral characters, single surrogates, and pairs that stand for the bytes of one
ANYTHING = st.text(
    st.one_of(
        st.characters(codec=None, categories=None),
        st.sampled_from(" \n\t.:[](){}\"'=-,;#\\xylocalendtTool123_é日😀\ud800\udfff\udcc3\udca9"),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(code=ANYTHING, position=st.integers(-2, 70))
def test_any_text_and_cursor_have_an_answer(shared, code, position):
    content = {"code": code, "cursor_pos": position}
    reply = complete(shared.runtime, content)
    cursor = min(max(position, 0), len(code))
    assert reply["status"] == "ok"
    assert 0 <= reply["cursor_start"] <= cursor <= reply["cursor_end"] <= len(code)
    typed = code[reply["cursor_start"] : cursor]
    assert all(match.startswith(typed) for match in reply["matches"])
    assert all("".join(reply["matches"]).encode() for _ in reply["matches"][:1])
    shown = inspect(shared.runtime, content)
    assert shown["status"] == "ok"
    assert all(text.encode("utf-8") for text in shown["data"].values())


@settings(max_examples=200, deadline=None)
@given(before=ANYTHING, after=ANYTHING)
def test_positions_count_code_points(shared, before, after):
    before, after = before.replace("]", ""), after.replace("]", "")
    code = f"local s = [[{before}]] ; pri"
    reply = complete(shared.runtime, {"code": f"{code} ; s = [[{after}]]", "cursor_pos": len(code)})
    if "\0" in before + after:
        return
    assert reply["matches"] == ["print"]
    assert (reply["cursor_start"], reply["cursor_end"]) == (len(code) - 3, len(code))


# Functions and their files ---------------------------------------------------------------------------------------


def test_function_of_a_file_shows_its_place_and_source(cells, tmp_path):
    file = tmp_path / "module.lua"
    file.write_text("-- Doubles.\nlocal function double(x)\n  return 2 * x\nend\nreturn { double = double }\n")
    cells.run("module = require('module')")
    plain = cells.plain("module.double¦", detail=1)
    assert f"Defined in {os.path.realpath(file)}:2." in plain
    assert "Doubles." in plain
    assert "local function double(x)\n  return 2 * x\nend" in plain


def test_file_that_is_gone_leaves_the_place(cells, tmp_path):
    file = tmp_path / "module.lua"
    file.write_text("return { double = function(x) end }\n")
    cells.run("module = require('module')")
    file.unlink()
    plain = cells.plain("module.double¦", detail=1)
    assert f"Defined in {os.path.realpath(tmp_path)}/module.lua:1." in plain
    assert "Its source is not available." in plain


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_chunk_named_after_what_is_no_file_is_not_opened(cells, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    cells.run(f"f = load('return function(x) end', '@{tmp_path}/pipe')()")
    assert "Its source is not available." in cells.plain("f¦", detail=1)


def test_two_texts_under_one_name_show_no_source(cells):
    for code in ("function f(a) end", "function f(b) end"):
        remember(cells.runtime, "=cell 7", code)
        cells.runtime.execute(code, "=cell 7")
    plain = cells.plain("f¦", detail=1)
    assert "function f(b)" in plain
    assert "Its source is not available." in plain


def test_long_source_is_cut(cells):
    cells.run("function f()\n" + "  x = 1\n" * 2000 + "end")
    plain = cells.plain("f¦", detail=1)
    assert "-- … (1502 more lines)" in plain


# Interrupts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [complete, inspect])
def test_interrupt_meanwhile_is_an_error_and_the_next_request_is_answered(cells, answer):
    cells.run("big = {} for i = 1, 200000 do big['key' .. i] = i end")
    if not cells.runtime.async_hook.available:
        pytest.skip("this build of lupa cannot be interrupted")
    cells.runtime.async_hook.request("interrupt")
    for _ in range(1000):
        reply = answer(cells.runtime, request("big.key1¦" if answer is complete else "big¦"))
        if reply["status"] == "error":
            break
    assert (reply["status"], reply["ename"]) == ("error", "Interrupted")
    cells.runtime.async_hook.withdraw()
    assert cells.complete("big.key200000¦")["matches"] == ["key200000"]
    assert cells.inspect("big¦")["found"]

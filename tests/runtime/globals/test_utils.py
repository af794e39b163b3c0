"""The global Utils: copies, comparisons, texts, ids, times and waiting."""

import re
import threading
import time

import pytest

RESULTS = {
    "Utils.trim('  a b \\n')": "a b",
    "Utils.trim(' \\t ')": "",
    "Utils.trim(12)": "12",
    "table.concat(Utils.split('a,b,,c', ','), '|')": "a|b||c",
    "table.concat(Utils.split('a.b', '.'), '|')": "a|b",
    "table.concat(Utils.split('', ','), '|')": "",
    "#Utils.split('', ',')": "1",
    "table.concat(Utils.split('a--b', '--'), '|')": "a|b",
    "JSON.stringify(Utils.keys({b = 1, a = 2, [10] = 3, [2] = 4}))": '[2,10,"a","b"]',
    "#Utils.keys({[true] = 1, [false] = 2, [print] = 3, [{}] = 4})": "4",
    "JSON.stringify(Utils.merge({a = 1, b = {c = 1, d = 2}}, {b = {c = 3}, e = 5}))": (
        '{"a":1,"b":{"c":3,"d":2},"e":5}'
    ),
    "JSON.stringify(Utils.merge({a = {1, 2, 3}}, {a = {4}}))": '{"a":[4]}',
    "Utils.deep_equal({1, {a = 2}}, {1, {a = 2}})": "true",
    "Utils.deep_equal({1, 2}, {1})": "false",
    "Utils.deep_equal({1}, {1, 2})": "false",
    "Utils.deep_equal(1, 1.0)": "true",
    "Utils.deep_equal('1', 1)": "false",
    "Utils.deep_equal(0/0, 0/0)": "true",
    "Utils.deep_equal(setmetatable({}, {__eq = error, __index = error}), {})": "true",
}


@pytest.mark.parametrize("expression", RESULTS)
def test_results(script, expression):
    assert script.run(f"print({expression})") == RESULTS[expression]


def test_a_copy_shares_no_table(script):
    code = """
        local value = {list = {1, 2}, metatable = setmetatable({}, {__index = error})}
        local copy = Utils.deep_copy(value)
        copy.list[1] = 9
        print(value.list[1], Utils.deep_equal(copy.metatable, {}), getmetatable(copy.metatable), Utils.deep_copy(5))
    """
    assert script.run(code) == "1\ttrue\tnil\t5"


def test_a_table_that_contains_itself_is_copied_and_compared(script):
    code = """
        local a = {} a.self = a
        local b = Utils.deep_copy(a)
        print(b ~= a, b.self == b, Utils.deep_equal(a, b))
    """
    assert script.run(code) == "true\ttrue\ttrue"


def test_merging_leaves_both_as_they_are(script):
    code = """
        local base, changes = {a = {x = 1}}, {b = {y = 2}}
        local merged = Utils.merge(base, changes)
        merged.a.x, merged.b.y = 8, 9
        print(base.a.x, changes.b.y, base.b)
    """
    assert script.run(code) == "1\t2\tnil"


def test_ids_are_new_each_time(script):
    first, second = script.run("print(Utils.uuid()) print(Utils.uuid())").splitlines()
    assert first != second
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", first)


def test_a_timestamp_is_rfc_3339_in_utc(script):
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", script.run("print(Utils.timestamp())"))


def test_sleep_waits_at_least_its_time(script):
    began = time.monotonic()
    script.run("Utils.sleep(30) Utils.sleep(0)")
    assert time.monotonic() - began >= 0.03


def test_an_interrupt_ends_a_sleep(new_script, monkeypatch):
    script = new_script()
    waits, entered = script.runtime.host.waits, threading.Event()
    until = waits.until

    def entering(*arguments):
        entered.set()
        return until(*arguments)

    monkeypatch.setattr(waits, "until", entering)

    def interrupt():
        entered.wait()
        script.runtime.async_hook.request("interrupt")

    thread = threading.Thread(target=interrupt)
    thread.start()
    outcome = script.runtime.execute("Utils.sleep(600000)")
    entered.set()
    thread.join()
    assert outcome.error.kind == "interrupted"


ERRORS = {
    "Utils.trim()": "bad argument #1 to 'Utils.trim' (string expected, got no value)",
    "Utils.split({}, ',')": "bad argument #1 to 'Utils.split' (string expected, got table)",
    "Utils.split('a')": "bad argument #2 to 'Utils.split' (string expected, got no value)",
    "Utils.split('a', '')": "bad argument #2 to 'Utils.split' (the separator is empty)",
    "Utils.keys('x')": "bad argument #1 to 'Utils.keys' (table expected, got string)",
    "Utils.merge(1, {})": "bad argument #1 to 'Utils.merge' (table expected, got number)",
    "Utils.merge({})": "bad argument #2 to 'Utils.merge' (table expected, got no value)",
    "Utils.sleep('x')": "bad argument #1 to 'Utils.sleep' (number expected, got string)",
    "Utils.sleep(-1)": "bad argument #1 to 'Utils.sleep' (expected a time of 0 or more",
    "Utils.sleep(0/0)": "bad argument #1 to 'Utils.sleep' (expected a time of 0 or more",
    "local t = {} for _ = 1, 100000 do t = {t} end Utils.deep_copy(t)": (
        "bad argument #1 to 'Utils.deep_copy' (table is nested deeper than 150 levels)"
    ),
    "local t = {} t.t = t Utils.merge({t = {}}, {t = 1, u = {}}) Utils.merge({a = t}, {a = t})": (
        "bad argument #2 to 'Utils.merge' (table is nested deeper than 150 levels)"
    ),
}


@pytest.mark.parametrize("call", ERRORS)
def test_errors_name_the_argument(script, call):
    assert ERRORS[call] in script.error(call)

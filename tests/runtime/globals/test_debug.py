"""The global Debug: its log and filters, timers and reports, dumps, stack traces and counters."""

import json
import re

import pytest


@pytest.fixture
def own(new_script):
    return new_script()


def messages(script):
    return [entry["message"] for entry in script.value("Debug.getCapturedEntries()") or []]


@pytest.mark.parametrize("level", ["error", "warn", "info", "debug", "trace"])
def test_each_level_writes_a_line_and_keeps_it(own, level):
    line = own.run(f"Debug.setLevel('trace') Debug.{level}('hello', 'app.part')")
    assert re.fullmatch(rf"\d{{4}}-\S+Z {level.upper()} \[app\.part\] hello", line)
    (entry,) = own.value("Debug.getCapturedEntries()")
    assert (entry["level"], entry["message"], entry["module"]) == (level.upper(), "hello", "app.part")


def test_a_level_lets_through_what_is_as_important(own):
    own.run("Debug.setLevel('WARN') Debug.info('no') Debug.warn('yes') Debug.error('yes too')")
    assert messages(own) == ["yes", "yes too"]
    assert own.run("print(Debug.getLevel(), Debug.setLevel('loud'))") == "WARN\tfalse"


def test_log_takes_its_level_by_name(own):
    own.run("Debug.log('INFO', 'a') Debug.log('off', 'b') Debug.log('debug', 'c')")
    assert messages(own) == ["a"]


def test_data_is_kept_with_its_entry(own):
    own.run("Debug.logWithData('info', 'done', {count = 2, api_key = 'hidden'}, 'app')")
    (entry,) = own.value("Debug.getCapturedEntries()")
    assert entry["metadata"] == {"count": 2, "api_key": "[redacted]"}


def test_no_secret_is_logged(own):
    line = own.run('Debug.info(\'password=hidden1 and "api_key": "hidden 2" and sk-hidden4567890abcdefgh\')')
    assert "hidden" not in line
    assert "hidden" not in json.dumps(messages(own))


def test_output_can_be_turned_off(own):
    code = "Debug.setEnabled(false) Debug.error('x') print(Debug.isEnabled(), #Debug.getCapturedEntries())"
    assert own.run(code) == "false\t0"


def test_the_newest_entries_are_kept_up_to_a_limit(own):
    own.run("for i = 1, 1200 do Debug.info(tostring(i)) end")
    assert own.run("print(#Debug.getCapturedEntries(), #Debug.getCapturedEntries(0))") == "1000\t0"
    code = "local e = Debug.getCapturedEntries(2) print(e[1].message, e[2].message)"
    assert own.run(code) == "1199\t1200"
    assert own.run("Debug.clearCaptured() print(#Debug.getCapturedEntries())") == "0"


def test_a_huge_message_is_shortened(own):
    own.run("Debug.logWithData('info', ('x'):rep(1000000), {('y'):rep(1000000)})")
    (entry,) = own.value("Debug.getCapturedEntries()")
    assert len(entry["message"]) < 20_000
    assert len(entry["metadata"]) < 20_000


FILTERS = {
    "Debug.addModuleFilter('app', false)": "other application",
    "Debug.addModuleFilter('app*', false)": "other",
    "Debug.addAdvancedFilter('app', 'exact', false)": "app.part other application",
    "Debug.addAdvancedFilter('a??', 'wildcard', false)": "app.part other application",
    "Debug.addAdvancedFilter('^o|part$', 'regex', false)": "app application",
    "Debug.addAdvancedFilter('app', 'hierarchical', false)": "other application",
    "Debug.addModuleFilter('app*', false) Debug.addModuleFilter('app', true)": "app app.part other",
    "Debug.setDefaultFilterEnabled(false) Debug.addModuleFilter('other', true)": "other",
    "Debug.addModuleFilter('*', false) Debug.clearModuleFilters()": "app app.part other application",
    "Debug.addModuleFilter('*', false) Debug.removeModuleFilter('*')": "app app.part other application",
}


@pytest.mark.parametrize("rules", FILTERS)
def test_filters_choose_modules(own, rules):
    code = "for _, m in ipairs{'app', 'app.part', 'other', 'application'} do Debug.info(m, m) end"
    own.run(f"{rules} {code}")
    assert messages(own) == FILTERS[rules].split()


def test_rules_are_listed(own):
    own.run("Debug.addModuleFilter('a*', true) Debug.addAdvancedFilter('b', 'exact', false)")
    assert own.value("Debug.getFilterSummary()") == {
        "default_enabled": True,
        "total_rules": 2,
        "rules": [
            {"pattern": "a*", "pattern_type": "wildcard", "enabled": True},
            {"pattern": "b", "pattern_type": "exact", "enabled": False},
        ],
    }


@pytest.mark.parametrize(
    "call",
    [
        "Debug.addAdvancedFilter('(', 'regex', true)",
        "Debug.addAdvancedFilter('a', 'fuzzy', true)",
        "Debug.addAdvancedFilter('', 'exact', true)",
        "Debug.removeModuleFilter('absent')",
        "Debug.recordEvent('absent', 'x')",
    ],
)
def test_what_cannot_be_done_is_false(own, call):
    assert own.run(f"print({call})") == "false"


def test_a_timer_measures_until_it_is_stopped(own):
    code = """
        local t = Debug.timer("work")
        local first, second = t:elapsed(), t:elapsed()
        print(first >= 0, second >= first, t:lap("half"))
        local total = t:stop()
        print(total >= second, t:stop(), t:elapsed(), t:lap("late"), type(t.id))
    """
    assert own.run(code) == "true\ttrue\ttrue\ntrue\tnil\tnil\tfalse\tstring"


def test_reports_tell_of_timers_laps_and_events(own):
    own.run("""
        local outer = Debug.timer("outer")
        local inner = Debug.timer("in;ner")
        inner:lap("l")
        Debug.recordEvent(inner.id, "seen", {n = 1, token = "hidden"})
        inner:stop()
        outer:stop()
        Debug.timer("open")
    """)
    report = json.loads(own.run("print(Debug.jsonReport())"))
    outer, inner, still_open = report["timers"]
    assert (outer["running"], still_open["running"]) == (False, True)
    assert inner["laps"][0]["name"] == "l"
    assert inner["events"][0]["metadata"] == {"n": 1, "token": "[redacted]"}
    assert report["summary"]["outer"]["count"] == 1
    assert "outer: 1 times" in own.run("print(Debug.performanceReport())")
    lines = own.run("print(Debug.flameGraph())").splitlines()
    assert [re.sub(r" \d+$", "", line) for line in lines] == ["outer", "outer;in_ner", "open"]


def test_memory_is_attributed_to_open_timers(own):
    code = """
        print(Debug.memorySnapshot().active_trackers, Debug.memorySnapshot().total_memory_delta_bytes)
        collectgarbage() collectgarbage("stop")
        local t = Debug.timer("big")
        local kept = ("x"):rep(1000000)
        local snapshot = Debug.memorySnapshot()
        print(snapshot.active_trackers, snapshot.total_memory_delta_bytes >= #kept)
        print(snapshot.tracker_memory_usage.big >= #kept, math.type(snapshot.timestamp_secs))
        collectgarbage("restart")
    """
    assert own.run(code) == "0\tnil\n1\ttrue\ntrue\tinteger"


def test_memory_counters_are_counted(own):
    code = """
        local before = Debug.memoryStats()
        local kept = ("x"):rep(1000000)
        collectgarbage()
        local after = Debug.memoryStats()
        print(after.used_bytes > before.used_bytes, after.collections > before.collections, #kept)
        print(after.resident_bytes > 1000000, after.allocated_bytes > 1000000)
    """
    assert own.run(code) == "true\ttrue\t1000000\ntrue\ttrue"


DUMPS = {
    "Debug.dump(1, 'n')": "n: 1 (integer)",
    "Debug.dump(nil)": "nil",
    "Debug.dump({1, a = {b = true}})": "{\n  1 (integer),\n  a = {\n    b = true (boolean)\n  }\n}",
    "Debug.dumpCompact({1, 'x', [2.5] = {}, a = 1})": '{1, "x", [2.5] = {}, a = 1}',
    "Debug.dumpCompact(print, 'f')": "f: function",
    "Debug.dumpCompact(setmetatable({}, {__tostring = error, __index = error, __pairs = error}))": "{}",
    "Debug.dumpCompact((function() local t = {} t.t = t return t end)())": "{t = table (contains itself)}",
    "Debug.dumpWithOptions({1, 2, 3}, {max_array_elements = 1, compact_mode = true, show_types = false})": (
        "{1, … (2 more elements)}"
    ),
    "Debug.dumpWithOptions({a=1, b=2}, {max_table_pairs = 1, compact_mode = true, show_types = false}, 'l')": (
        "l: {a = 1, … (1 more pairs)}"
    ),
    "Debug.dumpWithOptions({{{}}, {1}}, {max_depth = 1, compact_mode = true})": "{table {…}, table {…}}",
    "Debug.dumpWithOptions('abc', {max_string_length = 2, show_types = false})": '"ab"… (3 bytes)',
    "Debug.dumpWithOptions({1}, {indent_size = 1, show_types = false})": "{\n 1\n}",
}


@pytest.mark.parametrize("call", DUMPS)
def test_values_are_rendered(script, call):
    assert script.run(f"print({call})") == DUMPS[call]


def test_a_verbose_dump_has_types_and_addresses(script):
    text = script.run("print(Debug.dumpVerbose({f = print, n = 1}))")
    assert re.search(r"^table: 0x\w+ \{\n  f = (?:function|builtin): 0x\w+,\n  n = 1 \(integer\)\n\}$", text)


def test_a_dump_of_a_wide_tree_is_bounded(script):
    code = """
        local t = {}
        for _ = 1, 12 do t = {t, t, t, t} end
        print(#Debug.dumpCompact(t) < 200000)
    """
    assert script.run(code) == "true"


STACK = """
    local api_key, limit = "hidden1", 5
    local settings = {password = "hidden2", size = 3}
    local function inner(argument)
      local text = Debug.%s(%s) .. tostring(limit)
      return text:sub(1, -2)
    end
    print((inner(7)))
"""


def test_a_stack_trace_has_the_frames_of_the_script_alone(script):
    lines = script.run(STACK % ("stackTrace", "")).splitlines()
    assert lines[0] == "stack traceback:"
    assert re.fullmatch(r"\tcell:5: in function 'inner'", lines[1])
    assert re.fullmatch(r"\tcell:8: in main chunk", lines[2])
    assert len(lines) == 3


def test_a_stack_trace_shows_variables_without_secrets(script):
    text = script.run(STACK % ("stackTrace", "{capture_locals = true, capture_upvalues = true}"))
    assert "\t\tlocal argument = 7" in text
    assert "\t\tupvalue limit = 5" in text
    assert "size = 3" in text
    assert "hidden" not in text


def test_a_stack_trace_is_json_too(script):
    trace = json.loads(script.run(STACK % ("stackTraceJson", "{max_depth = 1, capture_locals = true}")))
    assert trace["depth"] == 1
    assert (trace["frames"][0]["name"], trace["frames"][0]["line"]) == ("inner", 5)
    assert trace["frames"][0]["locals"] == {"argument": "7"}
    without = json.loads(script.run(STACK % ("stackTraceJson", "{include_source = false}")))
    assert "source" not in without["frames"][0]


ERRORS = {
    "Debug.info()": "bad argument #1 to 'Debug.info' (string expected, got no value)",
    "Debug.warn('x', {})": "bad argument #2 to 'Debug.warn' (string expected, got table)",
    "Debug.log('loud', 'x')": "Debug.log: unknown level 'loud' (known: off, error,",
    "Debug.log('info')": "bad argument #2 to 'Debug.log' (string expected, got no value)",
    "Debug.logWithData('info', 'x', print)": "bad argument #3 to 'Debug.logWithData' (a function cannot be passed",
    "Debug.getCapturedEntries('x')": "bad argument #1 to 'Debug.getCapturedEntries' (integer expected, got string)",
    "Debug.getCapturedEntries(-1)": "Debug.getCapturedEntries: limit: expected 0 or more",
    "Debug.setEnabled(1)": "bad argument #1 to 'Debug.setEnabled' (boolean expected, got number)",
    "Debug.setDefaultFilterEnabled()": "bad argument #1 to 'Debug.setDefaultFilterEnabled' (boolean expected",
    "Debug.setLevel({})": "bad argument #1 to 'Debug.setLevel' (string expected, got table)",
    "Debug.addModuleFilter('a')": "bad argument #2 to 'Debug.addModuleFilter' (boolean expected, got no value)",
    "Debug.addModuleFilter('', true)": "Debug.addModuleFilter: pattern: expected 1 to 1000 characters",
    "Debug.addAdvancedFilter('a', 1, 2)": "bad argument #3 to 'Debug.addAdvancedFilter' (boolean expected",
    "Debug.removeModuleFilter()": "bad argument #1 to 'Debug.removeModuleFilter' (string expected, got no value)",
    "Debug.timer()": "bad argument #1 to 'Debug.timer' (string expected, got no value)",
    "Debug.timer('x').stop()": "bad argument #1 to 'stop' (DebugTimer expected, got no value)",
    "Debug.timer('x'):lap()": "bad argument #2 to 'lap' (string expected, got no value)",
    "Debug.recordEvent('x')": "bad argument #2 to 'Debug.recordEvent' (string expected, got no value)",
    "Debug.recordEvent('x', 'y', print)": "bad argument #3 to 'Debug.recordEvent' (a function cannot be passed",
    "Debug.dump(1, {})": "bad argument #2 to 'Debug.dump' (string expected, got table)",
    "Debug.dumpWithOptions(1)": "bad argument #2 to 'Debug.dumpWithOptions' (table expected, got no value)",
    "Debug.dumpWithOptions(1, {depth = 1})": "Debug.dumpWithOptions: options: there is no option 'depth'",
    "Debug.dumpWithOptions(1, {max_depth = -1})": "options.max_depth: expected an integer from 0 to 100, got -1",
    "Debug.dumpWithOptions(1, {max_depth = 0/0})": "options.max_depth: expected an integer from 0 to 100",
    "Debug.dumpWithOptions(1, {compact_mode = 1})": "options.compact_mode: expected boolean, got number",
    "Debug.stackTrace(1)": "bad argument #1 to 'Debug.stackTrace' (table expected, got number)",
    "Debug.stackTraceJson({max_depth = 'x'})": "Debug.stackTraceJson: options.max_depth: expected an integer",
}


@pytest.mark.parametrize("call", ERRORS)
def test_errors_name_the_argument(script, call):
    assert ERRORS[call] in script.error(call)

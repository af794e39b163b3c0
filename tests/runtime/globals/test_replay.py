"""The global Replay: modes, settings, changes, schedules and the comparison."""

import pytest


@pytest.mark.parametrize("name", ["exact", "modified", "simulate", "debug"])
def test_a_mode_says_its_name(script, name):
    assert script.run(f"print(Replay.modes.{name}:name())") == name


def test_a_configuration_has_its_defaults(script):
    code = """
        local config = Replay.create_config()
        print(config:get_mode():name(), config:should_compare_results(), config:get_timeout_seconds(),
          config:should_stop_on_error(), #config:get_modifications())
    """
    assert script.run(code) == "exact\ttrue\t300\tfalse\t0"


def test_modifications_are_registered_in_order(script):
    code = """
        local config = Replay.create_config(Replay.modes.modified)
        config:add_modification("$.a", {1}) config:add_modification("b[0].c", nil, false)
        local first, second = table.unpack(config:get_modifications())
        print(first:get_path(), first:get_value()[1], first:is_enabled(), second:get_path(), second:is_enabled())
    """
    assert script.run(code) == "$.a\t1\ttrue\tb[0].c\tfalse"


def test_a_modification_is_turned_on_and_off_and_keeps_a_copy_of_its_value(script):
    code = """
        local value = {1}
        local one = Replay.create_modification("a", value)
        value[1] = 2 one:set_enabled(false)
        print(one:is_enabled(), one:get_value()[1])
        one:set_enabled(true) print(one:is_enabled())
    """
    assert script.run(code).split() == ["false", "1", "true"]


SCHEDULES = {
    "once(1.5)": "once",
    "interval(0, 2)": "interval",
    "interval(0, 2, 3)": "interval",
    "cron('*/5 1-3 * JAN,FEB mon')": "cron",
    "cron('0 0 0 * * ?')": "cron",
}


@pytest.mark.parametrize("call", SCHEDULES)
def test_a_schedule_says_its_type(script, call):
    assert script.run(f"print(Replay.schedules.{call}:type_name())") == SCHEDULES[call]


# a, b -> identical, score, the differences
COMPARISONS = [
    ("1, 1", "true 1.0 "),
    ("1, 1.0", "true 1.0 "),
    ("nil, nil", "true 1.0 "),
    ("{}, {}", "true 1.0 "),
    ("0/0, 0/0", "true 1.0 "),
    ("{a = {1, 2}}, {a = {1, 2}}", "true 1.0 "),
    ("1, 2", "false 0.0 $: 1 became 2"),
    ("1, '1'", 'false 0.0 $: 1 became "1"'),
    ("{1, 2}, {1}", "false 0.5 $[1]: 2 was removed"),
    ("{1}, {1, {}}", "false 0.5 $[1]: an object was added"),
    ("{a = 1, b = 2}, {a = 1, b = 3}", "false 0.5 $.b: 2 became 3"),
    ("{a = {b = true}}, {a = 1}", "false 0.0 $.a: an object became 1"),
]


@pytest.mark.parametrize(("values", "outcome"), COMPARISONS, ids=[values for values, _ in COMPARISONS])
def test_values_are_compared(script, values, outcome):
    code = f"""
        local result = Replay.create_comparator():compare_json({values})
        local found = {{}}
        for i, one in ipairs(result.differences or {{}}) do found[i] = one.path .. ": " .. one.description end
        print(tostring(result.identical) .. " " .. result.similarity_score .. " " .. table.concat(found, "; "))
    """
    assert script.run(code) == outcome


ERRORS = [
    ("Replay.create_config('exact')", "bad argument #1 to 'Replay.create_config' (ReplayMode expected"),
    ("Replay.create_modification('a b[', 1)", "'a b[' is no path"),
    ("Replay.create_modification('a', print)", "bad argument #2 to 'Replay.create_modification' (a function cannot"),
    ("Replay.create_comparator():compare_json({}, print)", "bad argument #2 to 'compare_json'"),
    ("local t = {} t[1] = t Replay.create_comparator():compare_json(t, t)", "contains itself"),
    ("Replay.schedules.once(-1)", "(a number of seconds of 0 or more expected, got -1)"),
    ("Replay.schedules.interval(1, 0/0)", "bad argument #2 to 'Replay.schedules.interval'"),
    ("Replay.schedules.cron('* * *')", "5 to 7 fields expected, got 3"),
    ("Replay.schedules.cron('* * * * !')", "field 5, '!', is none of a cron expression"),
    ("Replay.modes.exact.name()", "needs a colon"),
    ("Replay.modes.exact.name(Replay.create_config())", "needs a colon"),
]


@pytest.mark.parametrize(("code", "message"), ERRORS, ids=[code for code, _ in ERRORS])
def test_what_cannot_be_done_is_told(script, code, message):
    assert message in script.error(code)

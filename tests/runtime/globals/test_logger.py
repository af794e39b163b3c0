"""The global Logger: the log of Debug with data and modules."""

import pytest

LEVELS = ("error", "warn", "info", "debug", "trace")


@pytest.fixture
def own(new_script):
    return new_script()


def newest(script):
    return script.value("Debug.getCapturedEntries(1)")[0]


@pytest.mark.parametrize("level", LEVELS)
def test_each_level_logs_with_data(own, level):
    line = own.run(f"Debug.setLevel('trace') Logger.{level}('hello', {{n = 1, password = 'hidden'}})")
    assert line.endswith(f'{level.upper()} hello {{"n": 1, "password": "[redacted]"}}')
    entry = newest(own)
    assert (entry["level"], entry["message"]) == (level.upper(), "hello")
    assert entry["metadata"] == {"n": 1, "password": "[redacted]"}
    assert "module" not in entry


@pytest.mark.parametrize("level", LEVELS)
def test_a_named_logger_tags_its_entries(own, level):
    own.run(f"Debug.setLevel('trace') Logger.named('shop.orders'):{level}('hello')")
    entry = newest(own)
    assert (entry["level"], entry["message"], entry["module"]) == (level.upper(), "hello", "shop.orders")


def test_the_level_is_that_of_debug(own):
    assert own.run("Debug.setLevel('warn') Logger.info('x') print(#Debug.getCapturedEntries())") == "0"


def test_filters_choose_by_the_name_that_was_given(own):
    code = """
        Debug.addModuleFilter("shop", false)
        local log = Logger.named("shop.orders")
        log.module = "other"
        log:error("x")
        print(log.module, #Debug.getCapturedEntries())
    """
    assert own.run(code) == "other\t0"


ERRORS = {
    "Logger.info()": "bad argument #1 to 'Logger.info' (string expected, got no value)",
    "Logger.info('x', print)": "bad argument #2 to 'Logger.info' (a function cannot be passed",
    "local t = {} t.t = t Logger.warn('x', t)": "bad argument #2 to 'Logger.warn' (table is nested deeper",
    "Logger.named({})": "bad argument #1 to 'Logger.named' (string expected, got table)",
    "Logger.named('a').info('x')": "bad argument #1 to 'info' (LoggerInstance expected, got string)",
    "Logger.named('a'):info()": "bad argument #2 to 'info' (string expected, got no value)",
    "Logger.named('a'):info('x', print)": "bad argument #3 to 'info' (a function cannot be passed",
}


@pytest.mark.parametrize("call", ERRORS)
def test_errors_name_the_argument(script, call):
    assert ERRORS[call] in script.error(call)

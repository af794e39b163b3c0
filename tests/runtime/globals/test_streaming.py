"""The global Streaming: streams give what their generators yield, when they are asked."""

import pytest

RESULTS = {
    "values come in order, then nil": (
        "local s = Streaming.create(function() coroutine.yield(1) Streaming.yield('b') end) "
        "print(s:next(), s:next(), s:next(), s:next())",
        "1\tb\tnil\tnil",
    ),
    "a generator runs only when it is asked": (
        "local n = 0 local s = Streaming.create(function() while true do n = n + 1 Streaming.yield(n) end end) "
        "print(n) s:next() s:next() print(n)",
        "0\n2",
    ),
    "what a generator returns is its last value": (
        "local s = Streaming.create(function() Streaming.yield(1) return 2 end) print(s:next(), s:next(), s:isDone())",
        "1\t2\ttrue",
    ),
    "a stream is done when its generator has ended": (
        "local s = Streaming.create(function() Streaming.yield(1) end) "
        "print(s:isDone(), s._done) s:next() print(s:isDone()) s:next() print(s:isDone(), s._done)",
        "false\tfalse\nfalse\ntrue\ttrue",
    ),
    "the rest is collected without nils": (
        "local s = Streaming.create(function() for i = 1, 4 do Streaming.yield(i) Streaming.yield(nil) end end) "
        "s:next() print(table.concat(s:collect(), ' '), s:isDone(), #s:collect())",
        "2 3 4\ttrue\t0",
    ),
    "false is a value": (
        "local s = Streaming.create(function() Streaming.yield(false) end) print(#s:collect())",
        "1",
    ),
    "tables come as they are": (
        "local t = {} local s = Streaming.create(function() Streaming.yield(t) end) print(s:next() == t)",
        "true",
    ),
    "a stream may read another": (
        "local a = Streaming.create(function() for i = 1, 3 do Streaming.yield(i) end end) "
        "local b = Streaming.create(function() while true do local v = a:next() if not v then return end "
        "Streaming.yield(v * 10) end end) print(table.concat(b:collect(), ' '))",
        "10 20 30",
    ),
    "host functions work in a generator": (
        "local s = Streaming.create(function() Streaming.yield(JSON.parse('[7]')[1]) end) print(s:next())",
        "7",
    ),
    "an error that is a table comes as it is": (
        "local e = {} local s = Streaming.create(function() error(e) end) "
        "local ok, got = pcall(s.next, s) print(ok, got == e, s:isDone(), s._done, s:next())",
        "false\ttrue\ttrue\ttrue\tnil",
    ),
    "fields that a script changes do not matter": (
        "local s = Streaming.create(function() Streaming.yield(1) end) s._done, s._coroutine = true, nil "
        "print(s:isDone(), s:next())",
        "false\t1",
    ),
    "a stream is a plain table": (
        "local s = Streaming.create(print) print(getmetatable(s), type(s), type(s._coroutine))",
        "nil\ttable\tthread",
    ),
    "a generator has the correlation id of its maker": (
        "local id = Event.subscribe('s.*') "
        "Streaming.create(function() Event.publish('s.in', {}) end):next() Event.publish('s.out', {}) "
        "print(Event.receive(id).correlation_id == Event.receive(id).correlation_id)",
        "true",
    ),
}


@pytest.mark.parametrize("name", RESULTS)
def test_streams(script, name):
    code, expected = RESULTS[name]
    assert script.run(code) == expected


def test_an_interrupt_ends_a_generator_that_does_not_end(script):
    class Output(list):
        def append(self, data):
            super().append(data)
            script.runtime.async_hook.request("interrupt")

    script.output = Output()
    code = "local s = Streaming.create(function() print('busy') while true do Streaming.yield(nil) end end) s:collect()"
    assert script.runtime.execute(code).error.kind == "interrupted"


ERRORS = {
    "Streaming.create()": "bad argument #1 to 'Streaming.create' (function expected, got no value)",
    "Streaming.create({})": "bad argument #1 to 'Streaming.create' (function expected, got table)",
    "Streaming.yield(1)": "cell:1: Streaming.yield: called outside of a generator",
    "Streaming.create(print).next()": "bad argument #1 to 'next' (Stream expected, got no value)",
    "Streaming.create(print).isDone({})": "bad argument #1 to 'isDone' (Stream expected, got table)",
    "Streaming.create(print).collect(1)": "bad argument #1 to 'collect' (Stream expected, got number)",
    "Streaming.create(function()\n error('inside') end):next()": "cell:2: inside",
    "local s s = Streaming.create(function() s:next() end) s:next()": "cannot resume non-suspended coroutine",
}


@pytest.mark.parametrize("call", ERRORS)
def test_errors_name_what_is_wrong(new_script, call):
    assert ERRORS[call] in new_script().error(call)

"""Who debugs the same script hears that another client has changed variables."""

import pytest

CHANGING = {
    "setVariable": lambda debuggee: debuggee.body(
        "setVariable", variablesReference=locals_of(debuggee), name="n", value="2"
    ),
    "setExpression": lambda debuggee: debuggee.body("setExpression", expression="n", value="2"),
    "evaluate": lambda debuggee: debuggee.body("evaluate", expression="n = 2"),
    "evaluate in the repl": lambda debuggee: debuggee.body("evaluate", expression="n = 2", context="repl"),
    "copyToGlobals": lambda debuggee: debuggee.body(
        "copyToGlobals", srcVariableName="n", dstVariableName="m", srcFrameId=debuggee.frame()
    ),
}
LOOKING = {
    "watch": lambda debuggee: debuggee.body("evaluate", expression="n", context="watch"),
    "hover": lambda debuggee: debuggee.body("evaluate", expression="n", context="hover"),
    "variables": lambda debuggee: debuggee.body("variables", variablesReference=locals_of(debuggee)),
    "refused": lambda debuggee: debuggee.request("setExpression", expression="1", value="2"),
}


def locals_of(debuggee):
    return debuggee.body("scopes", frameId=debuggee.frame())["scopes"][0]["variablesReference"]


def start(debuggee, *clients):
    for client in clients:
        debuggee.client = client
        debuggee.body("attach")
    path = debuggee.script("local n = 1\nx = n")
    debuggee.breakpoints(path, 2)
    debuggee.start(path)
    debuggee.stopped()


def told(debuggee):
    return [body for event, body in debuggee.events if event == "invalidated"]


@pytest.mark.parametrize("change", CHANGING)
def test_others_hear_who_has_changed_variables(debuggee, change):
    start(debuggee, "one", "other")
    CHANGING[change](debuggee)
    assert told(debuggee) == [{"areas": ["variables"], "client": "other"}]


@pytest.mark.parametrize("look", LOOKING)
def test_what_changes_nothing_is_not_told(debuggee, look):
    start(debuggee, "one", "other")
    LOOKING[look](debuggee)
    assert told(debuggee) == []


def test_single_client_hears_nothing(debuggee):
    start(debuggee, "one")
    CHANGING["evaluate"](debuggee)
    assert told(debuggee) == []

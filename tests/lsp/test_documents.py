"""Text, positions and diagnostics as a client sees them."""

from typing import Any

import pytest

URI = "file:///project/script.lua"
# What is wrong stands after a character that has 4, 2 and 1 units in the three encodings.
ASTRAL = 'print("😀", prnt())\n'


@pytest.mark.parametrize(
    ("offered", "chosen", "column"),
    [
        (None, "utf-16", 12),
        (["utf-16"], "utf-16", 12),
        (["utf-8", "utf-16"], "utf-8", 14),
        (["utf-32", "utf-16"], "utf-32", 11),
        (["utf-7"], "utf-16", 12),
    ],
)
def test_position_encoding_is_negotiated(raw_client: Any, offered: Any, chosen: str, column: int) -> None:
    capabilities = {"general": {"positionEncodings": offered}} if offered else {}
    assert raw_client.initialize(capabilities)["capabilities"]["positionEncoding"] == chosen
    raw_client.open(ASTRAL)
    (found,) = raw_client.diagnostics()
    assert found["range"] == {
        "start": {"line": 0, "character": column},
        "end": {"line": 0, "character": column + 4},
    }
    assert raw_client.at("hover", 0, 1)["range"]["end"]["character"] == 5


def test_diagnostics_have_code_source_severity_and_version(shared_client: Any) -> None:
    shared_client.open('Tool.execute("calculatr", {})\n', version=7)
    (found,) = shared_client.diagnostics(version=7)
    assert found["code"] == "unknown-tool"
    assert found["source"] == "llmspell"
    assert found["severity"] == 1
    assert "calculator" in found["message"]


def test_incremental_changes_are_applied_in_order(shared_client: Any) -> None:
    shared_client.open('local s = "😀"\nprint(s)\n')
    assert shared_client.diagnostics() == []
    shared_client.change(
        2,
        {"range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 5}}, "text": "prnt"},
        {"range": {"start": {"line": 0, "character": 11}, "end": {"line": 0, "character": 13}}, "text": "é"},
        {"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}, "text": "-- new\r\n"},
    )
    (found,) = shared_client.diagnostics(version=2)
    assert found["range"]["start"] == {"line": 2, "character": 0}
    shared_client.change(3, {"text": "local s = = 1"})
    (found,) = shared_client.diagnostics(version=3)
    assert found["code"] == "syntax-error"
    assert found["range"]["start"] == {"line": 0, "character": 10}


def test_only_the_last_of_many_quick_changes_matters(shared_client: Any) -> None:
    shared_client.open("")
    shared_client.diagnostics()
    for index, letter in enumerate("prnt(1)"):
        end = {"line": 0, "character": index}
        shared_client.change(index + 2, {"range": {"start": end, "end": end}, "text": letter})
    (found,) = shared_client.diagnostics(version=8)
    assert found["message"].startswith("Undefined global `prnt`")


def test_closing_withdraws_the_diagnostics(shared_client: Any) -> None:
    shared_client.open("prnt(1)")
    assert shared_client.diagnostics()
    shared_client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert shared_client.diagnostics(version=None) == []
    assert shared_client.at("hover", 0, 1) is None


def test_documents_of_another_language_are_left_alone(client: Any) -> None:
    client.open("prnt(1)", uri="file:///project/page.html", language="html")
    client.open("prnt(1)", language="llmspell")
    assert client.diagnostics()
    assert client.at("completion", 0, 1, uri="file:///project/page.html")["items"] == []


@pytest.mark.parametrize(
    "text", ["\0\1\2" * 1000, "\ud800", "(" * 5000, "x = '" + "a" * 200_000, "--[[" * 100], ids=range(5)
)
def test_odd_texts_are_survived(client: Any, text: str) -> None:
    client.open(text)
    client.diagnostics()
    client.at("completion", 0, 1)
    client.at("hover", 0, 1)
    assert client.leave() == 0
    assert "Traceback" not in client.stderr


def test_a_syntax_error_names_what_opened_it(shared_client: Any) -> None:
    shared_client.open("if true then\n  print(1)\n")
    (found,) = shared_client.diagnostics()
    (related,) = found["relatedInformation"]
    assert related["location"]["range"]["start"] == {"line": 0, "character": 0}


def test_globals_of_another_open_document_are_defined(client: Any) -> None:
    client.open("print(shared)\n")
    assert len(client.diagnostics()) == 1
    client.open("shared = 1\n", uri="file:///project/other.lua")
    codes = {each["code"] for each in client.diagnostics(uri="file:///project/other.lua")}
    assert codes == {"set-undefined-global", "lowercase-global"}
    assert client.diagnostics() == []


def test_types_of_another_open_document_are_declared(client: Any) -> None:
    client.open("---@type App.Config\nlocal config\nprint(config)\n")
    assert "doc-undefined-type" in [each["code"] for each in client.diagnostics()]
    client.open("---@meta\n---@class App.Config\n", uri="file:///project/other.lua")
    assert "doc-undefined-type" not in [each["code"] for each in client.diagnostics()]


def test_settings_are_used_and_their_mistakes_named(raw_client: Any) -> None:
    raw_client.initialize(
        initializationOptions={
            "llmspell": {"diagnostics": {"globals": ["prnt"], "tools": 5, "severity": {"undefined-global": "loud"}}}
        }
    )
    message = raw_client.wait(lambda message: message.get("method") == "window/showMessage", "a message")
    text = message["params"]["message"]
    assert "llmspell.diagnostics.tools" in text
    assert "llmspell.diagnostics.severity.undefined-global" in text
    raw_client.open("prnt(1)")
    assert raw_client.diagnostics() == []


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"diagnostic": {}, "hints": {}}, "llmspell.diagnostic: there is no such setting; did you mean 'diagnostics'?"),
        ({"diagnostics": {"enabled": True}}, "llmspell.diagnostics.enabled: there is no such setting"),
        ({"diagnostics": {"enable": "yes"}}, "llmspell.diagnostics.enable must be true or false"),
        ({"diagnostics": 5}, "llmspell.diagnostics must be an object"),
        ({"hints": {"parameters": "some"}}, "llmspell.hints.parameters must be one of all, literals, off"),
        ({"codeLens": {"enable": 1}}, "llmspell.codeLens.enable must be true or false"),
        ({"live": []}, "llmspell.live must be an object"),
    ],
)
def test_a_mistake_in_the_settings_is_named_in_one_message(raw_client: Any, settings: Any, named: str) -> None:
    raw_client.initialize(initializationOptions=settings)
    raw_client.open("print(1)")
    raw_client.diagnostics()
    (shown,) = [each["params"]["message"] for each in raw_client.kept if each.get("method") == "window/showMessage"]
    assert named in shown


@pytest.mark.parametrize(
    "settings", [{"Lua": {"telemetry": {}}}, {"llmspell": {"trace": {"server": "off"}, "python": "", "files": []}}, {}]
)
def test_settings_that_are_not_the_server_s_are_no_mistakes(raw_client: Any, settings: Any) -> None:
    raw_client.initialize(initializationOptions=settings)
    raw_client.open("print(1)")
    raw_client.diagnostics()
    assert not [each for each in raw_client.kept if each.get("method") == "window/showMessage"]


def test_changed_settings_apply_to_open_documents(client: Any) -> None:
    client.open("prnt(1)")
    assert len(client.diagnostics()) == 1
    settings = {"llmspell": {"diagnostics": {"severity": {"undefined-global": "off"}}}}
    client.notify("workspace/didChangeConfiguration", {"settings": settings})
    assert client.diagnostics() == []


def test_a_text_of_ten_megabytes_keeps_nobody_waiting_and_is_said_to_be_too_large_once(client: Any) -> None:
    large = "file:///project/large.lua"
    client.open("local t = {}\n" + "t[1] = 1 -- é\n" * 650_000, uri=large)
    client.open("local name = 1\nprint(name)\n")
    assert client.at("hover", 1, 7)
    span = {"start": {"line": 9, "character": 0}, "end": {"line": 9, "character": 0}}
    document = {"textDocument": {"uri": large}, "range": span, "context": {"diagnostics": []}}
    assert client.request("textDocument/codeAction", document) == []
    assert client.request("textDocument/foldingRange", {"textDocument": {"uri": large}}) == []
    assert client.at("hover", 9, 1, uri=large) is None
    client.change(2, {"range": span, "text": "= "}, uri=large)
    (found,) = client.diagnostics(version=2, uri=large)
    assert (found["code"], found["range"]["start"]["line"]) == ("syntax-error", 9)
    said = [message["params"] for message in client.kept if message.get("method") == "window/logMessage"]
    assert [each["type"] for each in said] == [3]
    assert large.removeprefix("file://") in said[0]["message"]


def test_a_large_text_that_shrinks_is_analysed_again(client: Any) -> None:
    client.open("t = 1\n" * 400_000)
    assert client.diagnostics() == []
    client.change(2, {"text": "prnt(1)\n"})
    assert [each["code"] for each in client.diagnostics(version=2)] == ["undefined-global"]

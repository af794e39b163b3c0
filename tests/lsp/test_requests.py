"""Editor requests over the real server: shapes that a client depends on. What is found is tested in tests/analysis."""

import json
from typing import Any

URI = "file:///project/script.lua"


def test_completion_of_tool_names_inside_the_quotes(shared_client: Any) -> None:
    shared_client.open('Tool.execute("cal")')
    result = shared_client.at("completion", 0, 17)
    assert result["isIncomplete"] is False
    item = next(item for item in result["items"] if item["label"] == "calculator")
    assert item["textEdit"] == {
        "range": {"start": {"line": 0, "character": 14}, "end": {"line": 0, "character": 17}},
        "newText": "calculator",
    }


def test_completion_is_resolved_with_documentation(shared_client: Any) -> None:
    shared_client.open('Tool.execute("calculator", { in')
    items = shared_client.at("completion", 0, 31)["items"]
    item = next(item for item in items if item["label"] == "input")
    assert "documentation" not in item
    resolved = shared_client.request("completionItem/resolve", item)
    assert resolved["documentation"]["kind"] == "markdown"
    assert "expression" in resolved["documentation"]["value"]


def test_snippets_and_insert_replace_only_for_clients_that_have_them(raw_client: Any) -> None:
    item = {"snippetSupport": True, "insertReplaceSupport": True}
    raw_client.initialize({"textDocument": {"completion": {"completionItem": item}}})
    raw_client.open('Tool.execute("calculator", { input })')
    items = raw_client.at("completion", 0, 31)["items"]
    found = next(item for item in items if item["label"] == "input")
    assert found["insertTextFormat"] == 2
    assert found["textEdit"]["insert"]["end"]["character"] == 31
    assert found["textEdit"]["replace"]["end"]["character"] == 34


def test_completion_while_typing_uses_the_text_as_it_is(shared_client: Any) -> None:
    shared_client.open("local alpha = 1\n\nprint(alpha)\n")
    shared_client.diagnostics()
    shared_client.change(
        2,
        {"range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 0}}, "text": "Tool."},
    )
    labels = [item["label"] for item in shared_client.at("completion", 1, 5)["items"]]
    assert "execute" in labels
    shared_client.change(
        3, {"range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 5}}, "text": "print(al"}
    )
    labels = [item["label"] for item in shared_client.at("completion", 1, 8)["items"]]
    assert "alpha" in labels


def test_a_space_offers_only_what_the_api_expects(shared_client: Any) -> None:
    shared_client.open("local x = \n")
    context = {"triggerKind": 2, "triggerCharacter": " "}
    assert shared_client.at("completion", 0, 10, context=context)["items"] == []
    shared_client.change(2, {"text": 'Tool.execute("calculator", { '})
    items = shared_client.at("completion", 0, 29, context=context)["items"]
    assert {item["label"] for item in items} == {"input", "operation", "variables"}


def test_hover_has_markdown_and_a_range(shared_client: Any) -> None:
    shared_client.open("print(Tool.list())")
    result = shared_client.at("hover", 0, 13)
    assert result["contents"]["kind"] == "markdown"
    assert result["contents"]["value"].startswith("```lua\nfunction Tool.list()")
    assert result["range"] == {
        "start": {"line": 0, "character": 11},
        "end": {"line": 0, "character": 15},
    }


def test_signature_help(shared_client: Any) -> None:
    shared_client.open('Tool.execute("calculator", ')
    result = shared_client.at("signatureHelp", 0, 27)
    assert result["activeParameter"] == 1
    (signature,) = result["signatures"]
    assert [each["label"] for each in signature["parameters"]] == ["name: ToolName|string", "params: table"]


def test_definition(shared_client: Any) -> None:
    shared_client.open("local name = 1\nprint(name)\n")
    assert shared_client.at("definition", 1, 7) == {
        "uri": URI,
        "range": {"start": {"line": 0, "character": 6}, "end": {"line": 0, "character": 10}},
    }
    assert shared_client.at("definition", 1, 1) is None


def test_document_symbols_are_nested(shared_client: Any) -> None:
    shared_client.open("local M = { a = 1 }\nfunction M.run(x)\n  local function inner() end\nend\n")
    symbols = shared_client.request("textDocument/documentSymbol", {"textDocument": {"uri": URI}})
    assert [symbol["name"] for symbol in symbols] == ["M", "M.run"]
    assert [child["name"] for child in symbols[0]["children"]] == ["a"]
    assert [child["name"] for child in symbols[1]["children"]] == ["inner"]


def test_code_action_fixes_the_finding(shared_client: Any) -> None:
    shared_client.open('Tool.execute("calculatr", { input = "1" })')
    shared_client.diagnostics()
    span = {"start": {"line": 0, "character": 15}, "end": {"line": 0, "character": 15}}
    actions = shared_client.request(
        "textDocument/codeAction", {"textDocument": {"uri": URI}, "range": span, "context": {"diagnostics": []}}
    )
    fix, disable, _in_this_file = actions
    assert fix["kind"] == "quickfix"
    assert fix["isPreferred"] is True
    assert fix["diagnostics"][0]["code"] == "unknown-tool"
    (edit,) = fix["edit"]["changes"][URI]
    assert edit["newText"] == '"calculator"'
    (edit,) = disable["edit"]["changes"][URI]
    assert edit["newText"] == "---@diagnostic disable-next-line: unknown-tool\n"


def test_code_actions_of_another_kind_are_not_given(shared_client: Any) -> None:
    shared_client.open("prnt(1)")
    span = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    context = {"diagnostics": [], "only": ["refactor"]}
    assert (
        shared_client.request(
            "textDocument/codeAction", {"textDocument": {"uri": URI}, "range": span, "context": context}
        )
        == []
    )


def test_what_is_refused_for_a_reason_is_no_error_in_the_log(client: Any) -> None:
    client.open("print(1)\n")
    place = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 1}}
    refused = client.call("textDocument/rename", {**place, "newName": "other"})
    assert "print" in refused["error"]["message"]
    client.leave()
    assert client.stderr == ""


def test_a_request_is_answered_about_the_text_that_it_was_asked_about(client: Any) -> None:
    client.open("local name = 1\nprint(name)\n")
    client.diagnostics()
    place = {"textDocument": {"uri": URI}, "position": {"line": 1, "character": 7}}
    whole = {"contentChanges": [{"text": "\n" * 5}], "textDocument": {"uri": URI, "version": 2}}
    params = {**place, "context": {"includeDeclaration": True}}
    messages = (
        {"jsonrpc": "2.0", "id": "first", "method": "textDocument/references", "params": params},
        {"jsonrpc": "2.0", "method": "textDocument/didChange", "params": whole},
    )
    bodies = [json.dumps(message).encode() for message in messages]
    client.send_bytes(b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(body), body) for body in bodies))
    answer = client.wait(lambda message: message.get("id") == "first", "the answer")
    assert [one["range"]["start"]["line"] for one in answer["result"]] == [0, 1]

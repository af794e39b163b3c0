"""Editor features over the real server: shapes that a client depends on. What is found is tested in tests/analysis."""

from pathlib import Path
from typing import Any

import pytest

URI = "file:///project/script.lua"
OPTIONS = {"tabSize": 2, "insertSpaces": True}


@pytest.fixture
def project(raw_client: Any, tmp_path: Path) -> tuple[Any, Path]:
    """A client whose project has a module and a script, which is open."""
    (tmp_path / "tools.lua").write_text("local M = {}\nfunction M.run(n) return n end\nreturn M\n")
    script = 'local tools = require("tools")\nlocal function go()\n  tools.run(1)\nend\ngo()\n'
    (tmp_path / "main.lua").write_text(script)
    raw_client.initialize(
        {"workspace": {"workspaceEdit": {"documentChanges": True}}},
        rootUri=tmp_path.as_uri(),
        initializationOptions={"commands": ["llmspell.runFile", "llmspell.debugFile", "llmspell.showReferences"]},
    )
    raw_client.open(script, uri=(tmp_path / "main.lua").as_uri())
    return raw_client, tmp_path


def place(location: dict[str, Any]) -> tuple[str, int, int]:
    start = location["range"]["start"]
    return location["uri"].rpartition("/")[2], start["line"], start["character"]


def test_references_in_all_files(project: tuple[Any, Path]) -> None:
    client, folder = project
    uri = (folder / "main.lua").as_uri()
    found = client.at("references", 2, 9, uri=uri, context={"includeDeclaration": True})
    assert sorted(map(place, found)) == [("main.lua", 2, 8), ("tools.lua", 1, 11)]
    found = client.at("references", 2, 9, uri=uri, context={"includeDeclaration": False})
    assert [place(one) for one in found] == [("main.lua", 2, 8)]


def test_rename_edits_open_documents_by_their_version_and_others_without(project: tuple[Any, Path]) -> None:
    client, folder = project
    uri = (folder / "main.lua").as_uri()
    assert client.at("prepareRename", 2, 9, uri=uri)["placeholder"] == "run"
    edit = client.at("rename", 2, 9, uri=uri, newName="start")
    changes = {one["textDocument"]["uri"].rpartition("/")[2]: one for one in edit["documentChanges"]}
    assert changes["main.lua"]["textDocument"]["version"] == 1
    assert changes["tools.lua"]["textDocument"]["version"] is None
    assert [one["newText"] for one in changes["tools.lua"]["edits"]] == ["start"]


def test_definition_declaration_type_definition_and_implementation_differ(project: tuple[Any, Path]) -> None:
    client, folder = project
    uri = (folder / "main.lua").as_uri()
    assert place(client.at("definition", 2, 9, uri=uri)) == ("tools.lua", 1, 11)
    assert place(client.at("implementation", 2, 9, uri=uri)) == ("tools.lua", 1, 9)
    assert place(client.at("declaration", 2, 3, uri=uri)) == ("main.lua", 0, 6)
    assert place(client.at("typeDefinition", 2, 3, uri=uri)) == ("tools.lua", 0, 10)


def test_a_renamed_module_is_required_by_its_new_name(project: tuple[Any, Path]) -> None:
    client, folder = project
    files = [{"oldUri": (folder / "tools.lua").as_uri(), "newUri": (folder / "library" / "things.lua").as_uri()}]
    edit = client.request("workspace/willRenameFiles", {"files": files})
    [change] = edit["documentChanges"]
    assert change["textDocument"]["uri"].endswith("main.lua")
    assert [one["newText"] for one in change["edits"]] == ["library.things"]
    nothing = [{"oldUri": (folder / "main.lua").as_uri(), "newUri": (folder / "other.lua").as_uri()}]
    assert client.request("workspace/willRenameFiles", {"files": nothing}) is None


def test_a_refused_rename_says_why(shared_client: Any) -> None:
    shared_client.open("local a = 1\nprint(a)")
    position = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 6}}
    response = shared_client.call("textDocument/rename", {**position, "newName": "end"})
    assert "a word of Lua's own" in response["error"]["message"]
    position["position"] = {"line": 1, "character": 1}
    assert "of Lua or LLMSpell" in shared_client.call("textDocument/prepareRename", position)["error"]["message"]


def test_highlights_tell_reads_from_writes(shared_client: Any) -> None:
    shared_client.open("local a = 1\na = a")
    found = shared_client.at("documentHighlight", 0, 6)
    assert [(one["range"]["start"]["line"], one["kind"]) for one in found] == [(0, 3), (1, 3), (1, 2)]


def test_linked_editing_is_for_locals_alone(shared_client: Any) -> None:
    shared_client.open("local a = 1\nprint(a)")
    assert len(shared_client.at("linkedEditingRange", 0, 6)["ranges"]) == 2
    assert shared_client.at("linkedEditingRange", 1, 2) is None


def test_call_hierarchy_goes_both_ways(project: tuple[Any, Path]) -> None:
    client, folder = project
    uri = (folder / "main.lua").as_uri()
    [item] = client.at("prepareCallHierarchy", 2, 9, uri=uri)
    assert (item["name"], item["uri"].rpartition("/")[2]) == ("M.run", "tools.lua")
    [caller] = client.request("callHierarchy/incomingCalls", {"item": item})
    assert caller["from"]["name"] == "go"
    [called] = client.request("callHierarchy/outgoingCalls", {"item": caller["from"]})
    assert called["to"]["name"] == "M.run"
    [outermost] = client.request("callHierarchy/incomingCalls", {"item": caller["from"]})
    assert outermost["from"]["name"] == "main.lua"


def test_workspace_symbols_of_open_documents_and_files(project: tuple[Any, Path]) -> None:
    client, _ = project
    found = client.request("workspace/symbol", {"query": "run"})
    assert [(one["name"], one["location"]["uri"].rpartition("/")[2]) for one in found] == [("M.run", "tools.lua")]
    assert "go" in [one["name"] for one in client.request("workspace/symbol", {"query": ""})]


def test_code_lenses_are_resolved_to_references_and_run_the_file(project: tuple[Any, Path]) -> None:
    client, folder = project
    uri = (folder / "main.lua").as_uri()
    lenses = client.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    assert [one["command"]["title"] for one in lenses if "command" in one] == ["Run", "Debug"]
    [counted] = [one for one in lenses if "command" not in one]
    command = client.request("codeLens/resolve", counted)["command"]
    assert (command["title"], command["command"]) == ("1 reference", "llmspell.showReferences")
    assert len(command["arguments"][2]) == 1


def test_document_links_lead_to_modules(project: tuple[Any, Path]) -> None:
    client, folder = project
    uri = (folder / "main.lua").as_uri()
    [link] = client.request("textDocument/documentLink", {"textDocument": {"uri": uri}})
    assert link["target"] == (folder / "tools.lua").as_uri()


def test_folding_and_selection(shared_client: Any) -> None:
    shared_client.open("if a then\n  b()\nend\n")
    document = {"textDocument": {"uri": URI}}
    assert shared_client.request("textDocument/foldingRange", document) == [{"startLine": 0, "endLine": 1}]
    positions = [{"line": 1, "character": 2}]
    [selected] = shared_client.request("textDocument/selectionRange", {**document, "positions": positions})
    assert selected["range"]["end"] == {"line": 1, "character": 3}
    assert selected["parent"]["range"]["end"] == {"line": 1, "character": 5}


def test_semantic_tokens_and_their_difference(shared_client: Any) -> None:
    shared_client.open("local a = 1\nlocal b = a\n")
    document = {"textDocument": {"uri": URI}}
    full = shared_client.request("textDocument/semanticTokens/full", document)
    assert len(full["data"]) == 15
    shared_client.change(2, {"text": "local a = 1\nlocal bb = a\n"})
    delta = shared_client.request(
        "textDocument/semanticTokens/full/delta", {**document, "previousResultId": full["resultId"]}
    )
    data = list(full["data"])
    for edit in delta["edits"]:
        data[edit["start"] : edit["start"] + edit["deleteCount"]] = edit["data"]
    assert data == shared_client.request("textDocument/semanticTokens/full", document)["data"]
    span = {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 0}}
    assert len(shared_client.request("textDocument/semanticTokens/range", {**document, "range": span})["data"]) == 10


def test_inlay_hints_and_inline_values(shared_client: Any) -> None:
    shared_client.open('local key = "k"\nState.save("global", key, 1)\nprint(key)\n')
    span = {"start": {"line": 0, "character": 0}, "end": {"line": 3, "character": 0}}
    document = {"textDocument": {"uri": URI}, "range": span}
    hints = shared_client.request("textDocument/inlayHint", document)
    assert [(one["label"], one["position"]["line"]) for one in hints] == [("scope:", 1), ("value:", 1)]
    stopped = {"start": {"line": 2, "character": 0}, "end": {"line": 2, "character": 10}}
    context = {"frameId": 1, "stoppedLocation": stopped}
    values = shared_client.request("textDocument/inlineValue", {**document, "context": context})
    assert [(one["variableName"], one["range"]["start"]["line"]) for one in values] == [
        ("key", 0),
        ("key", 1),
        ("key", 2),
    ]


def test_formatting_of_a_document_a_range_and_a_new_line(shared_client: Any) -> None:
    shared_client.open("do\nlocal  a\nlocal  b\nend\n")
    document = {"textDocument": {"uri": URI}, "options": OPTIONS}
    edits = shared_client.request("textDocument/formatting", document)
    assert sorted((one["range"]["start"]["line"], one["newText"]) for one in edits) == [
        (1, " "),
        (1, "  "),
        (2, " "),
        (2, "  "),
    ]
    span = {"start": {"line": 2, "character": 0}, "end": {"line": 3, "character": 0}}
    edits = shared_client.request("textDocument/rangeFormatting", {**document, "range": span})
    assert {one["range"]["start"]["line"] for one in edits} == {2}
    shared_client.change(2, {"text": "if a then\n\n"})
    typed = {**document, "position": {"line": 1, "character": 0}, "ch": "\n"}
    [edit] = shared_client.request("textDocument/onTypeFormatting", typed)
    assert edit["newText"] == "  \nend"


def test_a_request_that_is_cancelled_is_answered(shared_client: Any) -> None:
    shared_client.open("local a = 1\n" * 2000)
    document = {"textDocument": {"uri": URI}}
    identifier = "to be cancelled"
    method = "textDocument/semanticTokens/full"
    shared_client.send({"jsonrpc": "2.0", "id": identifier, "method": method, "params": document})
    shared_client.notify("$/cancelRequest", {"id": identifier})
    answer = shared_client.wait(lambda message: message.get("id") == identifier, "the answer")
    assert "result" in answer or answer["error"]["code"] == -32800
    assert shared_client.request("textDocument/foldingRange", document) is not None


def actions(client: Any, uri: str, line: int, start: int, end: int, only: list[str] | None = None) -> dict[str, Any]:
    span = {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}
    context = {"diagnostics": [], **({"only": only} if only else {})}
    params = {"textDocument": {"uri": uri}, "range": span, "context": context}
    return {one["title"]: one for one in client.request("textDocument/codeAction", params)}


def test_a_finding_is_silenced_on_its_line_in_its_file_or_in_the_project(raw_client: Any, tmp_path: Path) -> None:
    (tmp_path / "llmspell.toml").write_text('[validator.severity]\nunused-local = "hint"\n')
    raw_client.initialize(rootUri=tmp_path.as_uri())
    uri = (tmp_path / "main.lua").as_uri()
    raw_client.open("pritn(1)\n", uri=uri)
    found = actions(raw_client, uri, 0, 0, 1)
    comment = found["Disable `undefined-global` in this file"]["edit"]["changes"][uri]
    assert comment[0]["newText"] == "---@diagnostic disable: undefined-global\n"
    project = found["Disable `undefined-global` in this project"]["edit"]["changes"]
    [(name, [edit])] = project.items()
    assert (name.rpartition("/")[2], edit["range"]["start"]["line"]) == ("llmspell.toml", 1)
    assert edit["newText"] == 'undefined-global = "off"\n'


def test_all_fixes_are_applied_where_they_are_asked_for(shared_client: Any) -> None:
    shared_client.open("pritn(1)\npritn(2)\n")
    assert "Fix all findings that have one fix" not in actions(shared_client, URI, 0, 0, 1)
    found = actions(shared_client, URI, 0, 0, 0, only=["source.fixAll"])
    [action] = found.values()
    assert action["kind"] == "source.fixAll.llmspell"
    assert [one["newText"] for one in action["edit"]["changes"][URI]] == ["print", "print"]


def test_refactorings_come_for_a_selection(shared_client: Any) -> None:
    shared_client.open("local a = 1\nprint(a + 2)\n")
    found = actions(shared_client, URI, 1, 6, 11, only=["refactor"])
    assert found["Extract to a local variable"]["kind"] == "refactor.extract"
    assert actions(shared_client, URI, 1, 6, 11, only=["refactor.rewrite"]) == {}


def completed(client: Any, uri: str, line: int, character: int, label: str) -> dict[str, Any]:
    items = client.at("completion", line, character, uri=uri)["items"]
    return next(item for item in items if item["label"] == label)


def test_a_postfix_takes_the_expression_into_what_it_makes(shared_client: Any) -> None:
    shared_client.open("f(a).b@pc\n")
    item = completed(shared_client, URI, 0, 9, "pcall")
    assert item["textEdit"]["newText"] == "pcall(f(a).b)"
    [removed] = item["additionalTextEdits"]
    assert (removed["range"]["start"]["character"], removed["range"]["end"]["character"]) == (0, 7)


def test_a_module_that_is_not_required_yet_is_required(project: tuple[Any, Path]) -> None:
    client, folder = project
    (folder / "helpers.lua").write_text("return {}")
    uri = (folder / "main.lua").as_uri()
    client.change(2, {"text": 'local tools = require("tools")\nhel\n'}, uri=uri)
    [edit] = completed(client, uri, 1, 3, "helpers")["additionalTextEdits"]
    assert edit["newText"] == 'local helpers = require("helpers")\n'
    assert edit["range"]["start"] == {"line": 1, "character": 0}

"""What ``llmspell validate --format`` writes for programs."""

import json
import os
from pathlib import Path
from urllib.parse import unquote, urljoin, urlparse

import jsonschema
import pytest
from llmspell_analysis.rules.table import RULES
from llmspell_analysis.validation import Diagnostic, Severity
from llmspell_cli.validation import github_format
from llmspell_cli.validation.checking import Checked

SCRIPT = "local t = { a = 1,\n  a = 2 } -- 日本\nunpack('é', nobody, t)\n"


@pytest.fixture
def repository(folder):
    """The current folder is below the root of a repository."""
    (folder / ".git").mkdir()
    inner = folder / "scripts"
    inner.mkdir()
    (inner / "a b.lua").write_text(SCRIPT)
    (inner / "good.lua").write_text("print(1)\n")
    return folder


# --- JSON --------------------------------------------------------------------------------------------------------


def test_json_has_the_documented_shape(llmspell, folder):
    (folder / "a.lua").write_text(SCRIPT)
    done = llmspell("validate", "--format", "json", "a.lua", "nosuch.lua")
    assert done.returncode == 2
    document = json.loads(done.stdout)
    assert document.keys() == {"version", "findings", "problems", "summary"}
    assert document["version"] == 1
    assert document["problems"] == ["nosuch.lua does not exist"]
    assert document["summary"] == {
        "files": 1,
        "findings": 3,
        "error": 1,
        "warning": 2,
        "information": 0,
        "hint": 0,
        "problems": 1,
    }
    assert document["findings"][0] == {
        "path": "a.lua",
        "code": "duplicate-index",
        "severity": "warning",
        "message": "The table has `a` twice: the last one counts",
        "start": {"line": 2, "column": 3, "offset": 21},
        "end": {"line": 2, "column": 4, "offset": 22},
        "tags": [],
        "related": [
            {
                "message": "first given here",
                "start": {"line": 1, "column": 13, "offset": 12},
                "end": {"line": 1, "column": 14, "offset": 13},
            }
        ],
        "fixes": [],
    }
    assert document["findings"][1]["fixes"] == [
        {
            "title": "Change to `table.unpack`",
            "safe": True,
            "edits": [
                {
                    "start": {"line": 3, "column": 1, "offset": 39},
                    "end": {"line": 3, "column": 7, "offset": 45},
                    "text": "table.unpack",
                }
            ],
        }
    ]
    # columns count characters, offsets bytes
    assert document["findings"][2]["start"] == {"line": 3, "column": 13, "offset": 52}


@pytest.mark.parametrize("format_name", ["json", "sarif"])
def test_one_document_is_written_whatever_happens(llmspell, folder, format_name):
    (folder / "llmspell.toml").write_text("[validator]\nglobls = []\n")
    (folder / "a.lua").write_text("nobody()\n")
    done = llmspell("validate", "--format", format_name, ".")
    assert done.returncode == 2
    assert "validator.globls" in json.dumps(json.loads(done.stdout))
    assert done.stderr == ""


@pytest.mark.parametrize("format_name", ["json", "sarif"])
def test_bytes_that_are_no_text_leave_the_document_readable(command, llmspell, folder, format_name):
    name = os.fsdecode(b"a\xff.lua")
    (folder / name).write_bytes(b"local \xff\xfe = '\xed\xa0\x80'\n")
    shown = llmspell("validate", "--format", format_name, ".").stdout
    assert json.loads(shown)
    assert "\\ud" not in shown.lower()


def test_rules_as_json_name_every_code(llmspell):
    rules = json.loads(llmspell("validate", "--list-rules", "--format", "json").stdout)
    assert [rule["code"] for rule in rules] == list(RULES)
    assert rules[0] == {
        "code": "syntax-error",
        "severity": "error",
        "on": True,
        "configurable": False,
        "explanation": RULES["syntax-error"].explanation,
    }


# --- SARIF -------------------------------------------------------------------------------------------------------

_TEXT = {"type": "string", "minLength": 1}
_MESSAGE = {"type": "object", "properties": {"text": _TEXT}, "required": ["text"], "additionalProperties": False}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_FROM_ONE = {"type": "integer", "minimum": 1}
_FROM_NOTHING = {"type": "integer", "minimum": 0}
_BAG = {"type": "object"}


def _closed(required, **properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_ARTIFACT = _closed(["uri"], uri=_TEXT, uriBaseId=_TEXT)
_REGION = _closed(
    ["startLine", "startColumn", "endLine", "endColumn"],
    startLine=_FROM_ONE,
    startColumn=_FROM_ONE,
    endLine=_FROM_ONE,
    endColumn=_FROM_ONE,
    byteOffset=_FROM_NOTHING,
    byteLength=_FROM_NOTHING,
)
_LOCATION = _closed(
    ["physicalLocation"],
    id=_FROM_NOTHING,
    message=_MESSAGE,
    physicalLocation=_closed(["artifactLocation", "region"], artifactLocation=_ARTIFACT, region=_REGION),
)
_REPLACEMENT = _closed(
    ["deletedRegion"], deletedRegion=_REGION, insertedContent=_closed(["text"], text={"type": "string"})
)
_FIX = _closed(
    ["artifactChanges"],
    description=_MESSAGE,
    artifactChanges={
        "type": "array",
        "minItems": 1,
        "items": _closed(
            ["artifactLocation", "replacements"],
            artifactLocation=_ARTIFACT,
            replacements={"type": "array", "minItems": 1, "items": _REPLACEMENT},
        ),
    },
    properties=_BAG,
)
_RULE = _closed(
    ["id"],
    id=_TEXT,
    shortDescription=_MESSAGE,
    fullDescription=_MESSAGE,
    help=_closed(["text"], text=_TEXT, markdown=_TEXT),
    defaultConfiguration=_closed([], enabled={"type": "boolean"}, level=_LEVEL),
)
_RESULT = _closed(
    ["message", "ruleId", "ruleIndex", "level", "locations"],
    ruleId=_TEXT,
    ruleIndex=_FROM_NOTHING,
    level=_LEVEL,
    message=_MESSAGE,
    locations={"type": "array", "items": _LOCATION, "minItems": 1},
    relatedLocations={"type": "array", "items": _LOCATION, "minItems": 1},
    fixes={"type": "array", "items": _FIX, "minItems": 1},
    properties=_BAG,
)
# What SARIF 2.1.0 allows, as far as we write it.
_SARIF = _closed(
    ["version", "runs"],
    **{"$schema": _TEXT},
    version={"const": "2.1.0"},
    runs={
        "type": "array",
        "minItems": 1,
        "maxItems": 1,
        "items": _closed(
            ["tool", "results"],
            tool=_closed(
                ["driver"],
                driver=_closed(
                    ["name"],
                    name=_TEXT,
                    fullName=_TEXT,
                    version=_TEXT,
                    rules={"type": "array", "items": _RULE, "uniqueItems": True},
                ),
            ),
            originalUriBaseIds={
                "type": "object",
                "additionalProperties": _closed(["uri"], uri={"pattern": "^file:.*/$"}),
            },
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            invocations={
                "type": "array",
                "items": _closed(
                    ["executionSuccessful"],
                    executionSuccessful={"type": "boolean"},
                    toolExecutionNotifications={
                        "type": "array",
                        "items": _closed(["message"], level=_LEVEL, message=_MESSAGE),
                    },
                ),
            },
            results={"type": "array", "items": _RESULT},
        ),
    },
)


def _run_of(done):
    document = json.loads(done.stdout)
    jsonschema.validate(document, _SARIF)
    return document["runs"][0]


def test_sarif_is_what_the_standard_says(llmspell, repository):
    run = _run_of(llmspell("validate", "--format", "sarif", "--severity", "hint", "scripts", "nosuch.lua"))
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"] == [
        {"level": "error", "message": {"text": "nosuch.lua does not exist"}}
    ]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    explained = next(rule for rule in rules if rule["id"] == "duplicate-index")
    assert explained["help"]["markdown"].startswith("# duplicate-index (warning)")
    assert explained["defaultConfiguration"] == {"enabled": True, "level": "warning"}


def test_sarif_paths_lead_to_the_files(llmspell, repository, monkeypatch):
    monkeypatch.chdir(repository / "scripts")
    run = _run_of(llmspell("validate", "--format", "sarif", "."))
    root = run["originalUriBaseIds"]["%SRCROOT%"]["uri"]
    for result in run["results"]:
        artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert artifact == {"uri": "scripts/a%20b.lua", "uriBaseId": "%SRCROOT%"}
        assert Path(unquote(urlparse(urljoin(root, artifact["uri"])).path)) == repository / "scripts" / "a b.lua"


def test_sarif_names_a_file_outside_by_its_whole_uri(llmspell, folder, tmp_path):
    outside = tmp_path / "outside.lua"
    outside.write_text("nobody()\n")
    (result,) = _run_of(llmspell("validate", "--format", "sarif", outside))["results"]
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": outside.as_uri()}


def test_sarif_regions_and_fixes_are_right(llmspell, repository):
    run = _run_of(llmspell("validate", "--format", "sarif", "scripts"))
    data = SCRIPT.encode()
    results = {result["message"]["text"]: result for result in run["results"]}
    region = results["Undefined global `nobody`"]["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"], region["endColumn"]) == (3, 13, 19)
    start = region["byteOffset"]
    assert data[start : start + region["byteLength"]] == b"nobody"
    (fix,) = results["Undefined global `unpack`: use `table.unpack`"]["fixes"]
    (replacement,) = fix["artifactChanges"][0]["replacements"]
    assert replacement["insertedContent"] == {"text": "table.unpack"}
    (related,) = results["The table has `a` twice: the last one counts"]["relatedLocations"]
    assert related["physicalLocation"]["region"]["startLine"] == 1


# --- GitHub ------------------------------------------------------------------------------------------------------


def test_github_commands_have_paths_from_the_repository(llmspell, repository, monkeypatch):
    monkeypatch.chdir(repository / "scripts")
    done = llmspell("validate", "--format", "github", ".", "nosuch.lua")
    assert done.returncode == 2
    assert done.stdout.splitlines() == [
        "::error title=llmspell::nosuch.lua does not exist",
        "::warning file=scripts/a b.lua,line=2,endLine=2,col=3,endColumn=4,title=duplicate-index"
        "::The table has `a` twice: the last one counts",
        "::error file=scripts/a b.lua,line=3,endLine=3,col=1,endColumn=7,title=undefined-global"
        "::Undefined global `unpack`: use `table.unpack`",
        "::warning file=scripts/a b.lua,line=3,endLine=3,col=13,endColumn=19,title=undefined-global"
        "::Undefined global `nobody`",
    ]


def test_github_commands_are_escaped(folder):
    finding = Diagnostic("syntax-error", Severity.HINT, "100%, a:b\r\nc", 0, 7)
    checked = Checked("a,b:c%.lua", b"one\ntwo\n", (finding,))
    (written,) = github_format.commands(checked, folder)
    assert written == "::notice file=a%2Cb%3Ac%25.lua,line=1,endLine=2,title=syntax-error::100%25, a:b%0D%0Ac\n"


def test_github_range_that_ends_with_a_line_ends_on_it(folder):
    checked = Checked("a.lua", b"one\ntwo\n", (Diagnostic("syntax-error", Severity.ERROR, "x", 0, 4),))
    (written,) = github_format.commands(checked, folder)
    assert written == "::error file=a.lua,line=1,endLine=1,title=syntax-error::x\n"

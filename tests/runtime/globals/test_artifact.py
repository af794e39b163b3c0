"""The global Artifact: content by hash, versions, queries, and whose it is."""

import contextlib
import hashlib
import sqlite3

import pytest
from llmspell_analysis.catalogue import load_catalogue


@pytest.fixture
def fresh(new_script):
    script = new_script()
    script.run("id = Session.create() other = Session.create()")
    return script


CONTENTS = ["", "text", "\\0\\xff\\n", "ü", "a\\r\\nb"]


@pytest.mark.parametrize("content", [*(f"'{one}'" for one in CONTENTS), "('\\xff\\0'):rep(100000)"])
def test_content_comes_back_byte_by_byte(fresh, content):
    code = f"""
        local content = {content}
        print(Artifact.get(id, Artifact.store(id, "tool_result", "n", content)).content == content)
    """
    assert fresh.run(code) == "true"


def test_an_artifact_is_known_by_the_hash_of_its_content(fresh):
    given = fresh.value("Artifact.store(id, 'tool_result', 'n', 'abc')")
    assert given["content_hash"] == hashlib.sha256(b"abc").hexdigest()
    assert given["sequence"] == 1


def test_the_same_content_is_kept_once(fresh):
    fresh.run("for _ = 1, 3 do Artifact.store(id, 'tool_result', 'n', ('x'):rep(100)) end")
    fresh.run("Artifact.delete(id, Artifact.list(id)[1].id)")
    assert fresh.run("print(#Artifact.list(id), #Artifact.get(id, Artifact.list(id)[2].id).content)") == "2\t100"


def test_artifacts_of_a_name_are_versions(fresh):
    fresh.run("for i = 1, 3 do Artifact.store(id, 'tool_result', 'n', 'v' .. i) end Artifact.store(id, 'x', 'm', 'v')")
    listed = fresh.value("Artifact.list(id)")
    assert [one["version"] for one in listed] == [1, 2, 3, 1]
    assert [one.get("parent_artifact") for one in listed] == [None, listed[0]["id"], listed[1]["id"], None]


def test_what_is_told_of_an_artifact_is_in_its_definition(fresh):
    fresh.run("for i = 1, 2 do Artifact.store(id, 'x', 'n', ('x'):rep(1000 * i), {description = 'd'}) end")
    told = {field for one in fresh.value("Artifact.list(id)") for field in one}
    assert told <= set(load_catalogue().classes["ArtifactMetadata"].members)


def test_a_sequence_is_not_used_again(fresh):
    code = """
        Artifact.delete(id, Artifact.store(id, "x", "n", "1"))
        print(Artifact.store(id, "x", "n", "2").sequence)
    """
    assert fresh.run(code) == "2"


def test_metadata_is_kept_and_what_is_known_of_it_has_fields(fresh):
    code = "{tags = {'t'}, description = 'd', created_by = 'me', mime_type = 'a/b', more = {1, 2}}"
    facts = fresh.value(f"Artifact.get(id, Artifact.store(id, 'agent_output', 'n', 'c', {code})).metadata")
    assert (facts["tags"], facts["description"], facts["created_by"], facts["mime_type"]) == (["t"], "d", "me", "a/b")
    assert facts["custom"]["more"] == [1, 2]


KINDS = {
    "agent_output": "AgentOutput",
    "tool_result": "ToolResult",
    "user_input": "UserInput",
    "system_generated": "SystemGenerated",
    "mine": "Custom(mine)",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_type_is_shown_and_found(fresh, kind):
    code = f"Artifact.store(id, '{kind}', 'n', 'c') print(Artifact.query({{type = '{kind}'}})[1].artifact_type)"
    assert fresh.run(code) == KINDS[kind]


@pytest.mark.parametrize(
    ("name", "content", "mime_type"),
    [("a.json", "{}", "application/json"), ("a", "text", "text/plain"), ("a", "\\xff", "application/octet-stream")],
)
def test_the_mime_type_is_that_of_the_name_or_the_content(fresh, name, content, mime_type):
    assert (
        fresh.run(f"Artifact.store(id, 'x', '{name}', '{content}') print(Artifact.list(id)[1].mime_type)") == mime_type
    )


def test_large_text_is_compressed_and_says_so(fresh):
    facts = fresh.value("Artifact.get(id, Artifact.store(id, 'x', 'n', ('ab'):rep(10000))).metadata")
    assert (facts["is_compressed"], facts["size"], facts["original_size"]) == (True, 20000, 20000)


QUERIES = [
    ("{}", "c b a"),
    ("{session_id = id}", "b a"),
    ("{name_pattern = 'a*'}", "a"),
    ("{name_pattern = 'B'}", ""),
    ("{tags = {'t'}}", "b a"),
    ("{tags = {'t', 'u'}}", "b"),
    ("{min_size = 2}", "c b"),
    ("{max_size = 2}", "b a"),
    ("{limit = 1}", "c"),
    ("{created_after = '2000-01-01'}", "c b a"),
    ("{created_before = '2000-01-01T00:00:00Z'}", ""),
]


@pytest.fixture(scope="module")
def filled(script):
    script.run("""
        id, other = Session.create(), Session.create()
        Artifact.store(id, "x", "a", "1", {tags = {"t"}}) Utils.sleep(2)
        Artifact.store(id, "x", "b", "22", {tags = {"t", "u"}}) Utils.sleep(2)
        Artifact.store(other, "x", "c", "333")
    """)
    return script


@pytest.mark.parametrize(("query", "names"), QUERIES, ids=[query for query, _ in QUERIES])
def test_a_query_gives_what_it_asks_for_from_the_newest(filled, query, names):
    code = f"for _, one in ipairs(Artifact.query({query})) do io.write(one.name, ' ') end"
    assert filled.run(code).rstrip() == names


def test_an_empty_id_means_the_current_session(fresh):
    code = "Session.set_current(id) Artifact.store('', 'x', 'n', 'c') print(#Artifact.list(''), #Artifact.list(id))"
    assert fresh.run(code) == "1\t1"


ERRORS = [
    ("Artifact.list('')", "Artifact.list: session_id is empty and there is no current session"),
    ("Artifact.get(other, Artifact.store(id, 'x', 'n', 'c'))", "belongs to session"),
    ("Artifact.get(id, {content_hash = 'x', session_id = id, sequence = 9})", "has no artifact 9"),
    ("Artifact.get(id, {content_hash = 'x'})", "is missing; Artifact.store gives ids"),
    ("Artifact.get(id, 'x')", "bad argument #2 to 'Artifact.get' (a table expected"),
    ("Artifact.store(id, 'x', '', 'c')", "bad argument #3 to 'Artifact.store' (a text that is not empty expected"),
    ("Artifact.store(id, 'x', 'n', {})", "bad argument #4 to 'Artifact.store' (a text expected, got table)"),
    ("Artifact.store(id, 'x', 'n', 'c', {1})", "metadata: expected facts by name, got a list"),
    ("Artifact.store(id, 'x', 'n', 'c', {tags = 1})", "metadata: field 'tags': expected a list of texts"),
    (
        "Artifact.store(id, 'x', 'n', 'c', {f = print})",
        "bad argument #5 to 'Artifact.store' (a function cannot be passed",
    ),
    ("Artifact.store(id, 'x', ('n'):rep(2000), 'c')", "name is longer than 1024 bytes"),
    ("Artifact.store(id, 'x', '\\xff', 'c')", "(a text in UTF-8 expected"),
    ("Artifact.query({created_after = 'noon'})", "field 'created_after': 'noon' is no time"),
    ("Artifact.query({limit = 0})", "field 'limit': expected an integer of 1 or more, got 0"),
    ("Artifact.store_file(id, '/etc/passwd', 'x')", "is outside the allowed folders"),
    ("Artifact.store_file(id, '/tmp/llmspell-none.txt', 'x')", "no such file"),
]


@pytest.mark.parametrize(("code", "message"), ERRORS, ids=range(len(ERRORS)))
def test_what_cannot_be_done_is_told(fresh, code, message):
    assert message in fresh.error(code)


def test_content_beyond_the_limit_is_refused(fresh, monkeypatch):
    from llmspell_kernel.runtime.sessions import artifacts

    monkeypatch.setattr(artifacts, "MAX_CONTENT_BYTES", 10)
    assert "content has 11 bytes, the limit is 10" in fresh.error("Artifact.store(id, 'x', 'n', ('c'):rep(11))")


def test_a_file_of_the_project_is_stored_under_its_name(fresh, tmp_path):
    path = tmp_path / "project" / "data.bin"
    path.write_bytes(b"\0\xff")
    facts = fresh.value(f"Artifact.get(id, Artifact.store_file(id, '{path}', 'x')).metadata")
    assert (facts["name"], facts["size"]) == ("data.bin", 2)


EVENTS = ["stored", "retrieved", "deleted"]


def test_subscribers_hear_of_artifacts(fresh):
    code = """
        local heard = Event.subscribe("session.artifact.*")
        local one = Artifact.store(id, "x", "n", "c")
        Artifact.get(id, one) Artifact.delete(id, one)
        for _ = 1, 3 do print(Event.receive(heard, 1000).event_type) end
    """
    assert fresh.run(code).splitlines() == [f"session.artifact.{name}" for name in EVENTS]


def test_damaged_content_is_not_given_out(fresh):
    fresh.run("one = Artifact.store(id, 'x', 'n', 'genuine')")
    path = fresh.runtime.host.context.project_folder / "sessions.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE content SET data = X'00'")
    assert "is damaged" in fresh.error("Artifact.get(id, one)")

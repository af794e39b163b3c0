"""The global RAG: documents, chunks, searches, namespaces, times to live, and where it is."""

import time

import pytest
from llmspell_kernel.runtime.configuration import Configuration
from llmspell_kernel.runtime.retrieval import documents as documents_module
from llmspell_kernel.runtime.retrieval.chunking import Chunking, chunks

WITH_RAG = Configuration(document={"rag": {"enabled": True}})


@pytest.fixture
def rag(new_script):
    return new_script(configuration=WITH_RAG)


def ids(script, call):
    return [one["id"] for one in script.value(f"{call}.results")]


@pytest.mark.parametrize("document", [{}, {"rag": {}}, {"rag": {"enabled": False}}, {"rag": {"enabled": "yes"}}])
def test_without_the_setting_there_is_no_rag(new_script, document):
    assert new_script(configuration=Configuration(document=document)).run("print(RAG)") == "nil"


DOCUMENTS = """
    RAG.ingest({
      {id = "security", content = "All employees complete the security training.",
        metadata = {kind = "policy", year = 1}},
      {id = "lunch", text = "Soup and bread are served at noon.", metadata = {kind = "menu", tags = {"food", "noon"}}},
      {id = "roadmap", content = "The roadmap has a security gateway.", metadata = {kind = "plan", year = 2}},
    })
"""


@pytest.fixture
def stored(rag):
    rag.run(DOCUMENTS)
    return rag


# query and options -> ids
SEARCHES = [
    ("'security training'", ["security", "roadmap", "lunch"]),
    ("'security training', {top_k = 1}", ["security"]),
    ("'security training', {k = 2}", ["security", "roadmap"]),
    ("'security training', {limit = 1}", ["security"]),
    ("'security training', {threshold = 0.2}", ["security", "roadmap"]),
    ("'security', {metadata_filter = {kind = 'menu'}}", ["lunch"]),
    ("'security', {filters = {year = 2}}", ["roadmap"]),
    ("'noon', {filters = {tags = 'food'}}", ["lunch"]),
    ("'security', {filters = {kind = {'plan', 'menu'}}, k = 1}", ["roadmap"]),
    ("'security', {scope = 'tenant', scope_id = 'a'}", []),
]


@pytest.mark.parametrize(("arguments", "expected"), SEARCHES, ids=[arguments for arguments, _ in SEARCHES])
def test_a_search_gives_the_nearest_that_were_asked_for(stored, arguments, expected):
    assert ids(stored, f"RAG.search({arguments})") == expected


def test_results_have_the_shape_of_the_catalogue(stored):
    found = stored.value("RAG.search('soup', {k = 1})")
    assert (found["success"], found["total"]) == (True, 1)
    (one,) = found["results"]
    assert one["content"] == one["text"] == "Soup and bread are served at noon."
    assert one["metadata"] == {"kind": "menu", "tags": ["food", "noon"]}
    assert 0 < one["score"] <= 1


def test_an_ingestion_counts_what_it_did(rag):
    result = rag.value("RAG.ingest({content = ('some words '):rep(100)}, {chunking = {chunk_size = 300, overlap = 0}})")
    assert (result["success"], result["documents_processed"], result["vectors_created"]) == (True, 1, 4)
    assert result["total_tokens"] >= 275


def test_a_document_that_is_stored_again_takes_the_old_ones_place(stored):
    stored.run("RAG.ingest({id = 'lunch', content = 'Fish on Friday.'})")
    assert stored.value("RAG.search('fish', {k = 1}).results[1].content") == "Fish on Friday."
    assert len(ids(stored, "RAG.search('x')")) == 3


def test_chunks_of_a_document_have_ids_of_their_own(rag):
    rag.run("RAG.ingest({id = 'd', content = ('one two '):rep(20)}, {chunking = {chunk_size = 100, overlap = 0}})")
    assert sorted(ids(rag, "RAG.search('one')")) == ["d", "d#1"]


NAMESPACES = [
    ("{scope = 'tenant', scope_id = 'a'}", "{scope = 'tenant', scope_id = 'a'}"),
    ("{tenant_id = 'a'}", "{scope = 'tenant', scope_id = 'a'}"),
    ("{scope = 'session', scope_id = 's'}", "{collection = RAG.create_session_collection('s', 60).namespace}"),
    ("{collection = 'books'}", "{collection = 'books'}"),
    ("{scope = 'team'}", "{scope = 'team'}"),
]


@pytest.mark.parametrize(("stored_with", "searched_with"), NAMESPACES, ids=[one for one, _ in NAMESPACES])
def test_a_namespace_is_found_by_its_names_and_nowhere_else(rag, stored_with, searched_with):
    rag.run(f"RAG.ingest({{id = 'd', content = 'text'}}, {stored_with})")
    assert ids(rag, f"RAG.search('text', {searched_with})") == ["d"]
    assert ids(rag, "RAG.search('text')") == []
    assert ids(rag, "RAG.search('text', {scope = 'tenant', scope_id = 'b'})") == []


def test_a_scope_is_counted_and_cleaned(rag):
    rag.run("""
        RAG.ingest({content = "one"}, {tenant_id = "a"}) RAG.ingest({content = "two"}, {tenant_id = "b"})
        RAG.search("one", {tenant_id = "a"})
    """)
    stats = rag.value("RAG.get_stats('tenant', 'a')")
    assert (stats["total_vectors"], stats["embeddings_generated"], stats["searches_performed"]) == (1, 1, 1)
    assert stats["total_storage_bytes"] > 1000
    assert stats["embedding_tokens"] == 1
    assert rag.value("RAG.get_stats('tenant')")["total_vectors"] == 2
    assert rag.run("print(RAG.cleanup_scope('tenant', 'a'), RAG.cleanup_scope('tenant', 'a'))") == "1\t0"
    assert rag.value("RAG.get_stats('tenant')")["total_vectors"] == 1


def test_what_is_past_its_time_is_not_found(rag, monkeypatch):
    collection = rag.value("RAG.create_session_collection('s', 60)")
    assert collection == {"session_id": "s", "namespace": "session:s", "ttl": 60, "created": True}
    rag.run("RAG.ingest({id = 'd', content = 'text'}, {scope = 'session', scope_id = 's'})")
    search = "RAG.search('text', {scope = 'session', scope_id = 's'})"
    assert ids(rag, search) == ["d"]
    genuine = time.time
    monkeypatch.setattr(time, "time", lambda: genuine() + 61)
    assert ids(rag, search) == []


def test_a_sessions_time_to_live_is_configured(rag):
    assert rag.value("RAG.configure_session({session_id = 's'})") == {
        "session_id": "s",
        "vector_ttl": 3600,
        "configured": True,
    }


def test_settings_hold_for_the_session(stored):
    stored.run("RAG.configure({top_k = 1, unknown = print})")
    assert ids(stored, "RAG.search('security training')") == ["security"]


def test_documents_outlive_the_process(stored, new_script):
    stored.run("RAG.save()")
    other = new_script(configuration=WITH_RAG)
    assert ids(other, "RAG.search('soup', {k = 1})") == ["lunch"]


def test_providers_are_those_of_the_catalogue(rag):
    assert rag.value("RAG.list_providers()") == ["openai", "anthropic", "local", "mock"]


TEXT = "First sentence here. Second one follows! Third?\n\nA new paragraph with more words in it.\n\n" + "word " * 30


@pytest.mark.parametrize("strategy", ["sliding_window", "sentence", "paragraph"])
@pytest.mark.parametrize("size", [20, 45, 100, 1000])
def test_chunks_keep_the_size_and_lose_no_word(strategy, size):
    found = chunks(TEXT, Chunking(size, 0, strategy))
    assert all(0 < len(one) <= size for one in found)
    assert "".join(found).split() == TEXT.split() or "".join("".join(found).split()) == "".join(TEXT.split())


def test_neighbouring_windows_overlap():
    first, second, *_ = chunks("abcdefghij" * 10, Chunking(50, 10))
    assert first[-10:] == second[:10]


ERRORS = [
    ("RAG.ingest('text')", "bad argument #1 to 'RAG.ingest'"),
    ("RAG.ingest({content = 5})", "document 1: field 'content' (or 'text'): expected a text"),
    ("RAG.ingest({{content = 'x'}, {}})", "document 2: field 'content' (or 'text'): expected a text, got nothing"),
    ("RAG.ingest({{content = 'x'}, 'y'})", "document 2: expected a table"),
    ("RAG.ingest({content = 'x', metadata = {1}})", "field 'metadata': expected facts by name, got a list"),
    ("RAG.ingest({content = 'x', id = 5})", "field 'id': expected a text"),
    ("RAG.ingest({content = 'x', f = print})", "bad argument #1 to 'RAG.ingest' (a function cannot be passed"),
    ("local t = {content = 'x'} t.metadata = t RAG.ingest(t)", "contains itself"),
    (
        "RAG.ingest({content = 'x'}, {chunking = {chunk_size = 1}})",
        "chunk_size: expected 20 to 100000 characters, got 1",
    ),
    ("RAG.ingest({content = 'x'}, {chunking = {chunk_size = 50, overlap = 50}})", "overlap: expected less than"),
    ("RAG.ingest({content = 'x'}, {chunking = {strategy = 'z'}})", "strategy 'z' is not known (known: sliding_window"),
    ("RAG.ingest({content = 'x'}, {chunking = 5})", "field 'chunking': expected a table, got 5"),
    ("RAG.ingest({content = 'x'}, {provider = 'z'})", "provider 'z' is not known"),
    ("RAG.ingest({content = 'x'}, {scope_id = 'a'})", "scope_id 'a' needs a scope"),
    ("RAG.ingest({content = 'x'}, {scope = 'a:b'})", "a colon stands between a scope and its id"),
    ("RAG.ingest({content = 'x'}, {scope = 'a', scope_id = ('x'):rep(2000)})", "are longer than 1024 bytes"),
    ("RAG.search({query = 'x'})", "bad argument #1 to 'RAG.search' (a text expected, got table)"),
    ("RAG.search('x', {top_k = 0})", "field 'top_k': expected an integer of 1 or more, got 0"),
    ("RAG.search('x', {filters = {1}})", "expected facts by name, got a list"),
    ("RAG.get_stats()", "bad argument #1 to 'RAG.get_stats'"),
    ("RAG.cleanup_scope('a')", "bad argument #2 to 'RAG.cleanup_scope'"),
    ("RAG.configure({provider = 'z'})", "provider 'z' is not known"),
    ("RAG.configure({top_k = 'many'})", "field 'top_k': expected an integer"),
    ("RAG.configure_session({})", "field 'session_id' is missing"),
    ("RAG.create_session_collection('s', -1)", "bad argument #2 to 'RAG.create_session_collection'"),
]


@pytest.mark.parametrize(("code", "message"), ERRORS, ids=range(len(ERRORS)))
def test_what_cannot_be_done_is_told(script_with_rag, code, message):
    assert message in script_with_rag.error(code)


LIMITS = [
    ("MAX_DOCUMENTS", 1, "{{content = 'a'}, {content = 'b'}}", "2 documents are given, the limit is 1"),
    ("MAX_CONTENT_BYTES", 3, "{content = 'abcd'}", "its content has 4 bytes, the limit is 3"),
    ("MAX_METADATA_BYTES", 3, "{content = 'a', metadata = {b = 'c'}}", "its metadata takes more than 3 bytes"),
    ("MAX_VECTORS", 0, "{content = 'a'}", "would have 1 vectors, the limit is 0"),
]


@pytest.mark.parametrize(("name", "limit", "given", "message"), LIMITS, ids=[one[0] for one in LIMITS])
def test_a_limit_is_kept(rag, monkeypatch, name, limit, given, message):
    monkeypatch.setattr(documents_module, name, limit)
    assert message in rag.error(f"RAG.ingest({given})")

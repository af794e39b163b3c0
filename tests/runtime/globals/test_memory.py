"""The global Memory: messages and entities, searches, consolidation, and other processes."""

import json
import signal
import subprocess
import sys

import pytest
from llmspell_kernel.runtime.memories.extraction import mentions

TALK = """
    Memory.episodic.add("s1", "user", "What is ownership in Rust?", {turn = 1})
    Memory.episodic.add("s1", "assistant", "Rust is a programming language that checks ownership of values.")
    Memory.episodic.add("s1", "user", "And how is the weather today?")
    Memory.episodic.add("s2", "user", "Ownership of the house was transferred to Ada Lovelace.")
"""


@pytest.fixture
def talk(new_script):
    script = new_script()
    script.run(TALK)
    return script


def contents(script, call):
    return [one["content"] for one in script.value(call)]


def test_a_message_comes_back_with_what_it_was_added_with(talk):
    (entry,) = talk.value("Memory.episodic.search('s1', 'What is ownership in Rust?', 1)")
    assert (entry["session_id"], entry["role"], entry["metadata"], entry["processed"]) == (
        "s1",
        "user",
        {"turn": 1},
        False,
    )
    assert entry["timestamp"] == entry["ingestion_time"]


SEARCHES = [
    ("'s1', 'ownership'", ["What is ownership", "Rust is a programming", "And how is the weather"]),
    ("'s1', 'weather', 1", ["And how is the weather"]),
    ("'', 'house transfer', 1", ["Ownership of the house"]),
    ("'s1', ''", ["And how is the weather", "Rust is a programming", "What is ownership"]),
    ("'s3', 'ownership'", []),
]


@pytest.mark.parametrize(("arguments", "expected"), SEARCHES, ids=[arguments for arguments, _ in SEARCHES])
def test_a_search_gives_the_nearest_first_and_stays_in_its_session(talk, arguments, expected):
    found = contents(talk, f"Memory.episodic.search({arguments})")
    assert len(found) == len(expected)
    assert all(content.startswith(start) for content, start in zip(found, expected, strict=True))


def test_any_bytes_are_remembered(talk):
    talk.run("Memory.episodic.add('bytes', 'user', '\\xff\\0')")
    assert talk.run("print(Memory.episodic.search('bytes', '', 1)[1].content == '\\xff\\0')") == "true"


def test_consolidation_turns_messages_into_entities(talk):
    result = talk.value("Memory.consolidate('s1')")
    assert (result["entries_processed"], result["entities_added"], result["entries_failed"]) == (3, 1, 0)
    (entity,) = talk.value("Memory.semantic.query('programming language', 1)")
    assert (entity["name"], entity["entity_type"]) == ("Rust", "language")
    assert entity["properties"]["statements"] == ["programming language that checks ownership of values"]


def test_only_what_was_not_yet_is_consolidated_unless_it_is_forced(talk):
    assert talk.value("Memory.stats()")["sessions_with_unprocessed"] == 2
    assert talk.value("Memory.consolidate()")["entries_processed"] == 4
    assert talk.value("Memory.consolidate()")["entries_processed"] == 0
    assert talk.value("Memory.consolidate('s2', true)")["entries_processed"] == 1
    stats = talk.value("Memory.stats()")
    assert (stats["episodic_count"], stats["sessions_with_unprocessed"]) == (4, 0)


def test_a_forced_consolidation_counts_nothing_twice(talk):
    talk.run("Memory.consolidate() Memory.consolidate('', true) Memory.consolidate('s1', true)")
    (entity,) = talk.value("Memory.semantic.query('Rust', 1)")
    assert (entity["properties"]["mentions"], entity["properties"]["sessions"]) == (2, {"s1": 2})


MENTIONS = [
    ("nothing here", []),
    ("The Team uses PostgreSQL and Redis.", ["Team", "PostgreSQL", "Redis"]),
    ("Yesterday we met Grace Hopper in New York", ["Grace Hopper", "New York"]),
    ("call `parse_all()` twice", ["parse_all()"]),
    ("Rust is a language. rust is fine", ["Rust"]),
    ("I think It Is fine", []),
]


@pytest.mark.parametrize(("text", "names"), MENTIONS, ids=[text for text, _ in MENTIONS])
def test_entities_are_named_in_a_text(text, names):
    assert [one.name for one in mentions(text)] == names


def test_a_text_made_to_be_slow_is_read_in_time():
    mentions("A " * 50_000 + "is a " + "b " * 50_000 + "`" * 1000)


ERRORS = [
    ("Memory.episodic.add()", "bad argument #1 to 'Memory.episodic.add'"),
    ("Memory.episodic.add('s', 'user')", "bad argument #3 to 'Memory.episodic.add'"),
    ("Memory.episodic.add('s', 'user', 'c', 'm')", "bad argument #4 to 'Memory.episodic.add'"),
    ("Memory.episodic.add('s', 'user', 'c', {f = print})", "bad argument #4 to 'Memory.episodic.add'"),
    ("Memory.episodic.add('', 'user', 'c')", "a text that is not empty expected"),
    ("Memory.episodic.search('s', 'q', 0)", "bad argument #3 to 'Memory.episodic.search'"),
    ("Memory.semantic.query({})", "bad argument #1 to 'Memory.semantic.query'"),
    ("Memory.consolidate({})", "bad argument #1 to 'Memory.consolidate'"),
    ("Memory.episodic.add('s', 'user', ('x'):rep(2^20 + 1))", "content has 1048577 bytes, the limit is 1048576"),
    ("Memory.episodic.add('s', ('r'):rep(2000), 'x')", "role has 2000 bytes"),
]


@pytest.mark.parametrize(("code", "message"), ERRORS, ids=[code for code, _ in ERRORS])
def test_what_cannot_be_done_is_told(script, code, message):
    assert message in script.error(code)


def test_more_messages_than_the_limit_are_refused(talk, monkeypatch):
    from llmspell_kernel.runtime.memories import episodes

    monkeypatch.setattr(episodes, "MAX_EPISODES", 4)
    assert "4 messages are remembered, the limit" in talk.error("Memory.episodic.add('s', 'user', 'c')")


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from conftest import Script
script = Script(Path(sys.argv[1]), Path(sys.argv[2]))
number = 0
while True:
    script.run(f"Memory.episodic.add('k', 'user', 'message {number}')")
    print(number, flush=True)
    number += 1
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9")
def test_memories_survive_a_kill(new_script, tmp_path, request):
    script = new_script()
    folder = str(request.path.parent.parent)
    command = [sys.executable, "-c", KILLED, str(tmp_path / "project"), str(tmp_path / "home"), folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        seen = [int(writer.stdout.readline()) for _ in range(10)]
        writer.send_signal(signal.SIGKILL)
    kept = json.loads(script.run("print(JSON.stringify(Memory.episodic.search('k', '', 1000)))"))
    assert {f"message {number}" for number in seen} <= {one["content"] for one in kept}


def test_every_entry_lies_in_a_private_file(talk):
    path = talk.runtime.host.context.project_folder / "memory.sqlite"
    assert path.stat().st_mode & 0o077 == 0

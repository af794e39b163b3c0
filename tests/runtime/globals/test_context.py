"""The global Context: strategies, budgets and what is put together."""

import pytest
from llmspell_kernel.runtime.tokens import estimated_tokens

FILLED = """
    for i = 1, 30 do
      Memory.episodic.add("s1", "user", "message " .. i .. " about ownership of values " .. ("x"):rep(i * 5))
    end
    Memory.episodic.add("s2", "user", "ownership in another session")
    Memory.episodic.add("s1", "assistant", "Rust is a language with ownership.")
    Memory.consolidate()
    RAG.ingest({{id = "book", content = "The book explains ownership."}, {id = "menu", content = "Soup and bread."}})
    RAG.ingest({id = "notes", content = "Notes of the session on ownership."}, {scope = "session", scope_id = "s1"})
"""


@pytest.fixture(scope="module")
def filled(script_with_rag):
    script_with_rag.run(FILLED)
    return script_with_rag


def sources(assembled):
    return {one["chunk"]["source"].partition(":")[0] + ":" + one["ranker"] for one in assembled["chunks"]}


STRATEGIES = {
    "episodic": {"memory:episodic"},
    "semantic": {"memory:semantic"},
    "hybrid": {"memory:episodic", "memory:semantic"},
    "rag": {"rag:rag", "memory:episodic"},
}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_strategy_asks_its_sources(filled, strategy):
    assembled = filled.value(f"Context.assemble('ownership', '{strategy}', 4000, 's1')")
    assert sources(assembled) == STRATEGIES[strategy]
    assert all("another session" not in one["chunk"]["content"] for one in assembled["chunks"])


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("budget", [100, 150, 1000, 8192])
def test_the_budget_is_kept(filled, strategy, budget):
    assembled = filled.value(f"Context.assemble('ownership of values', '{strategy}', {budget})")
    assert assembled["token_count"] == estimated_tokens(assembled["formatted"]) <= budget
    assert all(one["chunk"]["content"] in assembled["formatted"] for one in assembled["chunks"])


def test_chunks_come_from_the_nearest_to_the_farthest(filled):
    assembled = filled.value("Context.assemble('Rust language', 'hybrid')")
    scores = [one["score"] for one in assembled["chunks"]]
    assert scores == sorted(scores, reverse=True)
    assert assembled["total_confidence"] == pytest.approx(sum(scores) / len(scores))
    assert "Rust" in assembled["chunks"][0]["chunk"]["content"]


def test_the_span_is_that_of_the_chunks(filled):
    assembled = filled.value("Context.assemble('ownership', 'episodic', 4000, 's1')")
    times = [one["chunk"]["timestamp"] for one in assembled["chunks"]]
    assert assembled["temporal_span"] == [min(times), max(times)]


def test_documents_of_the_session_are_found_for_it_alone(filled):
    code = "Context.assemble('notes of the session', 'rag', 4000{})"
    with_session = filled.value(code.format(", 's1'"))
    without = filled.value(code.format(""))
    assert "rag:notes" in {one["chunk"]["source"] for one in with_session["chunks"]}
    assert "rag:notes" not in {one["chunk"]["source"] for one in without["chunks"]}


def test_nothing_remembered_gives_an_empty_context(new_script):
    script = new_script()
    assembled = script.value("Context.test('anything')")
    assert (assembled["formatted"], assembled["token_count"], assembled["total_confidence"]) == ("", 0, 0.0)
    assert len(assembled["temporal_span"]) == 2
    assert script.value("Context.strategy_stats().strategies") == {}


def test_strategies_with_data_are_told(filled):
    stats = filled.value("Context.strategy_stats()")
    assert stats["strategies"] == ["episodic", "semantic", "hybrid", "rag"]
    assert stats["episodic_count"] == 32


ERRORS = [
    ("Context.assemble()", "bad argument #1 to 'Context.assemble'"),
    ("Context.assemble('q', 'none')", "strategy 'none' is not known (known: episodic, semantic, hybrid, rag)"),
    ("Context.assemble('q', 'hybrid', 99)", "max_tokens: expected 100 to"),
    ("Context.assemble('q', 'hybrid', 'x')", "bad argument #3 to 'Context.assemble'"),
    ("Context.assemble('q', 'hybrid', 100, {})", "bad argument #4 to 'Context.assemble'"),
    ("Context.test(print)", "bad argument #1 to 'Context.test'"),
]


@pytest.mark.parametrize(("code", "message"), ERRORS, ids=[code for code, _ in ERRORS])
def test_what_cannot_be_done_is_told(filled, code, message):
    assert message in filled.error(code)


def test_documents_need_rag(script):
    assert "set enabled = true under [rag]" in script.error("Context.assemble('q', 'rag')")

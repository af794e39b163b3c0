"""Calls from Lua to the host and back: what a scalar and a table cost on their way, and a search among vectors."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from llmspell_kernel.runtime.embedding import HashingEmbedder, nearness_to
from llmspell_kernel.runtime.host import Host, HostContext
from llmspell_kernel.runtime.state import Runtime

from .measure import Row, timed

ROUNDS = 9
ELEMENTS = 1000
VECTORS = 2000
# name -> what is given to a host function that gives it back, how often, and the budget in µs
CALLS = {
    "a scalar": ("5", 20_000, 3.0),
    "a text": ("'hello'", 20_000, 3.0),
    f"{ELEMENTS} integers": ("integers", 200, 200.0),
    f"{ELEMENTS} texts": ("texts", 200, 200.0),
    f"{ELEMENTS} named texts": ("object", 100, None),
}
VALUES = f"""
    integers, texts, object = {{}}, {{}}, {{}}
    for i = 1, {ELEMENTS} do integers[i], texts[i], object["key " .. i] = i, "text " .. i, "text " .. i end
"""
# CPU time of the best round: others run beside it
LOOP = """
    local host, clock, value = host, os.clock, {value}
    local best = math.huge
    for _ = 1, {rounds} do
      local started = clock()
      for _ = 1, {count} do host("Benchmark.echo", value) end
      best = math.min(best, clock() - started)
    end
    return best / {count} * 1e6
"""


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="llmspell-bench-") as folder:
        host = Host(HostContext(Path(folder), Path(folder)))
        host.register("Benchmark.echo", lambda _host, value: value)
        runtime = Runtime(host, lambda *_: None, lambda _: None)
        runtime.library.globals[b"host"] = runtime._host_from_lua
        runtime.execute(VALUES)
        for name, (value, count, budget) in CALLS.items():
            outcome = runtime.execute(LOOP.format(value=value, count=count, rounds=ROUNDS))
            measured = float(outcome.shown) if outcome.error is None else None
            note = outcome.error.message if outcome.error else None
            yield Row(f"Lua → host → Lua with {name}", measured, "µs", budget, note)
    yield _nearness()


def _nearness() -> Row:
    embedder = HashingEmbedder()
    stored = [one.tobytes() for one in embedder.embed([f"text number {i} of {i % 7} kinds" for i in range(VECTORS)])]
    nearness = nearness_to(embedder.embed(["a text of that kind"])[0])
    best = min(timed(lambda: [nearness(one) for one in stored]) for _ in range(ROUNDS))
    return Row("comparing a query with 1,000 stored vectors", best / VECTORS * 1e6, "ms")

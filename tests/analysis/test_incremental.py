"""After any edits the findings that are kept and the new ones together are those of a fresh look at the text."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.analysis.segments import Segments
from llmspell_analysis.catalogue import load_catalogue
from llmspell_analysis.rules.check import check, check_file
from llmspell_analysis.rules.model import Diagnostic, Options, Severity
from llmspell_analysis.rules.table import RULES, SYNTAX_CODES
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.text import SourceText
from llmspell_analysis.syntax.tree import Edit

RULES_FOLDER = Path(__file__).parent / "rules"
CATALOGUE = load_catalogue()
EVERYTHING = Options(severities={rule.code: Severity.HINT for rule in RULES.values()})

# Statements that mean something to one another: whichever are there, and in which order, decides what is found.
STATEMENTS = [
    'local t = Tool.get("calculator")',
    't:execute({ operation = "evaluat", input = "1" })',
    "t = nil",
    "t = other()",
    "local M = {}",
    "M = {}",
    "function M.run(a, b) return a + b end",
    "function M.run(a) return M.stop(a) end",
    "function M:stop() self.client = Tool.get('calculator') end",
    "M.client = t",
    "M.client:execut({})",
    "M.client:execute({ inputs = 1 })",
    "local s = State",
    "s.sav('a', 1)",
    "State.sav = print",
    "State.sav('custom', 'k', 1)",
    "if State.sav then print(State.sav) end",
    "print(State.sav)",
    "counter = 1",
    "print(counter)",
    "if counter then print(1) end",
    "prnt(M, s, t)",
    "local type = M.kind",
    "if type(missing) == 'nil' then missing() end",
    "local function helper(x) local x = x; return x end",
    "helper(1)",
    "helper(1, 2)",
    "local function helper(...) return ... end",
    "helper = print",
    "local counter <const> = 2",
    "local _ENV = {}",
    "do local M = Tool; M.exectue('x') end",
    "for i = 1, 10 do print(i, M) end",
    "load('x = 1')()",
    "::top:: do goto top end",
    "---@diagnostic disable-next-line: undefined-global",
    "-- remark",
    "Tool.execute('calculatr', {})",
    "if Tool.exists('calculatr') then print(1) end",
    "M.x = M.x; M.y = 1",
    "local a, b = 1",
    "local v",
    "local v = 1",
    "v = 2",
    "if M then v = 3 end",
    "print(v)",
    "local function reads() return v end",
    "local function writes() v = 4 end",
    "while reads() do v = v + 1 end",
    "v.x = 1",
    "v = {}",
    "local r = Tool.execute('calculator', { input = '1' })",
    "print(r.text)",
    "r.text = r.result",
    "local options = { nmae = 'x' }",
    "Session.create(options)",
    "options.nmae = nil",
    "Config.setProvider('skynet', {})",
    "Agent.builder():model('skynet/t'):build()",
    "local point = 'ToolErorr'",
    "Hook.register(point, print)",
    "Agent.wrap_as_tool('a', {}); Tool.execute('a_tool', {})",
    "local command = 'ls ' .. ARGS.folder",
    "os.execute(command)",
    "local folder = '/tmp'",
    "os.execute('ls ' .. folder)",
    "local text = ''",
    "for i = 1, 1000 do text = text .. i end",
    "for _, k in ipairs(text) do State.save('global', 'k', k) end",
    "local max = math.max",
    "for i = 1, 1000 do for j = 1, 1000 do max(i, j, math.min(i, j)) end end",
]
TEXTS = st.lists(st.sampled_from(STATEMENTS), max_size=12).map(lambda lines: "\n".join(lines) + "\n")
RELAXED = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def fresh(document: Document) -> tuple[Diagnostic, ...]:
    return check(Document(document.source, document.path), CATALOGUE, Project(), EVERYTHING)


@RELAXED
@given(TEXTS, st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2), TEXTS), max_size=6))
def test_findings_after_edits_of_whole_lines_equal_fresh_ones(text: str, changes: list[tuple[int, int, str]]) -> None:
    segments = Segments()
    document = Document(SourceText.from_str(text))
    assert check(document, CATALOGUE, Project(), EVERYTHING, segments) == fresh(document)
    for line, count, new in changes:
        starts = document.source.line_starts
        start = starts[min(line, len(starts) - 1)]
        end = starts[min(line + count, len(starts) - 1)]
        document = document.edited([Edit(start, end, new.encode())])
        assert check(document, CATALOGUE, Project(), EVERYTHING, segments) == fresh(document)


@RELAXED
@given(TEXTS, st.lists(st.tuples(st.integers(0, 300), st.integers(0, 9), st.text(" \nMtx.(){}=\"'1", max_size=4))))
def test_findings_after_edits_of_letters_equal_fresh_ones(text: str, changes: list[tuple[int, int, str]]) -> None:
    segments = Segments()
    document = Document(SourceText.from_str(text))
    document.tree  # noqa: B018 -- parsed, so that the edits are applied to a tree
    for start, length, new in changes:
        begin = min(start, len(document.source))
        document = document.edited([Edit(begin, min(begin + length, len(document.source)), new.encode())])
        found, again = check(document, CATALOGUE, Project(), EVERYTHING, segments), fresh(document)
        if any(each.code in SYNTAX_CODES for each in again):
            # Tree-sitter recovers from errors by what it knew before: only the compiler's verdict is the same.
            found = tuple(each for each in found if each.code in SYNTAX_CODES)
            again = tuple(each for each in again if each.code in SYNTAX_CODES)
        assert found == again


CASES = sorted(RULES_FOLDER.rglob("*.lua"))


@pytest.mark.parametrize("file", CASES, ids=[f"{path.parent.name}/{path.name}" for path in CASES])
def test_findings_after_each_line_was_taken_out_and_put_back(file: Path) -> None:
    segments = Segments()
    first = Document(SourceText(file.read_bytes()))
    expected = check(first, CATALOGUE, Project(), EVERYTHING, segments)
    starts = first.source.line_starts
    step = max(1, len(starts) // 40)
    for line in range(0, len(starts) - 1, step):
        start, end = starts[line], starts[line + 1]
        taken = first.source.data[start:end]
        without = first.edited([Edit(start, end, b"")])
        check(without, CATALOGUE, Project(), EVERYTHING, segments)
        again = without.edited([Edit(start, start, taken)])
        assert check(again, CATALOGUE, Project(), EVERYTHING, segments) == expected


def test_an_edit_looks_again_at_the_statement_that_it_touches_alone() -> None:
    text = "local M = {}\n" + "".join(f"function M.f{n}(a)\n  return a + {n}\nend\n" for n in range(50))
    segments = Segments()
    document = Document(SourceText.from_str(text))
    _, before = check_file(document, CATALOGUE, Project(), None, segments)
    offset = text.index("return a + 20")
    document = document.edited([Edit(offset, offset, b"a = a * 2\n")])
    _, after = check_file(document, CATALOGUE, Project(), None, segments)
    old, new = before.placed, after.placed
    changed = [n for n in range(len(old)) if old[n].segment is not new[n].segment]
    assert changed == [21]
    looked_at_again = [n for n, each in enumerate(new) if len(each.segment.found) != 1]
    assert looked_at_again == []

"""Of several syntax errors each that is told is one of its own: none comes of another one."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llmspell_analysis.rules.table import SYNTAX_CODES
from llmspell_analysis.syntax.compiler import compile_error
from llmspell_analysis.validation import validate

WHOLE = [
    "local function f(a, ...)\n  if a then\n    return ...\n  end\nend",
    "for i = 1, 3 do\n  print(i)\nend",
    "while true do\n  break\nend",
    "local t = {\n  a = 1,\n  b = { 2, 3 },\n}",
    "repeat\n  local done = true\nuntil done",
    "print(\n  1,\n  2\n)",
    "local s = [[ one\ntwo ]]",
    "-- remark",
    "x = 1",
    "do\n  goto done\n  ::done::\nend",
]
BROKEN = [
    "local x = = 3",
    "print(a b)",
    "x = )",
    "y = a ? b : c",
    "n += 1",
    "if a != b then print(1) end",
    "goto nowhere",
    "break",
    "local 1x = 2",
    "x = 3z",
    's = "\\q"',
    "return 1, 2 print(3)",
    "local a <readonly> = 1",
    "a.b",
    "continue",
    "x = @",
    "end",
    "local function g() end end",
]
RELAXED = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])


@RELAXED
@given(st.lists(st.tuples(st.booleans(), st.sampled_from(WHOLE), st.sampled_from(BROKEN)), min_size=1, max_size=8))
def test_no_syntax_error_is_told_of_a_line_that_is_right(parts: list[tuple[bool, str, str]]) -> None:
    lines: list[str] = []
    broken: set[int] = set()
    for is_broken, whole, mistake in parts:
        if is_broken:
            broken.add(len(lines))
            lines.append(mistake)
        else:
            lines.extend(whole.split("\n"))
    text = "\n".join(lines).encode()
    found = [each for each in validate(text) if each.code in SYNTAX_CODES]
    assert bool(found) == (compile_error(text) is not None)
    # What a bracket or a block that is not closed hides is told where the text ends, or where it cannot go on.
    _first, *others = [text.count(b"\n", 0, each.start) for each in found] or [0]
    assert {*others} <= broken, [(each.message, text[each.start : each.end]) for each in found]


def test_each_mistake_of_its_own_is_told() -> None:
    text = "local x = = 3\nif a != b then\n  n += 1\nend\nlocal c <const> = 1\nc = 2\ns = 'a\\q'\nbreak\n"
    found = [(each.code, text.count("\n", 0, each.start) + 1) for each in validate(text) if each.code in SYNTAX_CODES]
    assert found == [
        ("syntax-error", 1),
        ("non-lua-symbol", 2),
        ("compound-operator", 3),
        ("assign-const", 6),
        ("bad-escape", 7),
        ("break-outside-loop", 8),
    ]


def test_so_many_are_told_and_no_more() -> None:
    text = "x = )\n" * 1000
    assert 1 < len([each for each in validate(text) if each.code in SYNTAX_CODES]) <= 20

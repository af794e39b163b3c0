"""What the rules on control flow say is what happens when the text is run: programs made at random, and run.

Each value is a number of its own, and each read tells which value it saw. A value that is said to be never read is
seen by no read, a read that is said to come before any value sees nil, and a line that is said to be never reached
is not.
"""

import lupa.lua54 as lua
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llmspell_analysis.rules.model import Options, Severity
from llmspell_analysis.syntax.compiler import compile_error
from llmspell_analysis.validation import validate

NAMES = ("a", "b")
CODES = ("unused-value", "uninitialized-access", "unreachable-code")
OPTIONS = Options(severities=dict.fromkeys(CODES, Severity.WARNING))
RELAXED = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])

name = st.sampled_from(NAMES)
simple = st.one_of(
    st.builds(lambda n: [f"{n} = new()"], name),
    st.builds(lambda n: [f"see({n})"], name),
    st.builds(lambda n, m: [f"{n} = {m}"], name, name),
    st.builds(lambda n, m: [f"{n}, {m} = new(), new()"], name, name),
    st.builds(lambda n: [f"local {n} = new()"], name),
    st.builds(lambda n: [f"local {n}"], name),
    st.builds(lambda n: [f"keep(function() see({n}) end)"], name),
    st.builds(lambda n: [f"keep(function() {n} = new() end)"], name),
    st.builds(lambda n, m: [f"keep(function() see({n}); {m} = new() end)"], name, name),
    st.just(["run()"]),
    st.just(["run()"]),
)
leave = st.sampled_from([[], [], ["do return end"], ["error()"]])
jump = st.sampled_from(
    [["if maybe() then break end"], ["if maybe() then goto continue end"], ["do break end"], ["do goto continue end"]]
)


def indented(lines: list[str]) -> list[str]:
    return ["  " + line for line in lines]


def block(parts: list[list[str]]) -> list[str]:
    return [line for part in parts for line in part]


def nested(inner: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    body = st.lists(inner, max_size=4).map(block).map(indented)
    branch = st.tuples(body, leave.map(indented)).map(lambda parts: [*parts[0], *parts[1]])
    looped = st.lists(st.one_of(inner, inner, jump), max_size=5).map(block).map(indented)
    loop_body = looped.map(lambda lines: ["  do", *indented(lines), "  end", "  ::continue::"])
    return st.one_of(
        st.builds(lambda then: ["if maybe() then", *then, "end"], branch),
        st.builds(lambda then, other: ["if maybe() then", *then, "else", *other, "end"], branch, branch),
        st.builds(lambda then, other: ["if maybe() then", *then, "elseif maybe() then", *other, "end"], body, body),
        st.builds(lambda lines: ["while maybe() do", *lines, "end"], loop_body),
        st.builds(lambda lines: ["while true do", "  if not maybe() then break end", *lines, "end"], loop_body),
        st.builds(lambda lines: ["repeat", *lines, "until not maybe()"], loop_body),
        st.builds(
            lambda n, lines: [f"for {n} = new(), 0, -1000000 do", f"  {n} = {n}", *lines, "end"], name, loop_body
        ),
        st.builds(lambda n, lines: [f"for {n} in each() do", *lines, "end"], name, loop_body),
        st.builds(lambda lines: ["do", *lines, "end"], body),
        st.builds(lambda lines: ["if false then", *lines, "end"], body),
        st.builds(lambda n, lines: [f"local function f({n})", *lines, "end", "pcall(f, new())"], name, body),
    )


programs = st.lists(st.recursive(simple, nested, max_leaves=12), min_size=3, max_size=10).map(block)
# `made`: value -> line; `seen`: "line value" of each read. Lines are those of the program.
PRELUDE = """
local answers, made, seen = ...
local kept, last, count = {}, 0, 0
local getinfo = debug.getinfo
local function line()
  local level = 2
  while true do
    local info = getinfo(level, "Sl")
    if not info then return 0 end
    if info.short_src == "program" then return info.currentline end
    level = level + 1
  end
end
function new() last = last + 1; made[last] = line(); return last end
function see(value) seen[line() .. " " .. tostring(value)] = true end
function maybe()
  count = count + 1
  if count > 200 then error() end
  return answers[count % #answers + 1]
end
function keep(f) kept[#kept + 1] = f end
function run() for _, f in ipairs(kept) do f() end end
function each() local n = 0; return function() n = n + 1; if n < 3 then return new() end end end
"""


class Run:
    """What happened when a program ran, with answers to its questions."""

    def __init__(self, text: str, answers: list[bool]) -> None:
        runtime = lua.LuaRuntime(register_eval=False)
        made, seen = runtime.table(), runtime.table()
        load, pcall = runtime.globals().load, runtime.globals().pcall
        load(PRELUDE, "=prelude")(runtime.table_from(answers), made, seen)
        pcall(load(text, "=program"))
        self.made: dict[int, int] = dict(made.items())
        pairs = (written.split(" ") for written in seen)
        self.seen = {(int(line), None if value == "nil" else int(value)) for line, value in pairs}

    def is_read(self, line: int) -> bool:
        """Whether a value that was made on a line was read."""
        return any(self.made.get(value or 0) == line for _, value in self.seen)

    def reaches(self, first: int, last: int) -> bool:
        lines = [line for line, _ in self.seen] + list(self.made.values())
        return any(first <= line <= last for line in lines)


@RELAXED
@given(programs, st.booleans(), st.lists(st.lists(st.booleans(), min_size=1, max_size=9), min_size=3, max_size=8))
def test_what_is_said_of_values_and_lines_is_what_happens(
    lines: list[str], in_function: bool, runs: list[list[bool]]
) -> None:
    lines = [f"local {', '.join(NAMES)}", *lines]
    if in_function:
        lines = ["local function main()", *lines, "end", "main()"]
    text = "\n".join(lines) + "\n"
    if compile_error(text.encode()) is not None:
        return
    data = text.encode()
    found = [each for each in validate(text, options=OPTIONS) if each.code in CODES]
    if not found:
        return
    done = [Run(text, answers) for answers in runs]
    for each in found:
        first = data.count(b"\n", 0, each.start) + 1
        last = data.count(b"\n", 0, each.end - 1) + 1
        written = lines[first - 1].strip()
        told = f"{each.message}, line {first}:\n{text}"
        for run in done:
            if each.code == "unused-value" and written.endswith(" = new()"):
                assert not run.is_read(first), told
            if each.code == "uninitialized-access" and written.count("see(") == 1:
                assert {value for line, value in run.seen if line == first} <= {None}, told
            if each.code == "unreachable-code":
                assert not run.reaches(first, last), told

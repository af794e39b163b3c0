"""What was probably meant where the compiler stopped: mistakes that many make, and habits of other languages.

Each hint is a function of the place; the first that knows the place speaks. A fix that is not sure to be what was
meant is given only when the compiler accepts more of the text with it.
"""

from __future__ import annotations

from collections.abc import Callable

from llmspell_analysis.rules.model import Diagnostic, Related
from llmspell_analysis.rules.syntax_habits import HABITS
from llmspell_analysis.rules.syntax_place import OPENING, Place, chain_start, is_helped, say
from llmspell_analysis.syntax.compiler import compile_error
from llmspell_analysis.syntax.tokens import Token


def hint(place: Place) -> Diagnostic | None:
    return next((found for each in _HINTS if (found := each(place)) is not None), None)


def _keyword_as_name(place: Place) -> Diagnostic | None:
    if not place.says("<name>") or place.at_end or place.kind() != "keyword":
        return None
    word = place.text().decode()
    follows = place.text(1)
    is_meant = place.text(-1) in (b".", b":", b"local", b"function", b"goto") or follows in (b"=", b",", b")", b"in")
    if not is_meant or not place.is_on_one_line(-1):
        return None
    message = f"`{word}` is a word of Lua and no name"
    if place.text(-1) == b".":
        message += f': write `["{word}"]`'
    return say(message, (place.token.start, place.token.end), code="syntax-error")


# --- functions and statements ------------------------------------------------------------------------------------


def _parameters(place: Place) -> Diagnostic | None:
    span = (place.token.start, place.token.end)
    if not place.says("')' expected") or place.text(-1) != b"...":
        return None
    if place.text() == b",":
        return say("`...` is the last parameter", span, code="syntax-error")
    if place.kind() == "name":
        return say("`...` has no name in Lua: `local list = { ... }` gives it one", span, code="syntax-error")
    return None


def _function_name(place: Place) -> Diagnostic | None:
    span = (place.token.start, place.token.end)
    if place.says("<name> expected") and place.text() == b"(" and place.text(-1) == b"function":
        message = "A function without a name is a value: give it a name, or assign it"
        return say(message, span, code="syntax-error")
    if not place.says("'(' expected"):
        return None
    if place.text() == b"[":
        message = "A function's name has no brackets: write `t[key] = function(…) … end`"
        return say(message, span, code="syntax-error")
    if place.text() in (b".", b":") and place.text(-3) == b"local":
        return say("The name of a local function has no fields: leave `local` out", span, code="syntax-error")
    if place.kind() == "name" and place.text(-1) == b"function":
        message = "A function that is a value has no name"
        return say(message, span, b"", code="syntax-error")
    return None


def _after_return(place: Place) -> Diagnostic | None:
    """What stands behind `return` in its block."""
    if not place.says("'end' expected", "<eof> expected", "'until' expected") or place.at_end:
        return None
    if place.text() in (b"end", b"else", b"elseif", b"until", b")", b"]", b"}"):
        return None
    depth = 0
    for by in range(-1, -place.index - 1, -1):
        text = place.text(by)
        if place.kind(by) == "operator":
            depth += (text in OPENING) - (text in OPENING.values())
        if depth < 0 or (depth == 0 and place.kind(by) == "keyword" and text in (b"then", b"do", b"else", b"local")):
            return None
        if depth == 0 and text == b"return" and place.kind(by) == "keyword":
            given = place.at(by)
            related = (Related(given.start, given.end, "`return` stands here"),) if given is not None else ()
            message = "`return` is the last statement of a block: nothing may follow it"
            return say(message, (place.token.start, place.token.end), code="syntax-error", related=related)
    return None


def _stray_end(place: Place) -> Diagnostic | None:
    span = (place.token.start, place.token.end)
    if place.at_end:
        return None
    if place.says("<eof> expected") and place.text() in (b"end", b"until", b"else", b"elseif"):
        return say(f"No block is open here that `{place.text().decode()}` could belong to", span, code="syntax-error")
    if place.says("'end' expected") and place.text() in (b"else", b"elseif"):
        what = place.text().decode()
        return say(f"`{what}` after `else`, or where no `if` is open", span, code="syntax-error")
    return None


def _else_if(place: Place) -> Diagnostic | None:
    """`else if` opens a block of its own, for which an `end` is missing at last."""
    if not (place.says("'end' expected") and place.at_end):
        return None
    for index in range(len(place.tokens) - 1, 0, -1):
        first, second = place.tokens[index - 1], place.tokens[index]
        if first.text(place.data) == b"else" and second.text(place.data) == b"if":
            if b"\n" in place.data[first.end : second.start]:
                continue
            span = (first.start, second.end)
            if compile_error(place.data[: first.start] + b"elseif" + place.data[second.end :]) is not None:
                return None
            return say("`else if` opens a second block, which has no `end`: write `elseif`", span, b"elseif")
    return None


def _expression_statement(place: Place) -> Diagnostic | None:
    """A value that nothing is done with."""
    if not place.says("syntax error"):
        return None
    end = place.index + 1 if place.at_end else place.index
    begin = chain_start(place.tokens, end, place.data)
    if begin is None:
        return None
    span = (place.tokens[begin].start, place.tokens[end - 1].end)
    message = "A value alone is no statement: call it, or give it to a variable"
    return say(message, span, code="syntax-error")


def _literal_statement(place: Place) -> Diagnostic | None:
    """`1` or `"x"` or `{}` at the beginning of a statement."""
    if place.at_end or not place.says("unexpected symbol") or place.kind() not in ("number", "string"):
        return None
    before = place.at(-1)
    if before is not None and (before.kind != "operator" or before.text(place.data) not in (b")", b"]", b"}", b";")):
        return None
    message = "A value alone is no statement: call it, or give it to a variable"
    return say(message, (place.token.start, place.token.end), code="syntax-error")


def _type_annotation(place: Place) -> Diagnostic | None:
    """`local x: number = 1`."""
    if place.text() == b":" and place.text(-2) == b"local" and place.kind(-1) == "name":
        message = "Lua has no types in its code: a comment `---@type …` above says them"
        return say(message, (place.token.start, place.token.end), code="syntax-error")
    return None


# --- expressions -------------------------------------------------------------------------------------------------

_WANTS_OPERAND = frozenset(
    {b"=", b",", b"(", b"[", b"+", b"-", b"*", b"/", b"//", b"%", b"^", b"..", b"==", b"~=", b"<", b">", b"<=", b">="}
    | {b"and", b"or", b"not", b"#", b"&", b"|", b"~", b"<<", b">>", b"if", b"elseif", b"while", b"until", b"in"}
)
_ENDS = frozenset({b")", b"]", b"}", b",", b";", b"then", b"do", b"end", b"else", b"elseif", b"until", b"="})


def _missing_expression(place: Place) -> Diagnostic | None:
    if not place.says("unexpected symbol"):
        return None
    before = place.text() if place.at_end else place.text(-1)
    if before not in _WANTS_OPERAND or not (place.at_end or place.text() in _ENDS or _is_next_statement(place)):
        return None
    if before == b"[" and place.text() == b"]" and not place.at_end:
        message = "A key is missing between the brackets"
    elif before == b"(" and place.at_end:
        message = "The parenthesis is not closed"
    else:
        message = f"A value is missing after `{before.decode()}`"
    return say(message, (place.token.start, place.token.end), code="syntax-error")


def _is_next_statement(place: Place) -> bool:
    words = (b"local", b"return", b"if", b"for", b"while", b"repeat", b"goto", b"break")
    return place.text() in words and not place.is_on_one_line(-1)


def _missing_name(place: Place) -> Diagnostic | None:
    if not place.says("<name> expected"):
        return None
    before = place.text() if place.at_end else place.text(-1)
    what = {b".": "The name of a field", b":": "The name of a method", b"local": "A name", b"goto": "A label"}
    what |= {b"::": "The name of the label", b"for": "The name of the loop's variable", b",": "A name"}
    what |= {b"function": "The function's name"}
    if before not in what:
        return None
    message = f"{what[before]} is missing after `{before.decode()}`"
    return say(message, (place.token.start, place.token.end), code="syntax-error")


def _method_without_call(place: Place) -> Diagnostic | None:
    if not place.says("function arguments expected"):
        return None
    name = place.text() if place.at_end else place.text(-1)
    message = f"A method is only called: write `:{name.decode('utf-8', 'replace')}(…)`, or `.` for a field"
    return say(message, (place.token.start, place.token.end), code="syntax-error")


def _loop_limit(place: Place) -> Diagnostic | None:
    if not place.says("',' expected") or place.text() != b"do":
        return None
    message = "A `for` with `=` counts up to something: `for i = 1, 10 do`"
    return say(message, (place.token.start, place.token.end), code="syntax-error")


def _separator(place: Place) -> Diagnostic | None:
    """`{ a = 1 b = 2 }`, `f(a b)`."""
    if place.at_end or not place.says("'}' expected", "')' expected"):
        return None
    begins = place.kind() in ("name", "number", "string") or place.text() in (b"{", b"[", b"function")
    begins = begins or place.text() in (b"nil", b"true", b"false")
    before = place.at(-1)
    if not begins or before is None or not _is_separated(place, before.end):
        return None
    message = f"A comma is missing after `{place.text(-1)[:30].decode('utf-8', 'replace')}`"
    at = (before.end, before.end)
    return say(message, (place.token.start, place.token.end), b",", code="syntax-error", at=at)


def _is_separated(place: Place, at: int) -> bool:
    """Whether a comma is what is missing, and not the bracket that closes."""
    if place.is_on_one_line(-1):
        return is_helped(place, at, at, b",")
    verdict = compile_error(place.data[:at] + b"," + place.data[at:])
    return verdict is None or (verdict.line > place.error.line and "(to close " not in verdict.message)


def _attribute(place: Place) -> Diagnostic | None:
    """`local x <const>= 1`."""
    if place.text() != b">=" or not place.says("'>' expected"):
        return None
    message = "`>=` is one symbol: put a blank between `>` and `=`"
    return say(message, (place.token.start, place.token.end), b"> =", code="syntax-error")


def _literal_index(place: Place) -> Diagnostic | None:
    """`"x":upper()`: a literal needs parentheses."""
    if place.at_end or place.text() not in (b":", b".", b"[") or place.at(-1) is None:
        return None
    last = place.tokens[place.index - 1]
    if last.end != place.token.start or (last.kind != "string" and last.text(place.data) not in (b"}", b"end")):
        return None
    message = "A literal needs parentheses before its methods and fields"
    if last.kind != "string":
        return say(message, (last.start, last.end), code="syntax-error")
    literal = last.text(place.data)
    return say(message, (last.start, last.end), b"(" + literal + b")", code="syntax-error")


def _nested_brackets(place: Place) -> Diagnostic | None:
    """`[[ [[ ]] ]]`: the long string ends at the first `]]`."""
    if place.text() != b"]" or place.data[place.token.start : place.token.start + 2] != b"]]":
        return None
    for by in range(-1, -place.index - 1, -1):
        token = place.at(by)
        text = place.text(by)
        if token is not None and token.kind == "string" and text.startswith(b"[[") and b"[[" in text[2:]:
            related = (Related(token.start, token.start + 2, "the text begins here"),)
            message = "The long text ended at the first `]]`: write `[=[ … ]=]` around it"
            span = (place.token.start, place.token.start + 2)
            return say(message, span, code="syntax-error", related=related)
    return None


def _foreign_letters(place: Place) -> Diagnostic | None:
    token = place.token
    if token.kind != "error" or token.text(place.data).isascii():
        return None
    first = last = place.index
    while first > 0 and place.tokens[first - 1].end == place.tokens[first].start and _is_word(place.tokens[first - 1]):
        first -= 1
    while last + 1 < len(place.tokens) and place.tokens[last].end == place.tokens[last + 1].start:
        if not _is_word(place.tokens[last + 1]):
            break
        last += 1
    span = (place.tokens[first].start, place.tokens[last].end)
    shown = place.data[span[0] : span[1]].decode("utf-8", "replace")
    message = f"`{shown}` cannot stand here: names in Lua are ASCII letters, digits and `_`"
    return say(message, span, code="syntax-error")


def _is_word(token: Token) -> bool:
    return token.kind in ("name", "error", "keyword")


_HINTS: tuple[Callable[[Place], Diagnostic | None], ...] = (
    _foreign_letters,
    *HABITS,
    _keyword_as_name,
    _parameters,
    _function_name,
    _stray_end,
    _after_return,
    _else_if,
    _type_annotation,
    _attribute,
    _nested_brackets,
    _literal_index,
    _loop_limit,
    _method_without_call,
    _missing_name,
    _missing_expression,
    _separator,
    _expression_statement,
    _literal_statement,
)

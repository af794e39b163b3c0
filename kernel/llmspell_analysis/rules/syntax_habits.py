"""Habits of other languages: their symbols, comments and words where Lua has its own."""

from __future__ import annotations

from collections.abc import Callable

from llmspell_analysis.rules.model import Diagnostic
from llmspell_analysis.rules.syntax_place import Place, begins_statement, chain_start, is_helped, opening_of, say
from llmspell_analysis.syntax.tokens import Token

# --- symbols -----------------------------------------------------------------------------------------------------

_SYMBOLS = {
    b"!=": (b"~=", "Lua writes `~=` for `!=`"),
    b"!==": (b"~=", "Lua writes `~=` for `!==`"),
    b"<>": (b"~=", "Lua writes `~=` for `<>`"),
    b"===": (b"==", "Lua writes `==` for `===`"),
    b"&&": (b"and", "Lua writes `and` for `&&`"),
    b"||": (b"or", "Lua writes `or` for `||`"),
    b"??": (b"or", "Lua writes `or` for `??`"),
    b":=": (b"=", "Lua writes `=` for `:=`"),
    b"**": (b"^", "Lua writes `^` for `**`"),
    b"=>": (None, "Lua has no `=>`: a function is `function(…) … end`, a field `key = value`"),
    b"->": (None, "Lua has no `->`: a field is `a.b`, a method `a:b()`, a function `function(…) … end`"),
    b"?": (None, "Lua has no `? :`: write `condition and value or other`"),
    b"?.": (None, "Lua has no `?.`: write `a and a.b`"),
    b"@": (None, "Lua has no `@`"),
    b"$": (None, "Lua has no `$`: names have letters, digits and `_`"),
}
_SYMBOL_BYTES = frozenset(b"!=<>&|:?*+-/%^.~@$")
_COMPOUND = frozenset({b"+=", b"-=", b"*=", b"/=", b"//=", b"%=", b"^=", b"..=", b"&=", b"|=", b"<<=", b">>="})


def _run(place: Place) -> tuple[int, int]:
    """The symbols that touch one another around the place, as indexes of tokens."""
    first = last = place.index
    while (before := place.at(first - 1 - place.index)) is not None and _joins(before, place.tokens[first], place):
        first -= 1
    while (after := place.at(last + 1 - place.index)) is not None and _joins(place.tokens[last], after, place):
        last += 1
    return first, last


def _joins(left: Token, right: Token, place: Place) -> bool:
    return left.end == right.start and all(_SYMBOL_BYTES.issuperset(each.text(place.data)) for each in (left, right))


def _symbol(place: Place) -> Diagnostic | None:
    if place.at_end and place.kind() not in ("operator", "error"):
        return None
    first, last = _run(place)
    start, end = place.tokens[first].start, place.tokens[last].end
    written = place.data[start:end]
    if written == b"===" and place.says("syntax error"):
        return say("Lua assigns with `=`, and compares with `==`", (start, end), b"=")
    if written in _SYMBOLS:
        new, message = _SYMBOLS[written]
        return say(message, (start, end), new)
    if written in _COMPOUND or written == b"++":
        return _compound(place, first, last)
    if place.text() == b"!":
        return say("Lua writes `not` for `!`", (place.token.start, place.token.end), b"not ")
    return None


def _compound(place: Place, first: int, last: int) -> Diagnostic | None:
    """`n += 1`, `n++`."""
    start, end = place.tokens[first].start, place.tokens[last].end
    written = place.data[start:end]
    begin = chain_start(place.tokens, first, place.data)
    if begin is None:
        return None
    target = place.data[place.tokens[begin].start : place.tokens[first - 1].end]
    name = target.decode("utf-8", "replace")
    operator = written[:-1]
    code = "compound-operator" if written in _COMPOUND else "non-lua-symbol"
    message = f"Lua has no `{written.decode()}`: write `{name} = {name} {operator.decode()} …`"
    span = (place.tokens[begin].start, end)
    if not begins_statement(place.tokens, begin, place.data):
        return say(message, span, None, code)
    new = b"%s = %s %s" % (target, target, operator)
    if written == b"++":
        return say(message, span, new + b" 1", code)
    # `x *= a + b` needs parentheses; only a single operand is rewritten.
    line_end = place.data.find(b"\n", end)
    rest = [each for each in place.tokens[last + 1 :] if each.start < (len(place.data) if line_end < 0 else line_end)]
    return say(message, span, new if len(rest) == 1 and b"(" not in target else None, code)


def _equals(place: Place) -> Diagnostic | None:
    """`if a = 1`, and `a == 1` as a statement."""
    token, span = place.token, (place.token.start, place.token.end)
    if place.text() == b"=" and not place.at_end:
        for by in range(-1, -place.index - 1, -1):
            if not place.is_on_one_line(by):
                break
            word = place.text(by)
            if word in (b"if", b"elseif", b"while", b"until", b"return"):
                return say("`=` assigns; a comparison is `==`", span, b"==")
            if place.kind(by) == "keyword" and word not in (b"not", b"and", b"or", b"nil", b"true", b"false"):
                break
    if place.text() == b"==" and (place.says("syntax error") or place.text(-2) == b"local"):
        return say("`==` compares; an assignment is `=`", (token.start, token.end), b"=")
    return None


# --- comments ----------------------------------------------------------------------------------------------------


def _comment(place: Place) -> Diagnostic | None:
    data, token = place.data, place.token
    if place.text() == b"//" and place.says("unexpected symbol", "syntax error"):
        return say("Comments begin with `--` in Lua", (token.start, token.end), b"--")
    if data[token.start : token.start + 2] == b"/*":
        end = data.find(b"*/", token.start)
        message = "Comments begin with `--` in Lua; a long one is `--[[ … ]]`"
        if end < 0:
            return say(message, (token.start, token.start + 2))
        new = b"--[[" + data[token.start + 2 : end] + b"]]"
        is_sure = b"]]" not in data[token.start : end]
        return say(message, (token.start, token.start + 2), new if is_sure else None, at=(token.start, end + 2))
    return _comment_of_c_before(place)


def _comment_of_c_before(place: Place) -> Diagnostic | None:
    """`x = 1 // a remark`: the compiler reads a division, and stops at one of the next words."""
    for by in range(0, max(-place.index, -20) - 1, -1):
        token = place.at(by)
        if token is None or token.text(place.data) != b"//":
            continue
        if is_helped(place, token.start, token.end, b"--"):
            return say("Comments begin with `--` in Lua", (token.start, token.end), b"--")
        return None
    return None


# --- words -------------------------------------------------------------------------------------------------------

_RENAMED = {b"elif": b"elseif", b"elsif": b"elseif", b"elseIf": b"elseif", b"var": b"local", b"let": b"local"}
_RENAMED |= {b"const": b"local", b"def": b"function", b"func": b"function", b"fn": b"function", b"fun": b"function"}
_ABSENT = {
    b"continue": "Lua has no `continue`: write `goto continue` and put `::continue::` at the loop's end",
    b"switch": "Lua has no `switch`: write `if … elseif … end`, or look the value up in a table",
    b"case": "Lua has no `case`: write `if … elseif … end`",
    b"class": "Lua has no `class`: a class is a table with `__index`",
    b"import": 'Lua has no `import`: write `local name = require("name")`',
    b"try": "Lua has no `try`: write `local ok, message = pcall(…)`",
    b"catch": "Lua has no `catch`: write `local ok, message = pcall(…)`",
    b"throw": "Lua has no `throw`: write `error(…)`",
    b"async": "Lua has no `async`: what waits is a coroutine",
    b"await": "Lua has no `await`: what waits is a coroutine",
    b"foreach": "Lua has no `foreach`: write `for key, value in pairs(t) do`",
    b"new": "Lua has no `new`: an object is made by a function",
}


def _word(place: Place) -> Diagnostic | None:
    """A word before the place, or at the end, that another language has at the beginning of a statement."""
    by = 0 if place.at_end else -1
    before = place.at(by)
    if before is None or before.kind != "name" or not begins_statement(place.tokens, place.index + by, place.data):
        return None
    name, span = place.text(by), (before.start, before.end)
    if name == b"continue":
        return say(_ABSENT[name], span)
    is_followed = place.at_end or place.kind() in ("name", "string", "keyword") or place.text() in (b"(", b"{")
    if not is_followed or (place.at_end and name in _RENAMED):
        return None
    if name in _RENAMED and (place.kind() == "name" or _RENAMED[name] == b"elseif"):
        right = _RENAMED[name].decode()
        return say(f"Lua writes `{right}` for `{name.decode()}`", span, _RENAMED[name])
    return say(_ABSENT[name], span) if name in _ABSENT and not place.at_end else None


def _then_and_do(place: Place) -> Diagnostic | None:
    span = (place.token.start, place.token.end)
    if place.says("'then' expected") and place.text() == b"do":
        return say("The branch of an `if` begins with `then`", span, b"then")
    if place.says("'do' expected") and place.text() == b"then":
        return say("The body of a loop begins with `do`", span, b"do")
    if place.text() == b"{" and (place.says("'then' expected", "'do' expected") or _ends_parameters(place)):
        return say("Lua has no braces around blocks: they end with `end`", span)
    if place.text() == b"(" and place.text(-1) == b"for":
        return say("A `for` has no parentheses: `for i = 1, 10 do` or `for key, value in pairs(t) do`", span)
    return None


def _ends_parameters(place: Place) -> bool:
    """Whether `function …(…)` stands before the place."""
    if place.text(-1) != b")":
        return False
    opening = opening_of(place.tokens, place.index - 1, place.data)
    begin = chain_start(place.tokens, opening, place.data) if opening else None
    before = begin if begin is not None else opening
    return bool(before) and place.tokens[(before or 1) - 1].text(place.data) == b"function"


HABITS: tuple[Callable[[Place], Diagnostic | None], ...] = (_comment, _symbol, _equals, _word, _then_and_do)

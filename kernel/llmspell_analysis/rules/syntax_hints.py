"""What was probably meant where the compiler stopped: habits of other languages, and mistakes that many make.

Each hint is a function of the place; the first that knows the place speaks. A fix that is not sure to be what was
meant is given only when the compiler accepts more of the text with it (`_helped`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from llmspell_analysis.rules.model import Diagnostic, Fix, Related
from llmspell_analysis.syntax.compiler import CompileError, compile_error
from llmspell_analysis.syntax.tokens import Token
from llmspell_analysis.syntax.tree import Edit


@dataclass(frozen=True, slots=True)
class Place:
    """Where the compiler stopped: before `tokens[index]`, or after the last token where `error.near` is b""."""

    error: CompileError
    tokens: list[Token]
    index: int
    data: bytes

    @property
    def at_end(self) -> bool:
        return self.error.near == b""

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def at(self, by: int) -> Token | None:
        """The token so many after the one that the compiler stopped at."""
        index = self.index + by
        return self.tokens[index] if 0 <= index < len(self.tokens) else None

    def text(self, by: int = 0) -> bytes:
        token = self.at(by)
        return token.text(self.data) if token is not None else b""

    def kind(self, by: int = 0) -> str:
        token = self.at(by)
        return token.kind if token is not None else ""

    def is_on_one_line(self, by: int) -> bool:
        """Whether the token and the one so many after it stand on one line."""
        other = self.at(by)
        if other is None:
            return False
        first, second = (other, self.token) if by < 0 else (self.token, other)
        return b"\n" not in self.data[first.end : second.start]

    def says(self, *beginnings: str) -> bool:
        return self.error.message.startswith(beginnings)


def hint(place: Place) -> Diagnostic | None:
    return next((found for each in _HINTS if (found := each(place)) is not None), None)


def _say(
    message: str,
    span: tuple[int, int],
    new: bytes | None = None,
    code: str = "non-lua-symbol",
    *,
    at: tuple[int, int] | None = None,
    related: tuple[Related, ...] = (),
) -> Diagnostic:
    """`new` replaces `at`, which is `span` where it is not given."""
    from llmspell_analysis.rules.table import RULES

    fixes: tuple[Fix, ...] = ()
    if new is not None:
        title = f"Replace with `{new.decode('utf-8', 'replace').strip()}`" if new.strip() else "Remove it"
        # the text could not run before; what comes of it is taken only when it compiles
        is_safe = code == "non-lua-symbol" and bool(new.strip())
        fixes = (Fix(title, (Edit(*(at or span), new),), is_safe),)
    return Diagnostic(code, RULES[code].severity, message, *span, related=related, fixes=fixes)


def _helped(place: Place, start: int, end: int, new: bytes) -> bool:
    """Whether the compiler gets further with an edit."""
    verdict = compile_error(place.data[:start] + new + place.data[end:])
    return verdict is None or verdict.line > place.error.line


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
        return _say("Lua assigns with `=`, and compares with `==`", (start, end), b"=")
    if written in _SYMBOLS:
        new, message = _SYMBOLS[written]
        return _say(message, (start, end), new)
    if written in _COMPOUND or written == b"++":
        return _compound(place, first, last)
    if place.text() == b"!":
        return _say("Lua writes `not` for `!`", (place.token.start, place.token.end), b"not ")
    return None


def _compound(place: Place, first: int, last: int) -> Diagnostic | None:
    """`n += 1`, `n++`."""
    start, end = place.tokens[first].start, place.tokens[last].end
    written = place.data[start:end]
    begin = _chain_start(place.tokens, first, place.data)
    if begin is None:
        return None
    target = place.data[place.tokens[begin].start : place.tokens[first - 1].end]
    name = target.decode("utf-8", "replace")
    operator = written[:-1]
    code = "compound-operator" if written in _COMPOUND else "non-lua-symbol"
    message = f"Lua has no `{written.decode()}`: write `{name} = {name} {operator.decode()} …`"
    span = (place.tokens[begin].start, end)
    if not _begins_statement(place.tokens, begin, place.data):
        return _say(message, span, None, code)
    new = b"%s = %s %s" % (target, target, operator)
    if written == b"++":
        return _say(message, span, new + b" 1", code)
    # `x *= a + b` needs parentheses; only a single operand is rewritten.
    line_end = place.data.find(b"\n", end)
    rest = [each for each in place.tokens[last + 1 :] if each.start < (len(place.data) if line_end < 0 else line_end)]
    return _say(message, span, new if len(rest) == 1 and b"(" not in target else None, code)


def _chain_start(tokens: list[Token], end: int, data: bytes) -> int | None:
    """Index of the first token of `a.b[c]`, which ends before `end`; on one line."""
    index = end
    while index > 0:
        text = tokens[index - 1].text(data)
        if text == b"]":
            opening = _opening(tokens, index - 1, data)
            if opening is None:
                return None
            index = opening
            continue
        if tokens[index - 1].kind != "name":
            return None
        index -= 1
        if index == 0 or tokens[index - 1].text(data) not in (b".", b":"):
            return index
        index -= 1
    return None


_OPENING = {b")": b"(", b"]": b"[", b"}": b"{"}


def _opening(tokens: list[Token], closing: int, data: bytes) -> int | None:
    depth = 0
    for index in range(closing, -1, -1):
        text = tokens[index].text(data) if tokens[index].kind == "operator" else b""
        depth += (text in _OPENING) - (text in _OPENING.values())
        if depth == 0:
            return index
    return None


def _begins_statement(tokens: list[Token], index: int, data: bytes) -> bool:
    """Whether a statement can begin with the token at `index`."""
    if index == 0:
        return True
    before, text = tokens[index - 1], tokens[index - 1].text(data)
    if b"\n" in data[before.end : tokens[index].start]:
        return before.kind != "operator" or text in (b")", b"]", b"}", b";", b"::")
    return before.kind == "keyword" or text in (b")", b"]", b"}", b";", b"::")


def _equals(place: Place) -> Diagnostic | None:
    """`if a = 1`, and `a == 1` as a statement."""
    token, span = place.token, (place.token.start, place.token.end)
    if place.text() == b"=" and not place.at_end:
        for by in range(-1, -place.index - 1, -1):
            if not place.is_on_one_line(by):
                break
            word = place.text(by)
            if word in (b"if", b"elseif", b"while", b"until", b"return"):
                return _say("`=` assigns; a comparison is `==`", span, b"==")
            if place.kind(by) == "keyword" and word not in (b"not", b"and", b"or", b"nil", b"true", b"false"):
                break
    if place.text() == b"==" and (place.says("syntax error") or place.text(-2) == b"local"):
        return _say("`==` compares; an assignment is `=`", (token.start, token.end), b"=")
    return None


# --- comments ----------------------------------------------------------------------------------------------------


def _comment(place: Place) -> Diagnostic | None:
    data, token = place.data, place.token
    if place.text() == b"//" and place.says("unexpected symbol", "syntax error"):
        return _say("Comments begin with `--` in Lua", (token.start, token.end), b"--")
    if data[token.start : token.start + 2] == b"/*":
        end = data.find(b"*/", token.start)
        message = "Comments begin with `--` in Lua; a long one is `--[[ … ]]`"
        if end < 0:
            return _say(message, (token.start, token.start + 2))
        new = b"--[[" + data[token.start + 2 : end] + b"]]"
        is_sure = b"]]" not in data[token.start : end]
        return _say(message, (token.start, token.start + 2), new if is_sure else None, at=(token.start, end + 2))
    return _comment_of_c_before(place)


def _comment_of_c_before(place: Place) -> Diagnostic | None:
    """`x = 1 // a remark`: the compiler reads a division, and stops at one of the next words."""
    for by in range(0, max(-place.index, -20) - 1, -1):
        token = place.at(by)
        if token is None or token.text(place.data) != b"//":
            continue
        if _helped(place, token.start, token.end, b"--"):
            return _say("Comments begin with `--` in Lua", (token.start, token.end), b"--")
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
    if before is None or before.kind != "name" or not _begins_statement(place.tokens, place.index + by, place.data):
        return None
    name, span = place.text(by), (before.start, before.end)
    if name == b"continue":
        return _say(_ABSENT[name], span)
    is_followed = place.at_end or place.kind() in ("name", "string", "keyword") or place.text() in (b"(", b"{")
    if not is_followed or (place.at_end and name in _RENAMED):
        return None
    if name in _RENAMED and (place.kind() == "name" or _RENAMED[name] == b"elseif"):
        right = _RENAMED[name].decode()
        return _say(f"Lua writes `{right}` for `{name.decode()}`", span, _RENAMED[name])
    return _say(_ABSENT[name], span) if name in _ABSENT and not place.at_end else None


def _then_and_do(place: Place) -> Diagnostic | None:
    span = (place.token.start, place.token.end)
    if place.says("'then' expected") and place.text() == b"do":
        return _say("The branch of an `if` begins with `then`", span, b"then")
    if place.says("'do' expected") and place.text() == b"then":
        return _say("The body of a loop begins with `do`", span, b"do")
    if place.text() == b"{" and (place.says("'then' expected", "'do' expected") or _ends_parameters(place)):
        return _say("Lua has no braces around blocks: they end with `end`", span)
    if place.text() == b"(" and place.text(-1) == b"for":
        return _say("A `for` has no parentheses: `for i = 1, 10 do` or `for key, value in pairs(t) do`", span)
    return None


def _ends_parameters(place: Place) -> bool:
    """Whether `function …(…)` stands before the place."""
    if place.text(-1) != b")":
        return False
    opening = _opening(place.tokens, place.index - 1, place.data)
    begin = _chain_start(place.tokens, opening, place.data) if opening else None
    before = begin if begin is not None else opening
    return bool(before) and place.tokens[(before or 1) - 1].text(place.data) == b"function"


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
    return _say(message, (place.token.start, place.token.end), code="syntax-error")


# --- functions and statements ------------------------------------------------------------------------------------


def _parameters(place: Place) -> Diagnostic | None:
    span = (place.token.start, place.token.end)
    if not place.says("')' expected") or place.text(-1) != b"...":
        return None
    if place.text() == b",":
        return _say("`...` is the last parameter", span, code="syntax-error")
    if place.kind() == "name":
        return _say("`...` has no name in Lua: `local list = { ... }` gives it one", span, code="syntax-error")
    return None


def _function_name(place: Place) -> Diagnostic | None:
    span = (place.token.start, place.token.end)
    if place.says("<name> expected") and place.text() == b"(" and place.text(-1) == b"function":
        message = "A function without a name is a value: give it a name, or assign it"
        return _say(message, span, code="syntax-error")
    if not place.says("'(' expected"):
        return None
    if place.text() == b"[":
        message = "A function's name has no brackets: write `t[key] = function(…) … end`"
        return _say(message, span, code="syntax-error")
    if place.text() in (b".", b":") and place.text(-3) == b"local":
        return _say("The name of a local function has no fields: leave `local` out", span, code="syntax-error")
    if place.kind() == "name" and place.text(-1) == b"function":
        message = "A function that is a value has no name"
        return _say(message, span, b"", code="syntax-error")
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
            depth += (text in _OPENING) - (text in _OPENING.values())
        if depth < 0 or (depth == 0 and place.kind(by) == "keyword" and text in (b"then", b"do", b"else", b"local")):
            return None
        if depth == 0 and text == b"return" and place.kind(by) == "keyword":
            given = place.at(by)
            related = (Related(given.start, given.end, "`return` stands here"),) if given is not None else ()
            message = "`return` is the last statement of a block: nothing may follow it"
            return _say(message, (place.token.start, place.token.end), code="syntax-error", related=related)
    return None


def _stray_end(place: Place) -> Diagnostic | None:
    span = (place.token.start, place.token.end)
    if place.at_end:
        return None
    if place.says("<eof> expected") and place.text() in (b"end", b"until", b"else", b"elseif"):
        return _say(f"No block is open here that `{place.text().decode()}` could belong to", span, code="syntax-error")
    if place.says("'end' expected") and place.text() in (b"else", b"elseif"):
        what = place.text().decode()
        return _say(f"`{what}` after `else`, or where no `if` is open", span, code="syntax-error")
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
            return _say("`else if` opens a second block, which has no `end`: write `elseif`", span, b"elseif")
    return None


def _expression_statement(place: Place) -> Diagnostic | None:
    """A value that nothing is done with."""
    if not place.says("syntax error"):
        return None
    end = place.index + 1 if place.at_end else place.index
    begin = _chain_start(place.tokens, end, place.data)
    if begin is None:
        return None
    span = (place.tokens[begin].start, place.tokens[end - 1].end)
    message = "A value alone is no statement: call it, or give it to a variable"
    return _say(message, span, code="syntax-error")


def _literal_statement(place: Place) -> Diagnostic | None:
    """`1` or `"x"` or `{}` at the beginning of a statement."""
    if place.at_end or not place.says("unexpected symbol") or place.kind() not in ("number", "string"):
        return None
    before = place.at(-1)
    if before is not None and (before.kind != "operator" or before.text(place.data) not in (b")", b"]", b"}", b";")):
        return None
    message = "A value alone is no statement: call it, or give it to a variable"
    return _say(message, (place.token.start, place.token.end), code="syntax-error")


def _type_annotation(place: Place) -> Diagnostic | None:
    """`local x: number = 1`."""
    if place.text() == b":" and place.text(-2) == b"local" and place.kind(-1) == "name":
        message = "Lua has no types in its code: a comment `---@type …` above says them"
        return _say(message, (place.token.start, place.token.end), code="syntax-error")
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
    return _say(message, (place.token.start, place.token.end), code="syntax-error")


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
    return _say(message, (place.token.start, place.token.end), code="syntax-error")


def _method_without_call(place: Place) -> Diagnostic | None:
    if not place.says("function arguments expected"):
        return None
    name = place.text() if place.at_end else place.text(-1)
    message = f"A method is only called: write `:{name.decode('utf-8', 'replace')}(…)`, or `.` for a field"
    return _say(message, (place.token.start, place.token.end), code="syntax-error")


def _loop_limit(place: Place) -> Diagnostic | None:
    if not place.says("',' expected") or place.text() != b"do":
        return None
    message = "A `for` with `=` counts up to something: `for i = 1, 10 do`"
    return _say(message, (place.token.start, place.token.end), code="syntax-error")


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
    return _say(message, (place.token.start, place.token.end), b",", code="syntax-error", at=at)


def _is_separated(place: Place, at: int) -> bool:
    """Whether a comma is what is missing, and not the bracket that closes."""
    if place.is_on_one_line(-1):
        return _helped(place, at, at, b",")
    verdict = compile_error(place.data[:at] + b"," + place.data[at:])
    return verdict is None or (verdict.line > place.error.line and "(to close " not in verdict.message)


def _attribute(place: Place) -> Diagnostic | None:
    """`local x <const>= 1`."""
    if place.text() != b">=" or not place.says("'>' expected"):
        return None
    message = "`>=` is one symbol: put a blank between `>` and `=`"
    return _say(message, (place.token.start, place.token.end), b"> =", code="syntax-error")


def _literal_index(place: Place) -> Diagnostic | None:
    """`"x":upper()`: a literal needs parentheses."""
    if place.at_end or place.text() not in (b":", b".", b"[") or place.at(-1) is None:
        return None
    last = place.tokens[place.index - 1]
    if last.end != place.token.start or (last.kind != "string" and last.text(place.data) not in (b"}", b"end")):
        return None
    message = "A literal needs parentheses before its methods and fields"
    if last.kind != "string":
        return _say(message, (last.start, last.end), code="syntax-error")
    literal = last.text(place.data)
    return _say(message, (last.start, last.end), b"(" + literal + b")", code="syntax-error")


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
            return _say(message, span, code="syntax-error", related=related)
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
    return _say(message, span, code="syntax-error")


def _is_word(token: Token) -> bool:
    return token.kind in ("name", "error", "keyword")


_HINTS: tuple[Callable[[Place], Diagnostic | None], ...] = (
    _foreign_letters,
    _comment,
    _symbol,
    _equals,
    _word,
    _then_and_do,
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

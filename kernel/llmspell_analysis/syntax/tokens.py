"""Tokens of Lua 5.4 from a range of bytes, by Lua's own lexical rules.

Never fails: what is no token of Lua becomes one of kind "error", so that a half-typed text can be read too.
The caller chooses a start that lies outside strings and comments.
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

TokenKind = Literal["name", "keyword", "number", "string", "comment", "operator", "error"]

KEYWORDS = frozenset(
    b"and break do else elseif end false for function goto if in local nil not or repeat return then true "
    b"until while".split()
)


class Token(NamedTuple):
    kind: TokenKind
    start: int
    end: int

    def text(self, data: bytes) -> bytes:
        return data[self.start : self.end]


# Longest operators first. An unfinished string or long bracket ends at the line's or the text's end. The number
# pattern takes every character that Lua's read_numeral takes, so that a malformed number is one token.
_TOKEN = re.compile(
    rb"""
    (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<comment>--\[(?P<clevel>=*)\[(?:.*?\](?P=clevel)\]|.*\Z)|--[^\r\n]*)
  | (?P<string>"(?:[^"\\\r\n]|\\(?:z\s*|\r\n|\n\r|.))*(?:"|\\?(?=[\r\n])|\\?\Z)
      |'(?:[^'\\\r\n]|\\(?:z\s*|\r\n|\n\r|.))*(?:'|\\?(?=[\r\n])|\\?\Z)
      |\[(?P<slevel>=*)\[(?:.*?\](?P=slevel)\]|.*\Z))
  | (?P<number>\.?[0-9])
  | (?P<operator>\.\.\.|\.\.|==|~=|<=|>=|<<|>>|//|::|[-+*/%^\#&~|<>=(){}\[\];:,.])
  | (?P<space>\s+)
  | (?P<error>[\x80-\xff]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_HEX_NUMBER = re.compile(rb"0[xX](?:[pP][+-]|[0-9A-Za-z_.])*")
_DECIMAL_NUMBER = re.compile(rb"\.?[0-9](?:[eE][+-]|[0-9A-Za-z_.])*")
_SHEBANG = re.compile(rb"#[^\r\n]*")


def tokenize(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Token]:
    """Tokens that begin in `start`..`end`; the last may reach beyond `end`. A shebang line gives none."""
    limit = len(data) if end is None else end
    offset = start
    if offset == 0:
        if data.startswith(b"\xef\xbb\xbf"):
            offset = 3
        if (shebang := _SHEBANG.match(data, offset)) is not None:
            offset = shebang.end()
    scan = _TOKEN.match
    while offset < limit:
        match = scan(data, offset)
        if match is None:  # cannot be: the last alternative takes any byte
            return
        kind = match.lastgroup
        stop = match.end()
        if kind == "name":
            text = match.group()
            yield Token("keyword" if text in KEYWORDS else "name", offset, stop)
        elif kind == "number":
            pattern = _HEX_NUMBER if data[offset : offset + 2] in (b"0x", b"0X") else _DECIMAL_NUMBER
            number = pattern.match(data, offset)
            stop = number.end() if number is not None else stop
            yield Token("number", offset, stop)
        elif kind != "space":
            yield Token(_KINDS[kind or "error"], offset, stop)
        offset = stop


_KINDS: dict[str, TokenKind] = {
    "comment": "comment",
    "clevel": "comment",
    "string": "string",
    "slevel": "string",
    "operator": "operator",
    "error": "error",
}


def is_closed_string(data: bytes, token: Token) -> bool:
    """Whether a string token has its closing quote or bracket."""
    text = token.text(data)
    if text[:1] == b"[":
        return text.endswith(b"]" + b"=" * (text.index(b"[", 1) - 1) + b"]")
    return len(text) > 1 and text[-1:] == text[:1] and not _ends_escaped(text)


def _ends_escaped(text: bytes) -> bool:
    backslashes = len(text) - 1 - len(text[:-1].rstrip(b"\\"))
    return backslashes % 2 == 1


def is_closed_comment(data: bytes, token: Token) -> bool:
    """Whether the token is a long comment that has its closing bracket; a line comment never is."""
    match = _LONG_COMMENT.fullmatch(data, token.start, token.end)
    return match is not None


_LONG_COMMENT = re.compile(rb"--\[(=*)\[.*\]\1\]", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:z\s*|x([0-9a-fA-F]{2})|([0-9]{1,3})|u\{([0-9a-fA-F]{1,8})\}|(\r\n|\n\r|.))", re.DOTALL)
_SIMPLE_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def string_value(literal: str) -> str | None:
    """What a closed string literal denotes; None when it is no closed literal or holds bytes beyond text."""
    if len(literal) >= 2 and literal[0] == literal[-1] and literal[0] in "\"'":
        return _unescape(literal[1:-1]) if "\\" in literal else literal[1:-1]
    bracket = re.fullmatch(r"\[(=*)\[(.*)\]\1\]", literal, re.DOTALL)
    if bracket is None:
        return None
    return re.sub(r"\A(?:\r\n|\n\r|\r|\n)", "", bracket.group(2))


def _unescape(body: str) -> str | None:
    if re.search(r"\\(?:x[89a-fA-F]|1[3-9]\d|12[89]|2\d\d)", body):
        return None

    def one(match: re.Match[str]) -> str:
        if match.group(1) is not None:
            return chr(int(match.group(1), 16))
        if match.group(2) is not None:
            return chr(int(match.group(2)))
        if match.group(3) is not None:
            code = int(match.group(3), 16)
            return chr(code) if code <= 0x10FFFF else "\ufffd"
        if match.group(4) is not None:
            char = match.group(4)
            return "\n" if char[0] in "\r\n" else _SIMPLE_ESCAPES.get(char, char)
        return ""

    return _ESCAPE.sub(one, body)

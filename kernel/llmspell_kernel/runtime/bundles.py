"""MIME bundles: what a front-end shows, made of the values that a script gives.

Invariants: a bundle always has a readable ``text/plain``; its JSON types hold values that JSON has (no NaN), its other
types text, binary ones as base64; nothing in text or markup that came as data is taken as markup.
"""

import binascii
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .tools.output import finite, json_text
from .values import Value

# A bundle as it is written in its message; the frame of a message holds four times as much.
MAX_BUNDLE_BYTES = 16 * 1024 * 1024
# Text that is derived from something else is there to be read.
MAX_DERIVED_TEXT = 100_000
_MAX_READ_HTML = 1024 * 1024
_MAX_CELL_WIDTH = 60
_BAR_WIDTH = 30

_MIME_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*")
_JSON_TYPE = re.compile(r"application/json|.*\+json")
_TEXT_TYPE = re.compile(
    r"text/.*|.*\+xml|application/(xml|javascript|ecmascript|x-latex|x-tex|yaml|x-yaml|toml|sql|graphql)"
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# What may stand before the root element, with its end.
_BEFORE_SVG = {b"<?xml": b"?>", b"<!--": b"-->", b"<!DOCTYPE svg": b">"}

IMAGE_TYPES: Mapping[str, str] = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "svg": "image/svg+xml",
}

_HTML_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
_MARKDOWN_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\n": "<br>"} | {one: "\\" + one for one in "\\`*_[]|~$"}
)


class BundleError(ValueError):
    """No bundle can be made of what was given; the message says why."""


class Bundle(NamedTuple):
    """Data by MIME type, and metadata by MIME type."""

    data: dict[str, Value]
    metadata: dict[str, Value]

    @property
    def plain(self) -> str:
        return str(self.data["text/plain"])


def html(text: str, plain: str | None = None) -> Bundle:
    return _bundle({"text/html": text, "text/plain": _html_as_text(text) if plain is None else plain})


def markdown(text: str) -> Bundle:
    return _bundle({"text/markdown": text, "text/plain": text})


def latex(text: str) -> Bundle:
    return _bundle({"text/latex": text, "text/plain": text})


def plain_text(text: str) -> Bundle:
    return _bundle({"text/plain": text})


def svg(text: str, plain: str | None = None) -> Bundle:
    return _bundle({"image/svg+xml": text, "text/plain": _svg_as_text(text) if plain is None else plain})


def json_value(value: Value, *, expanded: bool | None = None) -> Bundle:
    metadata: dict[str, Value] = {} if expanded is None else {"application/json": {"expanded": expanded}}
    return _bundle({"application/json": value, "text/plain": _json_as_text(value)}, metadata)


def image_format(content: bytes) -> str | None:
    """Which of IMAGE_TYPES these bytes are, by how they begin."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    return "svg" if _is_svg(content) else None


def _is_svg(content: bytes) -> bool:
    rest = content[:65536].removeprefix(_BYTE_ORDER_MARK).lstrip()
    while not rest.startswith(b"<svg"):
        end = next((end for start, end in _BEFORE_SVG.items() if rest.startswith(start)), None)
        if end is None:
            return False
        rest = rest.partition(end)[2].lstrip()
    return True


def image(content: bytes, image_type: str, width: Value = None, height: Value = None, alt: str | None = None) -> Bundle:
    """An image of one of IMAGE_TYPES, with the size to show it in."""
    plain = alt if alt is not None else f"[{image_type} image, {len(content)} bytes]"
    facts: dict[str, Value] = {"width": width, "height": height, "alt": alt}
    facts = {name: fact for name, fact in facts.items() if fact is not None}
    mime_type = IMAGE_TYPES[image_type]
    metadata: dict[str, Value] = {mime_type: facts} if facts else {}
    if image_type == "svg":
        return _bundle({mime_type: content.decode("utf-8", "replace"), "text/plain": plain}, metadata)
    return _bundle({mime_type: _base64(content), "text/plain": plain}, metadata)


def mime_bundle(data: Value, metadata: Value, plain: str | None = None) -> Bundle:
    """What a script gave by MIME type. ``plain`` is the text for when it gave none, if there is a better one than ours.

    Raises BundleError. A JSON type may be given as a value or as JSON text; a binary type is given as its bytes.
    """
    if not isinstance(data, dict) or not data:
        raise BundleError('expected a table of data by MIME type, as in {["text/html"] = "<b>bold</b>"}')
    if not isinstance(metadata, dict | None):
        raise BundleError("metadata: expected a table by MIME type")
    made = {mime_type: _of_type(mime_type, value) for mime_type, value in data.items()}
    if "text/plain" not in made:
        made["text/plain"] = _derived_text(data, made) if plain is None else plain
    return _bundle(made, {} if metadata is None else metadata)


def table(
    rows: Sequence[Value], columns: Sequence[str] | None = None, caption: str | None = None, left_out: int = 0
) -> Bundle:
    """Rows that are lists or records, as HTML, Markdown and aligned text; ``left_out`` rows more are not shown.

    Without ``columns``, records have the columns that occur in them, in the order of their names.
    """
    keys = None if columns is None else list(columns)
    if keys is None and any(isinstance(row, dict) and row for row in rows):
        keys = sorted({key for row in rows if isinstance(row, dict) for key in row})
    cells = [_cells(row, keys) for row in rows]
    width = max([len(row) for row in cells] + [len(keys or ())], default=0)
    for row in cells:
        row.extend([None] * (width - len(row)))
    heads = None if keys is None else keys + [""] * (width - len(keys))
    numeric = [_is_numeric([row[column] for row in cells]) for column in range(width)]
    texts = [[_cell_text(cell) for cell in row] for row in cells]
    rest = f"… {left_out} more {'row' if left_out == 1 else 'rows'}" if left_out else ""
    return _bundle(
        {
            "text/html": _table_html(heads, texts, numeric, caption, rest),
            "text/markdown": _table_markdown(heads, texts, numeric, caption, rest),
            "text/plain": _table_text(heads, texts, numeric, caption, rest),
        }
    )


def progress(value: float, total: float | None, label: str, *, ended: bool) -> Bundle:
    """A bar as HTML and as text; ``total`` is None when nobody knows it."""
    if total is None:
        share, counted, percent = float(ended), f"{_number(value)}", ""
        html_range = ' value="1" max="1"' if ended else ""
    else:
        share = 1.0 if total == 0 else min(max(value / total, 0.0), 1.0)
        counted, percent = f"{_number(value)}/{_number(total)}", f"{int(share * 100):3d}% "
        html_range = f' value="{_number(min(value, total))}" max="{_number(total)}"' if total else ' value="1" max="1"'
    filled = int(share * _BAR_WIDTH)
    bar = "#" * filled + "." * (_BAR_WIDTH - filled)
    before = f"{label} " if label else ""
    return _bundle(
        {
            "text/html": f"<div>{_escape(before)}<progress{html_range}></progress> {percent}({counted})</div>",
            "text/plain": f"{before}[{bar}] {percent}({counted})",
        }
    )


# What a message may hold ----------------------------------------------------------------------------------------


def readable(value: Value) -> Value:
    """The value with U+FFFD for bytes that are not UTF-8 and null for numbers that JSON does not have."""
    return _readable(finite(value))


def _readable(value: Value) -> Value:
    if isinstance(value, str):
        return value if value.isascii() else _valid_text(value)
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if isinstance(value, dict):
        return {_valid_text(key): _readable(item) for key, item in value.items()}
    return value


def _valid_text(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text


def written_size(value: object) -> int:
    """How many bytes the value takes as JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8"))


def _bundle(data: Mapping[str, Value], metadata: Mapping[str, Value] | None = None) -> Bundle:
    return Bundle(
        {_valid_text(mime_type): readable(value) for mime_type, value in data.items()},
        {_valid_text(key): readable(value) for key, value in (metadata or {}).items()},
    )


def _of_type(mime_type: str, value: Value) -> Value:
    if not _MIME_TYPE.fullmatch(mime_type):
        raise BundleError(f"'{mime_type[:100]}' is no MIME type (such as text/html or image/png)")
    if _JSON_TYPE.fullmatch(mime_type):
        return _json_of(mime_type, value) if isinstance(value, str) else value
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = _number(value)
    if not isinstance(value, str):
        given = {bool: "boolean", dict: "table", list: "table"}.get(type(value), "nil")
        raise BundleError(f"{mime_type}: expected a string, got a {given}")
    if _TEXT_TYPE.fullmatch(mime_type):
        return value
    return _base64(value.encode("utf-8", "surrogateescape"))


def _json_of(mime_type: str, text: str) -> Value:
    try:
        value: Value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{mime_type}: expected a table or JSON text; the text is no JSON: {error}") from None
    return value


def _base64(content: bytes) -> str:
    return binascii.b2a_base64(content, newline=False).decode("ascii")


# Text for who sees no more ----------------------------------------------------------------------------------------


def _derived_text(given: Mapping[str, Value], made: Mapping[str, Value]) -> str:
    for mime_type in ("text/markdown", "text/latex"):
        if mime_type in made:
            return str(made[mime_type])
    if "text/html" in made:
        return _html_as_text(str(made["text/html"]))
    for mime_type, value in made.items():
        if _JSON_TYPE.fullmatch(mime_type):
            return _json_as_text(value)
        if _TEXT_TYPE.fullmatch(mime_type):
            return _shortened(str(value)) if mime_type.startswith("text/") else f"[{mime_type}]"
    mime_type, content = next(iter(given.items()))
    return f"[{mime_type}, {len(str(content).encode('utf-8', 'surrogateescape'))} bytes]"


def _html_as_text(source: str) -> str:
    from .html_text import html_text

    return _shortened(html_text(source[:_MAX_READ_HTML]))


def _svg_as_text(source: str) -> str:
    found = re.search(r"<title[^<>]*>([^<]*)</title>", source[:MAX_DERIVED_TEXT])
    return found[1].strip() if found and found[1].strip() else f"[svg image, {len(source)} characters]"


def _json_as_text(value: Value) -> str:
    compact = json_text(value)
    if len(compact) > MAX_DERIVED_TEXT:  # with its indents it can be a hundred times as long
        return _shortened(compact)
    return _shortened(json.dumps(finite(value), ensure_ascii=False, indent=2))


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_DERIVED_TEXT else f"{text[:MAX_DERIVED_TEXT]}… ({len(text)} characters)"


# Tables -----------------------------------------------------------------------------------------------------------


def _cells(row: Value, keys: Sequence[str] | None) -> list[Value]:
    if isinstance(row, dict):
        return [row.get(key) for key in keys or ()]
    return list(row) if isinstance(row, list) else [row]


def _is_numeric(cells: Sequence[Value]) -> bool:
    given = [cell for cell in cells if cell is not None]
    return bool(given) and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in given)


def _cell_text(cell: Value) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    return _number(cell) if isinstance(cell, float) else json_text(cell)


def _number(value: int | float) -> str:
    """As Lua writes it."""
    return f"{value:.14g}" if isinstance(value, float) and not value.is_integer() else str(value)


def _table_html(
    heads: Sequence[str] | None,
    rows: Sequence[Sequence[str]],
    numeric: Sequence[bool],
    caption: str | None,
    rest: str,
) -> str:
    def line(tag: str, cells: Sequence[str]) -> str:
        made = "".join(
            f'<{tag} style="text-align: {"right" if right else "left"}">{_escape(cell)}</{tag}>'
            for cell, right in zip(cells, numeric, strict=True)
        )
        return f"<tr>{made}</tr>\n"

    parts = ["<table>\n"]
    if caption:
        parts.append(f"<caption>{_escape(caption)}</caption>\n")
    if heads is not None:
        parts.append(f"<thead>\n{line('th', heads)}</thead>\n")
    parts += ["<tbody>\n", *(line("td", row) for row in rows), "</tbody>\n"]
    if rest:
        parts.append(f'<tfoot>\n<tr><td colspan="{max(len(numeric), 1)}">{rest}</td></tr>\n</tfoot>\n')
    return "".join(parts) + "</table>"


def _table_markdown(
    heads: Sequence[str] | None,
    rows: Sequence[Sequence[str]],
    numeric: Sequence[bool],
    caption: str | None,
    rest: str,
) -> str:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cell.translate(_MARKDOWN_ESCAPES) for cell in cells)} |"

    lines = [f"**{caption.translate(_MARKDOWN_ESCAPES)}**", ""] if caption else []
    lines.append(line([""] * len(numeric) if heads is None else heads))
    lines.append("|" + "|".join("---:" if right else ":---" for right in numeric) + "|")
    lines += map(line, rows)
    if rest:
        lines += ["", rest]
    return "\n".join(lines)


def _table_text(
    heads: Sequence[str] | None,
    rows: Sequence[Sequence[str]],
    numeric: Sequence[bool],
    caption: str | None,
    rest: str,
) -> str:
    lines = [[_one_line(cell) for cell in row] for row in ([] if heads is None else [heads]) + list(rows)]
    widths = [max((_width(line[column]) for line in lines), default=0) for column in range(len(numeric))]

    def aligned(line: Sequence[str]) -> str:
        parts = []
        for cell, width, right in zip(line, widths, numeric, strict=True):
            blanks = " " * (width - _width(cell))
            parts.append(blanks + cell if right else cell + blanks)
        return "  ".join(parts).rstrip()

    made = [aligned(line) for line in lines]
    if heads is not None:
        made.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(([caption] if caption else []) + made + ([rest] if rest else []))


def _one_line(text: str) -> str:
    line = " ".join(text.split()) if any(character.isspace() for character in text) else text
    return line if len(line) <= _MAX_CELL_WIDTH else line[: _MAX_CELL_WIDTH - 1] + "…"


def _width(text: str) -> int:
    """Columns of a terminal that the text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def _escape(text: str) -> str:
    return text.translate(_HTML_ESCAPES)

"""The text of an HTML document, for who sees no HTML: blocks on lines of their own, cells apart, no scripts."""

import re
from collections.abc import Sequence
from html.parser import HTMLParser

_HIDDEN = frozenset({"script", "style", "template", "head"})
# fmt: off
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "caption", "dd", "div", "dl", "dt", "fieldset", "figcaption",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p",
    "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul",
})
# fmt: on


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attributes: Sequence[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "br" or tag in _BLOCKS:
            self.parts.append("\n- " if tag == "li" else "\n")
        elif tag in {"td", "th"}:
            self.parts.append("\t")
        elif tag == "img":
            self.parts.append(next((value for name, value in attributes if name == "alt" and value), "[image]"))

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(self._hidden - 1, 0)
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(re.sub(r"\s+", " ", data))


def html_text(source: str) -> str:
    """What a person would read; the source itself when that is nothing."""
    reader = _Reader()
    reader.feed(source)
    reader.close()
    lines = (re.sub(r" *\t *", "\t", line).strip() for line in "".join(reader.parts).split("\n"))
    return "\n".join(line for line in lines if line) or source

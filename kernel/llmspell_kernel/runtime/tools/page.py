"""What web pages say: the text a person would read, and what CSS selectors find."""

from typing import Any
from urllib.parse import urljoin

from ..html_text import html_text
from ..network.http import Answer, Http, shown
from ..values import Value
from .output import ToolError

MAX_FOUND = 10_000
_PAGES = frozenset({"", "text/html", "application/xhtml+xml", "text/plain", "text/xml", "application/xml"})


def fetch_page(http: Http, url: str, timeout: float | None = None) -> Answer:
    """A page that was found. Raises ToolError for other answers."""
    answer = http.request("GET", url, headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.5"}, timeout=timeout)
    if not answer.is_success:
        raise ToolError(f"{shown(url)}: the server answered {answer.status} {answer.reason}".rstrip(), "http_status")
    if answer.content_type not in _PAGES:
        raise ToolError(f"{shown(url)}: expected a page, got {answer.content_type[:60]}", "not_a_page")
    return answer


class Page:
    """A parsed page. ``url`` is what its links are relative to."""

    def __init__(self, source: str, url: str) -> None:
        from selectolax.lexbor import LexborHTMLParser

        self.source = source
        # what is no UTF-8 is no HTML either
        self._tree = LexborHTMLParser(source.encode("utf-8", "replace").decode("utf-8"))
        base = self._tree.css_first("base[href]")
        self._url = urljoin(url, base.attributes.get("href") or "") if base is not None else url

    def title(self) -> str | None:
        found = self._tree.css_first("title")
        return None if found is None else _line(found.text())

    def text(self) -> str:
        """Lines as a person would read them; nothing when there is nothing to read."""
        body = self._tree.body
        source = "" if body is None else body.html or ""
        text = html_text(source)
        return "" if text == source else text

    def select(self, selector: str, name: str) -> list[Any]:
        """The elements that a selector, which the parameter ``name`` gave, finds. Raises ToolError."""
        from selectolax.lexbor import SelectolaxError

        try:
            return list(self._tree.css(selector))[:MAX_FOUND]
        except (SelectolaxError, ValueError):
            raise ToolError(f"parameter '{name}': not a CSS selector: {selector[:100]}", "invalid_parameters") from None

    def texts(self, selector: str, name: str) -> list[str]:
        """The texts of the elements that a selector finds."""
        return [_line(element.text(separator=" ")) for element in self.select(selector, name)]

    def links(self) -> list[Value]:
        found: list[Value] = []
        for element in self.select("a[href]", "selector"):
            url = self._joined(element.attributes.get("href"))
            if url:
                found.append({"url": url, "text": _line(element.text(separator=" "))})
        return found

    def images(self) -> list[Value]:
        found: list[Value] = []
        for element in self.select("img[src]", "selector"):
            url = self._joined(element.attributes.get("src"))
            if url:
                found.append({"url": url, "alt": element.attributes.get("alt") or ""})
        return found

    def metadata(self) -> dict[str, Value]:
        """``content`` of the page's meta elements by name or property, its language and its canonical URL."""
        found: dict[str, Value] = {}
        for element in self.select("meta[content]", "selector"):
            attributes = element.attributes
            name = attributes.get("name") or attributes.get("property") or attributes.get("http-equiv")
            if name and name not in found:
                found[name] = attributes.get("content") or ""
        for element in self.select("link[rel=canonical][href]", "selector")[:1]:
            found.setdefault("canonical", self._joined(element.attributes.get("href")))
        for element in self.select("html[lang]", "selector")[:1]:
            found.setdefault("language", element.attributes.get("lang") or "")
        return found

    def _joined(self, url: str | None) -> str:
        try:
            return urljoin(self._url, (url or "").strip())
        except ValueError:
            return ""


def _line(text: str) -> str:
    return " ".join(text.split())

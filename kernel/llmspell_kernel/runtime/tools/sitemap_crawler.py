"""The tool `sitemap-crawler`: collects the URLs of a sitemap, and of the sitemaps that it names.

Invariant: no entity of XML is expanded, and URLs, sitemaps and their nesting are limited.
"""

import time
import zlib
from collections import deque
from xml.parsers import expat

from ..network.http import Answer, Http, shown
from ..network.settings import network_settings
from ..values import Value
from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext
from .web_request import seconds_of

MAX_URLS = 100_000
MAX_SITEMAPS = 1000
MAX_NESTING = 5
_PIECE = 64 * 1024


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    limit, follows = parameters["max_urls"], parameters["follow_sitemaps"]
    if not 1 <= limit <= MAX_URLS:
        raise ToolError(f"parameter 'max_urls': expected 1 to {MAX_URLS}", "invalid_parameters")
    settings = network_settings(context.configuration.document, "sitemap-crawler")
    ends = time.monotonic() + min(seconds_of(parameters["timeout"]), settings.timeout)
    crawl = _Crawl(limit, follows)
    with Http(settings, context.cancellation) as http:
        waiting = deque([(parameters["input"], 0)])
        while waiting and not crawl.is_full and crawl.processed < MAX_SITEMAPS:
            context.cancellation.check()
            url, nesting = waiting.popleft()
            answer = _fetch(http, url, ends - time.monotonic())
            below = crawl.add(_reader(url, _content(answer, settings.max_response)))
            waiting.extend((one, nesting + 1) for one in below if nesting < MAX_NESTING)
    return envelope(
        "crawl",
        {
            "sitemap_url": parameters["input"],
            "urls_found": len(crawl.urls),
            "max_urls": limit,
            "follow_sitemaps": follows,
            "urls": list[Value](crawl.urls),
            "stats": {
                "sitemaps_processed": crawl.processed,
                "index_files_found": crawl.indexes,
                "total_urls_discovered": crawl.discovered,
                "urls_with_metadata": crawl.described,
            },
        },
    )


class _Crawl:
    """What was found so far."""

    def __init__(self, limit: int, follows: bool) -> None:
        self._limit, self._follows = limit, follows
        self._sitemaps: set[str] = set()
        self.urls: dict[str, None] = {}
        self.processed = self.indexes = self.discovered = self.described = 0

    @property
    def is_full(self) -> bool:
        return len(self.urls) >= self._limit

    def add(self, sitemap: "_Reader") -> list[str]:
        """Take what a sitemap says; gives the further sitemaps that are to be read."""
        self.processed += 1
        self.discovered += len(sitemap.urls)
        self.described += sitemap.described
        if sitemap.is_index:
            self.indexes += 1
            new = [one for one in dict.fromkeys(sitemap.urls) if one not in self._sitemaps]
            self._sitemaps.update(new)
            return new if self._follows else []
        for url in sitemap.urls:
            if self.is_full:
                break
            self.urls[url] = None
        return []


def _fetch(http: Http, url: str, seconds: float) -> Answer:
    if seconds <= 0:
        raise ToolError("the sitemaps took longer than parameter 'timeout' allows", "timeout")
    answer = http.request("GET", url, timeout=seconds)
    if not answer.is_success:
        raise ToolError(f"{shown(url)}: the server answered {answer.status} {answer.reason}".rstrip(), "http_status")
    return answer


def _content(answer: Answer, limit: int) -> bytes:
    """The sitemap, unpacked where the file itself is packed (sitemap.xml.gz)."""
    if answer.body[:2] != b"\x1f\x8b":
        return answer.body
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        content = unpacker.decompress(answer.body, limit + 1)
    except zlib.error as error:
        raise ToolError(f"{shown(answer.url)}: cannot be unpacked: {error}", "invalid_sitemap") from None
    if len(content) > limit:
        raise ToolError(f"{shown(answer.url)}: larger than the limit of {limit} bytes", "too_large")
    return content


class _Reader:
    """Reads ``loc`` of the entries of a sitemap or of a sitemap index; a text with one URL in each line, too."""

    def __init__(self) -> None:
        self.urls: list[str] = []
        self.described = 0
        self.is_index = False
        self._path: list[str] = []
        self._text: list[str] = []
        self._is_described = False

    def start(self, name: str, _attributes: object) -> None:
        local = name.rpartition(":")[2].lower()
        if not self._path:
            if local not in {"urlset", "sitemapindex"}:
                raise ValueError(f"its first element is {name[:40]}, not urlset or sitemapindex")
            self.is_index = local == "sitemapindex"
        self._path.append(local)
        self._text.clear()
        if len(self._path) == 2:
            self._is_described = False

    def end(self, _name: str) -> None:
        local = self._path.pop()
        if len(self._path) == 2 and local == "loc":
            if (url := "".join(self._text).strip()) and len(self.urls) < MAX_URLS:
                self.urls.append(url)
        elif len(self._path) == 2 and local in {"lastmod", "changefreq", "priority"}:
            self._is_described = True
        elif len(self._path) == 1 and self._is_described:
            self.described += 1

    def text(self, data: str) -> None:
        self._text.append(data)

    def refuse(self, *_: object) -> None:
        raise ValueError("it declares entities, which are not read")


def _reader(url: str, content: bytes) -> _Reader:
    reader = _Reader()
    content = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if content[:1] != b"<":
        lines = content.decode("utf-8", "replace").split()
        reader.urls = [line for line in lines[:MAX_URLS] if line.startswith(("http://", "https://"))]
        if not reader.urls:
            raise ToolError(f"{shown(url)}: neither a sitemap nor a list of URLs", "invalid_sitemap")
        return reader
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = reader.refuse
    try:
        for start in range(0, len(content), _PIECE):
            parser.Parse(content[start : start + _PIECE], False)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, IndexError) as error:
        raise ToolError(f"{shown(url)}: no sitemap: {error}", "invalid_sitemap") from None
    return reader

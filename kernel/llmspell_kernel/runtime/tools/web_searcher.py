"""The tool `web-searcher`: searches the web by the API of a provider.

Invariant: keys come from the environment and go to their provider alone.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ..network.http import Answer
from ..values import Value
from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext
from .settings import SearchProvider, search_provider, secret
from .web_request import http_of

MAX_RESULTS = 100


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched: ``kind`` is web, news or images."""

    text: str
    count: int
    kind: str
    is_safe: bool
    language: str | None


@dataclass(frozen=True, slots=True)
class Request:
    url: str
    headers: Mapping[str, str]
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """``request`` makes the request of a search; ``results`` are where an answer has its results, by kind, and which
    of their fields are title, URL and snippet."""

    settings: SearchProvider
    request: Callable[[SearchProvider, str, Search], Request]
    results: Mapping[str, tuple[str, ...]]
    fields: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    search = Search(
        parameters["input"],
        parameters["max_results"],
        parameters["search_type"],
        parameters["safe_search"],
        parameters.get("language"),
    )
    if not search.text.strip():
        raise ToolError("parameter 'input': expected words to search for", "invalid_parameters")
    if not 1 <= search.count <= MAX_RESULTS:
        raise ToolError(f"parameter 'max_results': expected 1 to {MAX_RESULTS}", "invalid_parameters")
    name = parameters["provider"]
    results = _search(name, search, context)
    return envelope("search", {"query": search.text, "provider": name, "count": len(results), "results": results})


def _search(name: str, search: Search, context: ToolContext) -> list[Value]:
    provider = PROVIDERS[name]
    if search.kind not in provider.results:
        kinds = ", ".join(provider.results)
        raise ToolError(f"provider '{name}' searches {kinds}, not {search.kind}: change 'search_type' or 'provider'",
                        "unsupported")  # fmt: skip
    settings = search_provider(context.configuration.document, name, provider.settings)
    key = secret(settings.key_variable, f"the key of provider '{name}'") if settings.key_variable else ""
    request = provider.request(settings, key, search)
    method = "GET" if request.content is None else "POST"
    with http_of("web-searcher", context) as http:
        answer = http.request(
            method, request.url, headers={"accept": "application/json", **request.headers}, content=request.content
        )
    return _results(provider, name, _checked(answer, name, settings), search)


def _checked(answer: Answer, name: str, settings: SearchProvider) -> Any:
    match answer.status:
        case 401 | 403:
            raise ToolError(
                f"provider '{name}' refused the key: check the environment variable {settings.key_variable}",
                "access_denied",
            )
        case 429:
            raise ToolError(f"provider '{name}': too many searches; wait, or use another 'provider'", "rate_limited")
    if not answer.is_success:
        raise ToolError(f"provider '{name}' answered {answer.status} {answer.reason}".rstrip(), "http_status")
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        raise ToolError(f"provider '{name}' answered what is no JSON", "http_status") from None


def _results(provider: Provider, name: str, value: Any, search: Search) -> list[Value]:
    for key in provider.results[search.kind]:
        value = value.get(key) if isinstance(value, dict) else None
    found = list(_flat(value))[: search.count]
    return [
        {**{field: _first(one, keys) for field, keys in zip(("title", "url", "snippet"), provider.fields, strict=True)},
         "provider": name, "rank": rank}
        for rank, one in enumerate(found, 1)
    ]  # fmt: skip


def _flat(value: Any) -> list[dict[str, Any]]:
    """The results of a list; those of a group in it (DuckDuckGo's) stand in its place."""
    found: list[dict[str, Any]] = []
    for one in value if isinstance(value, list) else []:
        if isinstance(one, dict):
            group = one.get("Topics")
            found.extend([inner for inner in group if isinstance(inner, dict)] if isinstance(group, list) else [one])
    return found


def _first(result: dict[str, Any], keys: tuple[str, ...]) -> str:
    return next((value for key in keys if isinstance(value := result.get(key), str)), "")


def _tavily(settings: SearchProvider, key: str, search: Search) -> Request:
    body: dict[str, Any] = {"query": search.text, "max_results": min(search.count, 20)}
    if search.kind == "news":
        body["topic"] = "news"
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    return Request(f"{settings.base_url}/search", headers, json.dumps(body).encode("ascii"))


def _brave(settings: SearchProvider, key: str, search: Search) -> Request:
    query = {"q": search.text, "count": str(min(search.count, 20)), "safesearch": "strict" if search.is_safe else "off"}
    if search.language:
        query["search_lang"] = search.language
    path = {"web": "web", "news": "news", "images": "images"}[search.kind]
    return Request(
        f"{settings.base_url}/res/v1/{path}/search?{urlencode(query, errors='surrogateescape')}",
        {"x-subscription-token": key},
    )


def _serpapi(settings: SearchProvider, key: str, search: Search) -> Request:
    query = {"engine": "google", "q": search.text, "num": str(search.count), "api_key": key}
    query["safe"] = "active" if search.is_safe else "off"
    if search.kind != "web":
        query["tbm"] = {"news": "nws", "images": "isch"}[search.kind]
    if search.language:
        query["hl"] = search.language
    return Request(f"{settings.base_url}/search.json?{urlencode(query, errors='surrogateescape')}", {})


def _serperdev(settings: SearchProvider, key: str, search: Search) -> Request:
    body: dict[str, Any] = {"q": search.text, "num": search.count, "safe": "active" if search.is_safe else "off"}
    if search.language:
        body["hl"] = search.language
    path = {"web": "search"}.get(search.kind, search.kind)
    headers = {"x-api-key": key, "content-type": "application/json"}
    return Request(f"{settings.base_url}/{path}", headers, json.dumps(body).encode("ascii"))


def _google(settings: SearchProvider, key: str, search: Search) -> Request:
    if not settings.engine_id:
        raise ToolError(
            "provider 'google' needs the id of a search engine: set engine_id under [tools.web-searcher.google] in "
            "llmspell.toml",
            "not_configured",
        )
    query = {"q": search.text, "cx": settings.engine_id, "num": str(min(search.count, 10))}
    query["safe"] = "active" if search.is_safe else "off"
    if search.kind == "images":
        query["searchType"] = "image"
    if search.language:
        query["lr"] = f"lang_{search.language}"
    return Request(
        f"{settings.base_url}/customsearch/v1?{urlencode(query, errors='surrogateescape')}", {"x-goog-api-key": key}
    )


def _bing(settings: SearchProvider, key: str, search: Search) -> Request:
    query = {"q": search.text, "count": str(search.count), "safeSearch": "Strict" if search.is_safe else "Off"}
    if search.language:
        query["setLang"] = search.language
    path = {"web": "", "news": "news/", "images": "images/"}[search.kind]
    return Request(
        f"{settings.base_url}/v7.0/{path}search?{urlencode(query, errors='surrogateescape')}",
        {"ocp-apim-subscription-key": key},
    )


def _duckduckgo(settings: SearchProvider, _key: str, search: Search) -> Request:
    query = {"q": search.text, "format": "json", "no_html": "1", "skip_disambig": "1"}
    query["kp"] = "1" if search.is_safe else "-2"
    return Request(f"{settings.base_url}/?{urlencode(query, errors='surrogateescape')}", {})


PROVIDERS: Mapping[str, Provider] = {
    "tavily": Provider(
        SearchProvider("https://api.tavily.com", "TAVILY_API_KEY", ""),
        _tavily,
        {"web": ("results",), "news": ("results",)},
        (("title",), ("url",), ("content",)),
    ),
    "brave": Provider(
        SearchProvider("https://api.search.brave.com", "BRAVE_API_KEY", ""),
        _brave,
        {"web": ("web", "results"), "news": ("results",), "images": ("results",)},
        (("title",), ("url",), ("description",)),
    ),
    "serpapi": Provider(
        SearchProvider("https://serpapi.com", "SERPAPI_API_KEY", ""),
        _serpapi,
        {"web": ("organic_results",), "news": ("news_results",), "images": ("images_results",)},
        (("title",), ("link", "original"), ("snippet", "source")),
    ),
    "serperdev": Provider(
        SearchProvider("https://google.serper.dev", "SERPER_API_KEY", ""),
        _serperdev,
        {"web": ("organic",), "news": ("news",), "images": ("images",)},
        (("title",), ("link", "imageUrl"), ("snippet", "source")),
    ),
    "google": Provider(
        SearchProvider("https://www.googleapis.com", "GOOGLE_API_KEY", ""),
        _google,
        {"web": ("items",), "images": ("items",)},
        (("title",), ("link",), ("snippet",)),
    ),
    "bing": Provider(
        SearchProvider("https://api.bing.microsoft.com", "BING_API_KEY", ""),
        _bing,
        {"web": ("webPages", "value"), "news": ("value",), "images": ("value",)},
        (("name",), ("url", "contentUrl"), ("snippet", "description")),
    ),
    "duckduckgo": Provider(
        SearchProvider("https://api.duckduckgo.com", "", ""),
        _duckduckgo,
        {"web": ("RelatedTopics",)},
        (("Text",), ("FirstURL",), ("Text",)),
    ),
}

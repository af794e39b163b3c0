"""HTTP to one provider: connections that are kept, limits, and errors that say what to change.

Invariants: a key is in headers alone, never in an error; at most MAX_ERROR_BYTES of an error's text are read.
"""

import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from ...version import __version__
from ..secrets import REDACTED, redacted
from .errors import Kind, ProviderError
from .limits import RequestLimits
from .settings import ProviderSettings

MAX_ERROR_BYTES = 64 * 1024
MAX_ANSWER_BYTES = 64 * 1024 * 1024
_SHOWN = 500
# Seconds that a connection is kept for the next request.
_KEPT_SECONDS = 60.0


class Connection:
    """``allow`` raises ProviderError for an address that may not be asked; ``transport`` makes what connects in a way
    of its own, None for httpx's."""

    def __init__(
        self,
        settings: ProviderSettings,
        headers: Mapping[str, str],
        key: str = "",
        allow: "Callable[[str], Any] | None" = None,
        transport: "Callable[[], httpx.AsyncBaseTransport | None]" = lambda: None,
    ) -> None:
        self.settings, self._key, self._allow, self._transport = settings, key, allow, transport
        self._headers = {"user-agent": f"llmspell/{__version__}", **headers, **dict(settings.headers)}
        self._client: httpx.AsyncClient | None = None
        self._limits = RequestLimits(settings.max_concurrent_requests, settings.requests_per_minute)

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            settings = self.settings
            count = settings.max_concurrent_requests
            try:
                self._client = httpx.AsyncClient(
                    headers=self._headers,
                    timeout=httpx.Timeout(settings.timeout, connect=settings.connect_timeout, pool=None),
                    limits=httpx.Limits(
                        max_connections=count, max_keepalive_connections=count, keepalive_expiry=_KEPT_SECONDS
                    ),
                    proxy=settings.proxy or None,
                    transport=self._transport(),
                )
            except (ValueError, ImportError) as error:
                reason = self._clean(str(error))
                raise ProviderError("configuration", f"{settings.setting('proxy')}: {reason}") from None
        return self._client

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    @asynccontextmanager
    async def posted(self, path: str, body: Mapping[str, Any], model: str = "") -> AsyncIterator[httpx.Response]:
        """The answer to a POST of JSON, its body not read yet. Raises ProviderError, also for a refusal."""
        async with self._sent("POST", path, body, model) as response:
            yield response

    async def get(self, path: str) -> Any:
        """The JSON of an answer."""
        async with self._sent("GET", path, None, "") as response:
            return self.parsed(await self._read(response, MAX_ANSWER_BYTES))

    async def post(self, path: str, body: Mapping[str, Any], model: str = "") -> Any:
        async with self._sent("POST", path, body, model) as response:
            return self.parsed(await self._read(response, MAX_ANSWER_BYTES))

    async def whole(self, response: httpx.Response) -> Any:
        return self.parsed(await self._read(response, MAX_ANSWER_BYTES))

    def parsed(self, data: bytes | str) -> Any:
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
            raise ProviderError(
                "protocol", f"{self._who} sent what is no JSON: {error}: {self._clean(text)[:_SHOWN]}"
            ) from None

    @asynccontextmanager
    async def _sent(
        self, method: str, path: str, body: Mapping[str, Any] | None, model: str
    ) -> AsyncIterator[httpx.Response]:
        content = None
        if body is not None:  # bytes of a script that are no text become question marks
            content = json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
        headers = {} if content is None else {"content-type": "application/json"}
        url = self.settings.base_url + path
        async with self._limits.turn():
            if self._allow is not None:
                await self._allow(url)
            try:
                async with self._opened().stream(method, url, content=content, headers=headers) as response:
                    if response.is_success:
                        yield response
                    else:
                        raise self._refusal(response, await self._read(response, MAX_ERROR_BYTES), model)
            except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
                raise self._explained(error) from None

    async def _read(self, response: httpx.Response, most: int) -> bytes:
        data = bytearray()
        async for part in response.aiter_bytes():
            data += part
            if len(data) > most:
                if not response.is_success:
                    break
                raise ProviderError("protocol", f"{self._who} sent more than {most} bytes")
        return bytes(data[:most])

    @property
    def _who(self) -> str:
        return f"provider '{self.settings.name}'"

    def _clean(self, text: str) -> str:
        if self._key:
            text = text.replace(self._key, REDACTED)
        cleaned = redacted(text)
        return cleaned if isinstance(cleaned, str) else ""

    @property
    def _place(self) -> str:
        parts = urlsplit(self.settings.base_url)
        host = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{host}{parts.path}"

    def failure(self, error: Any) -> ProviderError:
        """An error that came in the middle of an answer."""
        message, code = _error_of(error)
        kind: Kind = "rate_limit" if "rate_limit" in code or "overloaded" in code else "server"
        return ProviderError(kind, f"{self._who} broke off its answer: {self._clean(message)[:_SHOWN]}")

    def cut(self) -> ProviderError:
        return ProviderError("connection", f"{self._who} at {self._place} ended its answer in the middle")

    def _refusal(self, response: httpx.Response, data: bytes, model: str) -> ProviderError:
        settings, status = self.settings, response.status_code
        text = data.decode("utf-8", "replace")
        try:
            message, code = _error_of(json.loads(text))
        except (ValueError, RecursionError):
            message, code = " ".join(text.split()), ""
        said = f"{status}: {self._clean(message)[:_SHOWN] or response.reason_phrase or 'no reason given'}"
        retry_after = _retry_after(response.headers)
        if status in {401, 403}:
            where = [settings.setting("api_key"), ":api_key(…)"]
            if settings.api_key_env:
                where.insert(0, f"the environment variable {settings.api_key_env}")
            return ProviderError("authentication", f"{self._who} refuses the key ({said}); change {' or '.join(where)}")
        if status == 404:
            named = f"the model '{model}' or " if model else ""
            return ProviderError(
                "not_found",
                f"{self._who} does not know {named}the address {self._place} ({said}); check the model's name and "
                f"{settings.setting('base_url')}",
            )
        if status == 429:
            if "quota" in code or "billing" in code:
                return ProviderError("authentication", f"{self._who} has no quota left for this key ({said})")
            asked = f"; it asks to wait {retry_after:g} s" if retry_after else ""
            return ProviderError(
                "rate_limit",
                f"{self._who} is asked too often ({said}){asked}; set {settings.setting('requests_per_minute')} or "
                f"lower {settings.setting('max_concurrent_requests')}",
                retry_after,
            )
        if status >= 500 or status in {408, 409, 425}:
            return ProviderError("server", f"{self._who} has failed ({said})", retry_after)
        if response.is_redirect:
            target = self._clean(response.headers.get("location", ""))[:200]
            return ProviderError(
                "configuration", f"{self._who} has moved to {target}; change {settings.setting('base_url')}"
            )
        return ProviderError("invalid_request", f"{self._who} does not accept the request ({said})")

    def _explained(self, error: Exception) -> ProviderError:
        settings = self.settings
        reason = self._clean(_reason(error)) or type(error).__name__
        match error:
            case httpx.ConnectTimeout():
                return ProviderError(
                    "timeout",
                    f"{self._who} at {self._place} did not answer within {settings.connect_timeout:g} s "
                    f"({settings.setting('connect_timeout')})",
                )
            case httpx.TimeoutException():
                return ProviderError(
                    "timeout",
                    f"{self._who} sent nothing for {settings.timeout:g} s ({settings.setting('timeout')})",
                )
            case httpx.ProxyError():
                return ProviderError(
                    "connection",
                    f"{self._who}: the proxy refuses: {reason}; check {settings.setting('proxy')} or HTTPS_PROXY",
                )
            case httpx.ConnectError():
                hint = "; is Ollama running (ollama serve)?" if settings.dialect == "ollama" else ""
                return ProviderError(
                    "connection",
                    f"{self._who} cannot be reached at {self._place}: {reason}; check {settings.setting('base_url')}"
                    f"{hint}",
                )
            case httpx.InvalidURL() | httpx.UnsupportedProtocol() | httpx.LocalProtocolError() | UnicodeError():
                return ProviderError("configuration", f"{settings.setting('base_url')}: {reason}")
            case httpx.DecodingError():
                return ProviderError("protocol", f"{self._who} sent what cannot be unpacked: {reason}")
        return ProviderError("connection", f"the connection to {self._who} at {self._place} was cut: {reason}")


def _reason(error: BaseException) -> str:
    """What the system says, which lies below the words of the libraries: connection refused."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror and not isinstance(inner, TimeoutError):
            # asyncio puts words of its own in place of the system's; what a resolver says has no number of the system
            return os.strerror(inner.errno) if inner.errno is not None and inner.errno > 0 else inner.strerror
        below = inner.__cause__ or inner.__context__
        inner = inner.exceptions[0] if isinstance(inner, BaseExceptionGroup) else below
    return str(error)


def _error_of(value: Any) -> tuple[str, str]:
    """The message and the code of an error as providers write it."""
    if isinstance(value, list) and value:
        value = value[0]
    error = value.get("error", value) if isinstance(value, dict) else value
    if isinstance(error, dict):
        message = error.get("message") or error.get("detail") or json.dumps(error, ensure_ascii=False)
        return str(message), f"{error.get('code') or ''} {error.get('type') or ''}"
    return str(error), ""


def _retry_after(headers: httpx.Headers) -> float | None:
    """Seconds, from `retry-after-ms` or `Retry-After` as a number or a date."""
    import datetime

    for name, factor in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = headers.get(name, "").strip()
        try:
            seconds = float(text) * factor
        except ValueError:
            continue
        if 0 <= seconds < 1e9:
            return seconds
    try:
        when = parsedate_to_datetime(headers.get("retry-after", ""))
    except (ValueError, TypeError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=datetime.UTC)
    return max(0.0, (when - datetime.datetime.now(datetime.UTC)).total_seconds())

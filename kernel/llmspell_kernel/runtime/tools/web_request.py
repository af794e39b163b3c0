"""What tools that send HTTP requests share: the client for a tool, bodies, and trying again."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..network.http import Answer, Http
from ..network.settings import network_settings
from .output import ToolError, finite
from .registry import ToolContext

MAX_ATTEMPTS = 10
_UNANSWERED = frozenset({"network_error", "timeout"})


def http_of(tool: str, context: ToolContext) -> Http:
    """The client of a tool, by what ``llmspell.toml`` says of it."""
    return Http(network_settings(context.configuration.document, tool), context.cancellation)


def with_body(headers: Mapping[str, Any], body: Any) -> tuple[dict[str, Any], bytes | None]:
    """Headers and bytes of a body: text as it is, anything else as JSON."""
    if body is None:
        return dict(headers), None
    if isinstance(body, str):
        content, kind = body.encode("utf-8", "surrogateescape"), "text/plain; charset=utf-8"
    else:
        content, kind = json.dumps(finite(body)).encode("ascii"), "application/json"
    is_said = any(name.lower() == "content-type" for name in headers)
    return (dict(headers) if is_said else {**headers, "content-type": kind}), content


def seconds_of(timeout: int) -> float:
    """A parameter ``timeout``. Raises ToolError."""
    if timeout < 1:
        raise ToolError("parameter 'timeout': expected 1 or more seconds", "invalid_parameters")
    return float(timeout)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a request is tried, and when again: after a delay that grows, or that the server asks for."""

    attempts: int = 1
    first_delay: float = 1.0
    longest_delay: float = 30.0
    growth: float = 2.0
    statuses: frozenset[int] = frozenset({429, 500, 502, 503, 504})


def tried(send: Callable[[], Answer], retries: Retries, context: ToolContext) -> tuple[Answer, int]:
    """The last answer, and how many times it was tried again. Raises ToolError when the last try had none."""
    delay = retries.first_delay
    for attempt in range(retries.attempts):
        is_last = attempt + 1 >= retries.attempts
        asked_delay = None
        try:
            answer = send()
            if is_last or answer.status not in retries.statuses:
                return answer, attempt
            asked_delay = _asked_delay(answer)
        except ToolError as error:
            if is_last or error.code not in _UNANSWERED:
                raise
        # a bit of chance, so that many who were refused together do not come again together
        jittered = delay * random.uniform(0.5, 1.0)  # noqa: S311 - not for secrets
        context.cancellation.wait(min(jittered if asked_delay is None else asked_delay, retries.longest_delay))
        delay = min(delay * retries.growth, retries.longest_delay)
    raise AssertionError("there is at least one attempt")


def _asked_delay(answer: Answer) -> float | None:
    """The seconds of Retry-After, also where it says a date."""
    text = answer.headers.get("retry-after", "")
    if text.isdecimal():
        return float(text[:9])
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    try:
        return max((parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return None

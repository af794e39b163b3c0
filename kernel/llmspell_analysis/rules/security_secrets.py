"""Secrets in literals: keys of known providers, private keys, passwords that are given by name or in a URL.

A finding never shows the secret. Placeholders are no secrets: what says so in words, repeats itself, or counts.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from llmspell_analysis.analysis.kinds import STRING
from llmspell_analysis.rules.model import Diagnostic, Piece, found

_MAX_SECRET = 400
# What keys look like, by whom they open a door to.
_SHAPES: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("An API key of Anthropic", re.compile(rb"\bsk-ant-[A-Za-z0-9_-]{20,}")),
    ("An API key of OpenAI", re.compile(rb"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}")),
    ("An API key of Google", re.compile(rb"\bAIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])")),
    ("An API key of Groq", re.compile(rb"\bgsk_[A-Za-z0-9]{40,}")),
    ("An API token of Replicate", re.compile(rb"\br8_[A-Za-z0-9]{37}\b")),
    ("An API key of Perplexity", re.compile(rb"\bpplx-[A-Za-z0-9]{40,}")),
    ("A token of Hugging Face", re.compile(rb"\bhf_[A-Za-z0-9]{30,}")),
    ("A token of GitHub", re.compile(rb"\b(?:gh[oprsu]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})")),
    ("A token of GitLab", re.compile(rb"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("A token of Slack", re.compile(rb"\bxox[abeoprs]-[0-9]+-[A-Za-z0-9-]{10,}")),
    ("An access key of AWS", re.compile(rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("A live key of Stripe", re.compile(rb"\b[rs]k_live_[A-Za-z0-9]{20,}")),
    ("A bearer token", re.compile(rb"\bBearer [A-Za-z0-9._~+/-]{24,}")),
    ("A key of SendGrid", re.compile(rb"\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{30,}")),
)
# What each of them begins with, and a URL with a password: most texts have none of these.
_HINT = re.compile(
    rb"\bsk-|AIza|gsk_|\br8_|pplx-|\bhf_|\bgh[oprsu]_|_pat_|glpat-|xox|AKIA|ASIA|k_live_|\bSG\.|KEY-----|Bearer |://"
)
_NAME_HINT = re.compile(rb"(?i)_?key\b|secret|token|passw|passphrase")
# Parts of the hints as plain texts: looking for these costs a twentieth.
_HINT_PARTS = (
    *(b"sk-", b"AIza", b"gsk_", b"r8_", b"pplx-", b"hf_", b"gh", b"_pat_", b"glpat-", b"xox", b"AKIA", b"ASIA"),
    *(b"k_live_", b"SG.", b"KEY-----", b"Bearer ", b"://"),
)
_NAME_HINT_PARTS = (b"key", b"secret", b"token", b"passw", b"passp")
_PRIVATE_KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----(?:\s|\\n|\\\r?\n)*[A-Za-z0-9+/=]{40}")
# `password = "…"`, `["api_key"] = '…'`, `:api_key("…")`
_NAMED = re.compile(
    rb"""(?<![A-Za-z0-9])(?P<name>(?:[A-Za-z0-9_]*_)?(?:api_?key|access_?key|private_?key|secret(?:_?key)?|(?:access|auth|"""
    rb"""api|bearer|refresh)_?token|token|password|passwd|passphrase))(?:["']\])?\s*(?:=(?!=)|\()\s*"""
    rb"""(?P<quote>["'])(?P<value>[^"'\\\r\n]{8,200})(?P=quote)""",
    re.IGNORECASE,
)
_PASSWORD_OF_URL = re.compile(rb"\b[a-z][a-z0-9+.-]{1,20}://[^/\s:@\"']{1,64}:(?P<value>[^/\s@\"']{6,100})@[\w.-]+")
_PLACEHOLDER = re.compile(
    r"your|example|sample|dummy|fake|mock|placehold|change|replace|insert|redacted|secret|passw|xxx|\*\*|\.\.\.|todo|"
    r"test|demo|foo|bar|none|null|default|invalid|[<>{}$%]|(.)\1{3}|1234|abcd|qwer",
    re.IGNORECASE,
)
_ENVIRONMENT = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_ADVICE = "read it from the environment, as `api_key_env` of a provider in llmspell.toml does"
_ADVICE_ON_PASSWORDS = "read it from the environment or from a file that nobody shares"


def check(piece: Piece) -> Iterator[Diagnostic]:
    seen: set[tuple[int, int]] = set()
    for message, start, end in _candidates(piece.data):
        at = _string_at(piece, start, end)
        if at is not None and at not in seen:
            seen.add(at)
            yield found("hardcoded-secret", message, at)


def _candidates(data: bytes) -> Iterator[tuple[str, int, int]]:
    if _has_one(data, _HINT_PARTS) and _HINT.search(data):
        yield from _by_form(data)
    if _has_one(data.lower(), _NAME_HINT_PARTS) and _NAME_HINT.search(data):
        yield from _by_name(data)


def _has_one(data: bytes, words: tuple[bytes, ...]) -> bool:
    for word in words:  # noqa: SIM110 -- asked of every statement: half the time of `any`
        if word in data:
            return True
    return False


def _by_form(data: bytes) -> Iterator[tuple[str, int, int]]:
    for what, pattern in _SHAPES:
        for match in pattern.finditer(data):
            if _is_random(match.group(), 3.0):
                yield f"{what} stands in the script: {_ADVICE}", match.start(), match.end()
    for match in _PRIVATE_KEY.finditer(data):
        yield "A private key stands in the script: keep it in a file of its own", match.start(), match.end()
    for match in _PASSWORD_OF_URL.finditer(data):
        if _is_password(b"password", match.group("value")):
            yield f"The URL has a password in it: {_ADVICE_ON_PASSWORDS}", match.start("value"), match.end("value")


def _by_name(data: bytes) -> Iterator[tuple[str, int, int]]:
    for match in _NAMED.finditer(data):
        value = match.group("value")
        if _is_password(match.group("name"), value):
            name = match.group("name").decode("utf-8", "replace")
            advice = _ADVICE if b"key" in match.group("name").lower() else _ADVICE_ON_PASSWORDS
            yield f"`{name}` stands in the script as it is: {advice}", match.start("value"), match.end("value")


def _is_password(name: bytes, value: bytes) -> bool:
    text = value.decode("utf-8", "replace")
    if not text.isascii() or " " in text or _ENVIRONMENT.match(text):
        return False
    classes = sum(
        any(test(char) for char in text) for test in (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    )
    if b"pass" in name.lower():
        return (classes >= 3 or (classes == 2 and any(char.isdigit() for char in text))) and _is_random(value, 2.5)
    has_both = any(char.isdigit() for char in text) and any(char.isalpha() for char in text)
    is_written = "/" in text or "." in text or re.fullmatch(r"[a-z]+(?:[_-][a-z0-9]+)+", text) is not None
    return len(text) >= 16 and has_both and not is_written and _is_random(value, 3.3)


def _is_random(value: bytes, least_entropy: float) -> bool:
    text = value[:_MAX_SECRET].decode("utf-8", "replace")
    if _PLACEHOLDER.search(text):
        return False
    counts = Counter(text)
    entropy = -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())
    return entropy >= least_entropy


def _string_at(piece: Piece, start: int, end: int) -> tuple[int, int] | None:
    """The string literal that holds the text; None in comments and code."""
    node = piece.analysis.document.tree.root_node.descendant_for_byte_range(start, end)
    while node is not None and node.kind_id not in STRING:
        node = node.parent
    return (node.start_byte, node.end_byte) if node is not None else None

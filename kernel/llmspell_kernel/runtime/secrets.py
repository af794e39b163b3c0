"""Which settings are secrets, and what is shown in their place.

Invariant: what ``redacted`` gives holds no value of a setting that is named like a secret, and no text that looks like
one.
"""

import re

from .values import Value

REDACTED = "[redacted]"
# A name that ends so; the name of an environment variable (api_key_env) and a count (max_tokens) are none.
_NAMES = (
    r"(?:api_?key|access_?key|private_?key|secret(?:_?key)?|token|password|passwd|passphrase|credentials?|"
    r"authorization|cookie)"
)
_NAME = re.compile(_NAMES + "$")
# `api_key = "…"` within a text, as logs and rendered tables have it
_ASSIGNED = re.compile(
    rf"""((?:\b|_){_NAMES}["']?\]?\s*[=:]\s*)(?!\[redacted)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;}})]+)""", re.IGNORECASE
)
_TEXT = re.compile(
    r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}|\bgh[oprsu]_[A-Za-z0-9]{20,}|\bxox[a-z]-[A-Za-z0-9-]{10,}|\bAKIA[A-Z0-9]{16}\b|"
    r"\bAIza[A-Za-z0-9_-]{30,}|(?<=Bearer )[^\s\"']+"
)
_PASSWORD_OF_URL = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+(?=@)")


def redacted(value: Value) -> Value:
    """A copy without secrets."""
    if isinstance(value, dict):
        return {name: REDACTED if _is_secret(name, item) else redacted(item) for name, item in value.items()}
    if isinstance(value, list):
        return [redacted(item) for item in value]
    if isinstance(value, str):
        shown = _ASSIGNED.sub(rf"\1{REDACTED}", _TEXT.sub(REDACTED, value))
        return _PASSWORD_OF_URL.sub(rf"\1:{REDACTED}", shown)
    return value


def _is_secret(name: str, value: Value) -> bool:
    if value is None or isinstance(value, bool):
        return False
    return _NAME.search(name.lower().replace("-", "_")) is not None

"""Whether a text is written as addresses, dates and numbers of several kinds are. All checks take linear time."""

import re
from datetime import datetime
from urllib.parse import urlsplit

_MAX_EMAIL = 254  # RFC 5321
_MAX_URL = 2083
_MAX_DATE = 100
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})+")
_PHONE = re.compile(r"\+?[0-9() .-]{7,25}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def is_email(text: str) -> bool:
    local = text.partition("@")[0]
    dots_are_right = not (local.startswith(".") or local.endswith(".") or ".." in local)
    return len(text) <= _MAX_EMAIL and dots_are_right and _EMAIL.fullmatch(text) is not None


def is_url(text: str) -> bool:
    """An absolute URL of http, https or ftp with a host."""
    if len(text) > _MAX_URL or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https", "ftp"} and bool(parts.hostname) and port != 0


def is_date(text: str, form: str | None) -> bool:
    """As strptime's `form` says; a date of ISO 8601, with or without a time, when there is none."""
    if len(text) > _MAX_DATE or len(form or "") > _MAX_DATE:
        return False
    try:
        if form:
            datetime.strptime(text, form)  # noqa: DTZ007 - only whether it can be read
        else:
            datetime.fromisoformat(text)
    except (ValueError, re.error, IndexError, KeyError):
        return False
    return True


def is_phone(text: str) -> bool:
    """A telephone number with 7 to 15 digits (E.164), in the usual groups."""
    digits = sum(character.isdigit() for character in text)
    return _PHONE.fullmatch(text) is not None and 7 <= digits <= 15


def is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def is_number_of_card(text: str) -> bool:
    """13 to 19 digits whose last is the check digit of the Luhn algorithm; spaces and dashes do not count."""
    digits = text.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdecimal() and 13 <= len(digits) <= 19):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0

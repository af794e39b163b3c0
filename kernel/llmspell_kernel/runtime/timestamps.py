"""Times as scripts see them: RFC 3339 in UTC with milliseconds. Texts in this form are in the order of their times."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def now_text() -> str:
    from datetime import UTC, datetime  # not at start: a quarter of a megabyte that few scripts need

    return text_of(datetime.now(UTC))


def text_of(moment: "datetime") -> str:
    from datetime import UTC

    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def normalised(text: str) -> str:
    """A date or a time of RFC 3339 in the form of this module; without an offset it is UTC. Raises ValueError."""
    from datetime import UTC, datetime

    moment = datetime.fromisoformat(text)
    return text_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))

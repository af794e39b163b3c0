"""The tool `datetime-handler`: parse, format, convert and compute with dates.

Dates in answers are RFC 3339 unless a format is asked for. A date without a zone is taken as UTC, or in the zone
of the parameter `timezone`.

Invariant: everything between two operations is an aware datetime; no local time of the machine gets in.
"""

import calendar
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from ..values import Value
from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext

DEFAULT_FORMAT = "%Y-%m-%dT%H:%M:%S%.fZ"  # the schema's default, which stands for "none was asked for"
MAX_TEXT_LENGTH = 200
_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y",
    "%a, %d %b %Y %H:%M:%S %z",
    "%d %b %Y",
    "%B %d, %Y",
    "%Y%m%dT%H%M%S",
    "%Y%m%d",
)
_AUTOMATIC, _TIMESTAMP = "automatic", "unix timestamp"
_TIMESTAMP_TEXT = re.compile(r"-?\d{9,11}(\.\d+)?")
_EXPANSIONS = {"%F": "%Y-%m-%d", "%T": "%H:%M:%S", "%R": "%H:%M", "%D": "%m/%d/%y"}
_DIRECTIVE = re.compile(r"%(?:\.?[369]?f|:z|[A-Za-z%])")
_PORTABLE = frozenset("%" + each for each in "aAbBdHIjmMpSUwWyYzZfcxXGVu%")


def run(parameters: Parameters, _context: ToolContext) -> ToolOutput:
    for name in ("input", "start", "end", "format"):
        if len(parameters.get(name, "")) > MAX_TEXT_LENGTH:
            raise ToolError(f"parameter '{name}' is longer than {MAX_TEXT_LENGTH} characters", "too_large")
    operation = parameters["operation"]
    try:
        return envelope(operation, _OPERATIONS[operation](parameters))
    except OverflowError:
        raise ToolError("the date is outside the years 1 to 9999", "out_of_range") from None


def _parse(parameters: Parameters) -> Value:
    moment, used = _moment(parameters["input"], parameters)
    utc = moment.astimezone(UTC)
    return {
        "input": parameters["input"],
        "parsed": {
            "utc": _written(utc),
            "timestamp": int(utc.timestamp()),
            "year": utc.year,
            "month": utc.month,
            "day": utc.day,
            "hour": utc.hour,
            "minute": utc.minute,
            "second": utc.second,
            "weekday": _WEEKDAYS[utc.weekday()],
        },
        "format_used": used,
    }


def _now(parameters: Parameters) -> Value:
    zone = parameters.get("timezone", "UTC")
    moment = datetime.now(_zone(zone, "timezone"))
    form = parameters["format"]
    text = _written(moment) if form == DEFAULT_FORMAT else _formatted(moment, form)
    return {"timezone": zone, "datetime": text, "format": form}


def _convert_timezone(parameters: Parameters) -> Value:
    moment, _ = _moment(parameters["input"], parameters)
    converted = moment.astimezone(_zone(parameters["target_timezone"], "target_timezone"))
    form = parameters["format"]
    return {
        "input": parameters["input"],
        "target_timezone": parameters["target_timezone"],
        "original": _written(moment),
        "converted": _written(converted) if form == DEFAULT_FORMAT else _formatted(converted, form),
    }


def _add(parameters: Parameters) -> Value:
    return _shifted(parameters, parameters["amount"])


def _subtract(parameters: Parameters) -> Value:
    return _shifted(parameters, -parameters["amount"])


def _shifted(parameters: Parameters, amount: int) -> Value:
    moment, _ = _moment(parameters["input"], parameters)
    result = moment + timedelta(**{parameters["unit"]: amount})
    return {
        "input": parameters["input"],
        "amount": parameters["amount"],
        "unit": parameters["unit"],
        "original": _written(moment),
        "result": _written(result),
    }


def _difference(parameters: Parameters) -> Value:
    start, _ = _moment(parameters["start"], parameters)
    end, _ = _moment(parameters["end"], parameters)
    seconds = int((end - start).total_seconds())
    size = abs(seconds)
    sign = -1 if seconds < 0 else 1
    return {
        "start": _written(start),
        "end": _written(end),
        "difference": {
            "total_seconds": seconds,
            "days": sign * (size // 86_400),
            "hours": sign * (size // 3600),
            "minutes": sign * (size // 60),
            "human_readable": ("-" if seconds < 0 else "") + _readable(size),
        },
    }


def _info(parameters: Parameters) -> Value:
    moment, _ = _moment(parameters["input"], parameters)
    start = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "input": parameters["input"],
        "info": {
            "day_of_year": moment.timetuple().tm_yday,
            "week_of_year": moment.isocalendar().week,
            "is_leap_year": calendar.isleap(moment.year),
            "days_in_month": calendar.monthrange(moment.year, moment.month)[1],
            "start_of_day": _written(start),
            "end_of_day": _written(moment.replace(hour=23, minute=59, second=59, microsecond=0)),
        },
    }


def _formats(_parameters: Parameters) -> Value:
    example = datetime(2024, 3, 9, 14, 5, 30, tzinfo=UTC)
    examples: Value = {form: example.strftime(form) for form in _FORMATS}
    return {"available_formats": list(_FORMATS), "example_formats": examples}


def _moment(text: str, parameters: Parameters) -> tuple[datetime, str]:
    """The moment a text names and the format it was read with. Raises ToolError."""
    zone = _zone(parameters["timezone"], "timezone") if "timezone" in parameters else UTC
    stripped = text.strip()
    moment, used = _read(stripped)
    if moment is None:
        raise ToolError(
            f"'{text}' is not a date; write it like 2024-03-09 or 2024-03-09T14:05:30Z "
            "(operation 'formats' lists the forms)",
            "invalid_date",
        )
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)), used


def _read(text: str) -> tuple[datetime | None, str]:
    if _TIMESTAMP_TEXT.fullmatch(text):
        return datetime.fromtimestamp(float(text), UTC), _TIMESTAMP
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form), form  # noqa: DTZ007 - the caller adds the zone
        except ValueError:
            continue
    if not any(each.isdigit() for each in text):
        return None, ""  # dateutil would fill in today for a bare "May"
    from dateutil.parser import ParserError, parse

    try:
        # What the text leaves out comes from the default: with two of them, a date that is not full shows.
        first, second = (parse(text, default=day, tzinfos=_named_zone) for day in _DEFAULT_DAYS)
    except (ParserError, ValueError, TypeError):
        return None, ""
    return (first, _AUTOMATIC) if first == second else (None, "")


def _named_zone(name: str | None, offset: int | None) -> tzinfo | None:
    """The zone of a text such as "EST" or "GMT+2" (never the machine's own, as dateutil would have it)."""
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    if name is None:
        return None
    if name not in _ZONE_NAMES:
        raise ToolError(f"unknown time zone '{name}' in the date; write it like +02:00", "invalid_timezone")
    return timezone(timedelta(hours=_ZONE_NAMES[name]))


def _zone(name: str, parameter: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name.upper() in {"UTC", "Z"}:
        return UTC
    if found := re.fullmatch(r"([+-])(\d{2}):?(\d{2})", name):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
        if offset < timedelta(hours=24):
            return datetime.strptime(name.replace(":", ""), "%z").tzinfo or UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ToolError(
            f"parameter '{parameter}': unknown time zone '{name[:60]}'; write it like Europe/Paris, UTC or +02:00",
            "invalid_timezone",
        ) from None


def _written(moment: datetime) -> str:
    precision = "microseconds" if moment.microsecond else "seconds"
    text = moment.isoformat(timespec=precision)
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def _formatted(moment: datetime, form: str) -> str:
    def directive(found: re.Match[str]) -> str:
        code = found.group()
        if code in _EXPANSIONS:
            return moment.strftime(_EXPANSIONS[code])
        if code == "%s":
            return str(int(moment.timestamp()))
        if code == "%e":
            return f"{moment.day:2d}"
        if code == "%:z":
            offset = moment.strftime("%z")
            return f"{offset[:3]}:{offset[3:5]}"
        if code.endswith("f") and code != "%f":
            digits = code.strip("%.f")
            fraction = f"{moment.microsecond:06d}000"[: int(digits) if digits else 6]
            return f".{fraction}" if "." in code else fraction
        if code not in _PORTABLE:
            raise ToolError(f"parameter 'format': unknown directive '{code}'", "invalid_format")
        return moment.strftime(code)

    return _DIRECTIVE.sub(directive, form)


def _readable(seconds: int) -> str:
    parts = []
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return ", ".join(parts) or "0 seconds"


_DEFAULT_DAYS = (datetime(2000, 1, 1), datetime(2001, 2, 2))  # noqa: DTZ001 - only to fill in what is missing
# RFC 5322, 4.3
_ZONE_NAMES = {"UTC": 0, "GMT": 0, "Z": 0, "UT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5} | {
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_OPERATIONS: dict[str, Callable[[Parameters], Value]] = {
    "parse": _parse,
    "now": _now,
    "convert_timezone": _convert_timezone,
    "add": _add,
    "subtract": _subtract,
    "difference": _difference,
    "info": _info,
    "formats": _formats,
}

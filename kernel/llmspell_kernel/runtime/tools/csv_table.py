"""CSV text as a table of texts, and back.

Invariant: every row of a `Table` has as many cells as there are columns, and column names are unique; what had to be
changed for that is told in `problems`.
"""

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from .output import ToolError

MAX_BYTES = 16 * 1024 * 1024
MAX_CELLS = 2_000_000
MAX_COLUMNS = 10_000
MAX_PROBLEMS = 100
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Table:
    columns: list[str]
    rows: list[list[str]]
    delimiter: str
    has_headers: bool
    problems: list[str]

    def column(self, name: str) -> int:
        """The place of a column. Raises ToolError that names those there are."""
        if name in self.columns:
            return self.columns.index(name)
        known = ", ".join(self.columns[:20]) or "none"
        raise ToolError(f"there is no column '{name[:60]}'; the columns are {known}", "invalid_parameters")


def parse(text: str) -> Table:
    """Read a table. Raises ToolError for what is too large or cannot be read at all."""
    if len(text.encode("utf-8", "surrogateescape")) > MAX_BYTES:
        raise ToolError(f"parameter 'input' is larger than the limit of {MAX_BYTES} bytes", "too_large")
    text = text.removeprefix("\ufeff")
    delimiter = _delimiter(text)
    records = _records(text, delimiter)
    if not records:
        return Table([], [], delimiter, False, [])
    first = records[0]
    has_headers = _is_header(first)
    columns = first if has_headers else [f"column_{number}" for number in range(1, len(first) + 1)]
    problems: list[str] = []
    names = _unique(columns, problems)
    rows = records[1:] if has_headers else records
    for number, row in enumerate(rows, 2 if has_headers else 1):
        if len(row) == len(names):
            continue
        if len(problems) < MAX_PROBLEMS:
            problems.append(f"row {number} has {len(row)} cells, not {len(names)}")
        row[len(names) :] = [""] * max(0, len(names) - len(row))
    return Table(names, rows, delimiter, has_headers, problems)


def write(columns: Sequence[str] | None, rows: Sequence[Sequence[str]], delimiter: str) -> str:
    """CSV text, with a first line of names unless `columns` is None."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    if columns:
        writer.writerow(columns)
    writer.writerows(rows)
    text = file.getvalue()
    if len(text) > MAX_BYTES:
        raise ToolError(f"the result is larger than the limit of {MAX_BYTES} bytes", "too_large")
    return text


def number(text: str) -> float | None:
    """The number that a cell says, or None; the words nan and infinity are no numbers."""
    if not text or not text.lstrip("+- \t")[:1].isascii() or text.lstrip("+- \t")[:1] not in set("0123456789."):
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None


def is_date(cell: str) -> bool:
    """Whether a cell is a date or a time as ISO 8601 writes it."""
    if not _DATE.fullmatch(cell):
        return False
    try:
        date.fromisoformat(cell) if len(cell) == 10 else datetime.fromisoformat(cell)
    except ValueError:
        return False
    return True


def _delimiter(text: str) -> str:
    """The one that the first line has most often outside of quotes; a comma when there is none."""
    counts = dict.fromkeys(_DELIMITERS, 0)
    quoted = False
    for character in text:
        if character == '"':
            quoted = not quoted
        elif character in "\r\n" and not quoted:
            break
        elif character in counts and not quoted:
            counts[character] += 1
    return max(_DELIMITERS, key=lambda one: counts[one])


def _records(text: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    records, cells = [], 0
    try:
        for record in reader:
            if not record:
                continue
            records.append(record)
            cells += max(len(record), len(records[0]))
            if cells > MAX_CELLS or len(record) > MAX_COLUMNS:
                raise ToolError(
                    f"the table is larger than the limit of {MAX_CELLS} cells and {MAX_COLUMNS} columns", "too_large"
                )
    except csv.Error as error:
        raise ToolError(f"line {reader.line_num} of the input is not CSV: {error}", "invalid_input") from None
    return records


def _is_header(first: Sequence[str]) -> bool:
    """A first row of names: no cell of it is empty or a number."""
    return all(cell.strip() and number(cell) is None for cell in first)


def _unique(columns: Sequence[str], problems: list[str]) -> list[str]:
    names: dict[str, None] = {}
    counts: dict[str, int] = {}
    for column in columns:
        name, count = column, counts.get(column, 1)
        while name in names:
            count += 1
            name = f"{column}_{count}"
        counts[column] = count
        if name != column and len(problems) < MAX_PROBLEMS:
            problems.append(f"the column '{column}' is there more than once; one is called '{name}'")
        names[name] = None
    return list(names)

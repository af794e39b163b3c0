"""The tool `csv-analyzer`: statistics, conversion, filters and checks of CSV text.

Cells stay texts: nothing is rounded, and a number with leading zeros keeps them.
"""

import base64
import importlib
import io
import re
from collections.abc import Callable, Sequence
from typing import Any

from ..values import Value
from .csv_rules import check_rows
from .csv_table import MAX_BYTES, Table, is_date, number, parse, write
from .output import ToolError, ToolOutput, json_text, raw
from .registry import Parameters, ToolContext

_PLACE = re.compile(r"\{([^{}]*)\}")
_SAMPLE_ROWS = 10


def run(parameters: Parameters, _context: ToolContext) -> ToolOutput:
    operation, text = parameters["operation"], parameters["input"]
    options = parameters.get("options") or {}
    table = parse(text)
    match operation:
        case "analyze":
            result = _analyze(table, text)
            return _with_metadata(raw("analyze", result), "analysis_result", result)
        case "validate":
            result = check_rows(table, options.get("rules"))
            return _with_metadata(raw("validate", result), "validation_result", result)
        case "convert":
            return raw("convert", _convert(table, options["format"]))
        case "filter":
            return raw("filter", _as_before(table, _filter(table, options["filter"])))
        case "transform":
            return raw("transform", _transform(table, options))
    size = options.get("size", _SAMPLE_ROWS)
    if size < 0:
        raise ToolError("parameter 'options.size': expected 0 or more", "invalid_parameters")
    return raw("sample", _as_before(table, table.rows[:size]))


def _with_metadata(output: ToolOutput, name: str, result: Value) -> ToolOutput:
    return ToolOutput("raw", output.content, metadata={**output.metadata, name: result})


def _as_before(table: Table, rows: Sequence[Sequence[str]]) -> str:
    return write(table.columns if table.has_headers else None, rows, table.delimiter)


def _analyze(table: Table, text: str) -> dict[str, Value]:
    content = text.encode("utf-8", "surrogateescape")
    columns: list[Value] = [
        _statistics(name, [row[place] for row in table.rows]) for place, name in enumerate(table.columns)
    ]
    return {
        "row_count": len(table.rows),
        "column_count": len(table.columns),
        "encoding": _encoding(text),
        "delimiter": table.delimiter,
        "has_headers": table.has_headers,
        "columns": columns,
        "file_size_bytes": len(content),
        "parse_errors": list(table.problems),
    }


def _encoding(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "unknown"
    return "ascii" if text.isascii() else "utf-8"


def _statistics(name: str, cells: list[str]) -> Value:
    filled = [cell for cell in cells if cell.strip()]
    kind = _data_type(filled)
    column: dict[str, Value] = {
        "name": name,
        "data_type": kind,
        "null_count": len(cells) - len(filled),
        "unique_count": len(set(filled)),
    }
    if filled:
        key: Callable[[str], Any] = (lambda cell: number(cell) or 0.0) if kind in ("integer", "float") else str
        column["min_value"] = min(filled, key=key)
        column["max_value"] = max(filled, key=key)
    return column


def _data_type(filled: Sequence[str]) -> str:
    if not filled:
        return "empty"
    if all(cell.strip().lower() in {"true", "false"} for cell in filled):
        return "boolean"
    if all(number(cell) is not None for cell in filled):
        return "integer" if all(re.fullmatch(r"[+-]?\d+", cell.strip()) for cell in filled) else "float"
    return "date" if all(is_date(cell.strip()) for cell in filled) else "string"


def _convert(table: Table, given: str) -> Value:
    match given.strip().lower():
        case "json":
            rows: list[Value] = [_object(table, row) for row in table.rows]
            return rows
        case "jsonlines" | "jsonl":
            text = "".join(json_text(_object(table, row)) + "\n" for row in table.rows)
            if len(text) > MAX_BYTES:
                raise ToolError(f"the result is larger than the limit of {MAX_BYTES} bytes", "too_large")
            return text
        case "tsv":
            return write(table.columns, table.rows, "\t")
        case "csv":
            return write(table.columns, table.rows, ",")
        case "excel" | "xlsx":
            return _encoded("excel", _excel(table))
        case "parquet":
            return _encoded("parquet", _parquet(table))
    raise ToolError(
        f"parameter 'options.format': unknown format '{given[:60]}'; possible are json, jsonlines, tsv, csv, excel, "
        "parquet",
        "invalid_parameters",
    )


def _object(table: Table, row: Sequence[str]) -> Value:
    return dict(zip(table.columns, row, strict=True))


def _encoded(kind: str, content: bytes) -> Value:
    data = base64.b64encode(content).decode("ascii")
    return {"format": kind, "encoding": "base64", "data": data, "size_bytes": len(content)}


def _excel(table: Table) -> bytes:
    book = _extra("openpyxl", "excel").Workbook(write_only=True)
    cell_of = _extra("openpyxl.cell", "excel").WriteOnlyCell
    sheet = book.create_sheet("data")

    def text_cell(text: str) -> Any:
        # A text that begins with = would otherwise be a formula, which the reader's program runs.
        cell = cell_of(sheet, value=text)
        cell.data_type = "s"
        return cell

    try:
        for row in (table.columns, *table.rows):
            sheet.append([text_cell(text) for text in row])
        file = io.BytesIO()
        book.save(file)
    except ValueError as error:  # control characters, UTF-8 that is broken
        raise ToolError(f"the table cannot be an Excel sheet: {error!r}", "invalid_input") from None
    return file.getvalue()


def _parquet(table: Table) -> bytes:
    arrow = _extra("pyarrow", "parquet")
    columns = [[row[place] for row in table.rows] for place in range(len(table.columns))]
    file = io.BytesIO()
    try:
        arrays = [arrow.array(column, type=arrow.string()) for column in columns]
        _extra("pyarrow.parquet", "parquet").write_table(arrow.table(arrays, names=table.columns), file)
    except (ValueError, arrow.ArrowException) as error:
        raise ToolError(f"the table cannot be Parquet: {error}", "invalid_input") from None
    return file.getvalue()


def _extra(module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise ToolError(
            f"format '{extra}' needs {module.partition('.')[0]}; install it with: pip install 'llmspell[{extra}]'",
            "unavailable",
        ) from None


# Longer ones first, so that >= is not read as >.
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
    "=": lambda left, right: left == right,
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
}
_TEXT_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda cell, wanted: wanted in cell,
    "starts_with": lambda cell, wanted: cell.startswith(wanted),
    "ends_with": lambda cell, wanted: cell.endswith(wanted),
}


def _filter(table: Table, condition: str) -> list[list[str]]:
    place, operator, wanted = _parsed(table, condition)
    if operator in _TEXT_COMPARISONS:
        holds = _TEXT_COMPARISONS[operator]
        return [row for row in table.rows if holds(row[place], wanted)]
    compare, wanted_number = _COMPARISONS[operator], number(wanted)

    def matches(cell: str) -> bool:
        cell_number = number(cell)
        if wanted_number is not None and cell_number is not None:
            return compare(cell_number, wanted_number)
        # A text is neither more nor less than a number.
        return (wanted_number is None or operator in {"==", "=", "!="}) and compare(cell, wanted)

    return [row for row in table.rows if matches(row[place])]


def _parsed(table: Table, condition: str) -> tuple[int, str, str]:
    text = condition.strip()
    operators = "|".join(map(re.escape, _COMPARISONS)) + "|(?:" + "|".join(_TEXT_COMPARISONS) + r")(?=\s|$)"
    # A column's name may hold spaces and operators: the longest name that fits counts.
    for name in sorted(table.columns, key=len, reverse=True):
        rest = text.removeprefix(name)
        if text.startswith(name) and (found := re.match(rf"\s*({operators})\s*(.*)", rest, re.DOTALL)):
            return table.column(name), found[1], _unquoted(found[2])
    if found := re.match(r"(.*?)\s*(?:[=!<>]|\b(?:contains|starts_with|ends_with)\b)", text, re.DOTALL):
        table.column(found[1])
    raise ToolError(
        "parameter 'options.filter': expected \"column op value\" with op one of "
        f"{', '.join((*_COMPARISONS, *_TEXT_COMPARISONS))}",
        "invalid_parameters",
    )


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"" else text


def _transform(table: Table, options: Parameters) -> str:
    renamed, added = _named(options, "rename_columns"), _named(options, "add_columns")
    columns = list(table.columns)
    for old, new in renamed:
        columns[table.column(old)] = new
    columns += [name for name, _ in added]
    if len(set(columns)) != len(columns):
        again = next(name for name in columns if columns.count(name) > 1)
        raise ToolError(f"the result would have the column '{again[:60]}' more than once", "invalid_parameters")
    fills = [_filler(table, text) for _, text in added]
    rows, size = [], 0
    for row in table.rows:
        rows.append([*row, *(fill(row) for fill in fills)])
        size += sum(map(len, rows[-1][len(row) :]))
        if size > MAX_BYTES:
            raise ToolError(f"the result is larger than the limit of {MAX_BYTES} bytes", "too_large")
    return write(columns if table.has_headers or renamed or added else None, rows, table.delimiter)


def _named(options: Parameters, name: str) -> list[tuple[str, str]]:
    """A table of names and texts; in the order of the names, since a script's table has none."""
    given = options.get(name) or {}
    if not isinstance(given, dict):
        raise ToolError(f"parameter 'options.{name}': expected a table of names and texts", "invalid_parameters")
    pairs = []
    for key, value in sorted(given.items()):
        if isinstance(value, (dict, list)) or value is None:
            raise ToolError(f"parameter 'options.{name}.{key[:60]}': expected a text", "invalid_parameters")
        pairs.append((key, str(value).lower() if isinstance(value, bool) else str(value)))
    return pairs


def _filler(table: Table, text: str) -> Callable[[Sequence[str]], str]:
    """What makes a new cell of a row: the text, with the row's cell for each {column} of it."""
    parts = _PLACE.split(text)
    literals, places = parts[::2], [table.column(name) for name in parts[1::2]]

    def fill(row: Sequence[str]) -> str:
        cells = [*(row[place] for place in places), ""]
        return "".join(literal + cell for literal, cell in zip(literals, cells, strict=True))

    return fill

"""The numbers of the template data-analysis, and its chart.

Invariants: the same file gives the same numbers; at most MAX_ROWS rows are looked at, and the result says so.
"""

import csv
import io
import json
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..host import Host, HostError
from ..values import Value
from .files import text_of

MAX_ROWS = 100_000
MAX_CHART_ROWS = 500
MAX_COLUMNS = 200
_CLUSTERS, _ROUNDS = 3, 50
_FUNCTION = "Template.execute: data-analysis"

Columns = dict[str, list[float]]


def analyse(host: Host, parameters: dict[str, Any]) -> Value:
    """`{rows, columns, analysis, chart}`; `chart` is a specification of Vega-Lite."""
    rows = _rows(parameters["data_file"], text_of(host, _FUNCTION, parameters["data_file"]))
    names = list(rows[0])[:MAX_COLUMNS]
    numbers = _numbers(rows, names)
    analysis = _ANALYSES[parameters["analysis_type"]](rows, numbers)
    return {
        "rows": len(rows),
        "columns": list[Value](names),
        "numeric_columns": list[Value](numbers),
        "analysis": analysis,
        "chart": json.dumps(_chart(parameters["chart_type"], rows, names, numbers)),
    }


def _rows(path: str, text: str) -> list[dict[str, Any]]:
    if path.lower().endswith(".json"):
        try:
            rows = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise HostError(f"{_FUNCTION}: '{path[:200]}' is no JSON: {error}") from error
        if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
            raise HostError(f"{_FUNCTION}: '{path[:200]}': expected a list of objects")
    else:
        delimiter = "\t" if path.lower().endswith((".tsv", ".tab")) else ","
        try:
            rows = list(csv.DictReader(io.StringIO(text), delimiter=delimiter))
        except csv.Error as error:
            raise HostError(f"{_FUNCTION}: '{path[:200]}' is no CSV: {error}") from error
    if not rows or not rows[0]:
        raise HostError(f"{_FUNCTION}: '{path[:200]}' has no rows of data")
    return rows[:MAX_ROWS]


def _numbers(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Columns:
    """Columns all of whose values are numbers; what is empty counts as none."""
    found: Columns = {}
    for name in names:
        values = [_number(row.get(name)) for row in rows if row.get(name) not in {None, ""}]
        if values and all(value is not None for value in values) and len(values) == len(rows):
            found[name] = [value for value in values if value is not None]
    return found


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _descriptive(_rows: Sequence[Mapping[str, Any]], numbers: Columns) -> Value:
    return {
        name: {
            "count": len(values),
            "mean": statistics.fmean(values),
            "median": statistics.median(values),
            "minimum": min(values),
            "maximum": max(values),
            "standard_deviation": statistics.stdev(values) if len(values) > 1 else 0.0,
        }
        for name, values in numbers.items()
    }


def _correlation(_rows: Sequence[Mapping[str, Any]], numbers: Columns) -> Value:
    names = list(numbers)
    pairs: list[Value] = []
    for index, first in enumerate(names):
        for second in names[index + 1 :]:
            pairs.append(
                {"first": first, "second": second, "correlation": _correlated(numbers[first], numbers[second])}
            )
    return {"pairs": pairs}


def _correlated(first: list[float], second: list[float]) -> float | None:
    try:
        return statistics.correlation(first, second)
    except statistics.StatisticsError:
        return None  # one of them is constant, or there are too few


def _regression(_rows: Sequence[Mapping[str, Any]], numbers: Columns) -> Value:
    """The last column of numbers by each of the others."""
    *causes, target = list(numbers) or [""]
    lines: list[Value] = []
    for name in causes:
        try:
            line = statistics.linear_regression(numbers[name], numbers[target])
        except statistics.StatisticsError:
            continue
        correlation = _correlated(numbers[name], numbers[target]) or 0.0
        lines.append(
            {"by": name, "slope": line.slope, "intercept": line.intercept, "r_squared": correlation * correlation}
        )
    return {"target": target, "lines": lines}


def _time_series(_rows: Sequence[Mapping[str, Any]], numbers: Columns) -> Value:
    """Each column of numbers in the order of the rows."""
    series: dict[str, Value] = {}
    for name, values in numbers.items():
        if len(values) < 2:
            continue
        line = statistics.linear_regression(range(len(values)), values)
        part = max(1, len(values) // 4)
        series[name] = {
            "trend_per_row": line.slope,
            "first_quarter_mean": statistics.fmean(values[:part]),
            "last_quarter_mean": statistics.fmean(values[-part:]),
        }
    return {"series": series}


def _clustering(_rows: Sequence[Mapping[str, Any]], numbers: Columns) -> Value:
    """k-means over the columns of numbers, each between 0 and 1; it starts from rows that lie apart evenly."""
    names = list(numbers)
    if not names:
        return {"clusters": []}
    scaled = [[_scaled(value, numbers[name]) for value in numbers[name]] for name in names]
    points = list(zip(*scaled, strict=True))
    count = min(_CLUSTERS, len(points))
    order = sorted(points)
    centres = [order[(2 * index + 1) * len(order) // (2 * count)] for index in range(count)]
    nearest: list[int] = []
    for _ in range(_ROUNDS):
        found = [min(range(count), key=lambda index: math.dist(point, centres[index])) for point in points]
        if found == nearest:
            break
        nearest = found
        for index in range(count):
            own = [point for point, one in zip(points, nearest, strict=True) if one == index]
            if own:
                centres[index] = tuple(statistics.fmean(values) for values in zip(*own, strict=True))
    return {
        "clusters": [
            {
                "size": nearest.count(index),
                "means": {
                    name: statistics.fmean(
                        [numbers[name][row] for row, one in enumerate(nearest) if one == index] or [0]
                    )
                    for name in names
                },
            }
            for index in range(count)
        ]
    }


def _scaled(value: float, values: list[float]) -> float:
    least, most = min(values), max(values)
    return (value - least) / (most - least) if most > least else 0.0


_ANALYSES: Mapping[str, Callable[[Sequence[Mapping[str, Any]], Columns], Value]] = {
    "descriptive": _descriptive,
    "correlation": _correlation,
    "regression": _regression,
    "timeseries": _time_series,
    "clustering": _clustering,
}
_MARKS = {"bar": "bar", "line": "line", "scatter": "point", "histogram": "bar", "heatmap": "rect", "box": "boxplot"}


def _chart(kind: str, rows: Sequence[Mapping[str, Any]], names: Sequence[str], numbers: Columns) -> dict[str, Any]:
    others = [name for name in names if name not in numbers]
    measured = list(numbers)
    first = (others or measured or list(names))[0]
    second = next((name for name in measured if name != first), first)
    encoding: dict[str, Any] = {"x": _axis(first, numbers), "y": _axis(second, numbers)}
    if kind == "scatter" and len(measured) > 1:
        encoding = {"x": _axis(measured[0], numbers), "y": _axis(measured[1], numbers)}
    elif kind == "histogram":
        encoding = {"x": {**_axis(second, numbers), "bin": second in numbers}, "y": {"aggregate": "count"}}
    elif kind == "heatmap":
        encoding["color"] = {"aggregate": "count"}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": list(rows[:MAX_CHART_ROWS])},
        "mark": _MARKS[kind],
        "encoding": encoding,
    }


def _axis(name: str, numbers: Columns) -> dict[str, Any]:
    return {"field": name, "type": "quantitative" if name in numbers else "nominal"}

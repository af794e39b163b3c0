"""Measures and prints the table: ``python -m benchmarks [--json] [--strict] [GROUP …]``."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence

from . import boundary, debugger, kernel, language, load, running
from .measure import Row

GROUPS = {
    "kernel": kernel.rows,
    "load": load.rows,
    "running": running.rows,
    "boundary": boundary.rows,
    "debugger": debugger.rows,
    "language": language.rows,
}


def main() -> int:
    """Exit code 1 only with ``--strict``, when a budget is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure LLMSpell against its budgets.")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"what to measure, of {', '.join(GROUPS)}")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when something is over its budget")
    options = parser.parse_args()
    unknown = set(options.groups) - set(GROUPS)
    if unknown:
        parser.error(f"unknown group {min(unknown)!r}: choose from {', '.join(GROUPS)}")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="llmspell-bench-") as home:
        os.environ["LLMSPELL_HOME"] = home
        # An installed package has its bytecode; compiling it at every start is not what is to be measured.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        for name in options.groups or GROUPS:
            print(f"measuring: {name} …", file=sys.stderr)
            rows += GROUPS[name]()
    if options.json:
        print(json.dumps([{**row._asdict(), "verdict": row.verdict} for row in rows], indent=2, ensure_ascii=False))
    else:
        print(table(rows))
    return 1 if options.strict and any(row.verdict == "over" for row in rows) else 0


def table(rows: Sequence[Row]) -> str:
    """Plain text with aligned columns."""
    cells = [("what", "measured", "budget", "ok")]
    for row in rows:
        budget = "" if row.budget is None else f"≤ {row.budget:g} {row.unit}"
        cells.append((row.what, _measured(row), budget, row.verdict))
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    lines = [
        f"{what:<{widths[0]}}  {measured:>{widths[1]}}  {budget:>{widths[2]}}  {verdict}".rstrip()
        for what, measured, budget, verdict in cells
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def _measured(row: Row) -> str:
    return row.note or "not measured" if row.measured is None else f"{_number(row.measured)} {row.unit}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 999.5 else f"{value:#.3g}".rstrip(".")


if __name__ == "__main__":
    sys.exit(main())

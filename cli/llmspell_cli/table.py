"""Rows, sizes and lengths of time as text for a terminal."""

from collections.abc import Iterable, Sequence

from llmspell_kernel.client import SessionInfo

# a unit, its length in seconds, the next lesser one, and that one's
_UNITS = (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60), ("min", 60, "s", 1))


def table(rows: Iterable[Sequence[object]]) -> str:
    """The rows in columns as wide as they need."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def session_table(sessions: Iterable[SessionInfo]) -> str:
    """One row for each session."""
    rows = [
        (
            one.session,
            one.state + (", debugged" if one.debugged else "") + (", owned" if one.owned else ""),
            "-" if one.pid is None else one.pid,
            one.queued,
            one.folder,
            one.deaths,
            one.last_death or "",
        )
        for one in sessions
    ]
    return table([("SESSION", "STATE", "PID", "QUEUED", "FOLDER", "DEATHS", "LAST DEATH"), *rows])


def indented(text: str) -> str:
    """The text with each line moved to the right."""
    return "\n".join(f"  {line}" for line in text.splitlines())


def duration(seconds: float) -> str:
    """A length of time in its two greatest units."""
    whole = int(seconds)
    for unit, length, lesser, lesser_length in _UNITS:
        if whole >= length:
            return f"{whole // length} {unit} {whole % length // lesser_length} {lesser}"
    return f"{whole} s"


def mebibytes(size: float) -> str:
    """A size in memory."""
    return f"{size / 1024**2:.1f} MiB"

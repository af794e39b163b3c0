"""The tool `file-search`: lines of files that hold a text or match a pattern.

Invariant: no file outside the allowed folders is read, symbolic links are not followed, and a search ends with an
error when it takes longer than MAX_SECONDS. What was not searched is told in `skipped_files`.
"""

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..cancellation import check_cancelled
from ..values import Value
from .confinement import explain, open_for_reading, opened_folder, resolve
from .output import ToolError, ToolOutput, text_meta
from .patterns import Search, searcher
from .registry import Parameters, ToolContext

MAX_SECONDS = 10.0
MAX_FILES = 50_000
MAX_MATCHES = 10_000
MAX_CHARACTERS = 8 * 1024 * 1024
MAX_ENTRIES = 20_000
MAX_DEPTH = 40
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_CONTEXT_LINES = 20
MAX_SKIPPED = 1000
MAX_LINE = 2000


@dataclass(slots=True)
class _Found:
    """What a search has come to."""

    deadline: float
    matches: list[Value] = field(default_factory=list)
    skipped: list[Value] = field(default_factory=list)
    searched: int = 0
    with_matches: int = 0
    passed_over: int = 0
    characters: int = 0

    def skip(self, path: Path, reason: str) -> None:
        self.passed_over += 1
        if len(self.skipped) < MAX_SKIPPED:
            self.skipped.append({"path": str(path), "reason": reason})

    @property
    def is_full(self) -> bool:
        return len(self.matches) >= MAX_MATCHES or self.characters >= MAX_CHARACTERS

    def enter(self, match: dict[str, Any]) -> None:
        self.matches.append(match)
        around = (*match["context_before"], *match["context_after"])
        self.characters += len(match["line_content"]) + len(match["matched_text"]) + sum(map(len, around))

    def check_time(self) -> None:
        check_cancelled()
        if time.monotonic() > self.deadline:
            raise ToolError(
                f"the search took longer than {MAX_SECONDS:g} s and was stopped; search fewer files", "timeout"
            )


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    path = parameters["path"]
    for name in ("context_lines", "max_file_size", "max_matches_per_file", "max_depth"):
        if parameters[name] < 0:
            raise ToolError(f"parameter '{name}': expected 0 or more", "invalid_parameters")
    if not parameters["pattern"]:
        raise ToolError("parameter 'pattern': expected a text to search for", "invalid_parameters")
    search = _search(parameters)
    found = _Found(time.monotonic() + MAX_SECONDS)
    for file in _files(path, parameters, context, found):
        found.check_time()
        if found.searched == MAX_FILES:
            raise ToolError(f"'{path}' has more than {MAX_FILES} files to search", "too_large")
        _search_file(file, search, parameters, context, found)
        if found.is_full:
            break
    count = len(found.matches)
    summary: Value = {
        "total_matches": count,
        "files_searched": found.searched,
        "files_with_matches": found.with_matches,
        "files_skipped": found.passed_over,
        "truncated": found.is_full,
    }
    result: Value = {"matches": found.matches, "summary": summary, "skipped_files": found.skipped}
    message = f"{count} match{'' if count == 1 else 'es'} in {found.with_matches} of {found.searched} files"
    return text_meta("search", message, result, message)


def _search(parameters: Parameters) -> Search:
    pattern, ignore_case = parameters["pattern"], not parameters["case_sensitive"]
    if parameters["use_regex"]:
        return searcher(pattern, "pattern", ignore_case)
    if ignore_case:
        import re

        # Lower-cased texts may be longer than the text itself; a literal pattern needs no limit of time.
        compiled = re.compile(re.escape(pattern), re.IGNORECASE)

        def search_any_case(text: str, start: int) -> tuple[int, int] | None:
            match = compiled.search(text, start)
            return None if match is None else match.span()

        return search_any_case

    def search_literally(text: str, start: int) -> tuple[int, int] | None:
        at = text.find(pattern, start)
        return None if at < 0 else (at, at + len(pattern))

    return search_literally


def _files(path: str, parameters: Parameters, context: ToolContext, found: _Found) -> Iterator[Path]:
    real, _ = resolve(path, context.allowed_roots)
    try:
        mode = real.lstat().st_mode
    except OSError as error:
        raise explain(error, path) from error
    if not stat.S_ISDIR(mode):
        yield real
        return
    included, excluded = _extensions(parameters, "include_extensions"), _extensions(parameters, "exclude_extensions")
    folders = set(_list(parameters, "exclude_dirs"))
    depth = min(parameters["max_depth"], MAX_DEPTH) if parameters["recursive"] else 0
    for file in _walk(real, depth, folders, context, found):
        extension = file.suffix.lower().lstrip(".")
        if (not included or extension in included) and extension not in excluded:
            yield file


def _walk(folder: Path, depth: int, excluded: set[str], context: ToolContext, found: _Found) -> Iterator[Path]:
    found.check_time()
    try:
        resolve(str(folder), context.allowed_roots)
    except ToolError as error:  # LLMSpell's own folder
        found.skip(folder, str(error))
        return
    entries: list[tuple[str, int]] = []
    try:
        with opened_folder(str(folder), context.allowed_roots) as (_, descriptor), os.scandir(descriptor) as scan:
            for entry in scan:
                entries.append((entry.name, entry.stat(follow_symlinks=False).st_mode))
                if len(entries) > MAX_ENTRIES:
                    raise ToolError(f"'{folder}' has more than {MAX_ENTRIES} entries", "too_large")
    except OSError as error:
        found.skip(folder, str(explain(error, str(folder))))
        return
    for name, mode in sorted(entries):
        if stat.S_ISREG(mode):
            yield folder / name
        elif stat.S_ISLNK(mode):
            found.skip(folder / name, "symbolic link")
        elif stat.S_ISDIR(mode) and depth > 0 and name not in excluded:
            yield from _walk(folder / name, depth - 1, excluded, context, found)


def _list(parameters: Parameters, name: str) -> list[str]:
    """A list, or a text with commas; Lua's empty table is an empty list."""
    given = parameters.get(name)
    if isinstance(given, str):
        given = given.split(",")
    return [item.strip() for item in given or () if item.strip()]


def _extensions(parameters: Parameters, name: str) -> set[str]:
    return {item.lower().removeprefix("*").lstrip(".") for item in _list(parameters, name)}


def _search_file(file: Path, search: Search, parameters: Parameters, context: ToolContext, found: _Found) -> None:
    limit = min(parameters["max_file_size"], MAX_FILE_BYTES)
    try:
        with open_for_reading(str(file), context.allowed_roots) as opened:
            content = opened.read(limit + 1)
    except ToolError as error:
        found.skip(file, str(error))
        return
    if len(content) > limit:
        found.skip(file, f"larger than {limit} bytes")
        return
    if b"\0" in content:
        found.skip(file, "not a text file")
        return
    found.searched += 1
    before = len(found.matches)
    lines = content.decode("utf-8", "surrogateescape").splitlines()
    most = parameters["max_matches_per_file"] or MAX_MATCHES
    for place, line in enumerate(lines):
        found.check_time()
        for start, end in _spans(search, line):
            found.enter(_match(file, lines, place, (start, end), parameters))
            if len(found.matches) - before >= most or found.is_full:
                break
        else:
            continue
        break
    found.with_matches += len(found.matches) > before


def _spans(search: Search, line: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start <= len(line) and (span := search(line, start)) is not None:
        yield span
        start = span[1] if span[1] > span[0] else span[1] + 1


def _match(file: Path, lines: list[str], place: int, span: tuple[int, int], parameters: Parameters) -> dict[str, Any]:
    around = min(parameters["context_lines"], MAX_CONTEXT_LINES)
    start, end = span
    return {
        "file_path": str(file),
        "line_number": place + 1,
        "column_number": start + 1,
        "line_content": lines[place][:MAX_LINE],
        "matched_text": lines[place][start : min(end, start + MAX_LINE)],
        "context_before": [line[:MAX_LINE] for line in lines[max(0, place - around) : place]],
        "context_after": [line[:MAX_LINE] for line in lines[place + 1 : place + 1 + around]],
    }

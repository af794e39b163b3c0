"""``llmspell validate``: checks scripts, says what it found, and mends what is asked for.

Exit codes: 0 nothing at or above the severity, 1 findings (with ``--diff``: changes), 2 a mistake in the
configuration, or something that could not be read or written.
"""

import gc
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llmspell_analysis.configuration import Configurations
from llmspell_analysis.syntax.text import MAX_SOURCE_BYTES
from llmspell_analysis.validation import Diagnostic, Severity

from llmspell_cli.failure import fail
from llmspell_cli.report import show, show_bytes
from llmspell_cli.validation import github_format, json_format, sarif_format, text_format
from llmspell_cli.validation.cache import Cache, CacheError
from llmspell_cli.validation.checking import Checked, Checker
from llmspell_cli.validation.colours import Choice, Paint, is_coloured
from llmspell_cli.validation.fixing import FixError, Mended, difference, mend, replace_file
from llmspell_cli.validation.places import root_folder
from llmspell_cli.validation.scripts import Found, find_scripts
from llmspell_cli.validation.text_format import plain
from llmspell_cli.validation.watching import changes

FOUND = 1
FAILED = 2
_STDIN = Path("-")


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for."""

    paths: tuple[Path, ...]
    least: Severity = Severity.INFORMATION
    format: str = "text"
    color: Choice = "auto"
    statistics: bool = False
    fix: bool = False
    diff: bool = False
    watch: bool = False
    config: Path | None = None
    isolated: bool = False
    stdin_filename: Path | None = None
    jobs: int | None = None
    use_cache: bool = True


def validate(request: Request) -> int:
    """Does what is asked; the exit code."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    cache = _cache() if request.use_cache and request.paths != (_STDIN,) else None
    try:
        if request.watch:
            return _watch(request, cache)
        return _Command(request, cache).run()
    finally:
        if cache is not None:
            cache.close()


def _cache() -> Cache | None:
    try:
        return Cache.open()
    except CacheError as error:
        fail(f"nothing is kept for the next time: {error}")
        return None


def _watch(request: Request, cache: Cache | None) -> int:
    """Ends with KeyboardInterrupt alone."""
    configurations = _configurations(request, is_steady=False)

    def watched() -> Sequence[str]:
        return (*find_scripts(request.paths, configurations).scripts, *configurations.files())

    for _ in changes(request.paths, watched):
        if sys.stdout.isatty():
            show("\x1b[2J\x1b[H", end="")
        _Command(request, cache).run()
        show("watching; Ctrl-C ends it")
    return 0


def _configurations(request: Request, *, is_steady: bool) -> Configurations:
    only = str(request.config) if request.config is not None else None
    return Configurations(only, isolated=request.isolated, is_steady=is_steady)


class _Command:
    """One round: find, check, mend, show."""

    def __init__(self, request: Request, cache: Cache | None) -> None:
        self._request = request
        self._configurations = _configurations(request, is_steady=True)
        self._checker = Checker(self._configurations, cache, request.jobs)
        self._problems: list[str] = []
        self._changes = 0
        self._is_sound = True

    def run(self) -> int:
        # trees and tables are made in great number and hardly any are in cycles
        gc.set_threshold(10_000, 10, 10)
        if self._request.paths == (_STDIN,):
            return self._run_on_stdin()
        found = find_scripts(self._request.paths, self._configurations)
        if not self._has_sound_configuration(found.scripts):
            return self._show([])
        self._problems += found.problems
        if not found.scripts and not self._problems:
            _say("there is no script in what was named; `include` and `exclude` of [validator] decide what is searched")
        return self._show(self._check(found))

    def _check(self, found: Found) -> list[Checked]:
        checked = self._checker.check(found.scripts)
        if self._request.fix or self._request.diff:
            changed = {each.name for each in checked if self._mend(each)}
            if changed and self._request.fix:
                checked = self._checker.check(found.scripts)
        self._problems += [each.problem for each in checked if each.problem is not None]
        return [each for each in checked if each.problem is None]

    def _mend(self, one: Checked) -> bool:
        """Whether the file has changed."""
        mended = self._mended(one)
        if mended.count == 0:
            return False
        self._changes += mended.count
        if self._request.diff:
            show_bytes(difference(one.name, one.data, mended.data))
            return False
        try:
            replace_file(one.name, one.data, mended.data)
        except FixError as error:
            self._problems.append(str(error))
            return False
        _say(f"{one.name}: {_fixes(mended.count)} made")
        return True

    def _mended(self, one: Checked) -> Mended:
        least = self._request.least

        def counting(findings: Sequence[Diagnostic]) -> list[Diagnostic]:
            return [each for each in findings if each.severity <= least]

        mended = mend(
            one.data,
            counting(one.findings),
            lambda data: counting(self._checker.check_text(data, one.name).findings),
        )
        if mended.problem is not None:
            _say(f"{one.name} stays as it is: {mended.problem}")
        return mended

    def _run_on_stdin(self) -> int:
        data = sys.stdin.buffer.read(MAX_SOURCE_BYTES + 1)
        name = str(self._request.stdin_filename or "stdin.lua")
        if not self._has_sound_configuration((name,)):
            return self._show([])
        if len(data) > MAX_SOURCE_BYTES:
            self._problems.append(f"standard input holds more than {MAX_SOURCE_BYTES} bytes")
            return self._show([])
        checked = self._checker.check_text(data, name)
        if not (self._request.fix or self._request.diff):
            return self._show([checked])
        mended = self._mended(checked)
        self._changes = mended.count
        if self._request.diff:
            show_bytes(difference(name, data, mended.data))
            return self._show([checked])
        show_bytes(mended.data)
        left = self._checker.check_text(mended.data, name)
        return FOUND if any(one.severity <= self._request.least for one in left.findings) else 0

    def _has_sound_configuration(self, names: Sequence[str]) -> bool:
        """Says what is wrong with configuration files; a mistake in ours ends the command."""
        for name in names:
            self._configurations.of(name)
        for problem in sorted(self._configurations.problems(), key=lambda each: (each.path, each.line)):
            if problem.is_ours:
                self._problems.append(str(problem))
                self._is_sound = False
            else:
                _say(f"{problem}; it is passed over")
        return self._is_sound

    # --- what is shown -----------------------------------------------------------------------------------------

    def _show(self, checked: Sequence[Checked]) -> int:
        request = self._request
        for each in checked:
            if each.notice is not None:
                _say(each.notice)
        shown = [
            replace(each, findings=tuple(one for one in each.findings if one.severity <= request.least))
            for each in checked
        ]
        if request.format == "json":
            show(json_format.document(shown, self._problems))
        elif request.format == "sarif":
            show(sarif_format.document(shown, self._problems, root_folder()))
        else:
            self._show_lines(shown)
        if self._problems:
            return FAILED
        if request.diff:
            return FOUND if self._changes else 0
        return FOUND if any(each.findings for each in shown) else 0

    def _show_lines(self, shown: Sequence[Checked]) -> None:
        request = self._request
        for problem in self._problems:
            if request.format == "github":
                show(github_format.of_problem(problem), end="")
            fail(plain(problem))
        if request.diff:
            return
        paint = Paint(coloured=is_coloured(request.color, sys.stdout))
        root = root_folder()
        for each in shown:
            if request.format == "github":
                show("".join(github_format.commands(each, root)), end="")
            else:
                write = text_format.short if request.format == "short" else text_format.full
                show("".join(write(each, paint)), end="")
        if request.format == "github":
            return
        if request.statistics:
            show(text_format.statistics(shown), end="")
        if self._is_sound:
            show(text_format.summary(shown, len(self._problems)))


def _say(text: str) -> None:
    print(f"llmspell: {plain(text)}", file=sys.stderr)


def _fixes(count: int) -> str:
    return f"{count} fix" if count == 1 else f"{count} fixes"

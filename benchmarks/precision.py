"""What the validator says of other people's Lua: ``python -m benchmarks.precision FOLDER [--sample N] [--code CODE]``.

Every Lua file below the folder that Lua 5.4 accepts is checked; the folder's own folders are taken as one project
each. The table says how often each code was found; samples are for reading by hand, so that one can say how many of
them are right. The same seed gives the same samples. docs/validator.md has the results for Debian's packages:
``apt-get download`` those that ``apt-cache search '^lua-'`` lists, and ``dpkg-deb -x`` each into a folder of its own.
"""

import argparse
import os
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from llmspell_analysis.configuration import Configurations
from llmspell_analysis.syntax.compiler import compile_error
from llmspell_analysis.syntax.text import SourceText
from llmspell_analysis.validation import MAX_CHECKED_BYTES, Diagnostic, Severity
from llmspell_cli.validation.checking import Checked, Checker
from llmspell_cli.validation.colours import Paint
from llmspell_cli.validation.text_format import full

_SEED = 6


class _Found(NamedTuple):
    checked: Checked
    finding: Diagnostic


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.precision", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="show so many findings of each code")
    parser.add_argument("--code", action="append", help="of these codes alone")
    parser.add_argument("--severity", choices=[each.name.lower() for each in Severity], default="hint")
    options = parser.parse_args(arguments)
    least = Severity[options.severity.upper()]
    files = lines = refused = 0
    found: dict[tuple[str, Severity], list[_Found]] = defaultdict(list)
    checker = Checker(Configurations(isolated=True), None)
    for project in _projects(options.folder):
        accepted = [name for name in project if _is_accepted(name)]
        refused += len(project) - len(accepted)
        files += len(accepted)
        for checked in checker.check(accepted):
            lines += Path(checked.name).read_bytes().count(b"\n")
            for finding in checked.findings:
                if finding.severity <= least and (not options.code or finding.code in options.code):
                    found[finding.code, finding.severity].append(_Found(checked, finding))
    print(f"{files} files, {lines} lines; {refused} files that Lua 5.4 does not accept were left out\n")
    print(f"{'severity':<12} {'count':>6} {'files':>6}  code")
    for (code, severity), each in sorted(found.items(), key=lambda item: (item[0][1], item[0][0])):
        count = len({one.checked.name for one in each})
        print(f"{severity.name.lower():<12} {len(each):>6} {count:>6}  {code}")
    if options.sample:
        _show_samples(found, options.sample)
    return 0


def _projects(folder: Path) -> Iterator[list[str]]:
    inner = sorted(each for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []
    yield sorted(str(each) for each in folder.glob("*.lua"))
    for each in inner:
        # names that are links to others are the same files again
        yield sorted(
            os.path.join(path, name)
            for path, _, names in os.walk(each)
            for name in names
            if name.endswith(".lua") and not os.path.islink(os.path.join(path, name))
        )


def _is_accepted(name: str) -> bool:
    try:
        data = Path(name).read_bytes()
    except OSError:
        return False
    return len(data) <= MAX_CHECKED_BYTES and compile_error(data) is None


def _show_samples(found: dict[tuple[str, Severity], list[_Found]], count: int) -> None:
    chosen = random.Random(_SEED)
    paint = Paint(coloured=False)
    for (code, severity), each in sorted(found.items(), key=lambda item: (item[0][1], item[0][0])):
        print(f"\n===== {code}, {severity.name.lower()}, {min(count, len(each))} of {len(each)}\n")
        for one in chosen.sample(each, min(count, len(each))):
            alone = Checked(one.checked.name, one.checked.data, (one.finding,))
            print("".join(full(alone, paint)), end="")
            print(_around(one))


def _around(one: _Found) -> str:
    """Some lines before and after, for whoever judges."""
    source = SourceText(one.checked.data)
    line = source.line_of(min(one.finding.start, len(source)))
    shown = range(max(0, line - 4), min(len(source.line_starts), line + 5))
    rows = (source.slice(*source.line_span(number)) for number in shown)
    return "".join(
        f"    {number + 1:>5}{'>' if number == line else ' '} {row}\n" for number, row in zip(shown, rows, strict=True)
    )


if __name__ == "__main__":
    sys.exit(main())

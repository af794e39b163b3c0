"""The command line of ``llmspell validate`` and ``llmspell definitions``. Imports nothing of the validator."""

import argparse
from pathlib import Path
from typing import Any

from llmspell_cli.validation.colours import CHOICES

FORMATS = ("text", "short", "json", "sarif", "github")
LEVELS = ("error", "warning", "information", "hint")

_DESCRIPTION = "Check scripts without running them."
_EPILOG = """\
exit codes:
  0  nothing found at or above --severity
  1  findings
  2  wrong usage, a mistake in llmspell.toml, or something that could not be read

[validator] of llmspell.toml, .luarc.json, .emmyrc.json, .luacheckrc and selene.toml are honoured: docs/validator.md
"""


def add_validate(commands: "argparse._SubParsersAction[Any]") -> None:
    parser = commands.add_parser(
        "validate",
        help="check scripts without running them",
        usage="llmspell validate [OPTION…] PATH…",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="Lua files, folders to look for them in, or - for stdin"
    )
    output = parser.add_argument_group("output")
    output.add_argument("--format", choices=FORMATS, default="text", help="how findings are written (default: text)")
    output.add_argument(
        "--severity",
        choices=LEVELS,
        default="information",
        help="the least severe findings that count and are shown (default: information)",
    )
    output.add_argument(
        "--color",
        choices=CHOICES,
        default="auto",
        help="default: on a terminal; NO_COLOR and FORCE_COLOR are honoured",
    )
    output.add_argument("--statistics", action="store_true", help="how often each code was found, after the findings")
    _add_mending(parser)
    _add_configuration(parser)
    rules = parser.add_argument_group("instead of checking")
    rules.add_argument("--explain", metavar="CODE", help="say what a diagnostic means")
    rules.add_argument("--list-rules", action="store_true", help="list the diagnostics (with --format json: as JSON)")
    parser.set_defaults(handler=lambda options: _validate(options, parser))


def _add_mending(parser: argparse.ArgumentParser) -> None:
    mending = parser.add_argument_group("mending")
    how = mending.add_mutually_exclusive_group()
    how.add_argument("--fix", action="store_true", help="mend what can be mended without guessing, then check")
    how.add_argument("--diff", action="store_true", help="show what --fix would change, and change nothing")
    how.add_argument("--watch", action="store_true", help="check again whenever something changes, until Ctrl-C")


def _add_configuration(parser: argparse.ArgumentParser) -> None:
    given = parser.add_argument_group("configuration")
    files = given.add_mutually_exclusive_group()
    files.add_argument(
        "--config", type=Path, metavar="FILE", help="a llmspell.toml that counts instead of those that would be found"
    )
    files.add_argument("--isolated", action="store_true", help="look for no configuration files")
    given.add_argument(
        "--stdin-filename", type=Path, metavar="FILE", help="what the text of - is called and where it would be"
    )
    given.add_argument("--jobs", type=_jobs, metavar="N", help="processes to use (default: as many as pay)")
    given.add_argument("--no-cache", action="store_true", help="neither use nor keep what was found before")


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to 256, got {text!r}")
    return int(text)


def add_definitions(commands: "argparse._SubParsersAction[Any]") -> None:
    what = "write the script API as LuaCATS files, for LuaLS and EmmyLua"
    parser = commands.add_parser("definitions", help=what, description=what[0].upper() + what[1:] + ".")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where to; it is made when it does not exist")
    parser.add_argument(
        "--with-standard-library", action="store_true", help="those of Lua 5.4 too, for a server that has none"
    )
    parser.set_defaults(handler=_definitions)


def _validate(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    if options.explain is not None:
        from llmspell_cli.validation.rules import explain

        return explain(options.explain)
    if options.list_rules:
        from llmspell_cli.validation.rules import list_rules

        return list_rules(options.format)
    stdin = Path("-") in options.paths
    if not options.paths:
        parser.error("name the scripts to check, or the folders to look for them in")
    if stdin and len(options.paths) > 1:
        parser.error("- stands for standard input and cannot be combined with other paths")
    if stdin and options.watch:
        parser.error("--watch watches files; standard input cannot be watched")
    if options.stdin_filename is not None and not stdin:
        parser.error("--stdin-filename names the text of standard input: give - as the path")
    if (options.diff or options.watch) and options.format in ("json", "sarif"):
        parser.error(f"--{'diff' if options.diff else 'watch'} writes text; --format {options.format} is one document")
    from llmspell_analysis.validation import Severity

    from llmspell_cli.validate import Request, validate

    return validate(
        Request(
            paths=tuple(options.paths),
            least=Severity[options.severity.upper()],
            format=options.format,
            color=options.color,
            statistics=options.statistics,
            fix=options.fix,
            diff=options.diff,
            watch=options.watch,
            config=options.config,
            isolated=options.isolated,
            stdin_filename=options.stdin_filename,
            jobs=options.jobs,
            use_cache=not options.no_cache,
        )
    )


def _definitions(options: argparse.Namespace) -> int:
    from llmspell_cli.validation.definitions import definitions

    return definitions(options.folder, with_standard_library=options.with_standard_library)

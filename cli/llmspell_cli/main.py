"""The ``llmspell`` command: reads the command line and hands over to the module of the subcommand.

Exit codes: 0 done, 1 the script or the operation failed, 2 wrong usage, 130 interrupted.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from llmspell_kernel.version import __version__

from llmspell_cli.failure import fail

MAX_CODE_FROM_STDIN = 10 * 1024 * 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the console script."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.handler(options))
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="llmspell", description="Run LLMSpell scripts and look after kernels.")
    parser.add_argument("--version", action="version", version=f"llmspell {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run a script in this process", usage="llmspell run SCRIPT [-- ARGUMENTS…]")
    run.add_argument("script", type=Path, metavar="SCRIPT", help="the Lua file")
    rest = run.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="ARGUMENTS", help="what the script finds in ARGS"
    )
    rest.required = False  # argparse before Python 3.13 names it among what is missing
    run.set_defaults(handler=_run)

    execute = commands.add_parser("exec", help="run Lua code and show what it returns")
    execute.add_argument("code", help="Lua text, or - to read it from standard input")
    execute.set_defaults(handler=_exec)

    validate = commands.add_parser("validate", help="check scripts without running them")
    validate.add_argument("paths", nargs="+", type=Path, help="Lua files, or folders to look for them in")
    validate.set_defaults(handler=_validate)

    kernel = commands.add_parser("kernel", help="start, list and stop kernels")
    actions = kernel.add_subparsers(title="actions", required=True, metavar="ACTION")
    start = actions.add_parser("start", help="start a kernel in the background")
    start.add_argument(
        "--idle-timeout",
        type=float,
        default=None,
        metavar="SECONDS",
        help="end it after this long without clients and without work",
    )
    start.set_defaults(handler=_kernel_start)
    listing = actions.add_parser("list", help="list running kernels")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(handler=_kernel_list)
    stop = actions.add_parser("stop", help="stop a kernel")
    stop.add_argument("kernel_id", nargs="?", help="which one (needed when several run)")
    stop.add_argument("--all", action="store_true", dest="every", help="stop all")
    stop.set_defaults(handler=_kernel_stop)
    return parser


def _run(options: argparse.Namespace) -> int:
    from llmspell_kernel.runtime.configuration import ConfigurationError
    from llmspell_kernel.worker.local import run_script

    arguments = list(options.arguments)
    if arguments[:1] == ["--"]:
        arguments.pop(0)
    if not options.script.is_file():
        what = "is a folder" if options.script.is_dir() else "does not exist"
        return fail(f"{options.script} {what}")
    try:
        return run_script(options.script, arguments)
    except ConfigurationError as error:
        return fail(str(error))


def _exec(options: argparse.Namespace) -> int:
    from llmspell_kernel.runtime.configuration import ConfigurationError
    from llmspell_kernel.worker.local import run_code

    code = options.code
    if code == "-":
        given = sys.stdin.buffer.read(MAX_CODE_FROM_STDIN + 1)
        if len(given) > MAX_CODE_FROM_STDIN:
            return fail(f"standard input holds more than {MAX_CODE_FROM_STDIN} bytes")
        code = given.decode("utf-8", "surrogateescape")
    try:
        return run_code(code)
    except ConfigurationError as error:
        return fail(str(error))


def _validate(options: argparse.Namespace) -> int:
    from llmspell_cli.validate import validate

    return validate(options.paths)


def _kernel_start(options: argparse.Namespace) -> int:
    from llmspell_cli.kernels import start

    return start(options.idle_timeout)


def _kernel_list(options: argparse.Namespace) -> int:
    from llmspell_cli.kernels import list_kernels

    return list_kernels(as_json=options.json)


def _kernel_stop(options: argparse.Namespace) -> int:
    from llmspell_cli.kernels import stop

    return stop(options.kernel_id, every=options.every)


if __name__ == "__main__":
    sys.exit(main())

"""The ``llmspell`` command: reads the command line and hands over to the module of the subcommand.

Exit codes: 0 done, 1 the script or the operation failed, 2 wrong usage, 130 interrupted.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from llmspell_kernel.version import __version__

from llmspell_cli.failure import fail, problem_of
from llmspell_cli.validation.arguments import add_definitions, add_validate

if TYPE_CHECKING:
    from llmspell_cli.report import Outcome

MAX_CODE_FROM_STDIN = 10 * 1024 * 1024
WRONG_USAGE = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the console script."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        options = _parser().parse_args(given)
        return int(options.handler(options))
    except _WrongUsageError as error:
        return _wrong_usage(error, as_json="--json" in given)
    except KeyboardInterrupt:
        return INTERRUPTED


class _WrongUsageError(Exception):
    def __init__(self, parser: argparse.ArgumentParser, message: str) -> None:
        super().__init__(message)
        self.parser = parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _WrongUsageError(self, message)


def _wrong_usage(error: _WrongUsageError, *, as_json: bool) -> int:
    if as_json:
        import json

        print(json.dumps({"error": f"{error.parser.prog}: {error}"}, indent=2))
        return WRONG_USAGE
    error.parser.print_usage(sys.stderr)
    print(f"{error.parser.prog}: error: {error}", file=sys.stderr)
    return WRONG_USAGE


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="llmspell", description="Run LLMSpell scripts, look after kernels and their sessions, set up Jupyter."
    )
    parser.add_argument("--version", action="version", version=f"llmspell {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run a script in this process", usage="llmspell run SCRIPT [-- ARGUMENTS…]")
    run.add_argument("script", type=Path, metavar="SCRIPT", help="the Lua file")
    rest = run.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="ARGUMENTS", help="what the script finds in ARGS"
    )
    rest.required = False  # argparse before Python 3.13 names it among what is missing
    run.set_defaults(handler=_run)

    execute = commands.add_parser("exec", help="run Lua code in this process and show what it returns")
    execute.add_argument("code", help="Lua text, or - to read it from standard input")
    execute.set_defaults(handler=_exec)

    add_validate(commands)
    add_definitions(commands)

    _add_kernel_actions(commands.add_parser("kernel", help="start, find and stop kernels; install one for Jupyter"))
    _add_session_actions(commands.add_parser("session", help="look after the script sessions of a kernel"))
    _add_provider_actions(commands.add_parser("provider", help="test the providers of models"))
    _add_tool_actions(commands.add_parser("tool", help="run a tool"))
    return parser


def _add_kernel_actions(kernel: argparse.ArgumentParser) -> None:
    actions = kernel.add_subparsers(title="actions", required=True, metavar="ACTION")
    here = "default: the one that clients in this folder get"

    start = _action(actions, "start", _kernel_start, "start the kernel of a project, unless it runs already")
    start.add_argument(
        "--folder", type=Path, default=Path(), metavar="DIR", help="a folder of the project (default: this one)"
    )
    start.add_argument(
        "--idle-timeout",
        type=_seconds,
        default=None,
        metavar="SECONDS",
        help="end it after this long without clients and without work (default: 900; inf: never)",
    )
    start.add_argument("--new", action="store_true", help="start another one even if one runs")

    _action(actions, "list", _kernel_list, "list the kernels, and what was refused or removed")

    status = _action(actions, "status", _kernel_status, "show what a kernel does, uses and has dropped")
    status.add_argument("kernel", nargs="?", metavar="KERNEL", help=f"its id or its connection file ({here})")

    connect = _action(
        actions, "connect", _kernel_connect, "verify a kernel, make it its project's default and show how to reach it"
    )
    connect.add_argument("kernel", nargs="?", metavar="KERNEL", help=f"its id or its connection file ({here})")

    stop = _action(actions, "stop", _kernel_stop, "stop a kernel")
    which = stop.add_mutually_exclusive_group()
    which.add_argument(
        "kernel",
        nargs="?",
        metavar="KERNEL",
        help="its id or its connection file (default: the only one of this project)",
    )
    which.add_argument("--all", action="store_true", dest="every", help="stop all, of every project")

    install = _action(actions, "install", _kernel_install, "make the kernel appear in JupyterLab and jupyter console")
    _add_place(install)
    install.add_argument("--display-name", metavar="TEXT", help="how Jupyter shows it")
    install.add_argument("--replace", action="store_true", help="replace a kernelspec that is not LLMSpell's too")

    _add_place(_action(actions, "uninstall", _kernel_uninstall, "take back what install did"))


def _add_place(action: argparse.ArgumentParser) -> None:
    place = action.add_mutually_exclusive_group()
    place.add_argument("--user", action="store_true", help="in your own Jupyter folder (the default)")
    place.add_argument("--prefix", type=Path, metavar="DIR", help="in DIR/share/jupyter")
    place.add_argument(
        "--sys-prefix",
        action="store_const",
        const=Path(sys.prefix),
        dest="prefix",
        help="in the Python environment that this command belongs to",
    )
    action.add_argument("--name", default="llmspell", help="the name of the kernelspec (default: %(default)s)")


def _add_session_actions(session: argparse.ArgumentParser) -> None:
    actions = session.add_subparsers(title="actions", required=True, metavar="ACTION")
    listing = _action(actions, "list", _session_list, "list the sessions")
    create = _action(actions, "create", _session_create, "create a session")
    create.add_argument("session", nargs="?", metavar="SESSION", help="its name (default: one that is free)")
    create.add_argument(
        "--folder", type=Path, default=None, metavar="DIR", help="where its scripts run (default: the kernel's folder)"
    )
    reset = _action(actions, "reset", _session_reset, "give a session a fresh process")
    reset.add_argument("session", metavar="SESSION")
    kill = _action(actions, "kill", _session_kill, "end a session, whatever it does")
    kill.add_argument("session", metavar="SESSION")
    interrupt = _action(actions, "interrupt", _session_interrupt, "interrupt what runs in a session")
    interrupt.add_argument("session", nargs="?", default="main", metavar="SESSION", help="default: main")
    for action in (listing, create, reset, kill, interrupt):
        action.add_argument(
            "--kernel",
            metavar="KERNEL",
            help="the kernel's id or connection file (default: the one that clients in this folder get)",
        )


def _add_provider_actions(provider: argparse.ArgumentParser) -> None:
    actions = provider.add_subparsers(title="actions", required=True, metavar="ACTION")
    test = _action(actions, "test", _provider_test, "see whether providers can be reached and take their keys")
    test.add_argument("provider", nargs="?", metavar="NAME", help="one provider (default: all of llmspell.toml)")
    test.add_argument("--model", metavar="MODEL", help="have this model answer, which may cost something")


def _add_tool_actions(tool: argparse.ArgumentParser) -> None:
    actions = tool.add_subparsers(title="actions", required=True, metavar="ACTION")
    invoke = _action(actions, "invoke", _tool_invoke, "run a tool and print what it gives as JSON")
    invoke.add_argument("tool", metavar="NAME", help="the tool, as in Tool.list()")
    invoke.add_argument(
        "parameters",
        nargs="?",
        default="{}",
        metavar="JSON",
        help="its parameters, or - to read them from standard input",
    )


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    handler: Callable[[argparse.Namespace], int],
    what: str,
) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
    action.add_argument(
        "--json", action="store_true", help="print one JSON document, with the field error if it failed"
    )
    action.set_defaults(handler=handler)
    return action


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:  # which no NaN is
        raise argparse.ArgumentTypeError(f"expected a number of seconds, or inf, got {text!r}")
    return seconds


def _run(options: argparse.Namespace) -> int:
    from llmspell_kernel.runtime.configuration import ConfigurationError
    from llmspell_kernel.worker.local import run_script

    arguments = list(options.arguments)
    if arguments[:1] == ["--"]:
        arguments.pop(0)
    if (problem := problem_of(options.script)) is not None:
        return fail(f"{options.script} {problem}")
    if options.script.is_dir():
        return fail(f"{options.script} is a folder")
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


def _kernel_start(options: argparse.Namespace) -> int:
    from llmspell_cli.kernels import start

    return _report(options, lambda: start(options.folder, options.idle_timeout, new=options.new))


def _kernel_list(options: argparse.Namespace) -> int:
    from llmspell_cli.kernels import list_kernels

    return _report(options, list_kernels)


def _kernel_status(options: argparse.Namespace) -> int:
    from llmspell_cli.kernels import status

    return _report(options, lambda: status(options.kernel))


def _kernel_connect(options: argparse.Namespace) -> int:
    from llmspell_cli.kernels import connect

    return _report(options, lambda: connect(options.kernel))


def _kernel_stop(options: argparse.Namespace) -> int:
    from llmspell_cli.kernels import stop

    return _report(options, lambda: stop(options.kernel, every=options.every))


def _session_list(options: argparse.Namespace) -> int:
    from llmspell_cli.sessions import list_sessions

    return _report(options, lambda: list_sessions(options.kernel))


def _session_create(options: argparse.Namespace) -> int:
    from llmspell_cli.sessions import create

    return _report(options, lambda: create(options.kernel, options.session, options.folder))


def _session_reset(options: argparse.Namespace) -> int:
    from llmspell_cli.sessions import reset

    return _report(options, lambda: reset(options.kernel, options.session))


def _session_kill(options: argparse.Namespace) -> int:
    from llmspell_cli.sessions import kill

    return _report(options, lambda: kill(options.kernel, options.session))


def _session_interrupt(options: argparse.Namespace) -> int:
    from llmspell_cli.sessions import interrupt

    return _report(options, lambda: interrupt(options.kernel, options.session))


def _provider_test(options: argparse.Namespace) -> int:
    from llmspell_kernel.runtime.configuration import ConfigurationError

    from llmspell_cli.providers import test
    from llmspell_cli.report import OperationError, report

    expected = (OperationError, ConfigurationError)
    return report(lambda: test(options.provider, options.model), expected=expected, as_json=options.json)


def _tool_invoke(options: argparse.Namespace) -> int:
    from llmspell_kernel.runtime.configuration import ConfigurationError

    from llmspell_cli.report import OperationError, report
    from llmspell_cli.tools import invoke

    expected = (OperationError, ConfigurationError)
    return report(lambda: invoke(options.tool, options.parameters), expected=expected, as_json=options.json)


def _report(options: argparse.Namespace, operation: "Callable[[], Outcome]") -> int:
    from llmspell_kernel.client import KernelError
    from llmspell_kernel.protocol.connection import ConnectionFileError

    from llmspell_cli.report import OperationError, report

    return report(operation, expected=(OperationError, KernelError, ConnectionFileError), as_json=options.json)


def _kernel_install(options: argparse.Namespace) -> int:
    from llmspell_cli.kernelspec import install
    from llmspell_cli.report import OperationError, report

    return report(
        lambda: install(options.prefix, options.name, options.display_name, replace=options.replace),
        expected=(OperationError,),
        as_json=options.json,
    )


def _kernel_uninstall(options: argparse.Namespace) -> int:
    from llmspell_cli.kernelspec import uninstall
    from llmspell_cli.report import OperationError, report

    return report(lambda: uninstall(options.prefix, options.name), expected=(OperationError,), as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())

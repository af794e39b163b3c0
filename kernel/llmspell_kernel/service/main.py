"""The ``llmspell-kernel`` command.

The zygote is forked before anything else happens in this process: no thread, no ZeroMQ, few imports. It loads Lua
when the kernel has announced itself.
"""

import gc
import os
import sys
from typing import NamedTuple

USAGE = """\
usage: llmspell-kernel [-f CONNECTION_FILE] [--idle-timeout SECONDS]

Runs a LLMSpell kernel in the foreground. When it is ready it prints one JSON line with its connection file.

  -f FILE                 the connection file to use, as Jupyter starts kernels; it may hold ports and a key
  --idle-timeout SECONDS  end after this long without clients and without work (default: never)
  --version               print the version
  --help                  print this text
"""


def main(arguments: list[str] | None = None) -> int:
    """Run a kernel until its end; gives the exit code (2: wrong usage, 1: it could not start)."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parse(given)
    if isinstance(options, int):
        return options
    if not hasattr(os, "fork"):
        print("llmspell-kernel: this platform has no fork; run scripts with 'llmspell run'", file=sys.stderr)  # noqa: T201
        return 1
    gc.disable()
    _fill_standard_descriptors()
    from ..worker.zygote import fork_zygote

    zygote = fork_zygote()
    from .process import run_kernel

    return run_kernel(zygote, options.connection_file, options.idle_timeout)


def _fill_standard_descriptors() -> None:
    """A socket must not get the number of a standard stream that we were started without."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


class _Options(NamedTuple):
    connection_file: str | None = None
    idle_timeout: float | None = None


def _parse(given: list[str]) -> _Options | int:
    """Options by hand: argparse alone would cost a tenth of the start."""
    options = _Options()
    rest = list(given)
    while rest:
        option = rest.pop(0)
        if option in ("--help", "-h"):
            print(USAGE, end="")  # noqa: T201
            return 0
        if option == "--version":
            from ..version import __version__

            print(f"llmspell-kernel {__version__}")  # noqa: T201
            return 0
        name, separator, value = option.partition("=")
        if name not in ("-f", "--idle-timeout"):
            if options.connection_file is not None:
                # `jupyter run --kernel=llmspell FILE` gives the kernel its own arguments too
                print(f"llmspell-kernel: ignored {option!r}", file=sys.stderr)  # noqa: T201
                continue
            return _wrong_usage(f"unknown option {option!r}")
        if not separator:
            if not rest:
                return _wrong_usage(f"{name} needs a value")
            value = rest.pop(0)
        if name == "-f":
            options = options._replace(connection_file=value)
            continue
        try:
            seconds = float(value)
        except ValueError:
            seconds = -1.0
        if seconds >= 0:  # which no NaN is
            options = options._replace(idle_timeout=seconds)
        else:
            return _wrong_usage(f"--idle-timeout: expected a number of seconds, got {value!r}")
    return options


def _wrong_usage(problem: str) -> int:
    print(f"llmspell-kernel: {problem}\n\n{USAGE}", end="", file=sys.stderr)  # noqa: T201
    return 2


if __name__ == "__main__":
    sys.exit(main())

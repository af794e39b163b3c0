"""`llmspell-lsp`: the language server's command."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from llmspell_kernel.version import __version__

from llmspell_lsp.startup import import_lsprotocol

_LOG_LEVELS = ("error", "warning", "info", "debug")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    gc.disable()  # imports make many objects and no garbage: a quarter of the start
    logging.basicConfig(
        stream=sys.stderr, level=options.log_level.upper(), format="%(levelname)s %(name)s: %(message)s"
    )
    # pygls reports a client's mistakes, which are answered, as its own warnings.
    logging.getLogger("pygls").setLevel(logging.ERROR if options.log_level != "debug" else logging.DEBUG)

    import_lsprotocol()
    from llmspell_lsp.server import LlmspellServer

    server = LlmspellServer()
    gc.enable()
    gc.freeze()
    try:
        if options.tcp is not None:
            code = server.serve_tcp(*options.tcp)
        else:
            code = server.serve_stdio(sys.stdin.buffer, sys.stdout.buffer)
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        print(f"llmspell-lsp: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return _leave(code)


def _leave(code: int) -> NoReturn:
    """Ends the process without waiting for threads that are in the middle of an answer nobody wants any more."""
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="llmspell-lsp", description="The language server of LLMSpell scripts.")
    parser.add_argument("--version", action="version", version=f"llmspell-lsp {__version__}")
    transport = parser.add_mutually_exclusive_group()
    transport.add_argument("--stdio", action="store_true", help="speak over stdin and stdout (the default)")
    transport.add_argument(
        "--tcp", type=_loopback_address, metavar="HOST:PORT", help="wait for one client on a loopback address"
    )
    parser.add_argument("--log-level", choices=_LOG_LEVELS, default="warning", help="what is logged to stderr")
    return parser


def _loopback_address(text: str) -> tuple[str, int]:
    """`HOST:PORT` of this machine: the protocol has no authentication, so that no other may connect."""
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if host not in ("127.0.0.1", "localhost", "::1"):
        raise argparse.ArgumentTypeError(f"{host} is no loopback address; use 127.0.0.1:{port}")
    if not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{port!r} is no port; use HOST:PORT, port 0 for any free one")
    return host, int(port)


if __name__ == "__main__":
    sys.exit(main())

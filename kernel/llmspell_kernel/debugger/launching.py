"""The ``launch`` request: the script that ``configurationDone`` starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..protocol.ldp import RequestError, list_argument, path_argument


@dataclass(frozen=True, slots=True)
class LaunchArguments:
    """``environment``: variables to set, None for those to remove. ``allow_stdin``: the client answers when the script
    asks for input."""

    program: Path
    arguments: tuple[str, ...]
    cwd: Path | None
    environment: Mapping[str, str | None]
    stop_on_entry: bool
    no_debug: bool
    allow_stdin: bool


def launch_arguments(arguments: Mapping[str, Any]) -> LaunchArguments:
    """Raises RequestError, which names the field."""
    program = Path(path_argument(arguments, "program"))
    if not program.is_absolute():
        raise RequestError(f"program: expected an absolute path, got {program}")
    if not program.is_file():
        raise RequestError(f"program: there is no file {program}")
    cwd = None if arguments.get("cwd") is None else Path(path_argument(arguments, "cwd"))
    if cwd is not None and not cwd.is_dir():
        raise RequestError(f"cwd: there is no folder {cwd}")
    return LaunchArguments(
        program=program,
        arguments=tuple(str(one) for one in list_argument(arguments, "args", optional=True)),
        cwd=cwd,
        environment=_environment(arguments.get("env") or {}),
        stop_on_entry=bool(arguments.get("stopOnEntry")),
        no_debug=bool(arguments.get("noDebug")),
        allow_stdin=arguments.get("allowStdin") is True,
    )


def _environment(value: object) -> dict[str, str | None]:
    if not isinstance(value, dict):
        raise RequestError("env: expected an object")
    for name, text in value.items():
        if not name or "=" in name or not isinstance(text, str | None) or "\0" in name + (text or ""):
            raise RequestError(f"env: {name!r}: expected a variable's name and a text (or null to remove it)")
    return dict(value)

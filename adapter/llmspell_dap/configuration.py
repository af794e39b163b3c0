"""What ``launch`` and ``attach`` ask for, as the user wrote it into a configuration.

Invariant: nothing of a configuration is used before its type was checked, and the error names the field.
"""

import os
from dataclasses import dataclass
from typing import Any

from llmspell_dap.messages import FieldError, Fields

Json = dict[str, Any]

MAX_SESSION_NAME = 64
# Where a launched script's output goes and its input comes from.
CONSOLES = ("internalConsole", "integratedTerminal", "externalTerminal")


@dataclass(frozen=True, slots=True)
class KernelTarget:
    """Which kernel and which of its sessions a configuration names; None leaves the choice to the adapter."""

    kernel_id: str | None
    connection_file: str | None
    session: str | None

    @classmethod
    def read(cls, fields: Fields) -> "KernelTarget":
        found = cls(
            kernel_id=fields.optional("kernelId", fields.text),
            connection_file=fields.optional("connectionFile", fields.path),
            session=fields.optional("session", fields.text),
        )
        if found.session is not None and not (
            found.session.isprintable() and 0 < len(found.session) <= MAX_SESSION_NAME
        ):
            fields.fail("session", f"the name of a session, of 1 to {MAX_SESSION_NAME} printable characters")
        if found.kernel_id is not None and found.connection_file is not None:
            raise FieldError("arguments: kernelId and connectionFile both name a kernel; leave one out")
        return found


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What a configuration says about source files: which steps pass by, and what folders are called elsewhere.

    ``path_mappings``: pairs of a folder as the client has it and as the kernel has it.
    """

    skip_files: list[str]
    just_my_code: bool | None
    path_mappings: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, fields: Fields) -> "SourceOptions":
        mappings = fields.objects("pathMappings") if fields.has("pathMappings") else []
        return cls(
            skip_files=fields.optional("skipFiles", fields.texts) or [],
            just_my_code=fields.boolean("justMyCode", False) if fields.has("justMyCode") else None,
            path_mappings=tuple((_folder(row, "localRoot"), _folder(row, "remoteRoot")) for row in mappings),
        )


def _folder(fields: Fields, name: str) -> str:
    folder = os.path.expanduser(fields.path(name)) if name == "localRoot" else fields.path(name)
    return folder if os.path.isabs(folder) else fields.fail(name, "an absolute path")


@dataclass(frozen=True, slots=True)
class AttachArguments:
    """An attach configuration. ``debug_session``: the name under which it can be resumed within ``resume_seconds``
    after its connection was lost."""

    target: KernelTarget
    sources: SourceOptions
    python: bool | str
    debug_session: str | None
    resume_seconds: int

    @classmethod
    def read(cls, fields: Fields) -> "AttachArguments":
        return cls(
            KernelTarget.read(fields),
            SourceOptions.read(fields),
            python=_python(fields),
            debug_session=fields.optional("debugSession", fields.text) or None,
            resume_seconds=fields.optional("resumeSeconds", fields.integer) or 0,
        )


def _python(fields: Fields) -> bool | str:
    """Whether the Python side of tools is debugged too: from the start, or when a step goes into one."""
    wish = fields.values.get("python")
    if wish is None or isinstance(wish, bool) or wish == "steps":
        return wish or False
    return fields.fail("python", "true, false or 'steps'")


@dataclass(frozen=True, slots=True)
class LaunchArguments:
    """A launch configuration."""

    program: str
    args: list[str]
    cwd: str | None
    env: dict[str, str | None]
    stop_on_entry: bool
    no_debug: bool
    console: str
    python: bool | str
    target: KernelTarget
    sources: SourceOptions

    @classmethod
    def read(cls, fields: Fields) -> "LaunchArguments":
        env: dict[str, str | None] = {}
        if fields.has("env"):
            values = fields.nested("env")
            env = {name: values.optional(name, values.text) for name in values.values}
        return cls(
            program=fields.path("program"),
            args=fields.optional("args", fields.texts) or [],
            cwd=fields.optional("cwd", fields.path),
            env=env,
            stop_on_entry=fields.boolean("stopOnEntry", False),
            no_debug=fields.boolean("noDebug", False),
            console=fields.choice("console", CONSOLES, CONSOLES[0]),
            python=_python(fields),
            target=KernelTarget.read(fields),
            sources=SourceOptions.read(fields),
        )

"""What ``launch`` and ``attach`` ask for, as the user wrote it into a configuration.

Invariant: nothing of a configuration is used before its type was checked, and the error names the field.
"""

from dataclasses import dataclass
from typing import Any

from llmspell_dap.messages import FieldError, Fields

Json = dict[str, Any]


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
        if found.session == "":
            fields.fail("session", "the name of a session")
        if found.kernel_id is not None and found.connection_file is not None:
            raise FieldError("arguments: kernelId and connectionFile both name a kernel; leave one out")
        return found


@dataclass(frozen=True, slots=True)
class LaunchArguments:
    """A launch configuration, as the user wrote it."""

    program: str
    args: list[str]
    cwd: str | None
    env: dict[str, str | None]
    stop_on_entry: bool
    no_debug: bool
    target: KernelTarget

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
            target=KernelTarget.read(fields),
        )

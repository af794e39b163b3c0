"""``[security]`` and ``[runtime.security]`` of ``llmspell.toml``: which policy holds, and what it lets scripts do.

Invariants: what the file does not say is what its policy says; ``strict`` allows nothing that the file does not name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

FileAccess = Literal["all", "project", "none"]
POLICIES = ("default", "strict")


@dataclass(frozen=True, slots=True)
class Security:
    """What scripts may do outside of their Lua state.

    - ``policy``: "default", for one's own scripts, or "strict", for those of others.
    - ``files``: what ``io``, ``os``, ``require`` and tools reach: all files that the user may, those of the project's
      folder and of ``allowed_paths``, or none. With "all", tools keep to the allowed folders nevertheless.
    - ``network``: whether tools, and agents whose models are elsewhere, may use the network.
    - ``environment``: whether ``os.getenv`` gives all variables, or those of environment-reader alone.
    """

    policy: str = "default"
    files: FileAccess = "all"
    network: bool = True
    environment: bool = True

    @property
    def is_strict(self) -> bool:
        return self.policy == "strict"


def security_of(policy: str, given: Mapping[str, bool | None]) -> Security:
    """``given``: allow_file_access and allow_network_access as the file has them, None for what it does not say."""
    is_strict = policy == "strict"

    def of(name: str, otherwise: bool) -> bool:
        value = given.get(name)
        return otherwise if value is None else value

    files: FileAccess = "project" if is_strict else "all"
    return Security(
        policy=policy,
        files=files if of("allow_file_access", True) else "none",
        network=of("allow_network_access", not is_strict),
        environment=not is_strict,
    )


def with_security(document: dict[str, Any], security: Security, *, allow_processes: bool) -> dict[str, Any]:
    """The document with what holds, for those who look it up there: ``Config`` and the network's settings."""
    runtime = document.get("runtime", {})
    effective = {
        **runtime.get("security", {}),
        "policy": security.policy,
        "allow_file_access": security.files != "none",
        "allow_network_access": security.network,
        "allow_process_spawn": allow_processes,
    }
    return {**document, "runtime": {**runtime, "security": effective}}

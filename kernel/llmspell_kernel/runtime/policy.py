"""What a script may reach outside of its Lua state, by the project's security settings.

Invariants: a path is judged by where it really leads; what cannot be judged is refused.
"""

import os
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .host import HostContext

# Environment variables that any script may see: none that holds a key or a token.
PUBLIC_VARIABLES = ("PATH", "HOME", "USER", "SHELL", "TERM", "LANG", "LC_*", "TZ", "TMPDIR", "TEMP", "PWD", "OLDPWD")


def is_public_variable(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in PUBLIC_VARIABLES)


def allowed_folders(context: "HostContext") -> tuple[Path, ...]:
    """The folders that tools and templates may touch, as real paths; none where files may not be accessed."""
    configuration = context.configuration
    match configuration.security.files:
        case "none":
            return ()
        case "project":
            return _folders(context.project_root, configuration.allowed_paths, with_temporary=False)
    return _folders(context.project_root, configuration.allowed_paths, with_temporary=True)


@cache
def _folders(project_root: Path, configured: tuple[Path, ...], *, with_temporary: bool) -> tuple[Path, ...]:
    from .tools.confinement import default_roots

    if with_temporary:
        return default_roots(project_root, configured)
    return tuple(dict.fromkeys(path.resolve() for path in (project_root, *configured)))


def path_refusal(context: Callable[[], "HostContext"]) -> Callable[[bytes], bytes | None]:
    """A function for Lua that says why a path may not be used by ``io``, ``os`` and ``require``; None where it may."""

    def refusal(path: bytes) -> bytes | None:
        here = context()
        if here.configuration.security.files == "all":
            return None
        from .tools.confinement import resolve
        from .tools.output import ToolError

        try:
            resolve(os.fsdecode(path), allowed_folders(here))
        except ToolError as error:
            return os.fsencode(str(error))
        return None

    return refusal


def visible_variable(context: Callable[[], "HostContext"]) -> Callable[[bytes], bool]:
    """A function for Lua: whether ``os.getenv`` may give the variable."""

    def is_visible(name: bytes) -> bool:
        return context().configuration.security.environment or is_public_variable(os.fsdecode(name))

    return is_visible

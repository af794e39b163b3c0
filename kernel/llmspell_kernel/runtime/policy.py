"""What a script may reach outside of its Lua state."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .host import HostContext


def allowed_folders(context: "HostContext") -> tuple[Path, ...]:
    """The folders that tools and templates may touch, as real paths."""
    return _folders(context.project_root, context.configuration.allowed_paths)


@cache
def _folders(project_root: Path, configured: tuple[Path, ...]) -> tuple[Path, ...]:
    from .tools.confinement import default_roots

    return default_roots(project_root, configured)

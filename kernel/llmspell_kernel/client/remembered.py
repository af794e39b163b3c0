"""Which kernel of a project the user chose, and which was used last.

Each is a small file of its own in the kernels folder, so that clients which write at the same time for different
projects lose nothing of each other.

Invariant: what is remembered is a hint. The kernel that it names is verified like any other before it is used.
"""

import contextlib
import hashlib
import logging
import os
from pathlib import Path
from typing import Literal

from llmspell_kernel.protocol.connection import (
    ConnectionFileError,
    connection_file_path,
    kernels_directory,
    private_folder,
    read_private_json,
    write_private_draft,
)

log = logging.getLogger(__name__)

Purpose = Literal["default", "last"]
PURPOSES: tuple[Purpose, ...] = ("default", "last")


def recall(purpose: Purpose, project: str | None) -> str | None:
    """The kernel id remembered for a project, or None; a file that cannot be believed is removed."""
    path = _path(purpose, project)
    if not os.path.lexists(path):
        return None
    try:
        values = read_private_json(path)
        kernel_id = values.get("kernel_id")
        if not isinstance(kernel_id, str) or values.get("project") != project:
            raise ConnectionFileError(f"{path}: is about another project, or names no kernel")
        connection_file_path(kernel_id)
    except ConnectionFileError as error:
        log.warning("removed what was remembered: %s", error)
        _unlink(path)
        return None
    return kernel_id


def remember(purpose: Purpose, project: str | None, kernel_id: str) -> None:
    """Put a kernel's id into the project's file; readers see the old or the new one, never a mixture."""
    private_folder(kernels_directory())
    path = _path(purpose, project)
    draft = write_private_draft(path, {"project": project, "kernel_id": kernel_id})
    try:
        os.replace(draft, path)
    except OSError as error:
        _unlink(Path(draft))
        raise ConnectionFileError(f"{path}: cannot be written: {error.strerror}") from error


def forget(purpose: Purpose, project: str | None) -> None:
    """Remember no kernel for a project any more."""
    _unlink(_path(purpose, project))


def forget_gone_kernels() -> None:
    """Remove what is remembered, for any project, about kernels whose connection file is no more."""
    for purpose in PURPOSES:
        for path in kernels_directory().glob(f"{purpose}-*.json"):
            try:
                kept = connection_file_path(str(read_private_json(path).get("kernel_id"))).exists()
            except ConnectionFileError:
                kept = False
            if not kept:
                _unlink(path)


def _path(purpose: Purpose, project: str | None) -> Path:
    digest = hashlib.sha256(os.fsencode(project or "")).hexdigest()
    return kernels_directory() / f"{purpose}-{digest[:16]}.json"


def _unlink(path: Path) -> None:
    # Another client may have been faster.
    with contextlib.suppress(OSError):
        path.unlink()

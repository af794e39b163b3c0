"""Which project a folder belongs to: the kernel, its clients and the runtime must agree on it."""

import os

CONFIGURATION_FILE = "llmspell.toml"
_MARKS = (CONFIGURATION_FILE, ".git")


def project_root(folder: str) -> str | None:
    """The nearest folder at or above ``folder`` that holds ``llmspell.toml`` or ``.git``, as a real path; or None."""
    current = os.path.realpath(folder)
    while True:
        if any(os.path.exists(os.path.join(current, mark)) for mark in _MARKS):
            return current
        parent = os.path.dirname(current)
        if parent == current:
            return None
        current = parent

"""Says when files have changed: by the system's own events where `watchfiles` is there, else by looking.

Both end with KeyboardInterrupt on Ctrl-C, which the command turns into its exit code.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from llmspell_analysis.configuration import NAMES

_LOOK_SECONDS = 0.5
_DEBOUNCE_MILLISECONDS = 100
_FIRST_MILLISECONDS = 500


def changes(paths: Sequence[Path], watched: Callable[[], Sequence[str]]) -> Iterator[None]:
    """One item at once, and one whenever something has changed that could matter.

    `watched` names the files as they are now; what changes while an item is being used is not lost.
    """
    before = _stamps(watched())
    yield None
    try:
        from watchfiles import watch
    except ImportError:
        yield from _looking(watched, before)
        return
    folders = sorted({str(path if path.is_dir() else path.absolute().parent) for path in paths})
    is_first = True
    for changed in watch(
        *folders,
        watch_filter=lambda _, path: _matters(path),
        debounce=_DEBOUNCE_MILLISECONDS,
        rust_timeout=_FIRST_MILLISECONDS,
        yield_on_timeout=True,
        raise_interrupt=True,
    ):
        # the system tells of what happens from now on: what was before that is seen by looking
        if changed or (is_first and _stamps(watched()) != before):
            yield None
        is_first = False


def _matters(path: str) -> bool:
    name = os.path.basename(path)
    return name in NAMES or (not name.startswith(".") and name.endswith((".lua", ".py")))


def _looking(watched: Callable[[], Sequence[str]], before: dict[str, tuple[int, int]]) -> Iterator[None]:
    while True:
        now = _stamps(watched())
        if now != before:
            before = now
            yield None
        time.sleep(_LOOK_SECONDS)  # there is no event to wait for without watchfiles


def _stamps(names: Sequence[str]) -> dict[str, tuple[int, int]]:
    found = {}
    for name in names:
        try:
            status = os.stat(name)
        except OSError:
            continue
        found[name] = (status.st_mtime_ns, status.st_size)
    return found

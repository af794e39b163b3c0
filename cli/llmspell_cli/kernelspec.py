"""``llmspell kernel install|uninstall``: the kernelspec by which Jupyter's programs find the kernel.

Invariants: a kernelspec appears whole or not at all; one that is not LLMSpell's is neither replaced nor removed
unless the user says so.
"""

import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llmspell_cli import kernelspec_logo
from llmspell_cli.report import OperationError, Outcome

NAME = "llmspell"
DISPLAY_NAME = "LLMSpell (Lua 5.4)"
KERNEL_MODULE = "llmspell_kernel.service.main"
_FILE = "kernel.json"
# jupyter_client's rule for the name of a kernelspec
_NAME_PATTERN = re.compile(r"[A-Za-z0-9._-]+")
_MAX_FILE_BYTES = 64 * 1024


def install(prefix: Path | None, name: str, display_name: str | None, *, replace: bool) -> Outcome:
    """Write the kernelspec; ``prefix`` None: where Jupyter looks for this user's."""
    if not hasattr(os, "fork"):
        raise OperationError("the kernel does not run on this platform yet (it needs fork): nothing was installed")
    destination = _destination(prefix, name)
    present = _present(destination)
    if present == "foreign" and not replace:
        raise OperationError(
            f"{destination} exists and is not LLMSpell's: "
            "choose another name with --name, or say --replace to put LLMSpell's in its place"
        )
    files = _files(_shown_name(name, display_name))
    hint = "; choose a place that you may write to with --user, --sys-prefix or --prefix DIR"
    with _writing(destination, hint), _draft_folder(destination.parent) as drafts:
        draft = drafts / "new"
        draft.mkdir()
        for file, content in files.items():
            (draft / file).write_bytes(content)
        _move_in(draft, destination, drafts / "old")
    did = "installed" if present == "absent" else "replaced"
    document = {"action": did, "name": destination.name, "folder": str(destination), "python": sys.executable}
    text = f"kernelspec '{destination.name}' {did}: {destination}"
    return Outcome(document, f"{text}\n{_next_steps(destination, prefix)}")


def uninstall(prefix: Path | None, name: str) -> Outcome:
    """Remove the kernelspec, if it is LLMSpell's."""
    destination = _destination(prefix, name)
    match _present(destination):
        case "absent":
            raise OperationError(f"there is no kernelspec '{destination.name}' in {destination.parent}")
        case "foreign":
            raise OperationError(f"{destination} is not LLMSpell's: it was left alone")
    with _writing(destination, ""), _draft_folder(destination.parent) as drafts:
        destination.rename(drafts / "old")
    document = {"action": "removed", "name": destination.name, "folder": str(destination)}
    return Outcome(document, f"kernelspec '{destination.name}' removed: {destination}")


def jupyter_data_folder() -> Path:
    """Where Jupyter keeps a user's data: the rule of ``jupyter_core.paths.jupyter_data_dir``."""
    environment = os.environ
    if given := environment.get("JUPYTER_DATA_DIR"):
        return Path(given).absolute()
    home = Path(os.path.realpath(os.path.expanduser("~")))
    if sys.platform == "darwin":
        new_place = environment.get("JUPYTER_PLATFORM_DIRS", "no").lower() not in {
            "no",
            "n",
            "false",
            "off",
            "0",
            "0.0",
        }
        return home / "Library" / ("Application Support/Jupyter" if new_place else "Jupyter")
    return Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share").absolute() / "jupyter"


def _destination(prefix: Path | None, name: str) -> Path:
    if not _NAME_PATTERN.fullmatch(name) or not name.strip("."):
        raise OperationError(f"--name: {name!r}: Jupyter allows only ASCII letters, digits, '-', '.' and '_'")
    data = jupyter_data_folder() if prefix is None else prefix.expanduser().absolute() / "share" / "jupyter"
    return data / "kernels" / name.lower()


def _shown_name(name: str, display_name: str | None) -> str:
    if display_name is None:
        # two that are shown alike could not be told apart
        return DISPLAY_NAME if name == NAME else f"{DISPLAY_NAME} [{name}]"
    if not display_name.strip() or not display_name.isprintable():
        raise OperationError(f"--display-name: {display_name!r}: expected a printable text")
    return display_name


def _files(display_name: str) -> dict[str, bytes]:
    specification = {
        # -P: nothing in the notebook's folder is imported
        "argv": [sys.executable, "-P", "-m", KERNEL_MODULE, "-f", "{connection_file}"],
        "display_name": display_name,
        "language": "lua",
        "interrupt_mode": "message",
        "kernel_protocol_version": "5.5",
        "metadata": {"debugger": True},
        "env": {},
    }
    return {
        "logo-svg.svg": kernelspec_logo.svg(),
        "logo-32x32.png": kernelspec_logo.png(32),
        "logo-64x64.png": kernelspec_logo.png(64),
        _FILE: (json.dumps(specification, indent=2, ensure_ascii=False) + "\n").encode(),
    }


def _present(destination: Path) -> str:
    """``absent``, ``ours`` or ``foreign``."""
    if not os.path.lexists(destination):
        return "absent"
    try:
        with (destination / _FILE).open("rb") as file:
            found: Any = json.loads(file.read(_MAX_FILE_BYTES))
    except (OSError, ValueError, RecursionError):
        return "foreign"
    command = found.get("argv") if isinstance(found, dict) else None
    if not isinstance(command, list) or not command:
        return "foreign"
    ours = KERNEL_MODULE in command or Path(str(command[0])).stem == "llmspell-kernel"
    return "ours" if ours else "foreign"


@contextmanager
def _writing(destination: Path, hint: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        in_the_way = isinstance(error, FileExistsError | NotADirectoryError)
        reason = "a file is in the way" if in_the_way else error.strerror or str(error)
        raise OperationError(f"{destination.parent} cannot be changed: {reason}{hint}") from error


@contextmanager
def _draft_folder(kernels: Path) -> Iterator[Path]:
    """A folder beside the kernelspecs, so that moves are renames; without a kernel.json Jupyter ignores it."""
    kernels.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".llmspell-", dir=kernels) as drafts:
        yield Path(drafts)


def _move_in(draft: Path, destination: Path, old: Path) -> None:
    replaced = os.path.lexists(destination)
    if replaced:
        destination.rename(old)
    try:
        draft.rename(destination)
    except OSError:
        if replaced:
            old.rename(destination)
        raise


def _next_steps(destination: Path, prefix: Path | None) -> str:
    console = f"jupyter console --kernel {destination.name}"
    steps = f"JupyterLab shows it after a reload of its page; in a terminal: {console}"
    if prefix is None:
        return steps
    data = destination.parent.parent
    return f"{steps}\na Jupyter that is not installed in {prefix} needs JUPYTER_PATH={data} to find it"

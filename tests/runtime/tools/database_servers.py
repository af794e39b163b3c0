"""Database servers of the tests' own: unprivileged processes on loopback in a temporary folder.

Invariant: where the programs of a server are not installed, what needs it is skipped and says so.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from glob import glob
from pathlib import Path

import pytest

START_SECONDS = 120
_ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
_FOLDERS = (*sorted(glob("/usr/lib/postgresql/*/bin"), reverse=True), "/usr/sbin", "/usr/local/sbin")


def _program(*names):
    path = os.pathsep.join((os.environ.get("PATH", ""), *_FOLDERS))
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def _nobody():
    """Servers refuse to run as root."""
    if os.name != "posix" or os.geteuid() != 0:
        return {}
    return {"user": 65534, "group": 65534, "extra_groups": []}


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def _is_ready(log):
    """What a server says when it takes connections; it listens before."""
    said = log.read_bytes()
    return b"ready to accept connections" in said or b"ready for connections" in said


@contextlib.contextmanager
def _folder():
    folder = Path(tempfile.mkdtemp(prefix="llmspell-database-"))
    try:
        if _nobody():
            os.chown(folder, 65534, 65534)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _running(command_of, folder):
    """The port of a server that answers; another one when somebody else has taken the port meanwhile."""
    for _ in range(3):
        port = _free_port()
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                command_of(port), cwd=folder, stdout=log, stderr=log, env=_ENVIRONMENT, **_nobody()
            )
        try:
            ends = time.monotonic() + START_SECONDS
            while process.poll() is None and not _is_ready(folder / "log") and time.monotonic() < ends:
                time.sleep(0.05)
            if process.poll() is None:
                yield port
                return
        finally:
            process.kill()
            process.wait(30)
    raise AssertionError((folder / "log").read_text(errors="replace"))


def _prepare(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=START_SECONDS, check=False, **_nobody())
    assert done.returncode == 0, done.stdout + done.stderr


@contextlib.contextmanager
def postgresql():
    """The URL of an empty database."""
    server, maker = _program("postgres"), _program("initdb")
    if server is None or maker is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with _folder() as folder:
        data = folder / "data"
        _prepare([maker, "-D", str(data), "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync"], folder)
        settings = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off")
        options = [part for one in settings for part in ("-c", one)]
        with _running(lambda port: [server, "-D", str(data), "-p", str(port), *options], folder) as port:
            yield f"postgresql://tester@127.0.0.1:{port}/postgres"


@contextlib.contextmanager
def mariadb():
    """The URL of an empty database."""
    server, maker = _program("mariadbd", "mysqld"), _program("mariadb-install-db")
    if server is None or maker is None:
        pytest.skip("MariaDB is not installed (Debian: apt-get install mariadb-server)")
    with _folder() as folder:
        data = folder / "data"
        # several workers of the tests may do this at the same time: nothing of the machine is shared
        place = ["--no-defaults", f"--datadir={data}", f"--tmpdir={folder}", "--innodb-use-native-aio=0"]
        _prepare([maker, *place, "--auth-root-authentication-method=normal"], folder)

        def command(port):
            return [server, *place, f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder / 's'}",
                    f"--pid-file={folder / 'pid'}", "--secure-file-priv="]  # fmt: skip

        with _running(command, folder) as port:
            yield f"mysql://root@127.0.0.1:{port}/test"

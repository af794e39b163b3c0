"""Connection files: what is written, what is believed, and what the error says about a file that is not."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from llmspell_kernel.protocol.connection import (
    ConnectionFileError,
    ConnectionInfo,
    connection_file_path,
    connection_files,
    kernels_directory,
    read_connection_file,
    update_connection_file,
    write_connection_file,
)

INFO = ConnectionInfo(
    ip="127.0.0.1",
    shell_port=5001,
    iopub_port=5002,
    stdin_port=5003,
    control_port=5004,
    hb_port=5005,
    key="secret-of-the-test",
    kernel_id="0123abcd",
    pid=4242,
    started="2026-01-02T03:04:05+00:00",
    ldp="1.0",
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LLMSPELL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def private_file(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def test_what_is_written_is_read_back() -> None:
    path = write_connection_file(INFO)
    assert path == connection_file_path("0123abcd")
    assert read_connection_file(path) == INFO


def test_file_is_private_in_a_private_folder_whatever_the_umask() -> None:
    old = os.umask(0)
    try:
        path = write_connection_file(INFO)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_folder_that_others_can_enter_is_tightened(home: Path) -> None:
    (home / "kernels").mkdir(parents=True)
    (home / "kernels").chmod(0o755)
    path = write_connection_file(INFO)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_writing_leaves_no_other_file() -> None:
    write_connection_file(INFO)
    assert [path.name for path in kernels_directory().iterdir()] == ["llmspell-kernel-0123abcd.json"]


def test_existing_file_is_not_overwritten() -> None:
    path = write_connection_file(INFO)
    with pytest.raises(ConnectionFileError, match="exists already"):
        write_connection_file(INFO._replace(shell_port=9999))
    assert read_connection_file(path) == INFO


def test_link_planted_at_the_name_is_not_followed(tmp_path: Path) -> None:
    victim = private_file(tmp_path / "victim", "precious")
    kernels_directory().mkdir(parents=True)
    connection_file_path("0123abcd").symlink_to(victim)
    with pytest.raises(ConnectionFileError, match="exists already"):
        write_connection_file(INFO)
    assert victim.read_text() == "precious"


def test_update_keeps_the_fields_of_jupyter(tmp_path: Path) -> None:
    given = {
        **INFO._replace(kernel_id=None, pid=None, shell_port=0).to_json(),
        "jupyter_session": "note.ipynb",
    }
    path = private_file(tmp_path / "kernel-1.json", json.dumps(given))
    update_connection_file(path, INFO)
    assert json.loads(path.read_text())["jupyter_session"] == "note.ipynb"
    assert read_connection_file(path) == INFO
    assert [entry.name for entry in tmp_path.iterdir()] == ["kernel-1.json"]


def test_update_creates_a_missing_file_for_its_owner_alone(tmp_path: Path) -> None:
    update_connection_file(tmp_path / "new.json", INFO)
    assert stat.S_IMODE((tmp_path / "new.json").stat().st_mode) == 0o600


def test_template_may_leave_ports_and_key_open(tmp_path: Path) -> None:
    template = INFO._replace(shell_port=0, key="")
    path = private_file(tmp_path / "given.json", json.dumps(template.to_json()))
    assert read_connection_file(path, template=True) == template
    with pytest.raises(ConnectionFileError, match="shell_port: expected a port from 1"):
        read_connection_file(path)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("shell_port", "5001", "shell_port: expected a port from 1 to 65535, found another value"),
        ("shell_port", True, "shell_port: expected a port"),
        ("iopub_port", 65_536, "iopub_port: expected a port"),
        ("hb_port", -1, "hb_port: expected a port"),
        ("control_port", None, "control_port: expected a port"),
        ("key", 7, "key: expected a text of at most 1024 characters"),
        ("key", "k" * 1025, "key: expected a text of at most 1024 characters"),
        ("key", "", "key: expected a key that signs messages"),
        ("transport", "udp", "transport: expected 'tcp' or 'ipc'"),
        ("ip", "a\nb", "ip: expected an address"),
        ("signature_scheme", "hmac-md5", "signature_scheme: expected 'hmac-sha256'"),
        ("kernel_id", "../x", "kernel_id: expected 1 to 64 letters"),
        ("pid", 0, "pid: expected a process id"),
        ("started", "yesterday", "started: expected a time in ISO 8601"),
        ("ldp", 1, "ldp: expected a text"),
    ],
)
def test_wrong_field_is_named(tmp_path: Path, field: str, value: Any, message: str) -> None:
    path = private_file(tmp_path / "wrong.json", json.dumps({**INFO.to_json(), field: value}))
    with pytest.raises(ConnectionFileError) as caught:
        read_connection_file(path)
    assert str(caught.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize("field", ["ip", "key", "shell_port"])
def test_missing_field_is_named(tmp_path: Path, field: str) -> None:
    values = INFO.to_json()
    del values[field]
    with pytest.raises(ConnectionFileError, match=f"{field}: expected .*, found nothing"):
        read_connection_file(private_file(tmp_path / "short.json", json.dumps(values)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not valid JSON"),
        ('{"key": "secret-of-the-test', "is not valid JSON"),
        ("[" * 60_000, "is not valid JSON"),
        ("[1]", "expected a JSON object, found list"),
        (" " * 65_537, "is larger than 65536 bytes"),
    ],
    ids=["empty", "cut", "deep", "list", "large"],
)
def test_text_that_is_no_connection_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = private_file(tmp_path / "text.json", text)
    with pytest.raises(ConnectionFileError, match=message) as caught:
        read_connection_file(path)
    assert "secret-of-the-test" not in str(caught.value)


def test_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConnectionFileError, match=r"gone\.json: no such connection file"):
        read_connection_file(tmp_path / "gone.json")


def test_file_that_others_can_read_is_refused() -> None:
    path = write_connection_file(INFO)
    path.chmod(0o640)
    with pytest.raises(ConnectionFileError, match=r"other users can access it .mode 0640"):
        read_connection_file(path)


def test_symbolic_link_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(write_connection_file(INFO))
    with pytest.raises(ConnectionFileError, match="is a symbolic link"):
        read_connection_file(link)


def test_pipe_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json", 0o600)
    with pytest.raises(ConnectionFileError, match="expected a regular file, found a pipe"):
        read_connection_file(tmp_path / "pipe.json")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a file away")
def test_file_of_another_user_is_refused() -> None:
    path = write_connection_file(INFO)
    os.chown(path, 65_534, -1)
    with pytest.raises(ConnectionFileError, match=r"belongs to another user .uid 65534"):
        read_connection_file(path)


def test_key_is_not_shown_by_repr() -> None:
    assert "secret-of-the-test" not in repr(INFO)


@pytest.mark.parametrize(
    ("changes", "endpoint"),
    [
        ({}, "tcp://127.0.0.1:5001"),
        ({"ip": "*"}, "tcp://127.0.0.1:5001"),
        ({"ip": "0.0.0.0"}, "tcp://127.0.0.1:5001"),
        ({"ip": "::1"}, "tcp://[::1]:5001"),
        ({"transport": "ipc", "ip": "/run/k"}, "ipc:///run/k-5001"),
    ],
)
def test_endpoint_that_a_client_connects_to(changes: dict[str, Any], endpoint: str) -> None:
    assert INFO._replace(**changes).endpoint("shell") == endpoint


def test_folder_lists_only_connection_files() -> None:
    path = write_connection_file(INFO)
    (path.parent / "notes.txt").write_text("")
    assert connection_files() == [path]


def test_folder_that_does_not_exist_has_no_connection_files() -> None:
    assert connection_files() == []

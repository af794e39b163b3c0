"""Which of the running kernels a project's clients get, and what is remembered about that."""

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llmspell_kernel.client import (
    KernelNotFoundError,
    default_kernel,
    find_or_start_kernel,
    find_project_kernel,
    set_default_kernel,
    starting,
)
from llmspell_kernel.client.discovery import discover_kernels
from llmspell_kernel.client.starting import folder_outside_projects
from llmspell_kernel.protocol.connection import (
    connection_file_path,
    kernels_directory,
    remove_connection_file,
    write_connection_file,
)

Make = Callable[..., Any]
MUST_NOT_START = [sys.executable, "-c", "raise SystemExit('a kernel was started')"]


@pytest.fixture
def project(tmp_path: Path) -> str:
    root = tmp_path / "project"
    (root / "scripts" / "deep").mkdir(parents=True)
    (root / "llmspell.toml").touch()
    return str(root.resolve())


@pytest.fixture
def make_kernel(make_fake_kernel: Make) -> Make:
    """A fake kernel that has announced itself."""

    def make(**options: Any) -> Any:
        kernel = make_fake_kernel(**options)
        write_connection_file(kernel.info)
        return kernel

    return make


def remembered(purpose: str) -> list[Path]:
    return list(kernels_directory().glob(f"{purpose}-*.json"))


def test_kernel_of_the_folders_project_is_taken(make_kernel: Make, project: str, tmp_path: Path) -> None:
    make_kernel(started="2026-01-01T00:00:00+00:00")
    make_kernel(project=str(tmp_path), started="2026-01-01T00:00:00+00:00")
    own = make_kernel(project=project)
    assert find_or_start_kernel(f"{project}/scripts/deep", command=MUST_NOT_START) == own.info


def test_current_folder_is_the_default(make_kernel: Make, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own = make_kernel(project=project)
    monkeypatch.chdir(f"{project}/scripts")
    assert find_or_start_kernel(command=MUST_NOT_START) == own.info


def test_project_reached_by_a_link_is_the_same(make_kernel: Make, project: str, tmp_path: Path) -> None:
    own = make_kernel(project=project)
    (tmp_path / "link").symlink_to(project)
    assert find_or_start_kernel(tmp_path / "link", command=MUST_NOT_START) == own.info


def test_folders_outside_of_projects_share_a_kernel(make_kernel: Make, project: str, tmp_path: Path) -> None:
    make_kernel(project=project, started="2026-01-01T00:00:00+00:00")
    shared = make_kernel()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        assert find_or_start_kernel(tmp_path / name, command=MUST_NOT_START) == shared.info


def starter(path: Path, note: Path) -> list[str]:
    """A program that writes its folder to ``note`` and announces a connection file as a kernel does."""
    text = f"import json, os; open({str(note)!r}, 'w').write(os.getcwd());"
    return [sys.executable, "-c", text + f"print(json.dumps({{'connection_file': {str(path)!r}}}), flush=True)"]


def test_kernel_of_a_project_is_started_in_its_root(make_fake_kernel: Make, project: str, tmp_path: Path) -> None:
    path = write_connection_file(make_fake_kernel(project=project).info, tmp_path / "elsewhere.json")
    find_or_start_kernel(f"{project}/scripts", command=starter(path, tmp_path / "note"))
    assert (tmp_path / "note").read_text() == project


@pytest.mark.parametrize(("mark", "expected"), [(None, "user"), ("llmspell.toml", "/")])
def test_kernel_of_no_project_is_started_outside_of_projects(
    make_fake_kernel: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str | None, expected: str
) -> None:
    user, folder = tmp_path / "user", tmp_path / "folder"
    user.mkdir()
    folder.mkdir()
    if mark is not None:
        (user / mark).touch()
    monkeypatch.setenv("HOME", str(user))
    path = write_connection_file(make_fake_kernel().info, tmp_path / "elsewhere.json")
    find_or_start_kernel(folder, command=starter(path, tmp_path / "note"))
    assert Path((tmp_path / "note").read_text()) == tmp_path / expected
    assert folder_outside_projects() == tmp_path / expected


def test_oldest_of_a_projects_kernels_is_taken(make_kernel: Make, project: str) -> None:
    make_kernel(project=project, started="2026-03-01T00:00:00+00:00")
    oldest = make_kernel(project=project, started="2026-01-01T00:00:00+00:00")
    assert find_project_kernel(project) == oldest.info


def test_kernel_used_last_is_taken_without_looking_at_the_others(
    make_kernel: Make, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = make_kernel(project=project)
    assert find_project_kernel(project) == own.info
    make_kernel(project=project, started="2025-01-01T00:00:00+00:00")
    monkeypatch.setattr(starting, "discover_kernels", None)
    assert find_project_kernel(project) == own.info


def test_kernel_used_last_is_verified_like_any_other(make_kernel: Make, project: str) -> None:
    own = make_kernel(project=project)
    assert find_project_kernel(project) == own.info
    path = connection_file_path(own.info.kernel_id)
    remove_connection_file(path)
    write_connection_file(own.info._replace(key="a key that the kernel does not have"))
    assert find_project_kernel(project, timeout=0.3) is None
    assert remembered("last") == []


def test_chosen_kernel_comes_before_the_one_used_last(make_kernel: Make, project: str) -> None:
    used, chosen = (make_kernel(project=project) for _ in range(2))
    set_default_kernel(used.info.kernel_id, project)
    assert find_project_kernel(project) == used.info
    assert set_default_kernel(chosen.info.kernel_id, project) == chosen.info
    assert find_project_kernel(project) == chosen.info
    assert default_kernel(project) == chosen.info.kernel_id


def test_choice_for_a_project_does_not_touch_another(make_kernel: Make, project: str) -> None:
    shared, own = make_kernel(), make_kernel(project=project)
    set_default_kernel(shared.info.kernel_id, None)
    set_default_kernel(own.info.kernel_id, project)
    assert (default_kernel(None), default_kernel(project)) == (shared.info.kernel_id, own.info.kernel_id)


def test_chosen_kernel_that_ended_is_forgotten(make_kernel: Make, project: str) -> None:
    chosen, other = make_kernel(project=project), make_kernel(project=project)
    set_default_kernel(chosen.info.kernel_id, project)
    chosen.stop()
    assert find_project_kernel(project) == other.info
    assert default_kernel(project) is None
    assert not connection_file_path(chosen.info.kernel_id).exists()


def test_chosen_kernel_that_hangs_stays_chosen_and_is_not_used(make_kernel: Make, project: str) -> None:
    chosen, other = make_kernel(project=project), make_kernel(project=project)
    set_default_kernel(chosen.info.kernel_id, project)
    chosen.handlers.clear()
    assert find_project_kernel(project, timeout=0.3) == other.info
    assert default_kernel(project) == chosen.info.kernel_id


def test_kernel_that_does_not_run_cannot_be_chosen(make_kernel: Make, project: str) -> None:
    with pytest.raises(KernelNotFoundError, match="'nosuch' is not running: it has no connection file"):
        set_default_kernel("nosuch", project)
    with pytest.raises(KernelNotFoundError, match=r"only 1 to 64 letters"):
        set_default_kernel("../nosuch", project)
    kernel = make_kernel(project=project)
    kernel.stop()
    with pytest.raises(KernelNotFoundError, match="nothing listens"):
        set_default_kernel(kernel.info.kernel_id, project)


def test_kernel_of_another_project_cannot_be_chosen(make_kernel: Make, project: str) -> None:
    kernel = make_kernel()
    with pytest.raises(KernelNotFoundError, match=f"is of no project, and .* the default of the project {project}"):
        set_default_kernel(kernel.info.kernel_id, project)


def test_what_is_remembered_is_private(make_kernel: Make, project: str) -> None:
    kernel = make_kernel(project=project)
    set_default_kernel(kernel.info.kernel_id, project)
    find_project_kernel(None)
    [path] = remembered("default")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "key" not in path.read_text().replace('"kernel_id"', "")


@pytest.mark.parametrize("fault", ["link", "readable", "garbage", "other project"])
def test_choice_that_cannot_be_believed_is_removed(make_kernel: Make, project: str, tmp_path: Path, fault: str) -> None:
    kernel = make_kernel(project=project)
    set_default_kernel(kernel.info.kernel_id, project)
    [path] = remembered("default")
    if fault == "link":
        path.rename(tmp_path / "victim")
        path.symlink_to(tmp_path / "victim")
    elif fault == "readable":
        path.chmod(0o644)
    elif fault == "garbage":
        path.write_text("[")
    else:
        path.write_text('{"project": "/", "kernel_id": "x"}')
    assert default_kernel(project) is None
    assert not os.path.lexists(path)
    assert (tmp_path / "victim").exists() == (fault == "link")


def test_next_start_removes_what_killed_clients_and_kernels_left(
    make_kernel: Make, make_fake_kernel: Make, project: str, tmp_path: Path
) -> None:
    gone = make_kernel(project=project)
    set_default_kernel(gone.info.kernel_id, project)
    kept = make_kernel(project=str(tmp_path))
    set_default_kernel(kept.info.kernel_id, str(tmp_path))
    gone.stop()
    discover_kernels()
    old, fresh = (kernels_directory() / f".llmspell-kernel-{name}.json.0123" for name in ("old", "fresh"))
    for draft in (old, fresh):
        draft.touch()
    os.utime(old, (0, 0))
    (tmp_path / "outside").mkdir()
    path = write_connection_file(make_fake_kernel().info, tmp_path / "elsewhere.json")
    find_or_start_kernel(tmp_path / "outside", command=starter(path, tmp_path / "note"))
    assert (old.exists(), fresh.exists()) == (False, True)
    assert (default_kernel(project), default_kernel(str(tmp_path))) == (None, kept.info.kernel_id)


def test_current_folder_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(os, "getcwd", gone)
    with pytest.raises(starting.KernelStartError, match="current folder does not exist any more"):
        find_or_start_kernel(command=MUST_NOT_START)

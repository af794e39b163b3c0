"""The file tools stay inside the allowed folders, also while somebody moves links about."""

import os
import stat

import pytest
from llmspell_kernel.runtime.configuration import Configuration
from llmspell_kernel.runtime.tools import confinement
from llmspell_kernel.runtime.tools.confinement import default_roots, located, read_file, write_file
from llmspell_kernel.runtime.tools.output import ToolError


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root" / "inner").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    return tmp_path / "root"


def test_the_default_roots_are_project_and_temporary_folders(tmp_path):
    roots = default_roots(tmp_path, ())
    assert tmp_path.resolve() in roots
    assert any(root.samefile("/tmp") for root in roots)


def test_configured_folders_are_roots_for_scripts(new_script, outside):
    (outside / "a.txt").write_text("allowed")
    call = f'Tool.execute("file-operations", {{operation = "read", path = "{outside}/a.txt"}}).text'
    assert "outside the allowed folders" in new_script().error(f"return {call}")
    script = new_script(project="other", configuration=Configuration(allowed_paths=(outside,)))
    assert script.value(call) == "allowed"


def test_a_folder_whose_name_begins_like_a_root_is_outside(root, tmp_path):
    (tmp_path / "rooted").mkdir()
    with pytest.raises(ToolError, match="outside the allowed folders"):
        confinement.resolve(str(tmp_path / "rooted" / "a"), (root,))


def test_a_folder_swapped_for_a_link_after_the_check_is_not_followed(root, tmp_path, monkeypatch):
    genuine = confinement.resolve

    def resolve_then_swap(path, roots):
        found = genuine(path, roots)
        (root / "inner").rmdir()
        (root / "inner").symlink_to(tmp_path / "outside")
        return found

    monkeypatch.setattr(confinement, "resolve", resolve_then_swap)
    with pytest.raises(ToolError):
        read_file(str(root / "inner" / "secret"), (root,), 100)


def test_a_file_swapped_for_a_link_after_the_check_is_not_followed(root, tmp_path, monkeypatch):
    (root / "a").write_text("a")
    genuine = confinement.resolve

    def resolve_then_swap(path, roots):
        found = genuine(path, roots)
        (root / "a").unlink()
        (root / "a").symlink_to(tmp_path / "outside" / "secret")
        return found

    monkeypatch.setattr(confinement, "resolve", resolve_then_swap)
    with pytest.raises(ToolError):
        read_file(str(root / "a"), (root,), 100)


def test_a_write_replaces_a_link_put_in_place_meanwhile_and_not_its_target(root, tmp_path, monkeypatch):
    genuine = confinement.resolve

    def resolve_then_swap(path, roots):
        found = genuine(path, roots)
        (root / "a").symlink_to(tmp_path / "outside" / "secret")
        return found

    monkeypatch.setattr(confinement, "resolve", resolve_then_swap)
    write_file(str(root / "a"), (root,), b"new")
    assert (tmp_path / "outside" / "secret").read_text() == "secret"
    assert not (root / "a").is_symlink()


def test_a_pipe_is_refused_and_not_waited_for(root):
    os.mkfifo(root / "pipe")
    with pytest.raises(ToolError, match="not a regular file"):
        read_file(str(root / "pipe"), (root,), 100)


def test_a_file_larger_than_the_limit_is_refused(root):
    (root / "a").write_bytes(b"x" * 101)
    with pytest.raises(ToolError, match="larger than the limit of 100 bytes"):
        read_file(str(root / "a"), (root,), 100)


def test_a_write_keeps_the_mode_of_the_file(root):
    (root / "a").write_text("a")
    (root / "a").chmod(0o640)
    write_file(str(root / "a"), (root,), b"b")
    assert stat.S_IMODE((root / "a").stat().st_mode) == 0o640


def test_a_write_that_fails_leaves_the_old_content_and_no_temporary_file(root, monkeypatch):
    (root / "a").write_text("old")

    def fail(*_arguments, **_named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(confinement.os, "replace", fail)
    with pytest.raises(ToolError, match="no space left"):
        write_file(str(root / "a"), (root,), b"new")
    monkeypatch.undo()
    assert {each.name: each.read_text() for each in root.iterdir() if each.is_file()} == {"a": "old"}


def test_no_descriptor_is_left_open(root):
    (root / "inner" / "a").write_text("a")
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else None
    if before is None:
        pytest.skip("needs /proc to count descriptors")
    for _ in range(10):
        read_file(str(root / "inner" / "a"), (root,), 100)
        with pytest.raises(ToolError):
            read_file(str(root / "none"), (root,), 100)
        with pytest.raises(OSError), located(str(root / "nowhere" / "a"), (root,)):  # noqa: PT011
            pass
    assert len(os.listdir("/proc/self/fd")) == before


def test_relative_paths_count_from_the_working_folder(root, monkeypatch):
    (root / "a").write_text("here")
    monkeypatch.chdir(root)
    assert read_file("a", (root,), 100) == b"here"


def test_folder_of_llmspell_itself_is_never_inside(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMSPELL_HOME", str(tmp_path / ".llmspell"))
    (tmp_path / ".llmspell" / "kernels").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / ".llmspell")
    for path in (".llmspell/kernels/a.json", "link/kernels/a.json"):
        with pytest.raises(ToolError, match="LLMSpell keeps its own files"):
            confinement.resolve(str(tmp_path / path), (tmp_path,))
    assert confinement.resolve(str(tmp_path / "a.json"), (tmp_path,))[1] == tmp_path

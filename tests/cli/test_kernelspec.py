"""``llmspell kernel install`` and ``uninstall``: what Jupyter finds afterwards."""

import json
import os
import resource
import struct
import sys
import zlib
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import start_new_kernel
from llmspell_cli.kernelspec import jupyter_data_folder
from llmspell_cli.kernelspec_logo import png

LOGOS = {"logo-svg.svg", "logo-32x32.png", "logo-64x64.png"}


@pytest.fixture
def kernels(tmp_path):
    """Where kernelspecs of the user lie."""
    return tmp_path / "jupyter" / "kernels"


def specification(folder):
    return json.loads((folder / "kernel.json").read_text())


def foreign(folder):
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text('{"argv": ["python", "-m", "ipykernel_launcher"], "language": "python"}')
    return folder


def test_jupyter_finds_the_kernel_with_its_logos(llmspell):
    assert llmspell("kernel", "install").returncode == 0
    found = KernelSpecManager().get_kernel_spec("llmspell")
    assert found.argv == [sys.executable, "-P", "-m", "llmspell_kernel.service.main", "-f", "{connection_file}"]
    assert (found.display_name, found.language) == ("LLMSpell (Lua 5.4)", "lua")
    assert (found.interrupt_mode, found.kernel_protocol_version) == ("message", "5.5")
    assert found.metadata == {"debugger": True}
    assert set(os.listdir(found.resource_dir)) == {"kernel.json", *LOGOS}


def test_jupyter_starts_the_kernel_and_it_executes(llmspell):
    llmspell("kernel", "install")
    manager, client = start_new_kernel(kernel_name="llmspell", startup_timeout=30)
    try:
        reply = client.execute_interactive("print(6 * 7)", timeout=30, output_hook=lambda _: None)
        assert reply["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


def test_install_says_where_and_what_is_next(llmspell, kernels):
    done = llmspell("kernel", "install")
    assert done.stdout == (
        f"kernelspec 'llmspell' installed: {kernels / 'llmspell'}\n"
        "JupyterLab shows it after a reload of its page; in a terminal: jupyter console --kernel llmspell\n"
    )


@pytest.mark.parametrize(
    ("arguments", "data"),
    [
        ([], "jupyter"),
        (["--user"], "jupyter"),
        (["--prefix", "../elsewhere"], "elsewhere/share/jupyter"),
    ],
)
def test_place_is_chosen(asked, tmp_path, arguments, data):
    done = asked("kernel", "install", *arguments)
    assert Path(done["folder"]).resolve() == tmp_path / data / "kernels" / "llmspell"
    assert asked("kernel", "uninstall", *arguments)["action"] == "removed"


def test_sys_prefix_is_that_of_the_command(asked):
    name = f"llmspell-test-{os.getpid()}"
    done = asked("kernel", "install", "--sys-prefix", "--name", name)
    try:
        assert done["folder"] == str(Path(sys.prefix, "share", "jupyter", "kernels", name))
    finally:
        asked("kernel", "uninstall", "--sys-prefix", "--name", name)
    assert not Path(done["folder"]).exists()


def test_prefix_says_how_another_jupyter_finds_it(llmspell, tmp_path):
    done = llmspell("kernel", "install", "--prefix", tmp_path / "elsewhere")
    assert f"JUPYTER_PATH={tmp_path / 'elsewhere' / 'share' / 'jupyter'}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ([], "LLMSpell (Lua 5.4)"),
        (["--name", "Other"], "LLMSpell (Lua 5.4) [Other]"),
        (["--name", "Other", "--display-name", "Zauber ✨"], "Zauber ✨"),
    ],
)
def test_name_and_display_name(asked, arguments, shown):
    done = asked("kernel", "install", *arguments)
    assert Path(done["folder"]).name == ("other" if arguments else "llmspell")
    assert specification(Path(done["folder"]))["display_name"] == shown


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--name", "a/b"], "--name: 'a/b': Jupyter allows only ASCII letters, digits, '-', '.' and '_'"),
        (["--name", ".."], "--name: '..': Jupyter allows only ASCII letters, digits, '-', '.' and '_'"),
        (["--name", ""], "--name: '': Jupyter allows only ASCII letters, digits, '-', '.' and '_'"),
        (["--display-name", " "], "--display-name: ' ': expected a printable text"),
        (["--display-name", "a\nb"], "--display-name: 'a\\nb': expected a printable text"),
    ],
)
def test_name_that_jupyter_does_not_take_is_refused(llmspell, kernels, arguments, problem):
    done = llmspell("kernel", "install", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"llmspell: {problem}\n")
    assert not kernels.exists()


def test_own_kernelspec_is_replaced(asked, kernels):
    asked("kernel", "install")
    kernel_json = kernels / "llmspell" / "kernel.json"
    kernel_json.write_text(kernel_json.read_text().replace(sys.executable, "/old/python"))
    (kernels / "llmspell" / "old-file").touch()
    assert asked("kernel", "install")["action"] == "replaced"
    assert specification(kernels / "llmspell")["argv"][0] == sys.executable
    assert os.listdir(kernels) == ["llmspell"]
    assert set(os.listdir(kernels / "llmspell")) == {"kernel.json", *LOGOS}


def test_foreign_kernelspec_is_replaced_only_on_demand(llmspell, asked, kernels):
    folder = foreign(kernels / "llmspell")
    refused = llmspell("kernel", "install")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"llmspell: {folder} exists and is not LLMSpell's: ")
    assert specification(folder)["language"] == "python"
    assert asked("kernel", "install", "--replace")["action"] == "replaced"
    assert specification(folder)["language"] == "lua"


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"argv": []}', '{"argv": "llmspell_kernel.service.main"}', "[" * 60_000],
    ids=["empty", "list", "nothing", "no command", "text", "deep"],
)
def test_kernelspec_that_is_none_counts_as_foreign(llmspell, kernels, content):
    (kernels / "llmspell").mkdir(parents=True)
    (kernels / "llmspell" / "kernel.json").write_text(content)
    for action in ("install", "uninstall"):
        done = llmspell("kernel", action)
        assert done.returncode == 1
        assert "is not LLMSpell's" in done.stderr
    assert (kernels / "llmspell" / "kernel.json").read_text() == content


def test_what_a_link_points_to_is_left_alone(asked, kernels, tmp_path):
    elsewhere = foreign(tmp_path / "elsewhere")
    kernels.mkdir(parents=True)
    (kernels / "llmspell").symlink_to(elsewhere)
    asked("kernel", "install", "--replace")
    assert not (kernels / "llmspell").is_symlink()
    assert specification(elsewhere)["language"] == "python"


def test_uninstall_removes_its_own_only(llmspell, kernels):
    foreign(kernels / "python3")
    llmspell("kernel", "install")
    done = llmspell("kernel", "uninstall")
    assert (done.returncode, done.stdout) == (0, f"kernelspec 'llmspell' removed: {kernels / 'llmspell'}\n")
    assert os.listdir(kernels) == ["python3"]
    refused = llmspell("kernel", "uninstall", "--name", "python3")
    assert refused.stderr == f"llmspell: {kernels / 'python3'} is not LLMSpell's: it was left alone\n"
    assert refused.returncode == 1
    assert (kernels / "python3").exists()


def test_uninstall_of_what_is_not_there_fails(llmspell, kernels):
    done = llmspell("kernel", "uninstall")
    assert (done.returncode, done.stderr) == (1, f"llmspell: there is no kernelspec 'llmspell' in {kernels}\n")


def test_file_in_the_way_is_said(llmspell, tmp_path):
    (tmp_path / "file").touch()
    done = llmspell("kernel", "install", "--prefix", tmp_path / "file")
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"llmspell: {tmp_path / 'file' / 'share' / 'jupyter' / 'kernels'} cannot be changed: a file is in the way"
    )


def test_folder_that_is_not_writable_is_said(llmspell, tmp_path):
    place = tmp_path / "readonly"
    place.mkdir(mode=0o500)
    if os.access(place, os.W_OK):
        pytest.skip("this user may write anywhere")
    done = llmspell("kernel", "install", "--prefix", place)
    assert done.returncode == 1
    assert "Permission denied" in done.stderr
    assert "--prefix DIR" in done.stderr
    assert not list(place.iterdir())


@pytest.mark.parametrize("before", [False, True], ids=["first", "replacing"])
def test_disk_that_is_full_leaves_nothing_half_written(llmspell, kernels, before):
    if before:
        llmspell("kernel", "install", "--display-name", "before")
    # no file may grow beyond this: what the kernelspec needs is more
    full = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (200, 200))
    done = llmspell("kernel", "install", preexec_fn=full)
    assert done.returncode == 1
    assert done.stderr.startswith(f"llmspell: {kernels} cannot be changed: File too large")
    assert os.listdir(kernels) == ["llmspell"] * before
    if before:
        assert specification(kernels / "llmspell")["display_name"] == "before"


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {}, "~/.local/share/jupyter"),
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/jupyter"),
        ("linux", {"JUPYTER_DATA_DIR": "/own", "XDG_DATA_HOME": "/data"}, "/own"),
        ("darwin", {}, "~/Library/Jupyter"),
        ("darwin", {"JUPYTER_PLATFORM_DIRS": "0"}, "~/Library/Jupyter"),
        ("darwin", {"JUPYTER_PLATFORM_DIRS": "1"}, "~/Library/Application Support/Jupyter"),
    ],
)
def test_data_folder_of_each_platform(monkeypatch, tmp_path, platform, environment, expected):
    for name in ("JUPYTER_DATA_DIR", "XDG_DATA_HOME", "JUPYTER_PLATFORM_DIRS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert jupyter_data_folder() == Path(expected.replace("~", str(tmp_path)))


def test_data_folder_is_that_of_jupyter(monkeypatch):
    from jupyter_core.paths import jupyter_data_dir

    assert str(jupyter_data_folder()) == jupyter_data_dir()
    monkeypatch.delenv("JUPYTER_DATA_DIR")
    assert str(jupyter_data_folder()) == jupyter_data_dir()


def decoded(data):
    """Width, height and rows of pixels of a PNG file."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    position, chunks = 8, []
    while position < len(data):
        length, kind = struct.unpack(">I4s", data[position : position + 8])
        content = data[position + 8 : position + 8 + length]
        (checksum,) = struct.unpack(">I", data[position + 8 + length : position + 12 + length])
        assert checksum == zlib.crc32(kind + content)
        chunks.append((kind, content))
        position += 12 + length
    assert [kind for kind, _ in chunks] == [b"IHDR", b"IDAT", b"IEND"]
    width, height, *layout = struct.unpack(">IIBBBBB", chunks[0][1])
    assert layout == [8, 6, 0, 0, 0]
    rows = zlib.decompress(chunks[1][1])
    length = 1 + 4 * width
    assert len(rows) == length * height
    return [[tuple(rows[y * length + 1 + 4 * x :][:4]) for x in range(width)] for y in range(height)]


@pytest.mark.parametrize("size", [32, 64])
def test_logo_shows_a_spark_on_a_disc_on_nothing(size):
    pixels = decoded(png(size))
    assert len(pixels) == len(pixels[0]) == size

    def at(x, y):
        return pixels[y * size // 64][x * size // 64]

    spark, disc = at(28, 36), at(14, 22)
    assert spark[3] == disc[3] == 255
    assert spark[0] > spark[2]
    assert disc[2] > disc[0]
    assert at(0, 0) == at(63, 63) == (0, 0, 0, 0)
    assert any(0 < pixel[3] < 255 for row in pixels for pixel in row), "its edges are not smooth"


def test_svg_logo_has_the_shapes_of_the_others(llmspell, kernels):
    llmspell("kernel", "install")
    root = ElementTree.fromstring((kernels / "llmspell" / "logo-svg.svg").read_bytes())
    assert [shape.tag.rpartition("}")[2] for shape in root] == ["circle", "circle", "path"]
    assert (kernels / "llmspell" / "logo-64x64.png").read_bytes() == png(64)

"""Archives are packed and unpacked whole, and hostile ones write nothing."""

import io
import tarfile
import zipfile

import pytest
from llmspell_kernel.runtime.tools import ToolContext, archive_formats, run_tool
from llmspell_kernel.runtime.tools.output import ToolError


@pytest.fixture
def handle(tmp_path):
    def run(operation, path="x", **parameters):
        context = ToolContext((tmp_path.resolve(),))
        request = {"operation": operation, "path": str(tmp_path / path), **parameters}
        return run_tool("archive-handler", request, context)["metadata"]["response"]["result"]

    return run


def zip_of(*entries):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
    return file.getvalue()


def tar_of(*entries, mode="w"):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name, content, kind in entries:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, "/etc/passwd", len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz", "tgz", "tar.bz2"])
def test_what_was_packed_comes_out_as_it_was(handle, tmp_path, ending):
    (tmp_path / "d" / "e").mkdir(parents=True)
    (tmp_path / "d" / "a").write_bytes(b"\x00\xff" * 70_000)
    (tmp_path / "d" / "e" / "b").write_text("ä")
    name = f"x.{ending}"
    packed = handle("create", name, input=[str(tmp_path / "d")])
    listed = handle("list", name)
    extracted = handle("extract", name, target_path=str(tmp_path / "out"))
    assert packed["archived_files"] == ["d/a", "d/e/b"]
    assert [(file["path"], file["size"]) for file in listed["files"]] == [("d/a", 140_000), ("d/e/b", 2)]
    assert extracted["extracted_files"] == [str(tmp_path / "out/d/a"), str(tmp_path / "out/d/e/b")]
    assert extracted["total_size"] == packed["total_size"] == 140_002
    assert (tmp_path / "out/d/a").read_bytes() == b"\x00\xff" * 70_000


def test_empty_folders_are_made(handle, tmp_path):
    (tmp_path / "x").write_bytes(tar_of(("d/e", b"", tarfile.DIRTYPE)))
    assert handle("extract", target_path=str(tmp_path / "out"))["extracted_files"] == []
    assert (tmp_path / "out/d/e").is_dir()


@pytest.mark.parametrize("name", ["../b", "/b", "d/../../b", "d\\b", "C:b"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_an_entry_that_leads_out_leaves_nothing_written(handle, tmp_path, kind, name):
    entries = [("good", b"x"), (name, b"x")]
    content = zip_of(*entries) if kind == "zip" else tar_of(*((*each, tarfile.REGTYPE) for each in entries))
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(ToolError, match="would lead out of the folder"):
        handle("extract", target_path=str(tmp_path / "out"))
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_of_a_tar_are_refused(handle, tmp_path, kind):
    (tmp_path / "x").write_bytes(tar_of(("good", b"x", tarfile.REGTYPE), ("link", b"", kind)))
    with pytest.raises(ToolError, match="'link' is neither a plain file nor a folder"):
        handle("extract", target_path=str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_links_of_a_zip_are_refused(handle, tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    (tmp_path / "x").write_bytes(zip_of((link, "/etc/passwd")))
    with pytest.raises(ToolError, match="'link' is neither a plain file nor a folder"):
        handle("list")


def test_a_link_that_is_in_the_target_already_is_not_followed(handle, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "out" / "d").symlink_to(tmp_path / "other")
    (tmp_path / "x").write_bytes(zip_of(("d/a", b"x")))
    with pytest.raises(ToolError, match="is a symbolic link or lies behind one"):
        handle("extract", target_path=str(tmp_path / "out"))
    assert not list((tmp_path / "other").iterdir())


@pytest.mark.parametrize("make", ["zip", "w", "w:gz", "w:bz2"])
def test_a_bomb_is_refused_before_anything_is_written(handle, tmp_path, monkeypatch, make):
    monkeypatch.setattr(archive_formats, "MAX_TOTAL", 100_000)
    content = bytes(20_000_000)
    (tmp_path / "x").write_bytes(
        zip_of(("a", content)) if make == "zip" else tar_of(("a", content, tarfile.REGTYPE), mode=make)
    )
    with pytest.raises(ToolError, match="more than the limit of 100000 bytes"):
        handle("extract", target_path=str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_zip_that_lies_about_a_size_is_refused(handle, tmp_path):
    content = bytearray(zip_of(("a", bytes(1000))))
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(ToolError, match="the archive is damaged"):
        handle("extract", target_path=str(tmp_path / "out"))
    assert not list((tmp_path / "out").iterdir())


def test_a_stream_that_unpacks_to_more_than_its_headers_say_is_stopped(handle, tmp_path, monkeypatch):
    import gzip

    monkeypatch.setattr(archive_formats, "MAX_TOTAL", 1000)
    monkeypatch.setattr(archive_formats, "MAX_ENTRIES", 1)
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 50_000_000
    (tmp_path / "x").write_bytes(gzip.compress(header.tobuf() + bytes(50_000_000)))
    with pytest.raises(ToolError, match="more than the limit of 1000 bytes"):
        handle("list")


def test_too_many_entries_are_refused(handle, tmp_path, monkeypatch):
    monkeypatch.setattr(archive_formats, "MAX_ENTRIES", 1)
    (tmp_path / "x").write_bytes(zip_of(("a", b""), ("b", b"")))
    with pytest.raises(ToolError, match="more than 1 entries"):
        handle("list")


def test_an_archive_that_is_cut_short_is_damaged(handle, tmp_path):
    (tmp_path / "x").write_bytes(tar_of(("a", bytes(range(256)) * 100, tarfile.REGTYPE), mode="w:gz")[:150])
    with pytest.raises(ToolError, match="the archive is damaged"):
        handle("list")


def test_files_that_are_too_large_are_not_packed(handle, tmp_path, monkeypatch):
    monkeypatch.setattr(archive_formats, "MAX_TOTAL", 10)
    (tmp_path / "a").write_bytes(bytes(11))
    with pytest.raises(ToolError, match="larger than the limit of 10 bytes"):
        handle("create", "x.zip", input=[str(tmp_path / "a")])
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_that_takes_memory_as_it_likes_is_refused(tmp_path, method):
    """A few bytes of bzip2 would be unpacked into gigabytes at once, whatever the archive says of their size."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.writestr("a.txt", b"x" * 1000)
    with (tmp_path / "a.zip").open("rb") as file, pytest.raises(ToolError, match="a method that is not supported"):
        list(archive_formats.entries(file, "zip"))


def test_a_zip_with_a_list_of_entries_without_end_is_not_read(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(100):
            archive.writestr(f"{number}.txt", b"")
    monkeypatch.setattr(archive_formats, "_MAX_ZIP_DIRECTORY", 1000)
    monkeypatch.setattr(zipfile, "ZipFile", None)  # it would read the list
    with (tmp_path / "a.zip").open("rb") as file, pytest.raises(ToolError, match="more than 10000 entries"):
        list(archive_formats.entries(file, "zip"))

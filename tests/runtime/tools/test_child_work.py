"""Work in a process of its own: what it makes is right, it is limited, and nothing of it is left."""

import io
import os
import threading

import pytest
from llmspell_kernel.runtime.cancellation import Cancellation, CancelledError
from llmspell_kernel.runtime.tools import ToolContext, child, child_work, run_tool
from llmspell_kernel.runtime.tools.output import ToolError


class Children(list):
    """The processes that were started; ``begun`` is given for each."""

    def __init__(self):
        super().__init__()
        self.begun = threading.Semaphore(0)


@pytest.fixture
def children(monkeypatch):
    started = Children()
    popen = child_work.subprocess.Popen

    def start(*arguments, **options):
        started.append(popen(*arguments, **options))
        started.begun.release()
        return started[-1]

    monkeypatch.setattr(child_work.subprocess, "Popen", start)
    return started


def source(tmp_path):
    path = tmp_path / "source"
    path.write_bytes(b"x")
    return path.open("rb")


def is_gone(process):
    return process.returncode is not None and not os.path.exists(f"/proc/{process.pid}")


def test_what_takes_too_long_is_ended(tmp_path, children, prepared, monkeypatch):
    monkeypatch.setattr(child_work, "MAX_SECONDS", 0.01)
    with source(tmp_path) as file, pytest.raises(ToolError, match=r"it took longer than 0\.01 s or more than 2 GiB"):
        child_work.work("pdf_work", {"operation": "extract_text", "start_page": 1}, file, ToolContext(()))
    assert all(is_gone(one) for one in children)


def test_a_call_that_is_ended_ends_its_process(tmp_path, children):
    cancellation = Cancellation()
    reading, writing = os.pipe()  # nobody writes: the child waits for its standard input

    def end():
        assert children.begun.acquire(timeout=20)
        cancellation.cancel()

    thread = threading.Thread(target=end)
    thread.start()

    class Endless(io.FileIO):
        def seek(self, *_):
            return 0

    with Endless(reading) as file, pytest.raises(CancelledError):
        child_work.work("citation_work", {"style": "apa"}, file, ToolContext((), cancellation=cancellation))
    thread.join(10)
    os.close(writing)
    assert all(is_gone(one) for one in children)


def test_an_answer_that_is_too_large(tmp_path, children, prepared, monkeypatch):
    prepared["pdf"](tmp_path)
    monkeypatch.setattr(child_work, "MAX_ANSWER", 10)
    with (tmp_path / "two.pdf").open("rb") as file, pytest.raises(ToolError, match="larger than the limit of 10 bytes"):
        child_work.work("pdf_work", {"operation": "extract_text", "start_page": 1}, file, ToolContext(()))
    assert all(is_gone(one) for one in children)


@pytest.mark.parametrize("module", child._EXTRAS)
def test_an_extra_that_is_missing_is_named(module, monkeypatch):
    def missing(_name):
        raise ImportError(name=f"{module}.inner")

    monkeypatch.setattr(child.importlib, "import_module", missing)
    answer = child._answer("any_work", {})
    library, extra = child._EXTRAS[module]
    assert answer == {"missing": library, "extra": extra}
    with pytest.raises(ToolError) as raised:
        child_work._value(child.json.dumps(answer).encode())
    assert str(raised.value) == f"it needs {library}; install it with: pip install 'llmspell[{extra}]'"


def test_pictures_and_sounds_are_what_was_asked_for(tmp_path, prepared):
    import av
    from PIL import Image

    for kind in ("images", "sounds", "videos"):
        prepared[kind](tmp_path)
    context = ToolContext((tmp_path.resolve(),))

    def do(tool, operation, source, target, **parameters):
        paths = {"source_path": str(tmp_path / source), "file_path": str(tmp_path / source)}
        run_tool(tool, {"operation": operation, "target_path": str(tmp_path / target), **paths, **parameters}, context)

    do("image-processor", "rotate", "a.png", "turned.png", degrees=90)
    do("image-processor", "convert", "a.png", "white.jpg")
    do("video-processor", "extract_frame", "a.mp4", "frame.png", timestamp_seconds=0.5)
    do("video-processor", "thumbnail", "a.mp4", "small.png")
    do("audio-processor", "convert", "a.wav", "b.mp3")
    do("audio-processor", "convert", "b.mp3", "c.wav")
    with Image.open(tmp_path / "turned.png") as image:
        assert image.size == (20, 40)
    with Image.open(tmp_path / "white.jpg") as image:  # half transparent red on white
        assert image.getpixel((5, 5))[1] > 100
    with Image.open(tmp_path / "frame.png") as image:  # the sixth picture
        assert image.getpixel((300, 100))[0] == pytest.approx(100, abs=10)
    with Image.open(tmp_path / "small.png") as image:
        assert image.size == (320, 160)
    with av.open(tmp_path / "c.wav") as sound:
        assert sound.duration / 1e6 == pytest.approx(0.5, abs=0.2)
        assert sound.streams.audio[0].codec_context.name == "pcm_s16le"
    assert not list(tmp_path.glob(".*"))  # no file that was half written

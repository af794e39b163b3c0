"""What kind of file it is, by its first bytes: names never decide."""

from collections.abc import Callable, Mapping
from typing import BinaryIO

HEAD = 64
Test = Callable[[bytes], bool]


def _starts(*beginnings: bytes) -> Test:
    return lambda head: head.startswith(beginnings)


def _riff(kind: bytes) -> Test:
    return lambda head: head.startswith(b"RIFF") and head[8:12] == kind


def _brand(*brands: bytes) -> Test:
    return lambda head: head[4:8] == b"ftyp" and head[8:12].startswith(brands)


def _is_mp3(head: bytes) -> bool:
    return head.startswith(b"ID3") or (head[:1] == b"\xff" and head[1:2] in {b"\xfb", b"\xf3", b"\xf2", b"\xfa"})


IMAGES: Mapping[str, Test] = {
    "png": _starts(b"\x89PNG\r\n\x1a\n"),
    "jpeg": _starts(b"\xff\xd8\xff"),
    "gif": _starts(b"GIF87a", b"GIF89a"),
    "webp": _riff(b"WEBP"),
    "bmp": _starts(b"BM"),
    "tiff": _starts(b"II*\0", b"MM\0*"),
}
AUDIO: Mapping[str, Test] = {
    "wav": _riff(b"WAVE"),
    "mp3": _is_mp3,
    "flac": _starts(b"fLaC"),
    "ogg": _starts(b"OggS"),
    "m4a": _brand(b"M4A", b"M4B"),
    "aac": _starts(b"\xff\xf1", b"\xff\xf9"),
    "aiff": lambda head: head.startswith(b"FORM") and head[8:12] in {b"AIFF", b"AIFC"},
}
VIDEO: Mapping[str, Test] = {
    "mov": _brand(b"qt"),
    "mp4": _brand(b"iso", b"mp4", b"avc1", b"M4V", b"dash", b"3gp"),
    "webm": lambda head: head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head,
    "mkv": _starts(b"\x1a\x45\xdf\xa3"),
    "avi": _riff(b"AVI "),
    "flv": _starts(b"FLV\x01"),
    "mpeg": _starts(b"\0\0\x01\xba", b"\0\0\x01\xb3"),
}


def detect(file: BinaryIO, formats: Mapping[str, Test]) -> str | None:
    """The format of an open file among these; None when it has none of them."""
    file.seek(0)
    head = file.read(HEAD)
    return next((name for name, fits in formats.items() if fits(head)), None)

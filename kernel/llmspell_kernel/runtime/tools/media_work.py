"""Reads sound and video for `audio-processor` and `video-processor`; runs in the process of child_work.

Invariant: only formats that lead to no other file or address are read.
"""

import contextlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from .child import WorkError

# Playlists and the like are not among them.
_OPTIONS = {
    "format_whitelist": "wav,mp3,flac,ogg,aac,aiff,mov,mp4,m4a,matroska,webm,avi,flv,mpeg",
    "protocol_whitelist": "none",
}
MAX_PIXELS = 50_000_000
_CODECS = {"wav": "pcm_s16le", "mp3": "mp3"}


def work(request: dict[str, Any], source: BinaryIO, target: BinaryIO) -> Any:
    with _opened(source) as container:
        match request["operation"]:
            case "audio_metadata":
                return _audio(container)
            case "video_metadata":
                return _video(container)
            case "convert":
                return _convert(container, request["format"], target)
        return _frame(container, request, target)


@contextlib.contextmanager
def _opened(source: BinaryIO) -> Iterator[Any]:
    import av

    av.logging.set_level(None)
    container: Any = av.open(source, options=_OPTIONS)
    with container:
        yield container


def _audio(container: Any) -> dict[str, Any]:
    stream = _first(container.streams.audio, "sound")
    tags = {name.lower(): value for name, value in {**container.metadata, **stream.metadata}.items()}
    found: dict[str, Any] = {
        "duration_seconds": _seconds(container),
        "sample_rate": stream.codec_context.sample_rate,
        "channels": stream.codec_context.channels,
        "bit_rate": container.bit_rate or stream.bit_rate or None,
    }
    for name in ("title", "artist", "album"):
        if name in tags:
            found[name] = tags[name]
    year = (tags.get("date") or tags.get("year") or "")[:4]
    if year.isdecimal():
        found["year"] = int(year)
    return found


def _video(container: Any) -> dict[str, Any]:
    stream = _first(container.streams.video, "pictures")
    found: dict[str, Any] = {
        "duration_seconds": _seconds(container),
        "resolution": {"width": stream.codec_context.width, "height": stream.codec_context.height},
        "video_codec": stream.codec_context.name,
        "frame_rate": float(stream.average_rate) if stream.average_rate else None,
        "bit_rate": container.bit_rate or None,
        "has_audio": bool(container.streams.audio),
    }
    if container.streams.audio:
        found["audio_codec"] = container.streams.audio[0].codec_context.name
    for name in ("title", "creation_time"):
        if name in container.metadata:
            found[name] = container.metadata[name]
    return found


def _first(streams: Any, what: str) -> Any:
    if not streams:
        raise WorkError(f"the file has no {what}")
    return streams[0]


def _seconds(container: Any) -> float | None:
    return None if container.duration is None else container.duration / 1_000_000


def _convert(container: Any, kind: str, target: BinaryIO) -> None:
    import av

    source: Any = _first(container.streams.audio, "sound")
    output: Any = av.open(target, "w", format=kind)
    with output:
        stream: Any = output.add_stream(_CODECS[kind], rate=source.codec_context.sample_rate)
        for frame in container.decode(source):
            frame.pts = None
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def _frame(container: Any, request: dict[str, Any], target: BinaryIO) -> None:
    stream = _first(container.streams.video, "pictures")
    if stream.codec_context.width * stream.codec_context.height > MAX_PIXELS:
        raise WorkError(f"its pictures have more than {MAX_PIXELS} pixels", "too_large")
    seconds, length = request["seconds"], _seconds(container)
    if length is not None and seconds > length:
        raise WorkError(f"the video has {length:g} seconds, there is none at {seconds:g}", "invalid_parameters")
    if seconds and stream.time_base:
        container.seek(int(seconds / stream.time_base), stream=stream)
    last = None
    for frame in container.decode(stream):
        last = frame
        if frame.time is None or frame.time >= seconds:
            break
    if last is None:
        raise WorkError("the file has no picture that can be read")
    image = last.to_image()
    if request["side"] is not None:
        image.thumbnail((request["side"], request["side"]))
    image.save(target, format=request["format"].upper())

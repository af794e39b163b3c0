"""The host half of the global `Display`: what a script shows, as Jupyter's display messages.

Without a front-end (`llmspell run`) each function gives the text that its Lua half writes to standard output.

Invariants: a message is not larger than MAX_BUNDLE_BYTES; a progress is sent at most ten times a second, and its last
state before its run ends.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..host import Host, HostError
from ..service_threads import ServiceTimer
from ..tools.output import ToolError
from ..values import Value

if TYPE_CHECKING:  # what builds content is loaded when something is first shown
    from ..bundles import Bundle

PROGRESS_SECONDS = 0.1
Publish = Callable[[str, Mapping[str, Any]], None]
Options = Mapping[str, Value]
State = Mapping[str, Any]  # of a progress: value, label, and total, id and closed if they are known


def register(host: Host) -> None:
    for name, build in {
        "html": _html,
        "markdown": _markdown,
        "latex": _latex,
        "text": _text,
        "svg": _svg,
        "json": _json,
        "image": _image,
        "table": _table,
        "data": _data,
    }.items():
        host.register(f"Display.{name}", _showing(f"Display.{name}", build))
    progresses = Progresses()
    host.register("Display.progress", progresses.show)
    host.register("Display.settle", progresses.settle)
    host.register("Display.clear", clear)
    host.register("Display.result", result)


def _showing(name: str, build: "Callable[[Host, Value, Options], Bundle]") -> Callable[..., Value]:
    """The host function that shows what ``build`` makes; it gives the display's id, and text without a front-end."""

    def show(host: Host, value: Value, options: Options, display_id: str | None, is_update: bool) -> Value:
        from ..bundles import BundleError

        try:
            bundle = build(host, value, options)
        except (BundleError, ToolError) as error:
            raise HostError(f"{name}: {error}") from error
        return _send(host, name, bundle, display_id or os.urandom(16).hex(), is_update)

    return show


def _send(host: Host, name: str, bundle: "Bundle", display_id: str, is_update: bool) -> Value:
    publish = host.context.publish
    if publish is None:
        return {"id": display_id, "text": bundle.plain}
    refuse_too_large(name, bundle)
    publish("update_display_data" if is_update else "display_data", _content(bundle, display_id))
    return {"id": display_id}


def _content(bundle: "Bundle", display_id: str) -> dict[str, Any]:
    from ..bundles import readable

    return {"data": bundle.data, "metadata": bundle.metadata, "transient": {"display_id": readable(display_id)}}


def refuse_too_large(name: str, content: object) -> None:
    """Raise HostError when the content takes more than MAX_BUNDLE_BYTES as JSON."""
    from ..bundles import MAX_BUNDLE_BYTES, written_size

    size = written_size(content)
    if size > MAX_BUNDLE_BYTES:
        raise HostError(
            f"{name}: the content takes {size} bytes, more than the limit of {MAX_BUNDLE_BYTES} of one message; "
            "show less, or save it to a file"
        )


def clear(host: Host, wait: bool) -> None:
    """Remove what the cell has shown, at once or when the next output comes."""
    if host.context.publish is not None:
        host.context.publish("clear_output", {"wait": wait})


def result(_host: Host, data: Value, metadata: Value, plain: str) -> Value:
    """What a value's ``__mimebundle`` gave, as text and as JSON of ``{data, metadata}`` for `Runtime`."""
    import json

    from ..bundles import BundleError, mime_bundle

    try:
        bundle = mime_bundle(data, metadata, plain)
    except BundleError as error:
        raise HostError(f"__mimebundle: {error}") from error
    refuse_too_large("__mimebundle", bundle)
    return [bundle.plain, json.dumps({"data": bundle.data, "metadata": bundle.metadata})]


# What the functions show ------------------------------------------------------------------------------------------


def _html(_host: Host, value: Value, options: Options) -> "Bundle":
    from ..bundles import html

    return html(str(value), _optional_text(options, "text"))


def _markdown(_host: Host, value: Value, _options: Options) -> "Bundle":
    from ..bundles import markdown

    return markdown(str(value))


def _latex(_host: Host, value: Value, _options: Options) -> "Bundle":
    from ..bundles import latex

    return latex(str(value))


def _text(_host: Host, value: Value, _options: Options) -> "Bundle":
    from ..bundles import plain_text

    return plain_text(str(value))


def _svg(_host: Host, value: Value, options: Options) -> "Bundle":
    from ..bundles import svg

    return svg(str(value), _optional_text(options, "text"))


def _json(_host: Host, value: Value, options: Options) -> "Bundle":
    from ..bundles import json_value

    expanded = options.get("expanded")
    return json_value(value, expanded=None if expanded is None else bool(expanded))


def _image(host: Host, value: Value, options: Options) -> "Bundle":
    """The image that a string is, or that the file at a path holds."""
    from ..bundles import IMAGE_TYPES, BundleError, image, image_format

    wanted = options.get("format")
    if wanted == "jpg":
        wanted = "jpeg"
    if wanted is not None and wanted not in IMAGE_TYPES:
        raise BundleError(f"option 'format': '{wanted}' is none of {', '.join(IMAGE_TYPES)}")
    content = str(value).encode("utf-8", "surrogateescape")
    found, source = image_format(content), "the string"
    if found is None and _may_be_path(content):
        content, source = _read_file(host, str(value)), f"'{value}'"
        found = image_format(content)
    if wanted is not None and found is not None and wanted != found:
        raise BundleError(f"option 'format': {source} is {found}, not {wanted}")
    image_type = found or wanted
    if image_type is None:
        raise BundleError(
            f"{source} does not begin like an image (known: {', '.join(IMAGE_TYPES)}); "
            'if it is one, say which with {format = "…"}'
        )
    return image(content, str(image_type), options.get("width"), options.get("height"), _optional_text(options, "alt"))


def _may_be_path(content: bytes) -> bool:
    return len(content) <= 4096 and b"\0" not in content and b"\n" not in content


def _read_file(host: Host, path: str) -> bytes:
    from ..bundles import MAX_BUNDLE_BYTES
    from ..tools.confinement import default_roots, read_file

    context = host.context
    roots = default_roots(context.project_root, context.configuration.allowed_paths)
    return read_file(path, roots, MAX_BUNDLE_BYTES // 4 * 3)


def _table(_host: Host, value: Value, options: Options) -> "Bundle":
    from ..bundles import table

    columns, left_out = options.get("columns"), options.get("left_out")
    return table(
        value if isinstance(value, list) else [],
        [str(column) for column in columns] if isinstance(columns, list) else None,
        _optional_text(options, "caption"),
        left_out if isinstance(left_out, int) else 0,
    )


def _data(_host: Host, value: Value, options: Options) -> "Bundle":
    from ..bundles import mime_bundle

    return mime_bundle(value, options.get("metadata"))


def _optional_text(options: Options, name: str) -> str | None:
    value = options.get(name)
    return None if value is None else str(value)


# Progress ---------------------------------------------------------------------------------------------------------


class Progresses:
    """Sends the states of the progresses of a runtime, those that come too fast later or not at all.

    A state that is held back is sent by a timer, for a script may be busy with something else for long.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: dict[str, float] = {}  # when, by display id
        self._waiting: dict[str, State] = {}
        self._timer: threading.Timer | None = None

    def show(self, host: Host, state: State, is_first: bool) -> Value:
        """Show a state; gives the display's id, and the text of the end without a front-end."""
        display_id = state.get("id") or os.urandom(16).hex()
        publish = host.context.publish
        if publish is None:
            text = _progress(state).plain if state.get("closed") else None
            return {"id": display_id, "text": text}
        with self._lock:
            if not is_first and not state.get("closed") and not self._is_due(display_id):
                self._waiting[display_id] = state
                if self._timer is None:
                    self._timer = ServiceTimer(PROGRESS_SECONDS, self._when_due, publish, name="progress")
                    self._timer.start()
            else:
                self._waiting.pop(display_id, None)
                self._publish(publish, display_id, state, "display_data" if is_first else "update_display_data")
        return {"id": display_id}

    def settle(self, host: Host) -> None:
        """Send what is held back: the run that showed it ends."""
        with self._lock:  # a timer that is sending has it
            if self._timer is not None:
                self._timer.cancel()
            self._send_waiting(host.context.publish)
            self._sent.clear()

    def _is_due(self, display_id: str) -> bool:
        return self._timer is None and time.monotonic() - self._sent.get(display_id, 0.0) >= PROGRESS_SECONDS

    def _when_due(self, publish: Publish) -> None:
        with self._lock:
            if threading.current_thread() is self._timer:  # else it was too late to cancel it
                self._send_waiting(publish)

    def _send_waiting(self, publish: Publish | None) -> None:
        self._timer = None
        waiting, self._waiting = self._waiting, {}
        if publish is not None:
            for display_id, state in waiting.items():
                self._publish(publish, display_id, state, "update_display_data")

    def _publish(self, publish: Publish, display_id: str, state: State, msg_type: str) -> None:
        self._sent[display_id] = time.monotonic()
        publish(msg_type, _content(_progress(state), display_id))


def _progress(state: State) -> "Bundle":
    from ..bundles import progress

    return progress(state["value"], state.get("total"), state["label"], ended=state.get("closed", False))

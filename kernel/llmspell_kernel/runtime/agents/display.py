"""An answer that is streamed, as every client of the session sees it: a display that grows.

Invariant: at most ten messages a second go out for one answer, and the last one holds all of it.
"""

import os
import time

from ..host import Host

SECONDS = 0.1
MIME_TYPE = "application/vnd.llmspell.agent+json"


class StreamDisplay:
    """``agent`` and ``model`` are what the display is labelled with, for clients that know our MIME type."""

    def __init__(self, host: Host, agent: str, model: str) -> None:
        self._publish = host.context.publish
        self._agent, self._model = agent, model
        self._id = os.urandom(16).hex()
        self._shown: str | None = None
        self._when = 0.0

    def show(self, text: str, *, is_last: bool) -> None:
        now = time.monotonic()
        if self._publish is None or (text == self._shown and not is_last):
            return
        if not is_last and (not text or now - self._when < SECONDS):
            return
        if not text:
            return
        kind = "display_data" if self._shown is None else "update_display_data"
        about = {"agent": self._agent, "model": self._model, "text": text, "done": is_last}
        data = {"text/plain": text, MIME_TYPE: about}
        self._publish(kind, {"data": data, "metadata": {}, "transient": {"display_id": self._id}})
        self._shown, self._when = text, now

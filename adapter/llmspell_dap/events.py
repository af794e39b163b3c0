"""What the kernel publishes, as DAP events in the client's form."""

from typing import Any

from llmspell_kernel.protocol.wire import Message

from llmspell_dap.breakpoints import BreakpointTable
from llmspell_dap.locations import Locations
from llmspell_dap.messages import ClientFeatures, event

Json = dict[str, Any]

# LDP events that every client understands without having announced anything.
_PASSED = frozenset({"continued", "exited", "loadedSource", "output", "pythonDebugger", "terminated", "thread"})


def from_kernel(
    message: Message, session: str, locations: Locations, breakpoints: BreakpointTable, features: ClientFeatures
) -> Json | None:
    """The DAP event for an iopub message of ``session``, or None when it is nothing for the client."""
    if message.metadata.get("llmspell_session") != session:
        return None
    if message.msg_type == "stream":
        return _output(message, locations)
    if message.msg_type == "display_data":
        return _display(message)
    if message.msg_type != "debug_event":
        return None
    content = message.content()
    name = content.get("event")
    body = content.get("body")
    body = locations.to_client(body) if isinstance(body, dict) else {}
    if name == "stopped":
        return stopped(body, breakpoints)
    if name == "breakpoint":
        return _breakpoint(body, locations, breakpoints)
    if name == "module" and isinstance(body.get("module"), dict):
        return event("module", {**body, "module": locations.source_to_client(body["module"])})
    if name == "invalidated" and features.invalidated_event:
        return event("invalidated", body)
    if name == "memory" and features.memory_event:
        return event("memory", body)
    return event(str(name), body) if name in _PASSED else None


def stopped(body: Json, breakpoints: BreakpointTable) -> Json:
    """The event for a stop, with those of the hit breakpoints that are the client's."""
    hit = [breakpoints.client_id(each) for each in body.get("hitBreakpointIds") or []]
    known = [each for each in hit if each is not None]
    rest = {name: value for name, value in body.items() if name != "hitBreakpointIds"}
    return event("stopped", {**rest, **({"hitBreakpointIds": known} if known else {})})


def output(category: str, text: str) -> Json:
    """An output event of the adapter itself."""
    return event("output", {"category": category, "output": text})


def _output(message: Message, locations: Locations) -> Json:
    content = message.content()
    category = "stderr" if content.get("name") == "stderr" else "stdout"
    body: Json = {"category": category, "output": str(content.get("text", ""))}
    source, line = message.metadata.get("source"), message.metadata.get("line")
    if source is not None and isinstance(line, int):
        place = {"source": source if isinstance(source, dict) else {"path": str(source)}, "line": line}
        body |= locations.to_client(place)
    return event("output", body)


def _display(message: Message) -> Json | None:
    """What a script shows, as its text: a debug console has no more. Its updates would only repeat it."""
    data = message.content().get("data")
    text = data.get("text/plain") if isinstance(data, dict) else None
    return event("output", {"category": "stdout", "output": f"{text}\n"}) if isinstance(text, str) else None


def _breakpoint(body: Json, locations: Locations, breakpoints: BreakpointTable) -> Json | None:
    changed = body.get("breakpoint")
    if not isinstance(changed, dict):
        return None
    client_id = breakpoints.client_id(changed.get("id"))
    if client_id is None:
        return None
    shown = {**locations.to_client(changed), "id": client_id}
    return event("breakpoint", {"reason": body.get("reason", "changed"), "breakpoint": shown})

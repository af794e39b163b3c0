"""The globals of a script: each a module here (its host functions) and a chunk in ``../lua`` (its Lua half).

Order matters: a chunk may call the host functions of those before it.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from . import (
    agent,
    comm,
    config,
    context,
    debug,
    display,
    event,
    hook,
    json,
    local_llm,
    memory,
    provider,
    rag,
    session,
    state,
    template,
    tool,
    utils,
    workflow,
)

if TYPE_CHECKING:
    from ..host import Host


def _in_lua(_host: "Host") -> None:
    """For a global whose work is done by its Lua half and the host functions of others."""


GLOBALS: Mapping[str, Callable[["Host"], None]] = {
    "Artifact": session.register,
    "Comm": comm.register,
    "Config": config.register,
    "Context": context.register,
    "Debug": debug.register,
    "Display": display.register,
    "Agent": agent.register,
    "JSON": json.register,
    "LocalLLM": local_llm.register,
    "Provider": provider.register,
    "Event": event.register,
    "Hook": hook.register,
    "Logger": _in_lua,
    "Memory": memory.register,
    "RAG": rag.register,
    "Replay": _in_lua,
    "Session": _in_lua,
    "State": state.register,
    "Streaming": _in_lua,
    "Tool": tool.register,
    "Utils": utils.register,
    "Workflow": workflow.register,
    "Template": template.register,
}

# Chunks of ``../lua`` that globals share, loaded before these; what they offer is in the library.
SHARED = (
    "arguments",
    "correlation",
    "deadline",
    "jobs",
    "guard",
    "agent_composites",
    "agent_running",
    "debug_dump",
    "workflow_steps",
    "workflow_values",
    "workflow_running",
)

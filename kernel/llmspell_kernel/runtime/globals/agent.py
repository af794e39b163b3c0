"""The host half of the global `Agent`, which is loaded when a script first uses it (``agents/functions.py``).

Invariant: a session without agents loads nothing of them.
"""

from ..host import Host, HostFunction
from ..values import Value

_NAMES = (
    "act",
    "begin",
    "configure_alerts",
    "count_tool",
    "create",
    "create_child_context",
    "create_composite",
    "create_context",
    "delete_state",
    "destroy",
    "discover",
    "discover_by_capability",
    "discover_tools",
    "end",
    "exists",
    "finish",
    "get_agent_state",
    "get_alerts",
    "get_all_tool_metadata",
    "get_bridge_metrics",
    "get_config",
    "get_context_data",
    "get_details",
    "get_health",
    "get_hierarchy",
    "get_info",
    "get_last_error",
    "get_metrics",
    "get_performance",
    "get_recovery_attempts",
    "get_shared_memory",
    "get_state",
    "get_state_history",
    "get_state_metrics",
    "is_healthy",
    "list",
    "list_capabilities",
    "list_instances",
    "list_templates",
    "load_state",
    "new_name",
    "receive",
    "remaining",
    "remove_context",
    "save_state",
    "send",
    "set_shared_memory",
    "set_state",
    "template",
    "tool_done",
    "tool_metadata",
    "update_context",
    "wrap_as_tool",
)


def register(host: Host) -> None:
    loaded: dict[str, HostFunction] = {}

    def late(name: str) -> HostFunction:
        def call(here: Host, *arguments: Value) -> Value:
            if not loaded:
                from ..agents.functions import functions

                loaded.update(functions())
            return loaded[name](here, *arguments)

        return call

    for name in _NAMES:
        host.register(f"Agent.{name}", late(f"Agent.{name}"))

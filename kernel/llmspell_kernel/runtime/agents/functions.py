"""The host functions of the global `Agent`, loaded when a script first uses it (``globals/agent.py``).

Callbacks and tools are run by ``lua/agent_running.lua``, which calls the functions of ``calls`` step by step.
"""

from collections.abc import Mapping

from ..host import HostFunction
from . import facts, making
from .calls import Calls
from .contexts import Contexts
from .definition import new_name
from .names import Functions
from .templates import template


def functions() -> Mapping[str, HostFunction]:
    """Those of one session, by name."""
    made = Functions()
    made.register("Agent.new_name", lambda _host: new_name())
    made.register("Agent.create", making.create)
    made.register("Agent.create_composite", making.create_composite)
    made.register("Agent.template", template)
    made.register("Agent.wrap_as_tool", making.wrap_as_tool)
    made.register("Agent.destroy", making.destroy)
    facts.register(made)
    contexts = Contexts()
    _register_contexts(made, contexts)
    Calls(contexts).register(made)
    return made


def _register_contexts(made: Functions, contexts: Contexts) -> None:
    made.register("Agent.create_context", lambda _host, config: contexts.create(config))
    made.register("Agent.create_child_context", lambda _host, *given: contexts.create_child(*given))
    made.register("Agent.remove_context", lambda _host, identifier: contexts.remove(identifier))
    made.register(
        "Agent.get_context_data",
        lambda _host, identifier, key: contexts.get("Agent.get_context_data", identifier).get(key),
    )
    made.register(
        "Agent.update_context",
        lambda _host, identifier, key, value: contexts.get("Agent.update_context", identifier).set(key, value),
    )
    made.register("Agent.set_shared_memory", lambda _host, *given: contexts.share(*given))
    made.register("Agent.get_shared_memory", lambda _host, *given: contexts.shared(*given))

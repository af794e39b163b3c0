"""Contexts that agents run in, and the memory that they share.

What a context sees of its parent: with ``isolate`` nothing, with ``copy`` what it held when the child was made, with
``inherit`` what it holds now, with ``share`` the same data, which it writes too.

Invariants: a conversation in a context is the context's and the agent's together, apart from the agent's own; ids are
never used again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..correlation import new_id
from ..host import HostError
from ..providers.model import Message
from ..tools.parameters import describe
from ..values import Value
from .definition import Fields

MAX_CONTEXTS = 10_000
MAX_DEPTH = 100
MAX_SHARED = 100_000
_SCOPES = ("global", "session", "workflow", "agent", "user")
_INHERITANCES = ("isolate", "copy", "share")


@dataclass(slots=True)
class Context:
    id: str
    scope: str = "global"
    inheritance: str = "inherit"
    parent: "Context | None" = None
    own: dict[str, Value] = field(default_factory=dict)
    facts: Mapping[str, Value] = field(default_factory=dict)
    depth: int = 0
    _conversations: dict[str, list[Message]] = field(default_factory=dict)

    def get(self, key: str) -> Value:
        return self.data().get(key)

    def set(self, key: str, value: Value) -> None:
        if self.inheritance == "share" and self.parent is not None:
            self.parent.set(key, value)
        else:
            self.own[key] = value

    def data(self) -> dict[str, Value]:
        """All that it sees."""
        if self.parent is None or self.inheritance in {"isolate", "copy"}:
            return dict(self.own)
        return self.parent.data() | self.own

    def conversation(self, agent: str) -> list[Message]:
        return self._conversations.setdefault(agent, [])

    def told(self) -> str:
        """What a model is told of it; empty when it holds nothing."""
        data = self.data()
        return "Context: " + json.dumps(data, ensure_ascii=False, sort_keys=True, default=str) if data else ""


class Contexts:
    """Those of one session, and its shared memory."""

    def __init__(self) -> None:
        self._contexts: dict[str, Context] = {}
        self._shared: dict[tuple[str, str], Value] = {}

    def create(self, given: Value) -> str:
        fields = Fields("Agent.create_context", "config", given)
        facts: dict[str, Value] = {
            name: fields.text(name, "")
            for name in ("conversation_id", "user_id", "session_id")
            if name in fields.values
        }
        security = fields.table("security")
        facts["security"] = {
            "level": security.text("level", "default"),
            "permissions": list(security.texts("permissions") or ()),
        }
        scope = scope_of("Agent.create_context: config.scope", fields.values.get("scope", "global"))
        inheritance = fields.text("inheritance", "inherit")
        return self._add(
            Context(new_id(), scope, _inheritance(inheritance), own=dict(fields.table("data").values), facts=facts)
        )

    def create_child(self, parent_id: str, scope: Value, inheritance: str) -> str:
        parent = self.get("Agent.create_child_context", parent_id)
        if parent.depth >= MAX_DEPTH:
            raise HostError(f"Agent.create_child_context: contexts are nested deeper than {MAX_DEPTH}")
        kind = _inheritance(inheritance)
        own = parent.data() if kind == "copy" else {}
        place = scope_of("Agent.create_child_context: scope", scope)
        return self._add(Context(new_id(), place, kind, parent, own, parent.facts, parent.depth + 1))

    def _add(self, context: Context) -> str:
        if len(self._contexts) >= MAX_CONTEXTS:
            raise HostError(f"{MAX_CONTEXTS} contexts exist, the limit; Agent.remove_context(id) removes one")
        self._contexts[context.id] = context
        return context.id

    def get(self, who: str, identifier: str) -> Context:
        context = self._contexts.get(identifier)
        if context is None:
            raise HostError(f"{who}: there is no context '{identifier[:100]}'; Agent.create_context gives ids")
        return context

    def remove(self, identifier: str) -> None:
        self.get("Agent.remove_context", identifier)
        del self._contexts[identifier]

    def share(self, scope: Value, key: str, value: Value) -> None:
        place = (scope_of("Agent.set_shared_memory: scope", scope), key)
        if value is None:
            self._shared.pop(place, None)
            return
        if place not in self._shared and len(self._shared) >= MAX_SHARED:
            raise HostError(f"Agent.set_shared_memory: {MAX_SHARED} values are kept, the limit")
        self._shared[place] = value

    def shared(self, scope: Value, key: str) -> Value:
        return self._shared.get((scope_of("Agent.get_shared_memory: scope", scope), key))


def scope_of(place: str, given: Value) -> str:
    """``global``, or the type and the id: ``agent:writer``. Raises HostError that names the field."""
    if isinstance(given, str):
        given = {"type": given}
    if not isinstance(given, dict):
        raise HostError(f"{place}: expected a table with a field 'type', got {describe(given)}")
    kind, identifier = given.get("type"), given.get("id")
    if kind not in _SCOPES:
        raise HostError(f"{place}.type: expected one of {', '.join(_SCOPES)}, got {describe(kind)}")
    if identifier is not None and not isinstance(identifier, str):
        raise HostError(f"{place}.id: expected a text, got {describe(identifier)}")
    return f"{kind}:{identifier}" if identifier else str(kind)


def _inheritance(word: str) -> str:
    return word if word in _INHERITANCES else "inherit"

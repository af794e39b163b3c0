"""What a running kernel could say about the place of a cursor: names of a value, tools, agents, keys of the state.

Invariant: only of globals: what a local holds is known to a stopped debugger alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from llmspell_analysis.analysis.chains import Chain
from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.catalogue import Catalogue
from llmspell_analysis.features.context import Context
from llmspell_analysis.syntax.tokens import string_value

QuestionKind = Literal["names", "tools", "agents", "keys", "value"]


@dataclass(frozen=True, slots=True)
class Question:
    """`about`: for names and a value the chain of names, "" for the globals; for keys the scope of the state.
    `is_method`: only functions can stand there."""

    kind: QuestionKind
    about: str = ""
    is_method: bool = False


_TOOL_FUNCTIONS = ("Tool.get", "Tool.execute", "Tool.exists")
_AGENT_FUNCTIONS = ("Agent.get",)
_STATE_FUNCTIONS = ("State.load", "State.get", "State.save", "State.set", "State.delete")
_NAMING = (b"local", b"for", b"function", b"goto", b"::", b"@")


def completion_question(context: Context) -> Question | None:
    if context.place == "string":
        return _in_string(context)
    previous = context.previous
    if context.place != "code" or previous in _NAMING:
        return None
    if previous in (b".", b":"):
        text = _global_chain(context, context.receiver())
        return Question("names", text, is_method=previous == b":") if text else None
    return Question("names")


def hover_question(analysis: Analysis, offset: int, catalogue: Catalogue, project: Project) -> Question | None:
    for place in (offset, offset + 1):
        context = Context(analysis, place, catalogue, project)
        if context.current is not None and context.place == "code" and context.current.kind == "name":
            text = _global_chain(context, context.chain_at())
            is_own = bool(text) and text.partition(".")[0] not in catalogue.globals
            return Question("value", text) if is_own else None
    return None


def _global_chain(context: Context, chain: Chain | None) -> str:
    """The chain as text, "" where it is not made of names alone or begins with a local."""
    if chain is None or chain.root in context.locals:
        return ""
    names = [chain.root]
    for step in chain.steps:
        if step.kind == "call" or step.name is None or not step.name.isidentifier():
            return ""
        names.append(step.name)
    return ".".join(names)


def _in_string(context: Context) -> Question | None:
    frame = context.frames[0] if context.frames else None
    if frame is None or frame.kind != "call":
        return None
    value = context.callee(frame)
    name = value.entry.qualified_name if value is not None and value.entry is not None else ""
    if name in _TOOL_FUNCTIONS and frame.index == 0:
        return Question("tools")
    if name in _AGENT_FUNCTIONS and frame.index == 0:
        return Question("agents")
    if name in _STATE_FUNCTIONS and frame.index == 1:
        scope = string_value(context.text(frame.opening + 1).decode("utf-8", "replace"))
        return Question("keys", scope) if scope else None
    return None

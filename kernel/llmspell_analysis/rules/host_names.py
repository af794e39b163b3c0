"""Names that are texts: templates, providers in front of models, patterns of events, scopes of the state.

Scopes and events are named freely, so that only what can never be meant is told.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmspell_analysis.analysis.chains import call_arguments, literal_string
from llmspell_analysis.analysis.file import File
from llmspell_analysis.analysis.kinds import NAME_FIELD
from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.analysis.segments import Segment
from llmspell_analysis.analysis.types import string_literals
from llmspell_analysis.rules.host_slots import choice
from llmspell_analysis.rules.host_workflows import chain_calls
from llmspell_analysis.rules.known_calls import KnownCall
from llmspell_analysis.rules.literals import Literal, literal_of
from llmspell_analysis.rules.model import Diagnostic, Fix, Severity, Subject
from llmspell_analysis.rules.nearest import listed, nearest
from llmspell_analysis.rules.reading import span
from llmspell_analysis.rules.tool_parameters import CallOptions, check_parameters
from llmspell_analysis.syntax.tree import Edit

_OF_TEMPLATES = frozenset(
    {
        "Template.execute",
        "Template.info",
        "Template.schema",
        "Template.estimate_cost",
        "WorkflowBuilder:add_template_step",
    }
)
_SCOPED = frozenset({"State.save", "State.load", "State.delete", "State.list_keys"})
CALLED = _OF_TEMPLATES | _SCOPED | {"Event.subscribe", "AgentBuilder:provider", "AgentBuilder:build"}
# Scopes with an id after the colon, by convention.
_SCOPE_KINDS = ("agent", "session", "tool", "user", "workflow")


def check(known: KnownCall, subject: Subject) -> Iterator[Diagnostic]:
    name = known.entry.qualified_name
    if not known.arguments and name != "AgentBuilder:build":
        return
    if name in _OF_TEMPLATES:
        yield from _template(known, subject)
    elif name == "Event.subscribe":
        yield from _pattern(known, subject)
    elif name in _SCOPED:
        yield from _scope(known, subject)
    elif name == "AgentBuilder:provider":
        yield from _named_provider(known, subject)
    elif name == "AgentBuilder:build":
        yield from _model(known, subject)


# --- templates ---------------------------------------------------------------------------------------------------


def _template(known: KnownCall, subject: Subject) -> Iterator[Diagnostic]:
    position = 1 if known.entry.name == "add_template_step" else 0
    literal = literal_of(known.arguments[position], subject) if len(known.arguments) > position else None
    name = literal.text if literal is not None else None
    if literal is None or name is None:
        return
    at = span(known.arguments[position])
    template = subject.catalogue.templates.get(name)
    if template is None:
        found = Diagnostic("unknown-template", known.severity(Severity.ERROR), f"There is no template `{name}`", *at)
        yield choice(found, list(subject.catalogue.templates), literal, "there are")
    elif len(known.arguments) > position + 1 and known.entry.name in ("execute", "estimate_cost", "add_template_step"):
        options = CallOptions(known.entry.name == "add_template_step", known.call.protected)
        yield from check_parameters(template, known.arguments[position + 1], at, subject, options)


# --- providers ---------------------------------------------------------------------------------------------------


def _model(known: KnownCall, subject: Subject) -> Iterator[Diagnostic]:
    """The provider before the slash; beside `:provider(…)` the slash belongs to the model."""
    calls = chain_calls(known.node, subject)
    if calls is None or any(name == "provider" for name, _ in calls):
        return
    for name, call in calls:
        arguments = call_arguments(call)
        literal = literal_of(arguments[0], subject) if name == "model" and arguments else None
        text = literal.text if literal is not None else None
        if literal is None or text is None or "/" not in text:
            continue
        provider = text.partition("/")[0]
        start = arguments[0].start_byte + 1 if literal.is_here else arguments[0].start_byte
        end = start + len(provider.encode()) if literal.is_here else arguments[0].end_byte
        yield from _provider(provider, (start, end), literal, known, subject)


def _named_provider(known: KnownCall, subject: Subject) -> Iterator[Diagnostic]:
    literal = literal_of(known.arguments[0], subject)
    if literal is not None and literal.text is not None:
        start, end = span(known.arguments[0])
        at = (start + 1, end - 1) if literal.is_here else (start, end)
        yield from _provider(literal.text, at, literal, known, subject)


def _provider(
    name: str, at: tuple[int, int], literal: Literal, known: KnownCall, subject: Subject
) -> Iterator[Diagnostic]:
    configured = subject.shared.providers
    if configured is None or name in configured or name in subject.catalogue.providers:
        return
    names = [*subject.catalogue.providers, *sorted(configured)]
    near = nearest(name, names)
    message = f"There is no provider `{name}`"
    fixes: tuple[Fix, ...] = ()
    if near is None:
        message += f", and no `[providers.{name}]` in llmspell.toml; known are {listed(names, 12)}"
    else:
        message += f": did you mean `{near}`?"
        if literal.is_here and subject.data[at[0] : at[1]] == name.encode():
            fixes = (Fix(f"Change to `{near}`", (Edit(*at, near.encode()),)),)
    yield Diagnostic("unknown-provider", known.severity(Severity.WARNING), message, *at, fixes=fixes)


def configured(file: File, project: Project) -> frozenset[str] | None:
    """The providers that the project or the script sets up; None where their names are computed."""
    found = set(project.configuration(file.document.path).providers)
    for each in file.placed:
        names = _names_given(each.segment, "providers", (b"setProvider",))
        if names is None:
            return None
        found |= names
    return frozenset(found)


def _names_given(segment: Segment, key: str, functions: tuple[bytes, ...]) -> frozenset[str] | None:
    """The first arguments of the calls of functions whose names end so; None where one is no literal."""
    if key not in segment.kept:
        names: set[str] | None = set()
        is_named = any(name in segment.data for name in functions)
        for call in segment.analysis.calls if is_named else ():
            callee = call.node.child_by_field_id(NAME_FIELD)
            if callee is None or not segment.data[callee.start_byte : callee.end_byte].endswith(functions):
                continue
            arguments = call_arguments(call.node)
            name = literal_string(arguments[0], segment.data) if arguments else None
            names = names | {name} if names is not None and name is not None else None
        segment.kept[key] = frozenset(names) if names is not None else None
    found: frozenset[str] | None = segment.kept[key]
    return found


# --- events and state --------------------------------------------------------------------------------------------


def _pattern(known: KnownCall, subject: Subject) -> Iterator[Diagnostic]:
    literal = literal_of(known.arguments[0], subject)
    text = literal.text if literal is not None else None
    if literal is None or text is None:
        return
    at = span(known.arguments[0])
    if not text:
        message = "A pattern of events is not empty; `*` stands for every event"
        yield Diagnostic("invalid-event-pattern", known.severity(Severity.ERROR), message, *at)
    elif "*" in text[:-1]:
        message = f"`{text}` matches no event: a star stands only at the end, as in `workflow.*`"
        yield Diagnostic("invalid-event-pattern", known.severity(Severity.WARNING), message, *at)
    else:
        yield from _own_event(known, literal, text, subject)


def _own_event(known: KnownCall, literal: Literal, text: str, subject: Subject) -> Iterator[Diagnostic]:
    """A slip of an event that LLMSpell publishes, where the script publishes none of this name."""
    published = subject.shared.published
    names = string_literals("EventName", subject.catalogue)
    if published is None or text in published or text in names or text.endswith("*"):
        return
    near = nearest(text, [name for name in names if name.partition(".")[0] == text.partition(".")[0]])
    if near is not None and _is_slip(text, near):
        message = f"LLMSpell publishes no `{text}`, and neither does this script"
        found = Diagnostic("unknown-event", Severity.INFORMATION, message, *span(known.arguments[0]))
        yield choice(found, [near], literal)


def _is_slip(text: str, name: str) -> bool:
    """`tool.start` and `tool.strated` are slips of `tool.started`; another word at the end is another event."""
    said, meant = text.rpartition(".")[2], name.rpartition(".")[2]
    is_beginning = len(said) >= 4 and (meant.startswith(said) or said.startswith(meant))
    return is_beginning or nearest(said, [meant]) is not None


def published_in(file: File, modules: tuple[Analysis | None, ...]) -> frozenset[str] | None:
    """The names of the events that a script publishes; None where it computes them or has modules that may."""
    if modules:
        return None
    found: set[str] = set()
    for each in file.placed:
        names = _names_given(each.segment, "events", (b"Event.publish", b":emit", b".emit"))
        if names is None:
            return None
        found |= names
    return frozenset(found)


def _scope(known: KnownCall, subject: Subject) -> Iterator[Diagnostic]:
    """`sesion:abc`: a scope of its own, where that of a session was meant."""
    literal = literal_of(known.arguments[0], subject)
    text = literal.text if literal is not None else None
    if literal is None or text is None:
        return
    kind, colon, _ = text.partition(":")
    if not colon or kind in _SCOPE_KINDS or kind.removesuffix("s") in _SCOPE_KINDS:
        return
    near = nearest(kind, _SCOPE_KINDS)
    if near is None or kind.lower() == near:
        return
    start, end = span(known.arguments[0])
    fixes: tuple[Fix, ...] = ()
    if literal.is_here and subject.data[start + 1 : start + 1 + len(kind)] == kind.encode():
        fixes = (Fix(f"Change to `{near}`", (Edit(start + 1, start + 1 + len(kind), near.encode()),)),)
    message = f"`{kind}:` is the scope of nothing: did you mean `{near}:`?"
    yield Diagnostic("unknown-state-scope", known.severity(Severity.WARNING), message, start, end, fixes=fixes)

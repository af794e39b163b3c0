"""The requests that pass through to LDP: what they must hold, and how their answers are put for the client."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llmspell_dap.locations import Locations
from llmspell_dap.messages import MAX_INTEGER, ClientFeatures, Fields, SourceSpec

Json = dict[str, Any]

REQUEST_LIMIT = 10.0
# An expression may call a tool; a pause interrupts it.
EVALUATE_LIMIT = 60.0


@dataclass(frozen=True, slots=True)
class PassedRequest:
    """How one command passes: ``read`` checks and converts its arguments, ``show`` its body."""

    read: Callable[[Fields, Locations], Json]
    show: Callable[[Json, Locations, ClientFeatures], Json]
    limit: float = REQUEST_LIMIT


def _thread(fields: Fields, _: Locations) -> Json:
    found: Json = {"threadId": fields.integer("threadId")}
    if fields.has("singleThread"):
        found["singleThread"] = fields.boolean("singleThread", False)
    return found


def _step(fields: Fields, locations: Locations) -> Json:
    found = _thread(fields, locations)
    if fields.has("granularity"):
        found["granularity"] = fields.choice("granularity", ("statement", "line", "instruction"), "statement")
    return found


def _nothing(_: Fields, __: Locations) -> Json:
    return {}


def _stack_trace(fields: Fields, _: Locations) -> Json:
    return {"threadId": fields.integer("threadId"), **_integers(fields, "startFrame", "levels")}


def _scopes(fields: Fields, _: Locations) -> Json:
    return {"frameId": fields.integer("frameId")}


def _variables(fields: Fields, _: Locations) -> Json:
    found: Json = {"variablesReference": fields.integer("variablesReference", least=1)}
    if fields.has("filter"):
        found["filter"] = fields.choice("filter", ("indexed", "named"), "named")
    return {**found, **_integers(fields, "start", "count"), **_format(fields)}


def _evaluate(fields: Fields, _: Locations) -> Json:
    found: Json = {"expression": fields.text("expression"), **_integers(fields, "frameId"), **_format(fields)}
    if fields.has("context"):
        found["context"] = fields.text("context")
    return found


def _source(fields: Fields, locations: Locations) -> Json:
    reference = fields.integer("sourceReference")
    if reference or not fields.has("source"):
        return {"sourceReference": reference, "source": {"sourceReference": reference}}
    source = SourceSpec.read(fields.nested("source"))
    named: Json = {"sourceReference": source.reference}
    if source.path is not None:
        named["path"] = source.path if source.reference else locations.path_to_ldp(source.path)
    return {"sourceReference": source.reference, "source": named}


def _integers(fields: Fields, *names: str) -> Json:
    return {name: fields.integer(name, most=MAX_INTEGER) for name in names if fields.has(name)}


def _format(fields: Fields) -> Json:
    return {"format": dict(fields.nested("format").values)} if fields.has("format") else {}


def _as_it_is(body: Json, _: Locations, __: ClientFeatures) -> Json:
    return body


def _show_stack(body: Json, locations: Locations, _: ClientFeatures) -> Json:
    return {**body, "stackFrames": [locations.to_client(frame) for frame in body.get("stackFrames", [])]}


def _show_scopes(body: Json, locations: Locations, _: ClientFeatures) -> Json:
    return {**body, "scopes": [locations.to_client(scope) for scope in body.get("scopes", [])]}


def _show_variables(body: Json, _: Locations, features: ClientFeatures) -> Json:
    return {**body, "variables": [_typed(variable, features) for variable in body.get("variables", [])]}


def _show_value(body: Json, _: Locations, features: ClientFeatures) -> Json:
    return _typed(body, features)


def _typed(value: Json, features: ClientFeatures) -> Json:
    # A type is for clients that announced supportsVariableType.
    return value if features.variable_type else {name: each for name, each in value.items() if name != "type"}


def _show_continued(body: Json, _: Locations, __: ClientFeatures) -> Json:
    return {"allThreadsContinued": True, **body}


PASSED_REQUESTS: dict[str, PassedRequest] = {
    "threads": PassedRequest(_nothing, _as_it_is),
    "stackTrace": PassedRequest(_stack_trace, _show_stack),
    "scopes": PassedRequest(_scopes, _show_scopes),
    "variables": PassedRequest(_variables, _show_variables),
    "evaluate": PassedRequest(_evaluate, _show_value, EVALUATE_LIMIT),
    "source": PassedRequest(_source, _as_it_is),
    "continue": PassedRequest(_thread, _show_continued),
    "next": PassedRequest(_step, _as_it_is),
    "stepIn": PassedRequest(_step, _as_it_is),
    "stepOut": PassedRequest(_step, _as_it_is),
    "pause": PassedRequest(_thread, _as_it_is),
}

"""The requests that pass through to LDP: what they must hold, how their answers are put for the client, and which
capability each needs.

Invariant: every line, column and source that passes is converted, in both directions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llmspell_dap.locations import Locations
from llmspell_dap.messages import MAX_INTEGER, ClientFeatures, Fields, SourceSpec

Json = dict[str, Any]
Read = Callable[[Fields, Locations], Json]
Show = Callable[[Json, Locations, ClientFeatures], Json]

REQUEST_LIMIT = 10.0
# An expression may call a tool; a pause or a cancel interrupts it.
EVALUATE_LIMIT = 60.0


@dataclass(frozen=True, slots=True)
class PassedRequest:
    """How one command passes: ``read`` checks and converts its arguments, ``show`` its body.

    ``invalidates``: what clients show of the stop may be another after it.
    """

    read: Read
    show: Show
    capability: str | None = None
    limit: float = REQUEST_LIMIT
    invalidates: bool = False


# -- arguments ---------------------------------------------------------------------------------------------


def _all(*readers: Read) -> Read:
    def read(fields: Fields, locations: Locations) -> Json:
        found: Json = {}
        for each in readers:
            found |= each(fields, locations)
        return found

    return read


def _integers(*names: str, least: int = 0) -> Read:
    return lambda fields, _: {name: fields.integer(name, least) for name in names}


def _optional_integers(*names: str, least: int = 0) -> Read:
    return lambda fields, _: {name: fields.integer(name, least, MAX_INTEGER) for name in names if fields.has(name)}


def _texts(*names: str) -> Read:
    return lambda fields, _: {name: fields.text(name) for name in names}


def _optional_texts(*names: str) -> Read:
    return lambda fields, _: {name: fields.text(name) for name in names if fields.has(name)}


def _flags(*names: str) -> Read:
    return lambda fields, _: {name: fields.boolean(name, False) for name in names if fields.has(name)}


def _choice(name: str, *choices: str) -> Read:
    return lambda fields, _: {name: fields.choice(name, choices, choices[0])} if fields.has(name) else {}


def _format(fields: Fields, _: Locations) -> Json:
    return {"format": dict(fields.nested("format").values)} if fields.has("format") else {}


def _place(fields: Fields, locations: Locations) -> Json:
    found: Json = {}
    for name in ("line", "endLine", "column", "endColumn"):
        if fields.has(name):
            convert = locations.line_to_ldp if name in ("line", "endLine") else locations.column_to_ldp
            found[name] = convert(fields.integer(name))
    return found


def _required_place(fields: Fields, locations: Locations) -> Json:
    fields.integer("line")
    return _place(fields, locations)


def _source_object(fields: Fields, locations: Locations) -> Json:
    return {"source": locations.source_to_ldp(SourceSpec.read(fields.nested("source")))}


def _source(fields: Fields, locations: Locations) -> Json:
    reference = fields.integer("sourceReference")
    if reference or not fields.has("source"):
        return {"sourceReference": reference, "source": {"sourceReference": reference}}
    source = SourceSpec.read(fields.nested("source"))
    return {"sourceReference": source.reference, **_source_object(fields, locations)}


def _completion_place(fields: Fields, locations: Locations) -> Json:
    found: Json = {"column": locations.column_to_ldp(fields.integer("column"))}
    if fields.has("line"):
        found["line"] = locations.line_to_ldp(fields.integer("line"))
    return found


def _no_address(fields: Fields, _: Locations) -> Json:
    if fields.boolean("asAddress", False):
        fields.fail("asAddress", "false: Lua has no addresses")
    return {}


def _thread_ids(fields: Fields, _: Locations) -> Json:
    listed = enumerate(fields.items("threadIds"))
    rows = [Fields({"id": each}, f"arguments.threadIds[{index}]") for index, each in listed]
    return {"threadIds": [row.integer("id") for row in rows]}


def _patterns(fields: Fields, locations: Locations) -> Json:
    found: Json = {"patterns": [locations.glob_to_ldp(each) for each in fields.texts("patterns")]}
    return found | ({"justMyCode": fields.boolean("justMyCode", False)} if fields.has("justMyCode") else {})


_NOTHING = _all()
_THREAD = _all(_integers("threadId"), _flags("singleThread"))
_STEP = _all(_THREAD, _choice("granularity", "statement", "line", "instruction"))


# -- bodies ------------------------------------------------------------------------------------------------


def _as_it_is(body: Json, _: Locations, __: ClientFeatures) -> Json:
    return body


def _located(body: Json, locations: Locations, _: ClientFeatures) -> Json:
    return locations.to_client(body)


def _list_of(name: str, show: Show) -> Show:
    return lambda body, locations, features: {
        **body,
        name: [show(each, locations, features) for each in body.get(name) or []],
    }


def _show_source(source: Json, locations: Locations, _: ClientFeatures) -> Json:
    return locations.source_to_client(source)


def _show_module(module: Json, locations: Locations, _: ClientFeatures) -> Json:
    return locations.source_to_client(module)


def _show_completion(target: Json, locations: Locations, features: ClientFeatures) -> Json:
    start = target.get("start")
    if not isinstance(start, int):
        return target
    return {**target, "start": start - 1 if features.counts_completions_from_0 else locations.column_to_client(start)}


def _show_value(value: Json, _: Locations, features: ClientFeatures) -> Json:
    hidden = set()
    if not features.variable_type:
        hidden.add("type")
    if not features.memory_references:
        hidden.add("memoryReference")
    return {name: each for name, each in value.items() if name not in hidden}


def _show_continued(body: Json, _: Locations, __: ClientFeatures) -> Json:
    return {"allThreadsContinued": True, **body}


PASSED_REQUESTS: dict[str, PassedRequest] = {
    # threads and their stacks
    "threads": PassedRequest(_NOTHING, _as_it_is),
    "stackTrace": PassedRequest(
        _all(_integers("threadId"), _optional_integers("startFrame", "levels"), _format),
        _list_of("stackFrames", _located),
    ),
    "scopes": PassedRequest(_integers("frameId"), _list_of("scopes", _located)),
    "exceptionInfo": PassedRequest(_integers("threadId"), _as_it_is, "supportsExceptionInfoRequest"),
    "terminateThreads": PassedRequest(_thread_ids, _as_it_is, "supportsTerminateThreadsRequest"),
    # values
    "variables": PassedRequest(
        _all(
            _integers("variablesReference", least=1),
            _choice("filter", "indexed", "named"),
            _optional_integers("start", "count"),
            _format,
        ),
        _list_of("variables", _show_value),
    ),
    "evaluate": PassedRequest(
        _all(_texts("expression"), _optional_integers("frameId"), _optional_texts("context"), _format),
        _show_value,
        limit=EVALUATE_LIMIT,
    ),
    "setVariable": PassedRequest(
        _all(_integers("variablesReference", least=1), _texts("name", "value"), _format),
        _show_value,
        "supportsSetVariable",
        EVALUATE_LIMIT,
        invalidates=True,
    ),
    "setExpression": PassedRequest(
        _all(_texts("expression", "value"), _optional_integers("frameId"), _format),
        _show_value,
        "supportsSetExpression",
        EVALUATE_LIMIT,
        invalidates=True,
    ),
    "completions": PassedRequest(
        _all(_texts("text"), _completion_place, _optional_integers("frameId")),
        _list_of("targets", _show_completion),
        "supportsCompletionsRequest",
    ),
    "dataBreakpointInfo": PassedRequest(
        _all(_texts("name"), _optional_integers("variablesReference", "frameId"), _no_address),
        _as_it_is,
        "supportsDataBreakpoints",
    ),
    "readMemory": PassedRequest(
        _all(_texts("memoryReference"), _optional_integers("offset", least=-MAX_INTEGER), _integers("count")),
        _as_it_is,
        "supportsReadMemoryRequest",
    ),
    # texts
    "source": PassedRequest(_source, _as_it_is),
    "breakpointLocations": PassedRequest(
        _all(_source_object, _required_place),
        _list_of("breakpoints", _located),
        "supportsBreakpointLocationsRequest",
    ),
    "loadedSources": PassedRequest(_NOTHING, _list_of("sources", _show_source), "supportsLoadedSourcesRequest"),
    "modules": PassedRequest(
        _optional_integers("startModule", "moduleCount"), _list_of("modules", _show_module), "supportsModulesRequest"
    ),
    "locations": PassedRequest(_integers("locationReference", least=1), _located),
    "disassemble": PassedRequest(
        _all(
            _texts("memoryReference"),
            _integers("instructionCount"),
            _optional_integers("offset", "instructionOffset", least=-MAX_INTEGER),
            _flags("resolveSymbols"),
        ),
        _list_of("instructions", _located),
        "supportsDisassembleRequest",
    ),
    # going on
    "continue": PassedRequest(_THREAD, _show_continued),
    "next": PassedRequest(_STEP, _as_it_is),
    "stepIn": PassedRequest(_all(_STEP, _optional_integers("targetId")), _as_it_is),
    "stepOut": PassedRequest(_STEP, _as_it_is),
    "restartFrame": PassedRequest(_integers("frameId"), _as_it_is, "supportsRestartFrame"),
    "stepInTargets": PassedRequest(_integers("frameId"), _list_of("targets", _located), "supportsStepInTargetsRequest"),
    # LDP's own
    "runTo": PassedRequest(_all(_source_object, _required_place), _as_it_is),
    "setSkipFiles": PassedRequest(_patterns, _as_it_is),
    "pause": PassedRequest(_THREAD, _as_it_is),
}

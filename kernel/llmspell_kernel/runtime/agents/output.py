"""What a script gets for an answer: text, and what the text says when it is JSON.

Invariant: ``metadata`` is that of the run, whatever the answer holds.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from ..tools.output import ENVELOPE_KEYS
from ..values import Value

# As models give JSON that was asked for, now and then.
_FENCED = re.compile(r"\A\s*```[a-zA-Z]*\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)
_MAX_PROBLEMS = 5


def agent_output(text: str, data: Value, metadata: Mapping[str, Value]) -> dict[str, Value]:
    """``data`` is what a checked answer says; None for one that was not checked."""
    value = data if data is not None else _container(text)
    table: dict[str, Value]
    if data is None and isinstance(value, dict) and not ENVELOPE_KEYS.isdisjoint(value):
        table = {**value, "_raw_text": text}
    elif value is not None:
        table = {"text": text, "data": value}
    else:
        table = {"text": text}
    table["metadata"] = dict(metadata)
    return table


def answer_data(text: str, schema: Mapping[str, Any]) -> tuple[Value, str]:
    """The value that the text says as JSON, and what is wrong with it; an empty text when it fits."""
    from ..tools.json_schema import SchemaError, errors

    fenced = _FENCED.match(text)
    try:
        value: Value = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError) as error:
        return None, f"it is no JSON: {error}"
    try:
        found = errors(value, schema)
    except SchemaError as error:
        return None, f"the schema cannot be used: {error}"
    return value, "; ".join(str(one["message"]) for one in found[:_MAX_PROBLEMS])


def _container(text: str) -> Value:
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        value: Value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value

"""What scripts are told of templates, and the check of what they give to one.

Invariant: parameters are checked with the catalogue's schemas, which the validator uses too.
"""

from functools import cache
from pathlib import Path
from typing import Any

from llmspell_analysis.catalogue import Tool
from llmspell_analysis.catalogue.loader import load_template, template_names
from llmspell_analysis.catalogue.model import Template

from ..host import HostError
from ..tokens import estimated_tokens
from ..tools.output import ToolError
from ..tools.parameters import check
from ..values import Value

_BODIES = Path(__file__).parent / "bodies"
# How often a template asks its model, about, and how many tokens an answer has.
_REQUESTS = {
    "code-generator": 3,
    "code-review": 7,
    "content-generation": 4,
    "data-analysis": 1,
    "document-processor": 1,
    "interactive-chat": 1,
    "research-assistant": 2,
    "workflow-orchestrator": 2,
}
_TOKENS_OF_AN_ANSWER = 600
_CONFIDENCE = 0.3  # that the estimate is near: models answer at their own length


def template(function: str, name: str) -> Template:
    """Raises HostError with the nearest name."""
    if name in template_names():
        return load_template(name)
    from difflib import get_close_matches

    near = get_close_matches(name, template_names(), 1, 0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(template_names())}"
    raise HostError(f"{function}: there is no template '{name[:100]}'; {hint}")


def listed(category: str | None) -> list[Value]:
    return [metadata(one) for one in _of_category(category)]


def search(query: str, category: str | None) -> list[Value]:
    """Templates that have every word of the query in their name, description, tags or parameters."""
    words = query.casefold().split()
    found = []
    for one in _of_category(category):
        text = " ".join((one.name, title(one), one.description, one.category, *one.schema["properties"])).casefold()
        if all(word in text for word in words):
            found.append(metadata(one))
    return found


def _of_category(category: str | None) -> list[Template]:
    every = [load_template(name) for name in template_names()]
    return [one for one in every if category is None or one.category.casefold() == category.casefold()]


def metadata(one: Template) -> Value:
    uses_model = "model" in one.schema["properties"]
    return {
        "id": one.name,
        "name": title(one),
        "description": one.description,
        "category": one.category,
        "version": one.version,
        "requires": ["model"] if uses_model else [],
        "tags": [*one.name.split("-"), one.category.casefold()],
    }


def title(one: Template) -> str:
    return one.name.replace("-", " ").title()


def schema(one: Template) -> Value:
    required = one.schema["required"]
    return {
        "version": one.version,
        "parameters": [
            {
                "name": name,
                "description": facts.get("description", ""),
                "param_type": facts.get("type", "any"),
                "required": name in required,
                "default": facts.get("default"),
                "min": facts.get("minimum"),
                "max": facts.get("maximum"),
                "min_length": facts.get("minLength", facts.get("minItems", facts.get("minProperties"))),
                "max_length": facts.get("maxLength"),
                "pattern": facts.get("pattern"),
                "allowed_values": facts.get("enum"),
            }
            for name, facts in one.schema["properties"].items()
        ],
    }


def checked(function: str, name: str, parameters: Value) -> dict[str, Any]:
    """The parameters with their defaults. Raises HostError that names the parameter."""
    one = template(function, name)
    if not isinstance(parameters, dict):
        raise HostError(f"{function}: {name}: parameters are given by name, got a list")
    try:
        return check(_as_tool(one), parameters, _validator(name))
    except ToolError as error:
        raise HostError(f"{function}: {name}: {error}") from None


def estimate(name: str, parameters: Value) -> Value:
    """None for a template that asks no model."""
    function = "Template.estimate_cost"
    given = checked(function, name, parameters)
    requests = _REQUESTS.get(name)
    if requests is None:
        return None
    texts = sum(estimated_tokens(value) for value in given.values() if isinstance(value, str))
    return {
        "estimated_tokens": requests * (texts + _TOKENS_OF_AN_ANSWER),
        "estimated_cost_usd": None,
        "estimated_duration_ms": None,
        "confidence": _CONFIDENCE,
    }


def body(name: str) -> bytes:
    """The text of the chunk that runs it."""
    return (_BODIES / f"{name}.lua").read_bytes()


def _as_tool(one: Template) -> Tool:
    return Tool(one.name, one.description, one.category, one.schema, {}, None, "")


@cache
def _validator(name: str) -> Any:
    import fastjsonschema

    return fastjsonschema.compile(dict(load_template(name).schema))

"""The tool `template-creator`: renders Tera templates (through Jinja's sandbox) and Handlebars templates.

Tera's syntax is Jinja's; its filters with other names or argument names are added here.

Invariant: an undefined variable is an error, output is HTML escaped, and output and run time are limited.
"""

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext

MAX_TEMPLATE_BYTES = 1024 * 1024
MAX_OUTPUT_CHARACTERS = 4 * 1024 * 1024
MAX_SECONDS = 10.0
_REFUSED = re.compile(r"\b(system|exec|eval|popen|spawn|shell_exec|passthru)\s*\(|__\w+__")
_HANDLEBARS_MARKS = ("{{#", "{{/", "{{>")


def run(parameters: Parameters, _context: ToolContext) -> ToolOutput:
    template, context = parameters["input"], _ordered(parameters["context"])
    if len(template) > MAX_TEMPLATE_BYTES:
        raise ToolError(f"the template is larger than {MAX_TEMPLATE_BYTES} characters", "too_large")
    if found := _REFUSED.search(template):
        raise ToolError(f"the template contains '{found.group()}', which is refused", "refused")
    engine = _engine(parameters)
    pieces = _render_tera(template, context) if engine == "tera" else _render_handlebars(template, context)
    return envelope(
        "render_template",
        {
            "rendered": _collected(pieces),
            "engine": engine,
            "template_length": len(template.encode("utf-8", "surrogateescape")),
            "context_size": len(context),
        },
    )


def _ordered(value: Any) -> Any:
    """Tables with their keys in order, since Lua's have none and loops over them are to give the same each time."""
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    return value


def _engine(parameters: Parameters) -> str:
    # The schema fills in "tera" when no engine is given, so a chosen Tera looks the same; Tera has no such marks.
    if parameters["auto_detect"] and any(mark in parameters["input"] for mark in _HANDLEBARS_MARKS):
        return "handlebars"
    return str(parameters["engine"])


def _collected(pieces: Iterator[str]) -> str:
    collected = []
    size = 0
    limit = time.monotonic() + MAX_SECONDS
    for piece in pieces:
        collected.append(piece)
        size += len(piece)
        if size > MAX_OUTPUT_CHARACTERS:
            raise ToolError(f"the output is larger than {MAX_OUTPUT_CHARACTERS} characters", "too_large")
        if time.monotonic() > limit:
            raise ToolError(f"rendering took longer than {MAX_SECONDS:.0f} s", "timeout")
    return "".join(collected)


def _render_handlebars(template: str, context: Mapping[str, Any]) -> Iterator[str]:
    from .handlebars import render

    return render(template, context)


def _render_tera(template: str, context: Mapping[str, Any]) -> Iterator[str]:
    from jinja2 import TemplateError, TemplateSyntaxError, UndefinedError
    from jinja2.exceptions import SecurityError

    from .tera import environment

    try:
        yield from environment().from_string(template).generate(context)
    except TemplateSyntaxError as error:
        raise ToolError(f"template line {error.lineno}: {error.message}", "invalid_template") from None
    except UndefinedError as error:
        raise ToolError(f"{error.message} (give it in the parameter 'context')", "undefined_variable") from None
    except SecurityError as error:
        raise ToolError(f"the template may not do this: {error}", "refused") from None
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise ToolError(f"the template cannot be rendered: {error}", "invalid_template") from None

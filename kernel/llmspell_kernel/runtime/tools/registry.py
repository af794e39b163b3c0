"""Which tools exist here, and how one is run: parameters checked, module imported, answer made a table.

Invariant: nothing of a tool is imported before it is used, and its schema is the catalogue's.
"""

import importlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from llmspell_analysis.catalogue import load_absent, load_tool

from ..cancellation import Cancellation
from ..configuration import Configuration
from ..values import Value
from .output import ToolError, ToolOutput, failure, lua_table

_PACKAGE = "llmspell_kernel.runtime.tools"
_MODULES: Mapping[str, str] = MappingProxyType(
    {
        "api-tester": "api_tester",
        "archive-handler": "archive_handler",
        "audio-processor": "audio_processor",
        "base64-encoder": "base64_encoder",
        "calculator": "calculator",
        "citation-formatter": "citation_formatter",
        "csv-analyzer": "csv_analyzer",
        "data-validator": "data_validator",
        "database-connector": "database_connector",
        "datetime-handler": "datetime_handler",
        "diff-calculator": "diff_calculator",
        "email-sender": "email_sender",
        "environment-reader": "environment_reader",
        "file-converter": "file_converter",
        "file-operations": "file_operations",
        "file-search": "file_search",
        "file-watcher": "file_watcher",
        "graph-builder": "graph_builder",
        "graphql-query": "graphql_query",
        "hash-calculator": "hash_calculator",
        "http-requester": "http_requester",
        "image-processor": "image_processor",
        "json-processor": "json_processor",
        "pdf-processor": "pdf_processor",
        "process-executor": "process_executor",
        "service-checker": "service_checker",
        "sitemap-crawler": "sitemap_crawler",
        "system-monitor": "system_monitor",
        "template-creator": "template_creator",
        "text-manipulator": "text_manipulator",
        "url-analyzer": "url_analyzer",
        "uuid-generator": "uuid_generator",
        "video-processor": "video_processor",
        "web-scraper": "web_scraper",
        "web-searcher": "web_searcher",
        "webhook-caller": "webhook_caller",
        "webpage-monitor": "webpage_monitor",
    }
)

# What these do is soon done, whatever they are given; the others run beside the script, so that they can be ended.
_QUICK = frozenset(
    {
        "base64-encoder",
        "calculator",
        "datetime-handler",
        "environment-reader",
        "graph-builder",
        "text-manipulator",
        "uuid-generator",
    }
)


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool may know of its surroundings. File tools stay within `allowed_roots` (real, absolute paths).

    `cancellation` ends the call from outside; `folder` is where a program starts, the project's root.
    """

    allowed_roots: tuple[Path, ...]
    configuration: Configuration = field(default_factory=Configuration)
    cancellation: Cancellation = field(default_factory=Cancellation)
    folder: Path = Path()


Parameters = Mapping[str, Any]
Run = Callable[[Parameters, ToolContext], ToolOutput]


def registered() -> tuple[str, ...]:
    """Names of the tools that can be run, in order."""
    return tuple(_MODULES)


def waiting() -> tuple[str, ...]:
    """Names of the tools that may wait or work for long."""
    return tuple(name for name in _MODULES if name not in _QUICK)


def did_you_mean(name: str, others: Iterable[str] = ()) -> str | None:
    """The tool that a wrong name most likely meant: an older name, or one spelled nearly like it. ``others`` are those
    that are not the catalogue's."""
    names = [*_MODULES, *others]
    stale = load_absent().get(name)
    if stale in _MODULES:
        return stale
    kebab = name.strip().replace("_", "-").replace(" ", "-").lower()
    if kebab in names:
        return kebab
    from difflib import get_close_matches

    return next(iter(get_close_matches(kebab, names, n=1, cutoff=0.6)), None)


def run_tool(name: str, parameters: dict[str, Value], context: ToolContext) -> dict[str, Value]:
    """Run a registered tool and give the table that a script sees. Raises ToolError; KeyError for other names."""
    module = _MODULES[name]
    tool = load_tool(name)
    started = time.perf_counter()
    try:
        output = _run(name, module, parameters, context)
    except ToolError as error:
        if tool.schema["x-llmspell"]["errors"] != "table":
            raise
        operation = parameters.get("operation", tool.default_operation) or next(iter(tool.operations))
        output = failure(str(operation), str(error), error.code)
    return lua_table(output, round((time.perf_counter() - started) * 1000))


def _run(name: str, module: str, parameters: dict[str, Value], context: ToolContext) -> ToolOutput:
    from .parameters import check

    checked = check(load_tool(name), parameters)
    run = cast(Run, importlib.import_module(f"{_PACKAGE}.{module}").run)
    return run(checked, context)

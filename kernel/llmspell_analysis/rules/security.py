"""Commands, queries, code and paths that are put together from values: what may run or be read is decided elsewhere."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.file import File
from llmspell_analysis.analysis.kinds import FIELD, NAME_FIELD, TABLE, VALUE_FIELD
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.rules.composition import Part, built_from, parts_of
from llmspell_analysis.rules.known_calls import KnownCall
from llmspell_analysis.rules.literals import Literal, literal_inside, literal_of
from llmspell_analysis.rules.model import Diagnostic, Severity, Subject, found
from llmspell_analysis.rules.nearest import listed
from llmspell_analysis.rules.reading import span
from llmspell_analysis.rules.tables import TableLiteral, read_table

if TYPE_CHECKING:
    from tree_sitter import Node

    from llmspell_analysis.catalogue import Tool

_RUNS_TOOLS = frozenset({"Tool.execute", "ToolInstance:execute"})
CALLED = _RUNS_TOOLS | {"os.execute", "io.popen", "load", "loadfile", "dofile", "io.open"}
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "cmd", "cmd.exe", "powershell", "pwsh"})
# Parameters of tools that name a file or folder.
_PATHS = ("path", "source_path", "target_path", "file_path", "file")
_FILE_TOOLS = frozenset(
    {"file-operations", "file-search", "file-converter", "archive-handler", "hash-calculator", "image-processor"}
    | {"audio-processor", "video-processor"}
)
_TEMPORARY = ("/tmp", "/var/tmp", "/private", "/var/folders")  # noqa: S108 -- of any machine that it may run on
# Folders of the system, in which no project is.
_SYSTEM = ("/etc", "/proc", "/sys", "/dev", "/boot", "/usr", "/bin", "/sbin", "/lib")


def check(known: KnownCall, subject: Subject) -> Iterator[Diagnostic]:
    name, arguments = known.entry.qualified_name, known.arguments
    if not arguments:
        return
    if name in ("os.execute", "io.popen"):
        yield from _command(arguments[0], subject)
    elif name in ("load", "loadfile", "dofile"):
        yield from _loaded(arguments[0], name, subject)
    elif name == "io.open":
        yield from _path(arguments[0], subject)
    elif name in _RUNS_TOOLS:
        yield from _tool(known, subject)


def _named(parts: list[Part]) -> str:
    """The parts for a message, and where they come from."""
    outside = next((part for part in parts if part.outside), None)
    if outside is not None:
        return f"`{outside.shown}`, which is {outside.outside}"
    return listed(list(dict.fromkeys(part.shown for part in parts)), 3)


def _command(node: Node, subject: Subject) -> Iterator[Diagnostic]:
    parts = built_from(node, subject)
    if parts:
        message = f"A command is built from {_named(parts)}: what it holds is run by the shell; quote it"
        yield found("built-command", message, span(node))


def _loaded(node: Node, name: str, subject: Subject) -> Iterator[Diagnostic]:
    outside = next((part for part in parts_of(node, subject) if part.outside), None)
    if outside is None:
        return
    if name == "load":
        message = f"Code is loaded from {outside.outside}: whoever wrote that decides what runs"
    elif outside.outside in ("an argument of the script", "what the environment says"):
        return  # whoever starts a script may say which file it runs
    else:
        message = f"A file is run whose name is {outside.outside}"
    yield found("loaded-text", message, span(node))


def _path(node: Node, subject: Subject) -> Iterator[Diagnostic]:
    parts = [part for part in built_from(node, subject) if part.outside]
    if parts:
        message = f"A path is built from {_named(parts)}: `..` in it leads out of the folder"
        yield found("built-path", message, span(node))


# --- tools -------------------------------------------------------------------------------------------------------


def _tool(known: KnownCall, subject: Subject) -> Iterator[Diagnostic]:
    tool, position = known.value.tool, 0
    if known.entry.qualified_name == "Tool.execute":
        name = literal_of(known.arguments[0], subject)
        tool = subject.catalogue.tools.get(name.text or "") if name is not None else None
        position = 1
    if tool is None or len(known.arguments) <= position or known.arguments[position].kind_id not in TABLE:
        return
    table = read_table(known.arguments[position], subject.data)
    literal = Literal("table", table.node, subject.data, True)
    if tool.name == "database-connector":
        yield from _query(table, subject)
    elif tool.name == "process-executor":
        yield from _process(table, literal, subject)
    elif tool.name in _FILE_TOOLS:
        yield from _paths(tool, table, literal, subject)


def _query(table: TableLiteral, subject: Subject) -> Iterator[Diagnostic]:
    field = table.fields.get("query")
    parts = built_from(field.value, subject) if field is not None else []
    if field is not None and parts:
        message = f"A query is built from {_named(parts)}: what it holds becomes SQL"
        yield found("built-query", message, span(field.value))


def _process(table: TableLiteral, literal: Literal, subject: Subject) -> Iterator[Diagnostic]:
    executable = table.fields.get("executable")
    value = literal_inside(executable.value, literal, subject) if executable is not None else None
    arguments = table.fields.get("arguments")
    if value is None or arguments is None or arguments.value.kind_id not in TABLE:
        return
    if (value.text or "").rpartition("/")[2] not in _SHELLS:
        return  # a program gets its arguments as they are
    for child in arguments.value.named_children:
        node = child.child_by_field_id(VALUE_FIELD) if child.kind_id in FIELD else None
        if node is not None and child.child_by_field_id(NAME_FIELD) is None:
            yield from _command(node, subject)


def _paths(tool: Tool, table: TableLiteral, literal: Literal, subject: Subject) -> Iterator[Diagnostic]:
    for name in _PATHS:
        field = table.fields.get(name)
        if field is None or name not in tool.schema.get("properties", {}):
            continue
        yield from _path(field.value, subject)
        value = literal_inside(field.value, literal, subject)
        path = value.text if value is not None else None
        if path is not None and _is_outside(path, subject):
            message = f"`{path}` is outside of the folders that `{tool.name}` may use"
            yield Diagnostic("outside-path", Severity.WARNING, message, *span(field.value))


def allowed_paths(file: File, project: Project) -> tuple[str, ...] | None:
    """The folders of the project that file tools may use; empty without a project, None where the script adds some."""
    if any("addAllowedPath" in each.segment.member_names for each in file.placed):
        return None
    configuration = project.configuration(file.document.path)
    return (configuration.root, *configuration.allowed_paths) if configuration.root else ()


def _is_outside(path: str, subject: Subject) -> bool:
    if not path.startswith("/") or any(char in path for char in "*?[{"):
        return False
    allowed = subject.shared.allowed_paths
    if allowed is None:
        return False
    full = os.path.normpath(path)
    if any(_is_within(full, folder) for folder in (*allowed, *_TEMPORARY, tempfile.gettempdir())):
        return False
    if not allowed:
        return any(_is_within(full, folder) for folder in _SYSTEM)
    real = os.path.realpath(full)
    return not any(_is_within(real, os.path.realpath(folder)) for folder in (*allowed, *_TEMPORARY))


def _is_within(path: str, folder: str) -> bool:
    folder = os.path.normpath(folder)
    return path == folder or path.startswith(folder.rstrip("/") + "/")

"""Reads of fields that a result does not have: `r.text` of a tool that answers in `r.result`, and the like.

How a tool answers is its result style in the catalogue. A hook may put anything in the place of a result, so that
nothing is said in files that register hooks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.kinds import DOT_INDEX
from llmspell_analysis.rules.model import Diagnostic, Fix, Severity, Subject
from llmspell_analysis.rules.nearest import nearest
from llmspell_analysis.rules.results import Origin, origin_of
from llmspell_analysis.syntax.tree import Edit

if TYPE_CHECKING:
    from llmspell_analysis.analysis.model import MemberAccess
    from llmspell_analysis.catalogue import Tool

_ENVELOPE = frozenset({"operation", "success", "result", "message", "error", "metadata"})
# What each style has at the top, beside fields that a tool may add.
_TOP: Mapping[str, frozenset[str]] = {
    "envelope": _ENVELOPE | {"_raw_text", "media"},
    "envelope_double": _ENVELOPE | {"_raw_text", "media"},
    "text_meta": frozenset({"text", "data", "metadata", "media"}),
    "raw": frozenset({"text", "data", "metadata", "media"}),
    "json": frozenset({"text", "data", "metadata", "media"}),
}
# Where the answer is.
_INNER: Mapping[str, tuple[str, ...]] = {
    "envelope": ("result",),
    "envelope_double": ("result", "result"),
    "text_meta": ("metadata", "response", "result"),
    "raw": ("data",),
    "json": ("data",),
}
# What scripts take from results of another style.
_ELSEWHERE = frozenset({"text", "data", "result", "success", "operation", "message", "error", "_raw_text"})
# Records that a runner gives, which never have more than the catalogue says.
_EXACT = frozenset({"WorkflowResult", "TemplateOutput"})
_HINTS: Mapping[str, str] = {
    "WorkflowResult": "a workflow that fails raises; figures are in `metadata.extra`, outputs come from `:get_output`",
    "TemplateOutput": "a template that fails raises; the answer is in `result`",
}
_ANSWERS = frozenset({"response", "content", "output", "answer", "completion", "reply"})


def check(subject: Subject) -> Iterator[Diagnostic]:
    if subject.shared.has_hooks:
        return
    for access in subject.analysis.members_accessed:
        if access.access not in ("read", "index") or access.guarded or access.name in subject.shared.tested_members:
            continue
        found = _finding(access, subject)
        if found is not None and not _is_given(access, subject):
            yield found


def _is_given(access: MemberAccess, subject: Subject) -> bool:
    """The script itself gives the value such a field."""
    value = subject.evaluator.of_node(access.base)
    return value is not None and subject.evaluator.own_member(value, access.name) is not None


def _finding(access: MemberAccess, subject: Subject) -> Diagnostic | None:
    found = origin_of(access.base, subject)
    if found is None:
        return None
    origin, path = found
    if origin.tool is not None:
        return _of_tool(access, origin, origin.tool, path, subject)
    if path:
        return None
    if origin.name in ("WorkflowInstance:execute", "Template.execute"):
        return _of_runner(access, "WorkflowResult" if origin.name.startswith("Work") else "TemplateOutput", subject)
    if origin.name.startswith("AgentInstance:execute") and access.name in _ANSWERS:
        message = f"An agent's answer is in `text`; a `{access.name}` is there only if the model writes it in JSON"
        return _diagnostic(access, message, "text")
    return None


def _of_tool(
    access: MemberAccess, origin: Origin, tool: Tool, path: tuple[str, ...], subject: Subject
) -> Diagnostic | None:
    operation = origin.operation
    if operation is None and any(each.result_style for each in tool.operations.values()):
        return None
    style = operation.result_style if operation is not None and operation.result_style else tool.result_style
    top, inner = _TOP.get(style), _INNER.get(style, ())
    fields = origin.fields(subject)
    name = access.name
    if top is None:
        return None
    if not path:
        if name in top or not (name in _ELSEWHERE or name in fields):
            return None
        return _misplaced(access, tool, style, name in fields)
    if path == inner and name not in fields and fields:
        near = nearest(name, fields)
        if near is None:
            return None
        message = f"The result of `{tool.name}` has no `{name}`: did you mean `{near}`?"
        return _diagnostic(access, message, near)
    if path == ("result",) and len(inner) == 2 and name not in _ENVELOPE and name in fields:
        message = f"`{tool.name}` gives `{name}` in `result.result`"
        return _diagnostic(access, message, f"result.{name}")
    return None


def _misplaced(access: MemberAccess, tool: Tool, style: str, is_field: bool) -> Diagnostic:
    name, where = access.name, ".".join(_INNER[style])
    if is_field:
        return _diagnostic(access, f"`{tool.name}` gives `{name}` in `{where}`", f"{where}.{name}")
    answers = {"text_meta": "`text`, and the facts in `metadata.response`", "raw": "`data` and `text`"}
    answer = answers.get(style, f"`{where}`")
    return _diagnostic(access, f"What `{tool.name}` gives has no `{name}`: its answer is in {answer}", None)


def _of_runner(access: MemberAccess, record: str, subject: Subject) -> Diagnostic | None:
    entry = subject.catalogue.classes.get(record)
    if entry is None or access.name in entry.members or record not in _EXACT:
        return None
    message = f"`{record}` has no `{access.name}`: {_HINTS[record]}"
    return _diagnostic(access, message, None)


def _diagnostic(access: MemberAccess, message: str, replacement: str | None) -> Diagnostic:
    fixes: tuple[Fix, ...] = ()
    if replacement is not None and access.node.kind_id in DOT_INDEX:
        fixes = (Fix(f"Change to `{replacement}`", (Edit(access.start, access.end, replacement.encode()),)),)
    return Diagnostic("result-shape", Severity.WARNING, message, access.start, access.end, fixes=fixes)

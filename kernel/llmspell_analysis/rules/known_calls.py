"""The one look at all calls of functions that the catalogue has, shown to the rules on them.

What is called is evaluated once; each rule gets the function's entry and its arguments, without `self`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.chains import call_arguments
from llmspell_analysis.analysis.kinds import (
    BOOLEAN,
    CALL,
    DOT_INDEX,
    FIELD_FIELD,
    FUNCTION,
    METHOD_FIELD,
    METHOD_INDEX,
    NAME_FIELD,
    NIL,
    NUMBER,
    STRING,
    TABLE,
    TABLE_FIELD,
    VARARG,
)
from llmspell_analysis.analysis.model import Call
from llmspell_analysis.analysis.values import Value, unparenthesized
from llmspell_analysis.catalogue import Entry
from llmspell_analysis.rules.model import Diagnostic, Fix, Severity, Subject
from llmspell_analysis.rules.reading import same, span
from llmspell_analysis.syntax.tree import Edit

if TYPE_CHECKING:
    from tree_sitter import Node

_MANY = CALL | VARARG
_LITERAL = STRING | NUMBER | BOOLEAN | NIL | TABLE | FUNCTION


@dataclass(frozen=True, slots=True)
class KnownCall:
    """A call of a catalogue's function. `arguments` has no `self`; `is_open`: the last one may give several values."""

    call: Call
    value: Value
    entry: Entry
    arguments: tuple[Node, ...]
    is_open: bool
    name_span: tuple[int, int]

    @property
    def node(self) -> Node:
        return self.call.node

    @property
    def is_host(self) -> bool:
        return is_host(self.entry)

    def severity(self, severity: Severity) -> Severity:
        """An error inside `pcall` may be meant."""
        return Severity.WARNING if self.call.protected and severity is Severity.ERROR else severity


KnownCallCheck = Callable[[KnownCall, Subject], Iterator[Diagnostic]]


def is_host(entry: Entry) -> bool:
    """Whether it is LLMSpell's: its globals and classes begin with a capital, the standard library's do not."""
    return entry.qualified_name[:1].isupper() and not entry.qualified_name.startswith("ARGS")


def looking(checks: tuple[KnownCallCheck, ...]) -> Callable[[Subject], Iterator[Diagnostic]]:
    """The check of a segment that shows each known call to `checks`."""

    def check(subject: Subject) -> Iterator[Diagnostic]:
        for call in subject.analysis.calls:
            value = subject.evaluator.callee(call.node)
            if value is None or value.entry is None:
                continue
            known = yield from _known(call, value, value.entry, subject)
            if known is not None:
                for run in checks:
                    yield from run(known, subject)

    return check


def _known(call: Call, value: Value, entry: Entry, subject: Subject) -> Generator[Diagnostic, None, KnownCall | None]:
    """Gives the call; None where it is not certain which argument is which."""
    node = call.node
    callee = node.child_by_field_id(NAME_FIELD)
    if callee is None:
        return None
    raw = call_arguments(node)
    arguments = [unparenthesized(argument) for argument in raw]
    is_open = bool(raw) and raw[-1].kind_id in _MANY
    name = _name(callee)
    name_span = span(name)
    if is_host(entry):
        if entry.kind == "function" and callee.kind_id in METHOD_INDEX:
            yield _redundant_self(call, entry, callee, name_span, subject)
            return None
        if entry.kind == "method" and callee.kind_id not in METHOD_INDEX:
            base = callee.child_by_field_id(TABLE_FIELD) if callee.kind_id in DOT_INDEX else None
            if base is None:
                return None
            if not arguments or arguments[0].kind_id in _LITERAL:
                yield _missing_self(call, entry, callee, name_span, subject)
                return None
            if not same(base, arguments[0], subject.data):
                return None
            arguments = arguments[1:]
    return KnownCall(call, value, entry, tuple(arguments), is_open, name_span)


def _name(callee: Node) -> Node:
    if callee.kind_id in METHOD_INDEX:
        return callee.child_by_field_id(METHOD_FIELD) or callee
    if callee.kind_id in DOT_INDEX:
        return callee.child_by_field_id(FIELD_FIELD) or callee
    return callee


def _severity(call: Call) -> Severity:
    return Severity.WARNING if call.protected else Severity.ERROR


def _missing_self(call: Call, entry: Entry, callee: Node, at: tuple[int, int], subject: Subject) -> Diagnostic:
    message = f"`{entry.qualified_name}` is a method: call it with a colon"
    return Diagnostic("missing-self", _severity(call), message, *at, fixes=_separator(b":", callee, at, subject))


def _redundant_self(call: Call, entry: Entry, callee: Node, at: tuple[int, int], subject: Subject) -> Diagnostic:
    message = f"`{entry.qualified_name}` is a function, not a method: call it with a dot"
    severity = _severity(call) if entry.parameters else Severity.WARNING
    return Diagnostic("redundant-self", severity, message, *at, fixes=_separator(b".", callee, at, subject))


def _separator(new: bytes, callee: Node, at: tuple[int, int], subject: Subject) -> tuple[Fix, ...]:
    base = callee.child_by_field_id(TABLE_FIELD)
    if base is None:
        return ()
    between = subject.data[base.end_byte : at[0]]
    old = b"." if new == b":" else b":"
    if between.strip() != old:
        return ()
    start = base.end_byte + between.index(old)
    what = "colon" if new == b":" else "dot"
    return (Fix(f"Call it with a {what}", (Edit(start, start + 1, new),), is_safe=True),)

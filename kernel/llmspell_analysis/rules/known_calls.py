"""The one look at all calls of functions that the catalogue has, shown to the rules on them.

What is called is evaluated once; each rule gets the function's entry and its arguments, without `self`. A call
that no rule is about costs no more than that.
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

    def severity(self, severity: Severity) -> Severity:
        """An error inside `pcall` may be meant."""
        return Severity.WARNING if self.call.protected and severity is Severity.ERROR else severity


KnownCallCheck = Callable[[KnownCall, Subject], Iterator[Diagnostic]]


@dataclass(frozen=True, slots=True)
class CallRule:
    """A check and the qualified names of the functions that it is about; None: all of the script API."""

    check: KnownCallCheck
    names: frozenset[str] | None


def is_of_api(name: str) -> bool:
    """Whether a qualified name is LLMSpell's: it begins with a capital, as no name of the standard library does."""
    return name[:1].isupper() and not name.startswith("ARGS")


def looking(rules: tuple[CallRule, ...]) -> Callable[[Subject], Iterator[Diagnostic]]:
    """The check of a segment that shows each known call to the rules that are about it."""
    of_api = tuple(rule.check for rule in rules if rule.names is None)
    by_name = {
        name: tuple(rule.check for rule in rules if (is_of_api(name) if rule.names is None else name in rule.names))
        for name in frozenset[str]().union(*(rule.names or () for rule in rules))
    }

    def check(subject: Subject) -> Iterator[Diagnostic]:
        for call in subject.analysis.calls:
            value = subject.evaluator.callee(call.node)
            if value is None or value.entry is None:
                continue
            name = value.entry.qualified_name
            checks = by_name.get(name) or (of_api if is_of_api(name) else ())
            if not checks:
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
    if is_of_api(entry.qualified_name):
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

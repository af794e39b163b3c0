"""Names of older versions of Lua, which Lua 5.4 has no more: `unpack`, `table.getn`.

That they are nil is told by the rules on globals; this says that they are of another time, and what came after them.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmspell_analysis.analysis.kinds import IDENTIFIER
from llmspell_analysis.rules.model import Diagnostic, Subject, found

_GLOBALS = {
    "unpack": "table.unpack",
    "loadstring": "load",
    "setfenv": "",
    "getfenv": "",
    "module": "",
    "newproxy": "",
    "gcinfo": 'collectgarbage("count")',
}
_FIELDS = {
    ("table", "getn"): "#",
    ("table", "setn"): "",
    ("table", "maxn"): "",
    ("table", "foreach"): "pairs",
    ("table", "foreachi"): "ipairs",
    ("string", "gfind"): "string.gmatch",
    ("math", "pow"): "^",
    ("math", "mod"): "math.fmod",
    ("math", "log10"): "math.log(x, 10)",
    ("math", "ldexp"): "",
    ("math", "frexp"): "",
    ("math", "cosh"): "",
    ("math", "sinh"): "",
    ("math", "tanh"): "",
    ("package", "loaders"): "package.searchers",
    ("package", "seeall"): "",
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    file = subject.evaluator.file
    # what the statement itself tests it may well use
    known = file.globals_assigned.keys() | subject.analysis.globals_tested
    bound = file.bound[subject.evaluator.index]
    for reference in subject.analysis.references:
        name = reference.name
        if name not in _GLOBALS or name in known or name in bound or reference.local is not None:
            continue
        if reference.access != "write" and not reference.guarded:
            yield _older(name, _GLOBALS[name], (reference.start, reference.end))
    for access in subject.analysis.members_accessed:
        if access.guarded or access.access == "write" or access.base.kind_id not in IDENTIFIER:
            continue
        base = subject.data[access.base.start_byte : access.base.end_byte].decode("utf-8", "replace")
        if (base, access.name) not in _FIELDS or access.name in subject.shared.tested_members:
            continue
        owner = subject.analysis.reference_at.get(access.base.start_byte)
        if owner is None or owner.local is not None or base in bound or base in subject.shared.added_globals:
            continue
        yield _older(
            f"{base}.{access.name}", _FIELDS[base, access.name], (access.node.start_byte, access.node.end_byte)
        )


def _older(name: str, instead: str, place: tuple[int, int]) -> Diagnostic:
    message = f"`{name}` is of an older Lua" + (f": use `{instead}`" if instead else "")
    return found("deprecated", message, place, tags=("deprecated",))

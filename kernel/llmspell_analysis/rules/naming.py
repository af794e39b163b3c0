"""name-style: how locals and functions are written. Off unless switched on.

Names are `snake_case`; constants may be `UPPER_CASE`, and what holds a table, a class or a module `PascalCase`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.kinds import CALL, FUNCTION, TABLE
from llmspell_analysis.rules.model import Diagnostic, FileSubject, found, moved

if TYPE_CHECKING:
    from llmspell_analysis.analysis.model import Function, Local

CODE = "name-style"
_SNAKE = re.compile(r"_*[a-z][a-z0-9_]*\Z|_+\Z")
_UPPER = re.compile(r"_*[A-Z][A-Z0-9_]*\Z")
_PASCAL = re.compile(r"[A-Z][A-Za-z0-9]*\Z")
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+")
_WHAT = {"parameter": "parameter", "loop": "loop variable", "function": "function", "local": "local"}


def check(subject: FileSubject) -> Iterator[Diagnostic]:
    if subject.options.severities.get(CODE) is None:
        return
    for placed in subject.file.placed:
        analysis = placed.segment.analysis
        for local in analysis.locals:
            if local.kind in _WHAT and not _is_styled(local):
                yield moved(_finding(local.name, _WHAT[local.kind], (local.start, local.end)), placed.start)
        for function in analysis.functions:
            if not function.is_local and not _SNAKE.match(_last(function)):
                name = _last(function)
                span = (function.name_end - len(name), function.name_end)
                yield moved(_finding(name, "function", span), placed.start)


def _last(function: Function) -> str:
    return re.split(r"[.:]", function.name)[-1].strip()


def _is_styled(local: Local) -> bool:
    name = local.name
    if _SNAKE.match(name) or (_UPPER.match(name) and local.kind == "local"):
        return True
    value = local.value
    is_holder = local.kind in ("local", "parameter") and (value is None or value.kind_id not in FUNCTION)
    holds_much = value is None or value.kind_id in TABLE or value.kind_id in CALL or local.kind == "parameter"
    return bool(_PASCAL.match(name)) and is_holder and holds_much


def _finding(name: str, what: str, span: tuple[int, int]) -> Diagnostic:
    wanted = "_".join(word.lower() for word in _WORDS.findall(name))
    return found(CODE, f"The {what} `{name}` would be `{wanted}` in snake_case", span)

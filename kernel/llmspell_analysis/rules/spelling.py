"""spell-check: words of comments and names that are known to be mistakes. Off unless switched on.

There is no dictionary, only a list of mistakes: what is not in it is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from llmspell_analysis.rules.model import Diagnostic, FileSubject, Fix, found
from llmspell_analysis.syntax.tokens import tokenize
from llmspell_analysis.syntax.tree import Edit

CODE = "spell-check"
_LIST = Path(__file__).parent / "misspellings.txt"
_WORD = re.compile(rb"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@cache
def misspellings() -> Mapping[str, str]:
    """Mistake -> right word, in small letters."""
    lines = _LIST.read_text(encoding="ascii").splitlines()
    return {wrong: right for wrong, _, right in (line.partition(" ") for line in lines) if right}


def check(subject: FileSubject) -> Iterator[Diagnostic]:
    if subject.options.severities.get(CODE) is None:
        return
    data, known = subject.data, misspellings()
    for token in tokenize(data):
        if token.kind not in ("comment", "name", "string"):
            continue
        for match in _WORD.finditer(data, token.start, token.end):
            written = match.group().decode()
            right = known.get(written.lower())
            if right is not None:
                right = _as_written(written, right)
                fixes: tuple[Fix, ...] = ()
                if token.kind == "comment":  # a name or a string may be known elsewhere
                    fixes = (Fix(f"Write `{right}`", (Edit(*match.span(), right.encode()),)),)
                yield found(CODE, f"`{written}` is usually written `{right}`", match.span(), fixes=fixes)


def _as_written(written: str, right: str) -> str:
    if written.isupper():
        return right.upper()
    return right.capitalize() if written[0].isupper() else right

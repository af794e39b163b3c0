"""Entities that a message names, found by rules: names that are written with capitals, text in backquotes, and what
sentences of the form "X is a Y" say.

Invariant: the same text gives the same entities; no model is asked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_ENTITIES_OF_A_MESSAGE = 100
MAX_NAME = 100
_GENERAL = "concept"

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_QUOTED = re.compile(r"`([^`\n]{1,100})`")
# a word with a capital that is no start of a sentence, or one with capitals inside, and the words like it that follow
_NAME = re.compile(r"\b[A-Z][\w+#-]*(?:\.[A-Za-z]\w*)?(?:[ ](?:[A-Z][\w+#-]*))*")
_STATEMENT = re.compile(
    r"^(?:the\s+|an?\s+)?(?P<name>[A-Z`][^,;:()]{0,60}?)\s+(?:is|are|was|were)\s+(?:an?|the|one of the)\s+"
    r"(?P<what>[^.;:!?]{3,200})",
    re.IGNORECASE,
)
_HEAD_ENDS = re.compile(
    r"\b(?:that|which|who|for|of|in|with|from|by|on|to|focused|used|designed|where|and)\b|,", re.IGNORECASE
)
_NO_NAMES = frozenset(
    re.findall(
        r"\w+",
        "I A An The This That These Those It Its He She We You They There Here What Who Whom Which When Where Why How "
        "If In On At By For From To Of With And Or But So Yes No Not Is Are Was Were Do Does Did Can Could Will Would "
        "Should Please Tell Let Each Every Some Any All Both Most More Many Such As Also Then Than Now My Your Our "
        "Their His Her Great Hello Hi Thanks Sure Ok Okay Question Answer First Second Third Next Finally However",
    )
)


@dataclass(frozen=True, slots=True)
class Mention:
    """``statement`` is what the message says that the entity is, empty when it does not."""

    name: str
    kind: str
    statement: str = ""

    @property
    def key(self) -> str:
        return self.name.casefold()


def mentions(text: str) -> list[Mention]:
    """Each entity once, in the order in which the text names them."""
    found: dict[str, Mention] = {}
    for one in _all(text):
        known = found.get(one.key)
        if known is None or (one.statement and not known.statement):
            found[one.key] = one if known is None else Mention(known.name, one.kind, one.statement)
        if len(found) >= MAX_ENTITIES_OF_A_MESSAGE:
            break
    return list(found.values())


def _all(text: str) -> Iterator[Mention]:
    for sentence in _SENTENCE.split(text):
        statement = _STATEMENT.match(sentence.strip())
        if statement is not None:
            name = statement["name"].strip("` ")
            if _is_name(name) and name[:1].isupper() and name.split(" ")[0] not in _NO_NAMES:
                what = " ".join(statement["what"].split())
                yield Mention(name, _head(what), what)
        for quoted in _QUOTED.findall(sentence):
            yield Mention(quoted.strip()[:MAX_NAME], "code")
        yield from _names(sentence)


def _names(sentence: str) -> Iterator[Mention]:
    for match in _NAME.finditer(sentence):
        words = match[0].split(" ")
        while words and words[0] in _NO_NAMES:
            words.pop(0)
        name = " ".join(words)
        starts_sentence = not sentence[: match.start()].strip(" \"'([") and len(words) == len(match[0].split(" "))
        if not _is_name(name) or (starts_sentence and len(words) == 1 and not _has_inner_capital(name)):
            continue
        yield Mention(name, _GENERAL)


def _is_name(name: str) -> bool:
    return 1 < len(name) <= MAX_NAME and name not in _NO_NAMES and any(character.isalpha() for character in name)


def _has_inner_capital(name: str) -> bool:
    return any(character.isupper() or character.isdigit() for character in name[1:])


def _head(what: str) -> str:
    """The last word of the noun phrase: "systems programming language focused on …" -> "language"."""
    words = re.findall(r"[^\W\d_][\w-]*", _HEAD_ENDS.split(what, maxsplit=1)[0])
    return words[-1].casefold()[:MAX_NAME] if words else _GENERAL

"""Bibliographies: BibTeX, and YAML as Hayagriva writes it, read into the fields of CSL."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .output import ToolError


@dataclass(frozen=True, slots=True)
class Entry:
    """``kind`` is the type as the file says it, ``csl`` the entry as citeproc wants it."""

    key: str
    kind: str
    csl: Mapping[str, Any]
    errors: tuple[str, ...] = field(default=())


_NEEDED: Mapping[str, tuple[str, ...]] = {
    "article-journal": ("title", "author", "container-title", "issued"),
    "book": ("title", "issued"),
    "chapter": ("title", "author", "container-title", "issued"),
    "paper-conference": ("title", "author", "issued"),
    "thesis": ("title", "author", "issued"),
    "report": ("title", "issued"),
    "webpage": ("title", "URL"),
}
_WANTED: Mapping[str, tuple[str, ...]] = {
    "article-journal": ("volume", "page"),
    "book": ("author", "publisher"),
    "chapter": ("page", "publisher"),
    "paper-conference": ("container-title",),
    "thesis": ("publisher",),
    "report": ("author", "publisher"),
    "webpage": ("accessed",),
}


def problems(entry: Entry) -> tuple[list[str], list[str]]:
    """What is missing: without which an entry makes no sense, and what most styles want."""
    kind = str(entry.csl.get("type"))
    errors = [
        *entry.errors,
        *(f"'{name}' is missing" for name in _NEEDED.get(kind, ("title",)) if name not in entry.csl),
    ]
    remarks = [f"'{name}' is missing" for name in _WANTED.get(kind, ()) if name not in entry.csl]
    if kind == "document":
        remarks.append(f"the type '{entry.kind}' is not known; it is treated as a document")
    return errors, remarks


# BibTeX -----------------------------------------------------------------------------------------------------------

_BIBTEX_KINDS: Mapping[str, str] = {
    "article": "article-journal", "book": "book", "booklet": "pamphlet", "inbook": "chapter",
    "incollection": "chapter", "inproceedings": "paper-conference", "conference": "paper-conference",
    "proceedings": "book", "manual": "report", "techreport": "report", "report": "report",
    "phdthesis": "thesis", "mastersthesis": "thesis", "thesis": "thesis", "unpublished": "manuscript",
    "online": "webpage", "electronic": "webpage", "www": "webpage", "patent": "patent",
    "misc": "document",
}  # fmt: skip
_BIBTEX_FIELDS: Mapping[str, str] = {
    "title": "title", "journal": "container-title", "journaltitle": "container-title", "booktitle": "container-title",
    "volume": "volume", "number": "issue", "issue": "issue", "pages": "page", "publisher": "publisher",
    "school": "publisher", "institution": "publisher", "organization": "publisher", "address": "publisher-place",
    "location": "publisher-place", "edition": "edition", "doi": "DOI", "isbn": "ISBN", "issn": "ISSN", "url": "URL",
    "note": "note", "abstract": "abstract", "series": "collection-title", "type": "genre", "language": "language",
}  # fmt: skip
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ENTRY = re.compile(r"@\s*([A-Za-z]+)\s*[{(]")
_KEY = re.compile(r"\s*([^\s,{}()=\"#%]+)\s*,")
_FIELD = re.compile(r"\s*([A-Za-z][\w-]*)\s*=\s*")
_WORD = re.compile(r"[^\s,{}()=\"#%]+")


def read_bibtex(text: str) -> list[Entry]:
    """The entries. Raises ToolError, with the line, for what cannot be read."""
    entries: list[Entry] = []
    macros = {month: month for month in _MONTHS}
    place = 0
    while found := _ENTRY.search(text, place):
        kind = found[1].lower()
        if kind in {"comment", "preamble"}:
            place = _closing(text, found.end())
            continue
        if kind == "string":
            fields, place = _fields(text, found.end(), macros)
            macros |= fields
            continue
        key = _KEY.match(text, found.end())
        if key is None:
            raise _unreadable(text, found.end(), "expected a key and a comma")
        fields, place = _fields(text, key.end(), macros)
        entries.append(_of_bibtex(key[1], kind, fields))
    return entries


def _unreadable(text: str, place: int, problem: str) -> ToolError:
    line = text.count("\n", 0, place) + 1
    return ToolError(f"parameter 'input': not BibTeX: line {line}: {problem}", "invalid_input")


def _closing(text: str, place: int) -> int:
    """The place after the bracket that closes the one before ``place``."""
    depth = 1
    for number in range(place, len(text)):
        if text[number] in "{(":
            depth += 1
        elif text[number] in "})":
            depth -= 1
            if depth == 0:
                return number + 1
    raise _unreadable(text, place, "a bracket is not closed")


def _fields(text: str, place: int, macros: Mapping[str, str]) -> tuple[dict[str, str], int]:
    found: dict[str, str] = {}
    while name := _FIELD.match(text, place):
        parts, place = [], name.end()
        while True:
            part, place = _part(text, place, macros)
            parts.append(part)
            rest = re.compile(r"\s*").match(text, place)
            place = rest.end() if rest else place
            if text[place : place + 1] != "#":
                break
            place += 1
            space = re.compile(r"\s*").match(text, place)
            place = space.end() if space else place
        found[name[1].lower()] = " ".join("".join(parts).split())
        if text[place : place + 1] == ",":
            place += 1
    rest = re.compile(r"[\s,]*").match(text, place)
    place = rest.end() if rest else place
    if text[place : place + 1] not in {"}", ")"}:
        raise _unreadable(text, place, "expected a field, or the end of the entry")
    return found, place + 1


def _part(text: str, place: int, macros: Mapping[str, str]) -> tuple[str, int]:
    opening = text[place : place + 1]
    if opening in {"{", '"'}:
        depth = 0
        for number in range(place + 1, len(text)):
            letter = text[number]
            if letter == "\\":
                continue
            if depth == 0 and letter == ("}" if opening == "{" else '"') and text[number - 1] != "\\":
                return text[place + 1 : number], number + 1
            depth += (letter == "{") - (letter == "}")
        raise _unreadable(text, place, "a value is not closed")
    word = _WORD.match(text, place)
    if word is None:
        raise _unreadable(text, place, "expected a value")
    return macros.get(word[0].lower(), word[0]), word.end()


_ACCENTS = {"`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304", ".": "\u0307",
            "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328", "r": "\u030a",
            "d": "\u0323", "b": "\u0331"}  # fmt: skip
_SIGNS = {"ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "aa": "å", "AA": "Å", "l": "ł",
          "L": "Ł", "i": "ı"}  # fmt: skip
_ACCENT = re.compile(r"\\([`'^~\"=.])\s*\{?\\?([A-Za-z])\}?|\\([uvHckrdb])(?:\s+|\{)\\?([A-Za-z])\}?")
_SIGN = re.compile(r"\\(ss|ae|AE|oe|OE|aa|AA|o|O|l|L|i)(?![A-Za-z])\s*")


def _plain(text: str) -> str:
    """A value of BibTeX without TeX's commands and braces."""

    def accented(found: re.Match[str]) -> str:
        return unicodedata.normalize("NFC", (found[2] or found[4]) + _ACCENTS[found[1] or found[3]])

    text = _SIGN.sub(lambda found: _SIGNS[found[1]], _ACCENT.sub(accented, text))
    text = re.sub(r"\\([&%$#_{}])", r"\1", re.sub(r"(?<!\\)[{}]", "", text))
    text = text.replace("---", "—").replace("--", "–").replace("~", " ").replace("``", "“").replace("''", "”")
    return " ".join(re.sub(r"\\[A-Za-z]+\s*", "", text).split())


def _of_bibtex(key: str, kind: str, fields: Mapping[str, str]) -> Entry:
    csl: dict[str, Any] = {"id": key, "type": _BIBTEX_KINDS.get(kind, "document")}
    errors = []
    if csl["type"] == "document" and "url" in fields and kind == "misc":
        csl["type"] = "webpage"
    for name, target in _BIBTEX_FIELDS.items():
        if fields.get(name):
            csl.setdefault(target, fields[name] if name in {"url", "doi"} else _plain(fields[name]))
    if "page" in csl:
        csl["page"] = csl["page"].replace("–", "-")
    for name in ("author", "editor"):
        if fields.get(name):
            csl[name] = [_name(one) for one in re.split(r"\s+and\s+", fields[name]) if one.strip()]
    date = fields.get("date") or fields.get("year")
    if date:
        month = (
            _MONTHS.index(fields["month"][:3].lower()) + 1 if fields.get("month", "")[:3].lower() in _MONTHS else None
        )
        issued = _date(date if "date" in fields or month is None else f"{date}-{month:02}")
        if issued is None:
            errors.append(f"'year': expected a date, got {date[:40]!r}")
        else:
            csl["issued"] = issued
    if (accessed := _date(fields.get("urldate", ""))) is not None:
        csl["accessed"] = accessed
    return Entry(key, kind, csl, tuple(errors))


def _name(text: str) -> dict[str, str]:
    """A name of a person, or of a group, which stands in braces."""
    text = text.strip()
    if text.startswith("{") and text.endswith("}"):
        return {"literal": _plain(text)}
    family, comma, given = text.partition(",")
    if comma:
        return {"family": _plain(family), "given": _plain(given.rpartition(",")[2])}
    words = _plain(text).split()
    # "von" and the like belong to the family
    start = next((number for number, word in enumerate(words[1:-1], 1) if word[:1].islower()), len(words) - 1)
    if len(words) < 2:
        return {"literal": " ".join(words)}
    return {"family": " ".join(words[start:]), "given": " ".join(words[:start])}


def _date(value: Any) -> dict[str, Any] | None:
    found = re.fullmatch(r"(-?\d{1,4})(?:-(\d\d?))?(?:-(\d\d?))?", str(value).strip())
    return None if found is None else {"date-parts": [[int(part) for part in found.groups() if part]]}


# YAML -------------------------------------------------------------------------------------------------------------

_YAML_KINDS: Mapping[str, str] = {
    "article": "article-journal", "book": "book", "chapter": "chapter", "entry": "entry", "anthos": "chapter",
    "report": "report", "thesis": "thesis", "web": "webpage", "scene": "motion_picture", "artwork": "graphic",
    "patent": "patent", "case": "legal_case", "newspaper": "article-newspaper", "legislation": "legislation",
    "manuscript": "manuscript", "original": "document", "post": "post", "misc": "document", "performance": "speech",
    "periodical": "periodical", "proceedings": "book", "anthology": "book", "blog": "webpage", "reference": "book",
    "video": "motion_picture", "audio": "song", "exhibition": "event", "repository": "software",
}  # fmt: skip
_YAML_FIELDS: Mapping[str, str] = {
    "title": "title", "volume": "volume", "issue": "issue", "page-range": "page", "edition": "edition",
    "publisher": "publisher", "location": "publisher-place", "organization": "publisher", "genre": "genre",
    "language": "language", "note": "note", "abstract": "abstract", "url": "URL", "doi": "DOI", "isbn": "ISBN",
    "issn": "ISSN",
}  # fmt: skip


def read_yaml(text: str) -> list[Entry]:
    """The entries. Raises ToolError for what cannot be read."""
    try:
        import yaml
    except ImportError:
        raise ToolError(
            "format 'yaml' needs PyYAML; install it with: pip install 'llmspell[citations]'", "not_installed"
        ) from None

    class Loader(yaml.SafeLoader):
        """Without aliases, by which a small text can become a huge table."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.events.AliasEvent):
                raise yaml.YAMLError("aliases are not read")
            return super().compose_node(parent, index)

    try:
        value = yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ToolError(f"parameter 'input': not YAML: {str(error)[:300]}", "invalid_input") from None
    if not isinstance(value, dict):
        raise ToolError("parameter 'input': expected a table of entries by key", "invalid_input")
    return [_of_yaml(str(key), entry) for key, entry in value.items()]


def _of_yaml(key: str, given: Any) -> Entry:
    if not isinstance(given, dict):
        return Entry(key, "", {"id": key, "type": "document"}, ("expected a table of fields",))
    kind = str(given.get("type", "")).lower()
    csl: dict[str, Any] = {"id": key, "type": _YAML_KINDS.get(kind, "document")}
    errors: list[str] = []
    _take(given, csl, errors)
    parents = given.get("parent")
    parent = parents[0] if isinstance(parents, list) and parents else parents
    if isinstance(parent, dict):
        above: dict[str, Any] = {}
        _take(parent, above, errors)
        parent_kind = str(parent.get("type", "")).lower()
        if parent_kind in {"proceedings", "conference"} and kind == "article":
            csl["type"] = "paper-conference"
        elif parent_kind == "newspaper" and kind == "article":
            csl["type"] = "article-newspaper"
        if "title" in above:
            csl["container-title"] = above.pop("title")
        above.pop("author", None)
        for name, value in above.items():
            csl.setdefault(name, value)
    return Entry(key, kind, csl, tuple(errors))


def _take(given: Mapping[Any, Any], csl: dict[str, Any], errors: list[str]) -> None:
    for name, target in _YAML_FIELDS.items():
        value = given.get(name)
        if name == "publisher" and isinstance(value, dict):
            if value.get("location"):
                csl["publisher-place"] = str(value["location"])
            value = value.get("name")
        elif isinstance(value, dict):
            if name == "url" and (accessed := _date(value.get("date"))) is not None:
                csl["accessed"] = accessed
            value = value.get("value")
        if value is not None and not isinstance(value, (dict, list)):
            csl.setdefault(target, str(value))
    numbers = given.get("serial-number")
    for name, value in numbers.items() if isinstance(numbers, dict) else ():
        csl.setdefault(str(name).upper(), str(value))
    for name in ("author", "editor"):
        people = given.get(name)
        listed = people if isinstance(people, list) else [people] if people is not None else []
        names = [_person(one) for one in listed]
        if names:
            csl[name] = names
    if "date" in given:
        issued = _date(given["date"])
        if issued is None:
            errors.append(f"'date': expected one such as 2024-05-31, got {str(given['date'])[:40]!r}")
        else:
            csl["issued"] = issued


def _person(given: Any) -> dict[str, str]:
    if isinstance(given, dict):
        family, first = str(given.get("name", "")), given.get("given-name")
        return {"literal": family} if first is None else {"family": family, "given": str(first)}
    family, comma, first = str(given).partition(",")
    return {"family": family.strip(), "given": first.strip()} if comma else {"literal": family.strip()}

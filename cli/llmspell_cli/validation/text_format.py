"""Findings as text for people: the line, a mark below what is meant, what belongs to it, and how to mend it.

Invariant: nothing of a script's text or name reaches the terminal as a control character.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llmspell_analysis.syntax.text import SourceText, decode
from llmspell_analysis.validation import Diagnostic, Fix, Severity

from llmspell_cli.validation.checking import Checked
from llmspell_cli.validation.colours import Paint
from llmspell_cli.validation.places import Place, place_of

_TAB = 4
# Of a longer line a part is shown, with what is marked in it.
_MAX_WIDTH = 160
_BEFORE = 60
_MAX_CONTROL = 0x20
_DELETE = 0x7F


def full(checked: Checked, paint: Paint) -> Iterator[str]:
    """One block of lines for each finding."""
    source = SourceText(checked.data)
    for one in checked.findings:
        yield _block(checked.name, source, one, paint)


def short(checked: Checked, paint: Paint) -> Iterator[str]:
    """One line for each finding, as compilers write it."""
    source = SourceText(checked.data)
    for one in checked.findings:
        line, column = place_of(source, one.start)
        severity = paint(_name(one.severity), f"{_name(one.severity)}[{one.code}]")
        yield f"{plain(checked.name)}:{line}:{column}: {severity}: {plain(one.message)}\n"


def _name(severity: Severity) -> str:
    return severity.name.lower()


def _block(name: str, source: SourceText, one: Diagnostic, paint: Paint) -> str:
    kind = _name(one.severity)
    place = place_of(source, one.start)
    related = [(each, place_of(source, each.start)) for each in one.related]
    width = len(str(max([place.line, *(at.line for _, at in related)])))
    margin = " " * width
    bar = paint("frame", f"{margin} |")
    lines = [paint(kind, f"{kind}[{one.code}]") + paint("bold", f": {plain(one.message)}")]
    lines += _snippet(name, source, (one.start, one.end), kind, _Frame(paint, width))
    for each, _ in related:
        lines.append(f"{paint('frame', margin + ' =')} {paint('bold', 'note')}: {plain(each.message)}")
        lines += _snippet(name, source, (each.start, each.end), "frame", _Frame(paint, width, "-"))
    for fix in one.fixes[:1]:
        safe = "" if fix.is_safe else paint("faint", " (look at it first: --fix leaves it)")
        lines.append(f"{paint('frame', margin + ' =')} {paint('bold', 'help')}: {plain(fix.title)}{safe}")
        lines += _mended(source, fix, _Frame(paint, width, "~"), bar)
    return "\n".join(lines) + "\n\n"


@dataclass(frozen=True, slots=True)
class _Frame:
    paint: Paint
    width: int
    mark: str = "^"


def _snippet(name: str, source: SourceText, span: tuple[int, int], meaning: str, frame: _Frame) -> list[str]:
    start, end = span
    place = place_of(source, start)
    first, last = source.line_span(place.line - 1)
    row, marks = _marked(source.data[first:last], min(start, last) - first, min(end, last) - first, frame.mark)
    return [
        frame.paint("frame", " " * frame.width + "-->") + f" {plain(name)}:{place.line}:{place.column}",
        frame.paint("frame", " " * frame.width + " |"),
        frame.paint("frame", f"{place.line:>{frame.width}} |") + f" {row}".rstrip(),
        frame.paint("frame", " " * frame.width + " |") + " " + frame.paint(meaning, marks),
    ]


def _mended(source: SourceText, fix: Fix, frame: _Frame, bar: str) -> list[str]:
    """The line as it will be, where the fix stays within one."""
    if not fix.edits:
        return []
    line = source.line_of(fix.edits[0].start)
    first, last = source.line_span(line)
    edits = sorted(fix.edits, key=lambda edit: edit.start)
    if any(not first <= edit.start <= edit.end <= last or b"\n" in edit.new for edit in edits):
        return []
    data, position, spans = b"", first, []
    for edit in edits:
        data += source.data[position : edit.start]
        spans.append((len(data), len(data) + len(edit.new)))
        data, position = data + edit.new, edit.end
    data += source.data[position:last]
    if not data.strip():
        return []
    row, marks = _marked(data, spans[0][0], spans[-1][1], frame.mark)
    number = frame.paint("frame", f"{line + 1:>{frame.width}} |")
    return [bar, f"{number} {row}".rstrip(), f"{bar} {frame.paint('added', marks)}"]


def _marked(line: bytes, start: int, end: int, mark: str) -> tuple[str, str]:
    """A line as the terminal shows it, and marks below bytes `start` to `end` of it."""
    before, inside = _shown(decode(line[:start])), _shown(decode(line[start:end]))
    after = _shown(decode(line[end:]))
    if _width(before) + _width(inside) + _width(after) > _MAX_WIDTH:
        before = "…" + before[-_BEFORE:] if len(before) > _BEFORE else before
        room = _MAX_WIDTH - len(before)
        after = after[: max(0, room - len(inside))] + "…" if len(inside) + len(after) > room else after
        inside = inside[: room - 1] + "…" if len(inside) > room else inside
    return before + inside + after, " " * _width(before) + mark * max(1, _width(inside))


def plain(text: str) -> str:
    """A text in one line without control characters."""
    return _shown(text).strip()


def _shown(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_character, text))


def _character(one: str) -> str:
    code = ord(one)
    if one == "\t":
        return " " * _TAB
    if code < _MAX_CONTROL:
        return chr(0x2400 + code)
    if code == _DELETE:
        return "\u2421"
    # surrogates stand for bytes that are no UTF-8; others of category C change how text around them is shown
    return "\ufffd" if unicodedata.category(one)[0] == "C" else one


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )


def summary(checked: Sequence[Checked], unread: int) -> str:
    """The last line: how many of what."""
    found = [one for each in checked for one in each.findings]
    counts = [
        f"{number} {_name(severity)}" if severity == Severity.INFORMATION else _counted(number, _name(severity))
        for severity in Severity
        if (number := sum(one.severity == severity for one in found))
    ]
    text = f"{_counted(len(checked), 'file')}, {_counted(len(found), 'finding')}"
    text += f" ({', '.join(counts)})" if counts else ""
    text += f", {_counted(unread, 'problem')} reading them" if unread else ""
    safe = sum(bool(one.fixes) and one.fixes[0].is_safe for one in found)
    return text + (f"; --fix mends {safe}" if safe else "")


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def statistics(checked: Sequence[Checked]) -> str:
    """How often each code was found, the most frequent first."""
    counts: dict[str, int] = {}
    for each in checked:
        for one in each.findings:
            counts[one.code] = counts.get(one.code, 0) + 1
    return "".join(
        f"{number:>7}  {code}\n" for code, number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )


__all__ = ["Place", "full", "plain", "short", "statistics", "summary"]

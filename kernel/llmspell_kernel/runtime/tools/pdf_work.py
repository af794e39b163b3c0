"""Reads PDF files for `pdf-processor`; runs in the process of child_work."""

from typing import Any, BinaryIO

from .child import WorkError

MAX_TEXT = 16 * 1024 * 1024
MAX_PAGES = 20_000
_FACTS = ("title", "author", "subject", "keywords", "creator", "producer")


def work(request: dict[str, Any], source: BinaryIO, _target: BinaryIO) -> Any:
    from pypdf import PdfReader

    reader = PdfReader(source)
    if reader.is_encrypted and not reader.decrypt(""):
        raise WorkError("the file is encrypted and needs a password", "access_denied")
    if request["operation"] == "extract_metadata":
        return _metadata(reader)
    count = len(reader.pages)
    first = request["start_page"]
    if first > max(count, 1):
        raise WorkError(f"there is no page {first}: the file has {count}", "invalid_parameters")
    texts, size = list[str](), 0
    for number in range(first - 1, min(count, MAX_PAGES)):
        text = reader.pages[number].extract_text()
        size += len(text)
        if size > MAX_TEXT:
            raise WorkError(f"the text is longer than the limit of {MAX_TEXT} characters", "too_large")
        texts.append(text)
    return "\n".join(texts)


def _metadata(reader: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"page_count": len(reader.pages), "is_encrypted": bool(reader.is_encrypted)}
    header = reader.pdf_header
    found["version"] = header.removeprefix("%PDF-") if isinstance(header, str) else None
    facts = reader.metadata
    for name in _FACTS if facts is not None else ():
        value = getattr(facts, name, None)
        if value:
            found[name] = str(value)
    for name in ("creation_date", "modification_date") if facts is not None else ():
        try:
            value = getattr(facts, name, None)
        except ValueError:
            continue  # a date that is none
        if value is not None:
            found[name] = value.isoformat()
    return found

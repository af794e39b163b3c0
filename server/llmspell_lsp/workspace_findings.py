"""The findings in all files of the workspace: what has not changed since the last look is not looked at again.

Open documents count as the client has them. Invariant: a file's findings are those that it has when it is opened.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmspell_analysis.analysis.project import Project
from llmspell_analysis.configuration import Configurations, FileConfiguration
from llmspell_analysis.project_types import UNDEFINED_TYPE, ProjectTypes
from llmspell_analysis.rules.model import Diagnostic, Options
from llmspell_analysis.syntax.text import SourceText
from llmspell_analysis.validation import Report, read_script, report

from llmspell_lsp.background import Wanted
from llmspell_lsp.convert import file_uri
from llmspell_lsp.documents import Given, Snapshot

if TYPE_CHECKING:
    from llmspell_lsp.progress import Work
    from llmspell_lsp.server import LlmspellServer

_NOTHING = SourceText(b"")


@dataclass(frozen=True, slots=True)
class FileFindings:
    """`version` is None for a file that is not open. `source` is empty where nothing was found."""

    uri: str
    version: int | None
    source: SourceText
    found: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What findings were made from: the file, what holds for it, and the modules that were looked for."""

    key: tuple[object, ...]
    modules: dict[str, object]
    source: SourceText
    report: Report


class WorkspaceFindings:
    """What is known of the files that were looked at. Used by one thread at a time."""

    def __init__(self, server: LlmspellServer) -> None:
        self._server = server
        # Two for a file: with what others define, and without.
        self._kept: dict[str, list[_Kept]] = {}
        self._project = Project(open_document=server.documents.at_path)
        self._project_types = ProjectTypes()

    def look(self, opened: Sequence[Snapshot], work: Work, wanted: Wanted) -> Iterator[FileFindings]:
        """All files, those first of which nothing in another one can change anything."""
        look = _Look(self._server, opened)
        self._project.roots = self._server.project.roots
        own = {each.document.path for each in opened}
        paths = [path for path in self._server.workspace_of().paths() if path is not None and path not in own]
        self._kept = {path: self._kept[path] for path in paths if path in self._kept}
        later: list[tuple[str, _Kept]] = []
        given: dict[str | None, list[Given]] = {}
        for number, path in enumerate(paths):
            if not wanted():
                return
            work.step(number, len(paths))
            configuration = look.configuration(path)
            if configuration is None or (kept := self._of(path, configuration.options, look)) is None:
                continue
            root = self._project.root_of(path)
            given.setdefault(root, []).append((kept.report.assigned_globals, kept.report.declared_types))
            if kept.report.needed_globals or kept.report.named_types:
                later.append((path, kept))
            else:
                yield _findings(path, kept)
        self._server.diagnostics.files_give({root: _together(each) for root, each in given.items()})
        givers = self._givers(later)
        for path, kept in later:
            if not wanted():
                return
            yield _findings(path, self._with_others(path, kept, givers, look))
        for snapshot in opened:
            if not wanted():
                return
            found = self._server.diagnostics.compute(snapshot)
            yield FileFindings(snapshot.uri, snapshot.document.version, snapshot.source, found)

    def of_file(self, path: str) -> FileFindings | None:
        """Those of one file that is not open, by itself; None where it cannot be read."""
        look = _Look(self._server, ())
        self._project.roots = self._server.project.roots
        configuration = look.configuration(path)
        if configuration is None:
            return FileFindings(file_uri(path), None, _NOTHING, ())
        kept = self._of(path, configuration.options, look)
        return _findings(path, kept) if kept is not None else None

    def _givers(self, later: Sequence[tuple[str, _Kept]]) -> Callable[[str], Given]:
        """What the files of a file's root define; what a file defines itself it does not need."""
        by_root: dict[str | None, Given] = {}
        for path, _ in later:
            root = self._project.root_of(path)
            if root not in by_root:
                by_root[root] = self._server.diagnostics.given_in(root)
        return lambda path: by_root[self._project.root_of(path)]

    def _with_others(self, path: str, kept: _Kept, givers: Callable[[str], Given], look: _Look) -> _Kept:
        configuration = look.configuration(path)
        if configuration is None:
            return kept
        globals_given, types_given = givers(path)
        other_types = kept.report.named_types & types_given
        if any(each.code == UNDEFINED_TYPE for each in kept.report.findings):
            other_types |= kept.report.named_types & self._project_types.of(path)
        other_globals = kept.report.needed_globals & globals_given
        if not other_globals and not other_types:
            return kept
        options = replace(configuration.options, other_globals=other_globals, other_types=other_types)
        return self._of(path, options, look) or kept

    def _of(self, path: str, options: Options, look: _Look) -> _Kept | None:
        """None for a file that cannot be read, or is larger than a script may be."""
        stamp = look.stamp(path)
        if stamp is None:
            return None
        key = (stamp, options, look.surroundings(self._project, path))
        known = self._kept.setdefault(path, [])
        for one in known:
            if one.key == key and all(look.stamp(module) == was for module, was in one.modules.items()):
                return one
        self._project.looked_for = looked_for = set[str]()
        try:
            data = read_script(path)
            found = report(data, path, options=options, project=self._project)
        except (OSError, ValueError):
            return None
        finally:
            self._project.looked_for = None
        modules = {module: look.stamp(module) for module in looked_for}
        kept = _Kept(key, modules, SourceText(data) if found.findings else _NOTHING, found)
        known[:] = [*known[-1:], kept]
        return kept


class _Look:
    """What is the same for all files of one look, asked for once."""

    def __init__(self, server: LlmspellServer, opened: Sequence[Snapshot]) -> None:
        self._settings = server.settings
        self._files = server.configuration_files
        self._configurations = Configurations(is_steady=True)
        self._opened = {each.document.path: each for each in opened if each.document.path}
        self._stamps: dict[str, object] = {}
        self._surroundings: dict[str, object] = {}

    def configuration(self, path: str) -> FileConfiguration | None:
        """None for a file in which nothing is looked for."""
        if not self._settings.diagnostics:
            return None
        found = self._configurations.of(path, self._settings.as_configuration())
        self._files.learn(found)
        return found if found.is_included and not found.is_excluded else None

    def surroundings(self, project: Project, path: str) -> object:
        folder = os.path.dirname(path)
        if folder not in self._surroundings:
            self._surroundings[folder] = project.surroundings(path)
        return self._surroundings[folder]

    def stamp(self, path: str) -> object:
        """Another one when the file, or the open document in its place, has changed; None where there is none."""
        if path not in self._stamps:
            snapshot = self._opened.get(path)
            if snapshot is not None:
                self._stamps[path] = hash(snapshot.source.data)
            else:
                try:
                    status = os.stat(path)
                    self._stamps[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
                except (OSError, ValueError):
                    self._stamps[path] = None
        return self._stamps[path]


def _findings(path: str, kept: _Kept) -> FileFindings:
    return FileFindings(file_uri(path), None, kept.source, kept.report.findings)


def _together(given: Sequence[Given]) -> Given:
    return frozenset().union(*(names for names, _ in given)), frozenset().union(*(types for _, types in given))

"""textDocument/codeAction: fixes of findings, one by one or all; what silences them; refactorings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from llmspell_analysis.features.refactoring import RefactoringKind, refactorings
from llmspell_analysis.features.silencing import in_configuration, in_file, on_line
from llmspell_analysis.rules.model import Diagnostic
from llmspell_analysis.rules.table import SYNTAX_CODES
from llmspell_analysis.syntax.tree import Edit
from lsprotocol import types

from llmspell_lsp.convert import file_uri, to_diagnostic
from llmspell_lsp.documents import Snapshot

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.llmspell"
CONFIGURATION_FILE = "llmspell.toml"
_REFACTORING_KINDS: dict[RefactoringKind, types.CodeActionKind] = {
    "extract": types.CodeActionKind.RefactorExtract,
    "inline": types.CodeActionKind.RefactorInline,
    "rewrite": types.CodeActionKind.RefactorRewrite,
}
_OFFERED: list[types.CodeActionKind | str] = [
    types.CodeActionKind.QuickFix,
    types.CodeActionKind.RefactorExtract,
    types.CodeActionKind.RefactorInline,
    types.CodeActionKind.RefactorRewrite,
    types.CodeActionKind.SourceFixAll,
    FIX_ALL,
]


def register(server: LlmspellServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=_OFFERED))
    async def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return []
        codec = server.documents.codec
        start = codec.offset(snapshot.source, params.range.start)
        end = codec.offset(snapshot.source, params.range.end)
        only = params.context.only
        latest = await server.diagnostics.of(snapshot)
        offer = _Offer(server, snapshot, latest, None if only is None else tuple(map(_name, only)))
        return [*offer.fixes(start, end), *offer.refactorings(start, end), *offer.fix_all()]


@dataclass(frozen=True, slots=True)
class _Offer:
    """`only`: the kinds that the client wants, all where it does not say."""

    server: LlmspellServer
    snapshot: Snapshot
    latest: tuple[Diagnostic, ...]
    only: tuple[str, ...] | None

    def wants(self, kind: types.CodeActionKind | str) -> bool:
        """Whether a kind is one of those wanted, or below one of them."""
        name = _name(kind)
        return self.only is None or any(name == wanted or name.startswith(f"{wanted}.") for wanted in self.only)

    def fixes(self, start: int, end: int) -> Iterator[types.CodeAction]:
        if not self.wants(types.CodeActionKind.QuickFix):
            return
        found = [each for each in self.latest if each.start <= end and start <= each.end]
        for each in found:
            for fix in each.fixes:
                yield self._fix(fix.title, fix.edits, each, preferred=len(each.fixes) == 1)
        source = self.snapshot.source
        for code, each in {each.code: each for each in found if each.code not in SYNTAX_CODES}.items():
            yield self._fix(f"Disable `{code}` on this line", on_line(source, each.start, code), each)
            yield self._fix(f"Disable `{code}` in this file", in_file(source, code), each)
            yield from self._disable_in_project(code, each)

    def fix_all(self) -> Iterator[types.CodeAction]:
        # only where it is asked for: an editor that fixes on saving does so
        if self.only is None or not self.wants(FIX_ALL):
            return
        chosen: list[Edit] = []
        for each in self.latest:
            edits = each.fixes[0].edits if len(each.fixes) == 1 else ()
            overlap = any(edit.start < other.end and other.start < edit.end for edit in edits for other in chosen)
            if not overlap:
                chosen += [edit for edit in edits if edit not in chosen]
        if chosen:
            yield types.CodeAction("Fix all findings that have one fix", FIX_ALL, edit=self._edit(tuple(chosen)))

    def refactorings(self, start: int, end: int) -> Iterator[types.CodeAction]:
        for one in refactorings(self.snapshot.analysis, start, end):
            kind = _REFACTORING_KINDS[one.kind]
            if self.wants(kind):
                yield types.CodeAction(one.title, kind, edit=self._edit(one.edits))

    def _fix(
        self, title: str, edits: tuple[Edit, ...], found: Diagnostic, *, preferred: bool = False
    ) -> types.CodeAction:
        return types.CodeAction(
            title,
            types.CodeActionKind.QuickFix,
            diagnostics=[to_diagnostic(found, self.snapshot, self.server.documents.codec)],
            is_preferred=preferred or None,
            edit=self._edit(edits),
        )

    def _edit(self, edits: tuple[Edit, ...]) -> types.WorkspaceEdit:
        return self.server.workspace_edit([(self.snapshot.uri, self.snapshot.document, edits)])

    def _disable_in_project(self, code: str, found: Diagnostic) -> Iterator[types.CodeAction]:
        """In the configuration file of the project, which has to be there."""
        folders = Path(self.snapshot.document.path).parents if self.snapshot.document.path else ()
        path = next(
            (folder / CONFIGURATION_FILE for folder in folders if (folder / CONFIGURATION_FILE).is_file()), None
        )
        if path is None:
            return
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            return
        line, inserted = in_configuration(text, code)
        place = types.Position(line, 0)
        edit = types.TextEdit(types.Range(place, place), inserted)
        yield types.CodeAction(
            f"Disable `{code}` in this project",
            types.CodeActionKind.QuickFix,
            diagnostics=[to_diagnostic(found, self.snapshot, self.server.documents.codec)],
            edit=types.WorkspaceEdit(changes={file_uri(str(path)): [edit]}),
        )


def _name(kind: types.CodeActionKind | str) -> str:
    return kind.value if isinstance(kind, types.CodeActionKind) else kind

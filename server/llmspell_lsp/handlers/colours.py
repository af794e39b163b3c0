"""Semantic tokens and inlay hints: what an editor shows beside the text."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from llmspell_analysis.features.inlay_hints import inlay_hints
from llmspell_analysis.features.semantic_tokens import MODIFIERS, TYPES, SemanticToken, semantic_tokens
from lsprotocol import types

from llmspell_lsp.background import Wanted
from llmspell_lsp.documents import Snapshot

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer

_LEGEND = types.SemanticTokensLegend(list(TYPES), list(MODIFIERS))
_TYPE_NUMBERS = {name: number for number, name in enumerate(TYPES)}
_MODIFIER_BITS = {name: 1 << number for number, name in enumerate(MODIFIERS)}
# of so many documents the last answer is kept, for the next one's difference
_MAX_KEPT = 50


def register(server: LlmspellServer) -> None:
    kept: dict[str, tuple[str, list[int]]] = {}
    numbers = itertools.count(1)

    def keep(uri: str, data: list[int]) -> str:
        name = str(next(numbers))
        kept.pop(uri, None)
        kept[uri] = name, data
        if len(kept) > _MAX_KEPT:
            del kept[next(iter(kept))]
        return name

    async def tokens(uri: str, span: types.Range | None = None) -> list[int] | None:
        snapshot = server.documents.get(uri)
        if snapshot is None:
            return None
        codec, source = server.documents.codec, snapshot.source
        bounds = (codec.offset(source, span.start), codec.offset(source, span.end)) if span is not None else None

        def compute(_: Wanted) -> list[int]:
            found = semantic_tokens(snapshot.analysis, server.catalogue, server.project, bounds)
            return _encoded(found, snapshot, server)

        return await server.background.run(compute)

    @server.feature(
        types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL,
        types.SemanticTokensRegistrationOptions(
            legend=_LEGEND, full=types.SemanticTokensFullDelta(delta=True), range=True
        ),
    )
    async def full(params: types.SemanticTokensParams) -> types.SemanticTokens | None:
        data = await tokens(params.text_document.uri)
        return types.SemanticTokens(data, keep(params.text_document.uri, data)) if data is not None else None

    @server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL_DELTA)
    async def delta(
        params: types.SemanticTokensDeltaParams,
    ) -> types.SemanticTokens | types.SemanticTokensDelta | None:
        uri = params.text_document.uri
        known = kept.get(uri)
        data = await tokens(uri)
        if data is None:
            return None
        name = keep(uri, data)
        if known is None or known[0] != params.previous_result_id:
            return types.SemanticTokens(data, name)
        return types.SemanticTokensDelta(_difference(known[1], data), name)

    @server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE)
    async def of_range(params: types.SemanticTokensRangeParams) -> types.SemanticTokens | None:
        data = await tokens(params.text_document.uri, params.range)
        return types.SemanticTokens(data) if data is not None else None

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def inlay_hint(params: types.InlayHintParams) -> list[types.InlayHint]:
        snapshot = server.documents.get(params.text_document.uri)
        settings = server.settings
        if snapshot is None:
            return []
        codec, source = server.documents.codec, snapshot.source
        span = codec.offset(source, params.range.start), codec.offset(source, params.range.end)

        def compute(_: Wanted) -> list[types.InlayHint]:
            found = inlay_hints(
                snapshot.analysis,
                span,
                server.catalogue,
                server.project,
                parameters=settings.parameter_hints,
                types=settings.type_hints,
            )
            return [
                types.InlayHint(
                    codec.position(source, hint.offset),
                    hint.label,
                    types.InlayHintKind.Parameter if hint.kind == "parameter" else types.InlayHintKind.Type,
                    padding_right=hint.kind == "parameter" or None,
                )
                for hint in found
            ]

        return await server.background.run(compute)


def _encoded(found: list[SemanticToken], snapshot: Snapshot, server: LlmspellServer) -> list[int]:
    """Five numbers a token, relative to the one before, as LSP has them."""
    codec, source = server.documents.codec, snapshot.source
    data: list[int] = []
    line = character = 0
    for token in found:
        start = codec.position(source, token.start)
        # names are ASCII: a unit a byte
        same_line = start.line == line
        data += (
            start.line - line,
            start.character - character if same_line else start.character,
            token.end - token.start,
            _TYPE_NUMBERS[token.type],
            sum(_MODIFIER_BITS[name] for name in token.modifiers),
        )
        line, character = start.line, start.character
    return data


def _difference(old: list[int], new: list[int]) -> list[types.SemanticTokensEdit]:
    """One edit, between what both begin and end with."""
    if old == new:
        return []
    first = 0
    shortest = min(len(old), len(new))
    while first < shortest and old[first] == new[first]:
        first += 1
    last = 0
    while last < shortest - first and old[-1 - last] == new[-1 - last]:
        last += 1
    return [types.SemanticTokensEdit(first, len(old) - first - last, new[first : len(new) - last])]

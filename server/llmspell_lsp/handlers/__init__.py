"""What the server offers, one module per group of requests. Each registers its handlers on a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmspell_lsp.handlers import (
    code_actions,
    colours,
    completion,
    configuration,
    formatting,
    hover,
    life_cycle,
    names,
    navigation,
    pull_diagnostics,
    signature_help,
    structure,
)

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer

_GROUPS = (
    life_cycle,
    configuration,
    completion,
    hover,
    signature_help,
    navigation,
    names,
    structure,
    colours,
    formatting,
    code_actions,
    pull_diagnostics,
)


def register(server: LlmspellServer) -> None:
    for group in _GROUPS:
        group.register(server)

"""initialize and initialized: what the client can do, and warming up once it has its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from llmspell_lsp.handlers.configuration import watch_files

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer


def register(server: LlmspellServer) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        server.initialize(params)

    @server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        server.diagnostics.warm_up()
        await watch_files(server)

"""workspace/didChangeConfiguration: settings as the client sends them, or as it answers when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from llmspell_lsp.settings import SECTION

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer


def register(server: LlmspellServer) -> None:
    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def did_change_configuration(params: types.DidChangeConfigurationParams) -> None:
        workspace = server.client_capabilities.workspace
        if not params.settings and workspace is not None and workspace.configuration:
            answer = await server.workspace_configuration_async(
                types.ConfigurationParams([types.ConfigurationItem(section=SECTION)])
            )
            server.apply_settings(answer[0] if answer else None)
            return
        server.apply_settings(params.settings)

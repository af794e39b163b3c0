"""Settings as the client sends them, or as it answers when asked, and configuration files that have changed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types

from llmspell_lsp.settings import SECTION

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer


def register(server: LlmspellServer) -> None:
    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_watched_files(params: types.DidChangeWatchedFilesParams) -> None:
        server.diagnostics.schedule_all()

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def did_change_workspace_folders(params: types.DidChangeWorkspaceFoldersParams) -> None:
        server.change_roots((each.uri for each in params.event.added), (each.uri for each in params.event.removed))

    asking: set[asyncio.Task[None]] = set()

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def did_change_configuration(params: types.DidChangeConfigurationParams) -> None:
        workspace = server.client_capabilities.workspace
        if params.settings or workspace is None or not workspace.configuration:
            # at once: what is asked next is answered by them
            server.apply_settings(params.settings)
            return
        task = asyncio.get_running_loop().create_task(_ask(server))
        asking.add(task)
        task.add_done_callback(asking.discard)


async def _ask(server: LlmspellServer) -> None:
    answer = await server.workspace_configuration_async(
        types.ConfigurationParams([types.ConfigurationItem(section=SECTION)])
    )
    server.apply_settings(answer[0] if answer else None)


async def watch_files(server: LlmspellServer) -> None:
    """Asks the client to tell when a configuration file changes, where it can be asked."""
    from llmspell_analysis.configuration import NAMES

    workspace = server.client_capabilities.workspace
    watching = workspace.did_change_watched_files if workspace is not None else None
    if watching is None or not watching.dynamic_registration:
        return
    watchers = [types.FileSystemWatcher(f"**/{name}") for name in NAMES]
    options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
    method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    await server.client_register_capability_async(
        types.RegistrationParams([types.Registration("configuration", method, options)])
    )

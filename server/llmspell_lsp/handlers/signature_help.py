"""textDocument/signatureHelp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmspell_analysis.features.signature import signature_at
from lsprotocol import types

from llmspell_lsp.convert import markdown

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer


def register(server: LlmspellServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_SIGNATURE_HELP, types.SignatureHelpOptions(trigger_characters=["(", ","]))
    def signature_help(params: types.SignatureHelpParams) -> types.SignatureHelp | None:
        snapshot = server.documents.get(params.text_document.uri)
        if snapshot is None:
            return None
        offset = server.documents.codec.offset(snapshot.source, params.position)
        found = signature_at(snapshot.analysis_before(offset), offset, server.catalogue, server.project)
        if found is None:
            return None
        parameters = [
            types.ParameterInformation(label, markdown(text) if text else None) for label, text in found.parameters
        ]
        # Beyond the last parameter none is highlighted: an index outside the list says so to every client.
        active = found.active if found.active is not None else len(parameters)
        documentation = markdown(found.documentation) if found.documentation else None
        information = types.SignatureInformation(found.label, documentation, parameters)
        return types.SignatureHelp([information], active_signature=0, active_parameter=active)

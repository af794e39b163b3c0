"""The protocol's rules around pygls: life cycle, errors that name what is wrong, and our own documents.

Invariant: every request is answered, malformed and unknown ones too, and the next one works.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from cattrs import transform_error
from cattrs.errors import BaseValidationError
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, lsp_method

if TYPE_CHECKING:
    from llmspell_lsp.server import LlmspellServer

logger = logging.getLogger(__name__)

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
SERVER_NOT_INITIALIZED, REQUEST_FAILED, REQUEST_CANCELLED = -32002, -32803, -32800
# What a handler answers with by intent.
_REFUSALS = frozenset({REQUEST_FAILED, REQUEST_CANCELLED})
_NOTIFICATIONS_BEFORE_INITIALIZE = frozenset({types.EXIT, types.CANCEL_REQUEST})
_MAX_ERROR_LENGTH = 500


class LlmspellProtocol(LanguageServerProtocol):
    """pygls' protocol with strict handling of messages; texts live in `server.documents`."""

    _server: LlmspellServer

    @property
    def is_shut_down(self) -> bool:
        return self._shutdown

    def receive(self, message: dict[str, Any]) -> None:
        """One JSON object from the client."""
        identifier = message.get("id")
        method = message.get("method")
        if identifier is not None and (isinstance(identifier, bool) or not isinstance(identifier, int | str)):
            self.answer_error(None, INVALID_REQUEST, "`id` must be a number or a string")
            return
        if message.get("jsonrpc") != self.VERSION:
            self.answer_error(identifier, INVALID_REQUEST, '`jsonrpc` must be "2.0"')
            return
        if method is None and ("result" in message or "error" in message):
            self._receive_response(message)
            return
        if not isinstance(method, str):
            self.answer_error(identifier, INVALID_REQUEST, "`method` must be a string")
            return
        if (refusal := self._refusal(method)) is not None:
            if identifier is not None:
                self.answer_error(identifier, *refusal)
            elif not method.startswith("$/"):
                logger.info("ignored the notification %s: %s", method[:100], refusal[1])
            return
        self._receive_call(message, method, identifier)

    def _refusal(self, method: str) -> tuple[int, str] | None:
        """Why a method cannot be served now, by the life cycle or at all."""
        is_initialized = self._workspace is not None
        if not is_initialized and method != types.INITIALIZE and method not in _NOTIFICATIONS_BEFORE_INITIALIZE:
            return SERVER_NOT_INITIALIZED, f"`{method[:100]}` before `initialize`"
        if is_initialized and method == types.INITIALIZE:
            return INVALID_REQUEST, "the server is initialized already"
        if self._shutdown and method != types.EXIT:
            return INVALID_REQUEST, f"`{method[:100]}` after `shutdown`"
        if method == types.CANCEL_REQUEST:
            return None
        if method not in self.fm.builtin_features and method not in self.fm.features:
            return METHOD_NOT_FOUND, f"`{method[:100]}` is not supported"
        return None

    def _receive_call(self, message: dict[str, Any], method: str, identifier: int | str | None) -> None:
        message_type = types.METHOD_TO_TYPES[method][0]
        if method == types.INITIALIZED:
            message.setdefault("params", {})  # several clients leave them out
        try:
            structured: Any = self._converter.structure(message, message_type)
        except BaseValidationError as error:
            details = "; ".join(transform_error(error, path="message"))[:_MAX_ERROR_LENGTH]
            self._refuse_params(identifier, method, details)
            return
        except Exception as error:  # noqa: BLE001 -- lsprotocol's hooks raise what their code meets in bad data
            self._refuse_params(identifier, method, f"{type(error).__name__}: {error}"[:_MAX_ERROR_LENGTH])
            return
        self.handle_message(structured)

    def _refuse_params(self, identifier: int | str | None, method: str, details: str) -> None:
        if identifier is not None:
            self.answer_error(identifier, INVALID_PARAMS, f"`{method}`: {details}")
        else:
            logger.warning("ignored a malformed notification %s: %s", method, details)

    def _receive_response(self, message: dict[str, Any]) -> None:
        if message.get("id") not in self._request_futures:
            logger.info("ignored an answer to no request of ours: id %r", message.get("id"))
            return
        try:
            self.handle_message(self.structure_message(message))
        except Exception as error:  # noqa: BLE001 -- as above: a client's answer may be anything
            logger.warning("ignored a malformed answer: %s", error)

    def _send_handler_result(self, future: Future[Any], *, msg_id: int | str) -> None:
        """As pygls; but what a handler refuses for a reason is an answer, not a failure of ours to be logged."""
        error = None if future.cancelled() else future.exception()
        if isinstance(error, JsonRpcException) and error.code in _REFUSALS:
            self._request_futures.pop(msg_id, None)
            self.answer_error(msg_id, error.code, error.message)
            return
        super()._send_handler_result(future, msg_id=msg_id)

    def _handle_cancel_notification(self, msg_id: int | str) -> None:
        """As pygls; but a request that was answered while the client changed its mind is nothing to warn of."""
        if msg_id in self._request_futures:
            super()._handle_cancel_notification(msg_id)

    def answer_error(self, identifier: int | str | None, code: int, text: str) -> None:
        """An error response; `identifier` is None where the request had no readable id."""
        error = {"code": code, "message": text}
        self._send_data({"jsonrpc": self.VERSION, "id": identifier, "error": error})

    @lsp_method(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def lsp_work_done_progress_cancel(self, params: types.WorkDoneProgressCancelParams) -> None:
        work = self._server.works.get(params.token)
        if work is not None:
            work.cancel()

    # --- life cycle --------------------------------------------------------------------------------------------

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Generator[Any, Any, types.InitializeResult]:
        result: types.InitializeResult = yield from super().lsp_initialize(params)
        text_document = params.capabilities.text_document
        if text_document is None or text_document.diagnostic is None:
            result.capabilities.diagnostic_provider = None
        return result

    @lsp_method(types.EXIT)
    def lsp_exit(self, *args: Any) -> Generator[Any, Any, None]:
        yield from ()
        self._server.stop(0 if self._shutdown else 1)

    # --- documents ---------------------------------------------------------------------------------------------

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        self._server.did_open(params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        self._server.did_change(params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        self._server.did_close(params)

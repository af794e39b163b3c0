"""Which capabilities are announced: what the session's debugger can and this adapter passes on, and the adapter's own.

Invariant: a flag is announced only when LDP (``llmspell_kernel/protocol/ldp.py``) has it or the adapter does it alone;
what the kernel at hand lacks is taken back by a ``capabilities`` event.
"""

from collections.abc import Mapping
from typing import Any

from llmspell_kernel.protocol.ldp import (
    BREAKPOINT_CAPABILITIES,
    BREAKPOINT_MODES,
    EXCEPTION_CAPABILITIES,
    FURTHER_CAPABILITIES,
    SOURCE_CAPABILITIES,
)

from llmspell_dap.messages import ClientFeatures
from llmspell_dap.passed_requests import PASSED_REQUESTS

Json = dict[str, Any]

# What needs no request of its own: fields of others, and values of theirs.
_BY_FIELDS = frozenset(
    {
        "supportsConditionalBreakpoints",
        "supportsHitConditionalBreakpoints",
        "supportsLogPoints",
        "supportsFunctionBreakpoints",
        "supportsDataBreakpoints",
        "exceptionBreakpointFilters",
        "supportsExceptionFilterOptions",
        "supportsEvaluateForHovers",
        "supportsClipboardContext",
        "supportsValueFormattingOptions",
        "supportsDelayedStackTraceLoading",
        "supportsSteppingGranularity",
        "supportsSingleThreadExecutionRequests",
        "supportsCancelRequest",
        "supportSuspendDebuggee",
        "supportedChecksumAlgorithms",
        "additionalModuleColumns",
        "breakpointModes",
    }
)
_PASSED_ON = _BY_FIELDS | {row.capability for row in PASSED_REQUESTS.values() if row.capability is not None}
_OF_LDP: Mapping[str, Any] = {
    **BREAKPOINT_CAPABILITIES,
    **FURTHER_CAPABILITIES,
    **EXCEPTION_CAPABILITIES,
    **SOURCE_CAPABILITIES,
    **BREAKPOINT_MODES,
}
OF_THE_SESSION: Json = {
    name: value if isinstance(value, bool) else list(value) for name, value in _OF_LDP.items() if name in _PASSED_ON
}

CAPABILITIES: Json = {
    **OF_THE_SESSION,
    "supportsConfigurationDoneRequest": True,
    "supportsRestartRequest": True,
    "supportsTerminateRequest": True,
    "supportTerminateDebuggee": True,
    "completionTriggerCharacters": [".", ":", "[", '"', "'"],
}


def announced(features: ClientFeatures) -> Json:
    """The body of the ``initialize`` response."""
    # What a script writes is told as it wrote it: for a client that does not know escapes that is no styling.
    return {**CAPABILITIES, **({"supportsANSIStyling": True} if features.ansi_styling else {})}


def taken_back(of_the_kernel: Mapping[str, Any], *, own: bool) -> Json:
    """What was announced and the kernel at hand does not do, as the ``capabilities`` event has it.

    Without a restart of its own a client disconnects and launches again; so it is in a session that others share.
    """
    lacking = (name for name in OF_THE_SESSION if not of_the_kernel.get(name))
    missing: Json = {name: False if OF_THE_SESSION[name] is True else [] for name in lacking}
    return missing if own else {**missing, "supportsRestartRequest": False}

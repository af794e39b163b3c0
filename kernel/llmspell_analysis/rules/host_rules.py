"""The codes of rules on the script API, on security and on performance, and their checks: what the tables take in."""

from __future__ import annotations

from llmspell_analysis.rules import (
    host_calls,
    host_names,
    host_workflows,
    performance,
    result_shapes,
    security,
    security_secrets,
    tools,
)
from llmspell_analysis.rules.known_calls import looking
from llmspell_analysis.rules.model import PieceCheck, SegmentCheck

SEGMENT_CHECKS: tuple[SegmentCheck, ...] = (
    tools.check,
    result_shapes.check,
    performance.check_globals,
    looking(
        (
            tools.check_call,
            host_calls.check,
            host_workflows.check_builders,
            host_names.check,
            security.check,
            performance.check_call,
            performance.check_format,
        )
    ),
)
PIECE_CHECKS: tuple[PieceCheck, ...] = (security_secrets.check,)

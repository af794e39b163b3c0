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
from llmspell_analysis.rules.known_calls import CallRule, looking
from llmspell_analysis.rules.model import PieceCheck, SegmentCheck

SEGMENT_CHECKS: tuple[SegmentCheck, ...] = (
    tools.check,
    result_shapes.check,
    performance.check_globals,
    looking(
        (
            CallRule(tools.check_call, tools.CALLED),
            CallRule(host_calls.check, None),
            CallRule(host_workflows.check_builders, host_workflows.BUILT),
            CallRule(host_names.check, host_names.CALLED),
            CallRule(security.check, security.CALLED),
            CallRule(performance.check_call, performance.CALLED),
            CallRule(performance.check_format, performance.FORMATTED),
        )
    ),
)
PIECE_CHECKS: tuple[PieceCheck, ...] = (security_secrets.check,)

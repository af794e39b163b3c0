"""The built-in tools: one module each, imported when the tool is first used.

A tool's module has `run(parameters, context) -> ToolOutput`. Its parameters arrive checked against the
catalogue's schema and with the defaults filled in; failures are `ToolError`.
"""

from .registry import ToolContext, did_you_mean, registered, run_tool, waiting

__all__ = ["ToolContext", "did_you_mean", "registered", "run_tool", "waiting"]

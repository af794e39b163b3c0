"""Agents: what a script builds to talk to models, and what the session keeps of them.

The order of requests, tools and callbacks is in the Lua half (``lua/agent_running.lua``), since callbacks are Lua
functions.
"""

from .registry import AgentSummary, agents

__all__ = ["AgentSummary", "agents"]

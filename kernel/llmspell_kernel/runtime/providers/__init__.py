"""Providers of language models: who answers a request, over which protocol, under which limits.

Invariant: nothing here is imported at start, httpx and asyncio least of all.
"""

"""Formatting of Lua text, line by line."""

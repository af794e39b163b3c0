"""The sandboxed Lua state and everything a script finds in it."""

"""The kernel process: five channels, sessions, routing. Never runs Lua."""

"""The language side: Lua text in, plain data out. Imports nothing of ours."""

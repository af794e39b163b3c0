"""The debug adapter: DAP on one side, LDP on the other."""

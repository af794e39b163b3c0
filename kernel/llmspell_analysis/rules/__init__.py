"""Top floor: one module per diagnostic group."""

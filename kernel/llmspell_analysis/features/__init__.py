"""Top floor: one module per editor feature."""

"""Sessions of a project: their records, the artifacts that belong to them, and the hooks that ran in them."""

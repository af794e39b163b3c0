"""Middle floor: scopes, types, index, API."""

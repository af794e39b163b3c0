"""The built-in templates: what they are is in the catalogue, what each does is a chunk of Lua in ``bodies``."""

"""What ``llmspell validate`` is made of: finding scripts, checking many, formats, fixing, watching, the cache."""

"""The language server: thin pygls handlers over llmspell_analysis."""

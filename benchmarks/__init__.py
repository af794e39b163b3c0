"""What LLMSpell costs, measured against its budgets: ``make bench``, or ``python -m benchmarks --help``."""

"""How the command says that something went wrong."""

import sys


def fail(message: str) -> int:
    """Print the message; gives the exit code of a failed operation."""
    print(f"llmspell: {message}", file=sys.stderr)
    return 1

"""How the command says that something went wrong."""

import sys
from pathlib import Path


def fail(message: str) -> int:
    """Print the message; gives the exit code of a failed operation."""
    print(f"llmspell: {message}", file=sys.stderr)
    return 1


def problem_of(path: Path) -> str | None:
    """Why nothing can be done with a path, in the words that follow its name; None when it is there."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "does not exist"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None

"""How a script's error reads."""

from ..runtime.state import ScriptError


def error_text(error: ScriptError) -> str:
    """A script's error for a person: message, place, stack."""
    lines = [error.message]
    if error.path:
        lines.append(f"  at {error.path}:{error.line}" if error.line else f"  in {error.path}")
    if error.traceback:
        lines.append(error.traceback)
    return "\n".join(lines)

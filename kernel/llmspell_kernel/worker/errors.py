"""How a script's error reads."""

from ..runtime.state import ScriptError


def error_text(error: ScriptError) -> str:
    """A script's error for a person: message, place, stack; what it came from, each with its stack."""
    lines = [error.message]
    if error.path:
        lines.append(f"  at {error.path}:{error.line}" if error.line else f"  in {error.path}")
    if error.traceback:
        lines.append(error.traceback)
    if error.boundaries:
        lines.append(f"{error.boundaries}\n(run {error.correlation_id})")
        if error.python_stack:
            lines.append("Python beneath:\n" + "\n".join(f"\t{line}" for line in error.python_stack.split("\n")))
    return "\n".join(lines)

"""The tool `environment-reader`: the environment variables that every script may see.

Invariant: only names that are public are ever read, so that no key or token in the environment reaches a script.
"""

import os
from fnmatch import fnmatchcase

from ..policy import PUBLIC_VARIABLES, is_public_variable
from ..values import Value
from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext


def run(parameters: Parameters, _context: ToolContext) -> ToolOutput:
    operation = parameters["operation"]
    if operation == "set":
        raise ToolError("setting environment variables is off; keep values with State.save instead", "access_denied")
    if operation == "get":
        name = parameters["variable_name"]
        if not is_public_variable(name):
            raise ToolError(
                f"variable '{name}' may not be read; readable are {', '.join(PUBLIC_VARIABLES)}", "access_denied"
            )
        value = os.environ.get(name)
        return envelope("get", {"variable_name": name, "value": value, "found": value is not None})
    pattern = parameters["pattern"] if operation == "pattern" else "*"
    variables: dict[str, Value] = {
        name: os.environ[name] for name in sorted(os.environ) if is_public_variable(name) and fnmatchcase(name, pattern)
    }
    return envelope(operation, {"variables": variables, "count": len(variables)})

"""``llmspell tool invoke``: one tool, with JSON in and out, in the project of the current folder."""

import json
import sys
from pathlib import Path
from typing import Any

from llmspell_kernel.protocol.connection import llmspell_home
from llmspell_kernel.runtime.configuration import find_project_root, load_configuration
from llmspell_kernel.runtime.globals.tool import execute
from llmspell_kernel.runtime.host import Host, HostContext, HostError
from llmspell_kernel.runtime.tools.output import finite

from llmspell_cli.report import OperationError, Outcome

MAX_PARAMETERS = 64 * 1024 * 1024


def invoke(name: str, given: str) -> Outcome:
    """Run a tool; what it gives is printed as JSON, also when it says that it has failed."""
    parameters = _parameters(given)
    root = find_project_root(Path.cwd())
    host = Host(HostContext(root, llmspell_home(), load_configuration(root)))
    try:
        result: Any = finite(execute(host, name, parameters))
    except HostError as error:
        raise OperationError(str(error)) from error
    problem = None
    if isinstance(result, dict) and result.get("success") is False:
        fault = result.get("error")
        problem = str(fault.get("message") if isinstance(fault, dict) else fault or "the tool has failed")
    document = result if isinstance(result, dict) else {"result": result}
    return Outcome(document, _text(document), problem)


def _text(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=2)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # bytes that are no text, or a terminal that has not these letters
        return json.dumps(value, indent=2)
    return text


def _parameters(given: str) -> dict[str, Any]:
    if given == "-":
        data = sys.stdin.buffer.read(MAX_PARAMETERS + 1)
        if len(data) > MAX_PARAMETERS:
            raise OperationError(f"standard input holds more than {MAX_PARAMETERS} bytes")
        given = data.decode("utf-8", "surrogateescape")
    try:
        parameters = json.loads(given)
    except (ValueError, RecursionError) as error:
        raise OperationError(f"the parameters are no JSON: {error}") from None
    if not isinstance(parameters, dict):
        raise OperationError('the parameters are no JSON object, such as {"input": "1 + 1"}')
    return parameters

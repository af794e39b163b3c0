"""The process in which `json-processor` works: jq programs and schemas may run for ever, and jq's code in C can
neither be interrupted nor leaves other threads running.

It reads requests from stdin, one JSON object a line, and answers each with one line; it ends with its input. An
alarm ends it when a request takes too long, memory is limited, and its environment is empty.
"""

import json
import signal
import sys
from typing import Any


def main() -> None:
    """Serve until stdin ends. The arguments are the time limit in seconds and the memory limit in bytes."""
    seconds, memory = float(sys.argv[1]), int(sys.argv[2])
    _limit_memory(memory)
    for line in sys.stdin.buffer:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            answer: dict[str, Any] = {"value": _answer(json.loads(line))}
        except (ValueError, MemoryError, RecursionError, LookupError, TypeError) as error:
            answer = {"error": str(error) or type(error).__name__}
        except Exception as error:  # noqa: BLE001 - the process serves on; the caller is told
            answer = {"error": str(error)}
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout.buffer.write(json.dumps(answer).encode("ascii") + b"\n")
        sys.stdout.buffer.flush()


def _answer(request: dict[str, Any]) -> Any:
    if "schema" in request:
        from .json_schema import errors

        return errors(request["input"], request["schema"])
    import jq

    program = jq.compile(request["query"])
    limit: int = request["limit"]
    results = []
    for value in request["inputs"]:
        for result in iter(program.input_value(value)):
            results.append(result)
            if len(results) > limit:
                raise ValueError(f"the query gives more than {limit} results")
    return results


def _limit_memory(memory: int) -> None:
    try:
        import resource
    except ImportError:
        return  # Windows
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        memory = min(memory, hard)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()

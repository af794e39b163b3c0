"""What an ``execute_request`` does (messaging 5.5, "Execute"): a cell run, shown, counted and remembered.

Invariant: a silent request counts nothing, remembers nothing and publishes neither its input nor its result.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..runtime.state import Outcome, Runtime, ScriptError
from .errors import error_text
from .history import History
from .inspection import inspect
from .introspection import remember
from .output import GatheredOutput, shortened

Publish = Callable[[str, Mapping[str, Any]], None]
Refusal = dict[str, Any]

# "?" is in no Lua token, so a cell that is a name with it can only be a question for help, as IPython has it.
_QUESTION_MARKS = "?"


class Execution:
    """``run`` runs a function as the session runs scripts: debugged, limited and interruptible.

    ``begins(chunk_name, code)`` is told of each cell before it runs.
    """

    def __init__(
        self,
        runtime: Runtime,
        history: History,
        output: GatheredOutput,
        publish: Publish,
        *,
        run: Callable[[Callable[[], Outcome]], Outcome],
        begins: Callable[[str, str], None],
    ) -> None:
        self._runtime = runtime
        self._history = history
        self._output = output
        self._publish = publish
        self._run = run
        self._begins = begins
        self.execution_count = 0

    def execute(self, content: Mapping[str, Any], problem: str | None) -> dict[str, Any]:
        """The content of the ``execute_reply``. ``problem``: why nothing can be run here at all."""
        code, silent = content.get("code"), content.get("silent", False)
        store_history, expressions = content.get("store_history", True), content.get("user_expressions") or {}
        if not isinstance(code, str):
            return self._refusal("code: expected a string")
        for field, value in (("silent", silent), ("store_history", store_history)):
            if not isinstance(value, bool):
                return self._refusal(f"{field}: expected true or false")
        if not isinstance(expressions, dict):
            return self._refusal("user_expressions: expected an object")
        if problem is not None:
            return self._failed({"ename": "ConfigurationError", "evalue": problem, "traceback": problem.split("\n")})
        stored = store_history and not silent
        if stored:
            self.execution_count += 1
        if stored and code.strip():
            self._history.record(self.execution_count, code)
        if not silent:
            self._publish("execute_input", {"code": code, "execution_count": self.execution_count})
        question = question_of(code)
        if question is not None:
            return self._ok(payload=self._page(*question))
        # what is not counted must not share the name of a cell that is
        name = f"=cell {self.execution_count}" if stored else "=cell"
        if stored:
            remember(self._runtime, name, code)
        self._begins(name, code)
        outcome = self._run(lambda: self._runtime.execute(code, name))
        self._output.flush()
        if outcome.error is not None:
            return self._failed(error_content(outcome.error))
        if not silent:
            self._show(outcome, stored)
        return self._ok(user_expressions=self._user_expressions(expressions))

    def _show(self, outcome: Outcome, stored: bool) -> None:
        if not outcome.shown and outcome.bundle is None:
            return
        shown = shown_value(outcome)
        if stored:
            self._history.record_output(self.execution_count, str(shown["data"]["text/plain"]))
        self._publish("execute_result", {"execution_count": self.execution_count, **shown})

    def _user_expressions(self, expressions: Mapping[str, Any]) -> dict[str, Any]:
        """Each expression's value, or its error; they are run as the cell is, so an interrupt ends each."""
        results: dict[str, Any] = {}
        for name, expression in expressions.items():
            text = str(expression)
            outcome = self._run(lambda text=text: self._runtime.execute(text, "=expression"))  # type: ignore[misc]
            if outcome.error is None:
                results[name] = {"status": "ok", **shown_value(outcome)}
            else:
                results[name] = {"status": "error", **error_content(outcome.error)}
        return results

    def _page(self, name: str, detail_level: int) -> list[dict[str, Any]]:
        found = inspect(self._runtime, {"code": name, "cursor_pos": len(name), "detail_level": detail_level})
        if found.get("found"):
            return [{"source": "page", "data": found["data"], "start": 0}]
        self._output.write("stderr", f"{name}: there is nothing of this name\n".encode())
        self._output.flush()
        return []

    def _ok(
        self, *, payload: list[dict[str, Any]] | None = None, user_expressions: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return {
            "status": "ok",
            "execution_count": self.execution_count,
            "payload": payload or [],
            "user_expressions": user_expressions or {},
        }

    def _failed(self, error: dict[str, Any]) -> dict[str, Any]:
        self._publish("error", error)
        return {"status": "error", "execution_count": self.execution_count, **error}

    def _refusal(self, message: str) -> dict[str, Any]:
        return refusal(message) | {"execution_count": self.execution_count}


def question_of(code: str) -> tuple[str, int] | None:
    """The name and the detail level of a cell ``name?``, ``name??`` or ``?name``; None for any other."""
    text = code.strip()
    name = text.strip(_QUESTION_MARKS)
    marks = len(text) - len(name)
    if not 1 <= marks <= 2 or not all(part.isidentifier() for part in name.replace(":", ".").split(".")):
        return None
    return name, marks - 1


def shown_value(outcome: Outcome) -> dict[str, Any]:
    """``data`` and ``metadata`` of the values that a cell or an expression has."""
    data = {"text/plain": shortened(outcome.shown), **(outcome.bundle or {})}
    return {"data": data, "metadata": dict(outcome.bundle_metadata)}


def error_content(error: ScriptError) -> dict[str, Any]:
    """``ename``, ``evalue`` and ``traceback`` of a script's error."""
    # the message first, so that a long one does not push place and stack out of the traceback
    error = replace(error, message=shortened(error.message), traceback=shortened(error.traceback))
    return {"ename": error.name, "evalue": error.message, "traceback": error_text(error).split("\n")}


def refusal(message: str) -> dict[str, Any]:
    return {"status": "error", "ename": "RequestError", "evalue": message, "traceback": [message]}

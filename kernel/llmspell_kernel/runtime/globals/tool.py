"""The host half of the global `Tool`: which tools there are, and running one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from llmspell_analysis.catalogue import Tool, load_tool

from ..cancellation import Cancellation, CancelledError, cancellation_of_thread
from ..circuit_breaker import CircuitBreaker
from ..host import Host, HostError, HostInterruptedError
from ..policy import allowed_folders
from ..tools import ToolContext, did_you_mean, registered, run_tool, waiting
from ..tools.output import ToolError
from ..tools.parameters import check
from ..tools.python_call import CallInterruptedError, calls_of_thread
from ..values import Value

if TYPE_CHECKING:
    from ..tools.python_tools import PythonTool


# Of a tool's errors, those that are the tool's own fault and open its circuit breaker; others are the script's.
_RAISED = "raised"
_FAULTS = frozenset({_RAISED, "timeout", "unavailable", "network_error"})


def register(host: Host) -> None:
    host.register("Tool.execute", execute)
    host.register("Tool.list", list_tools)
    host.register("Tool.get", get)
    host.register("Tool.exists", exists)
    host.register("Tool.categories", categories)
    host.register("Tool.discover", discover)
    host.register("Tool.enter", enter_script_tool)
    host.register("Tool.leave", leave_script_tool)
    host.register("Tool.waiting", lambda _host: list(waiting()))


def execute(host: Host, name: str, parameters: Value) -> Value:
    """Run a tool. Raises HostError "Tool 'x' not found…" or "Tool execution failed: …"."""
    python_tool = None if name in registered() else host.python_tools.all().get(name)
    if name not in registered() and python_tool is None:
        raise HostError(_not_found(host, name))
    if not isinstance(parameters, dict):
        raise HostError(f'Tool execution failed: {name}: parameters are given by name, as in {{input = "…"}}')
    breaker = host.tool_breakers.of(name)
    if not breaker.allows():
        raise HostError(f"Tool execution failed: {name}: {breaker.refusal()}")
    try:
        if python_tool is not None:
            result = _run_python(host, python_tool, parameters)
        else:
            result = dict(run_tool(name, parameters, _context(host)))
    except ToolError as error:
        if error.code in _FAULTS:
            _settle(breaker, str(error))
        else:
            breaker.abandoned()
        raise HostError(f"Tool execution failed: {name}: {error}") from error
    except (HostInterruptedError, CancelledError):
        breaker.abandoned()
        raise HostInterruptedError from None
    except BaseException as error:
        breaker.failed(f"{type(error).__name__}: {error}")
        raise
    _settle(breaker, _fault(result))
    return result


def _fault(result: Value) -> str | None:
    """What went wrong, where a tool answers with its own fault instead of raising it."""
    error = result.get("error") if isinstance(result, dict) and result.get("success") is False else None
    if isinstance(error, dict) and error.get("code") in _FAULTS:
        return str(error.get("message"))
    return None


def _settle(breaker: CircuitBreaker, fault: str | None) -> None:
    if _is_abandoned():
        breaker.abandoned()
    elif fault is None:
        breaker.succeeded()
    else:
        breaker.failed(fault)


def _is_abandoned() -> bool:
    """Whether this is the thread of a tool whose answer comes too late: that was counted as a failure already."""
    calls = calls_of_thread.get()
    return calls is not None and calls.is_abandoned


def _run_python(host: Host, python_tool: "PythonTool", parameters: dict[str, Value]) -> Value:
    from ..tools.python_tools import place_of, value_of

    arguments = check(python_tool.tool, parameters, python_tool.validate)
    try:
        result = (calls_of_thread.get() or host.python_calls).run(python_tool.function, arguments)
    except CallInterruptedError:
        raise HostInterruptedError from None
    except (Exception, SystemExit) as error:
        raise ToolError(place_of(error), _RAISED) from error
    return value_of(result)


def enter_script_tool(host: Host, name: str, parameters: Value) -> Value:
    """Before Lua runs one of ``Host.script_tools``: its parameters, checked. Raises HostError."""
    from ..tools.json_schema import errors

    tool = host.script_tools.get(name)
    if tool is None:
        raise HostError(_not_found(host, name))
    problems = errors(parameters, tool.schema)
    if problems:
        raise HostError(f"Tool execution failed: {name}: {problems[0]['message']}")
    breaker = host.tool_breakers.of(name)
    if not breaker.allows():
        raise HostError(f"Tool execution failed: {name}: {breaker.refusal()}")
    return parameters


def leave_script_tool(host: Host, name: str, outcome: str, error: str) -> None:
    """Lua has run it; ``outcome`` is succeeded, failed or abandoned."""
    breaker = host.tool_breakers.of(name)
    if outcome == "failed":
        breaker.failed(error)
    elif outcome == "succeeded":
        breaker.succeeded()
    else:
        breaker.abandoned()


def list_tools(host: Host) -> Value:
    return [_facts(one, "name", "description", "version") for one in known_tools(host).values()]


def known_tools(host: Host) -> Mapping[str, Tool]:
    """The catalogue's, those written in Python, and the agents that are tools, by name."""
    own = {name: one.tool for name, one in host.python_tools.all().items() if name not in registered()}
    return {name: load_tool(name) for name in registered()} | own | host.script_tools


def get(host: Host, name: str) -> Value:
    """Name, description, version and parameters of a tool, or None."""
    tool = known_tools(host).get(name)
    if tool is None:
        return None
    schema: Value = {"name": name, "description": tool.description, "parameters": _parameters(tool)}
    return {"name": name, "description": tool.description, "version": tool.version, "schema": schema}


def exists(host: Host, name: str) -> Value:
    return name in registered() or name in host.python_tools.all() or name in host.script_tools


def categories(host: Host) -> Value:
    return list[Value](sorted({one.category for one in known_tools(host).values()}))


def discover(host: Host, wanted: Value = None) -> Value:
    """Tools of a category or with a tag; a tool's tags are its category and the words of its name."""
    wishes = wanted if isinstance(wanted, dict) else {}
    category, tag = wishes.get("category"), wishes.get("tag")
    found = []
    for name, one in known_tools(host).items():
        own = one.category
        if category in {None, own} and (tag is None or tag in {own, *name.split("-")}):
            found.append(_facts(one, "name", "description", "category", "version"))
    return found


def _facts(tool: Tool, *fields: str) -> Value:
    return {field: getattr(tool, field) for field in fields}


def _parameters(tool: Tool) -> list[Value]:
    required = tool.schema["required"]
    return [
        {
            "name": name,
            "type": _type(schema),
            "description": schema["description"],
            "required": name in required,
            "default": schema.get("default", schema.get("x-default")),
        }
        for name, schema in tool.schema["properties"].items()
    ]


def _type(schema: dict[str, Any]) -> str:
    kind = schema.get("type", "any")
    return "|".join(kind) if isinstance(kind, list) else str(kind)


def _not_found(host: Host, name: str) -> str:
    near = did_you_mean(name, [*host.python_tools.all(), *host.script_tools])
    hint = f"; did you mean '{near}'?" if near else "; Tool.list() gives the tools there are"
    return "\n".join([f"Tool '{name[:100]}' not found{hint}", *host.python_tools.problems()])


def _context(host: Host) -> ToolContext:
    context = host.context
    return ToolContext(
        allowed_folders(context),
        context.configuration,
        cancellation_of_thread.get() or Cancellation(),
        context.project_root,
    )

"""The mark that ``@tool`` leaves on a function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

Function = TypeVar("Function", bound=Callable[..., Any])

# the attribute of a function that is a tool
MARK = "__llmspell_tool__"


@dataclass(frozen=True, slots=True)
class Declaration:
    """What ``@tool`` was given; None is read from the function: ``word_count`` is the tool ``word-count``."""

    name: str | None = None
    description: str | None = None
    category: str = "project"
    version: str = "1.0.0"


@overload
def tool(function: Function, /) -> Function: ...


@overload
def tool(
    *, name: str | None = None, description: str | None = None, category: str = "project", version: str = "1.0.0"
) -> Callable[[Function], Function]: ...


def tool(
    function: Function | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    category: str = "project",
    version: str = "1.0.0",
) -> Function | Callable[[Function], Function]:
    """Make a function a tool: ``@tool`` or ``@tool(name="word-count")``.

    Its parameters have the types ``str``, ``int``, ``float``, ``bool``, ``list``, ``dict`` (with items, if wanted),
    ``Literal``, ``X | None`` or ``Any``. What it returns is what the script gets; an exception becomes a Lua error.
    """

    def mark(function: Function) -> Function:
        setattr(function, MARK, Declaration(name, description, category, version))
        return function

    return mark if function is None else mark(function)

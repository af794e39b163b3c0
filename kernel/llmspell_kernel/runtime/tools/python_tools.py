"""Tools that a project's author, or a package, has written in Python (``llmspell.tool``).

They are found in ``llmspell_tools/*.py`` of the project and by the entry points ``llmspell.tools``; a file that has
changed is loaded again before the next use.

Invariant: a file that cannot be loaded takes away its own tools only, and whoever asks for one is told why.
"""

import dataclasses
import importlib.util
import linecache
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from llmspell_analysis.catalogue import Tool

from ..values import Value
from .output import ToolError
from .python_signature import SignatureError, description, parameter_schema

FOLDER = "llmspell_tools"
ENTRY_POINTS = "llmspell.tools"
# as llmspell.declaration.MARK; that package is for authors, and not imported where there are none
_MARK = "__llmspell_tool__"
MAX_FILES = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class PythonTool:
    """``validate`` raises fastjsonschema's exception; ``where`` is the file, or the entry point, that it is from."""

    tool: Tool
    function: Callable[..., Any]
    validate: Callable[[Any], Any]
    where: str

    @property
    def code(self) -> CodeType | None:
        return getattr(self.function, "__code__", None)


@dataclasses.dataclass(frozen=True, slots=True)
class _Loaded:
    stamp: tuple[int, int] | None
    tools: Mapping[str, PythonTool]
    problem: str | None = None


class PythonTools:
    """Those of one project. Threads that run tools for a workflow ask at the same time; a file is loaded by one of
    them."""

    def __init__(self, project_root: Path) -> None:
        self._folder = project_root / FOLDER
        self._files: dict[Path, _Loaded] = {}
        self._packages: dict[str, _Loaded] | None = None
        self._lock = threading.RLock()  # a file that is loaded may run anything

    def all(self) -> Mapping[str, PythonTool]:
        """By name; a project's own tool stands before a package's of the same name."""
        with self._lock:
            self._refresh()
            every = (*self._files.values(), *(self._packages or {}).values())
        found: dict[str, PythonTool] = {}
        for loaded in every:
            for name, one in loaded.tools.items():
                found.setdefault(name, one)
        return found

    def problems(self) -> Sequence[str]:
        """Why files and entry points have not been loaded, as of the last look."""
        every = (*self._files.values(), *(self._packages or {}).values())
        return [one.problem for one in every if one.problem is not None]

    def _refresh(self) -> None:
        if self._packages is None:
            self._packages = _from_entry_points()
        files = {path: self._files.get(path) for path in self._paths()}
        self._files = {path: _current(path, known) for path, known in files.items()}

    def _paths(self) -> Sequence[Path]:
        try:
            names = sorted(os.listdir(self._folder))
        except OSError:
            return ()
        return [self._folder / one for one in names[:MAX_FILES] if one.endswith(".py") and not one.startswith("_")]


def _current(path: Path, known: _Loaded | None) -> _Loaded:
    try:
        status = path.stat()
    except OSError as error:
        return _Loaded(None, {}, f"{path} cannot be read: {error.strerror}")
    stamp = (status.st_mtime_ns, status.st_size)
    if known is not None and known.stamp == stamp:
        return known
    try:
        module = _load(path)
        return _Loaded(stamp, _tools_of(vars(module).values(), str(path), module.__name__))
    except Exception as error:  # noqa: BLE001 - the author's code may raise anything
        return _Loaded(stamp, {}, f"{path} cannot be loaded: {place_of(error, path)}")


def _load(path: Path) -> ModuleType:
    name = f"{FOLDER}.{path.stem}"
    linecache.checkcache(str(path))
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError("it is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _from_entry_points() -> dict[str, _Loaded]:
    from importlib.metadata import entry_points

    found = {}
    for one in entry_points(group=ENTRY_POINTS):
        where = f"the entry point {one.name} = {one.value}"
        try:
            value = one.load()
            values = vars(value).values() if isinstance(value, ModuleType) else (value,)
            found[one.name] = _Loaded(None, _tools_of(values, where, None))
        except Exception as error:  # noqa: BLE001 - a package's code may raise anything
            found[one.name] = _Loaded(None, {}, f"{where} cannot be loaded: {type(error).__name__}: {error}")
    return found


def _tools_of(values: Any, where: str, module: str | None) -> dict[str, PythonTool]:
    """The tools among a module's values: those of its own, where it has a name, not those that it imports."""
    found: dict[str, PythonTool] = {}
    for function in list(values):
        declaration = getattr(function, _MARK, None)
        if declaration is None or not callable(function):
            continue
        if module is not None and getattr(function, "__module__", None) != module:
            continue
        name = declaration.name or function.__name__.replace("_", "-")
        try:
            found[name] = _tool(name, declaration, function, where)
        except SignatureError as error:
            raise SignatureError(f"tool '{name}': {error}") from error
    return found


def _tool(name: str, declaration: Any, function: Callable[..., Any], where: str) -> PythonTool:
    import fastjsonschema

    schema = parameter_schema(function)
    # the script's author sees the messages of runtime/tools/parameters.py, which ask for these
    described = Tool(
        name,
        declaration.description or description(function),
        declaration.category,
        schema,
        {},
        None,
        "raw",
        version=declaration.version,
    )
    return PythonTool(described, function, fastjsonschema.compile(dict(schema)), where)


def place_of(error: BaseException, path: Path | None = None) -> str:
    """An exception with the line of the author's code that raised it."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, SyntaxError) and error.filename:
        return f"{type(error).__name__}: {error.msg} ({os.path.basename(error.filename)}:{error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if path is None or one.filename == str(path)]
    return f"{text} ({os.path.basename(own[-1].filename)}:{own[-1].lineno})" if own else text


def value_of(result: Any, depth: int = 0) -> Value:
    """What a function returned as a value that can cross to Lua. Raises ToolError for what Lua has no value for."""
    if result is None or isinstance(result, bool | int | float | str):
        return result
    if depth > 100:
        raise ToolError("it returned something that is nested too deeply, or contains itself")
    if isinstance(result, bytes):
        return result.decode("utf-8", "surrogateescape")
    if isinstance(result, Path):
        return str(result)
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        fields = dataclasses.fields(result)
        return {one.name: value_of(getattr(result, one.name), depth + 1) for one in fields}
    if isinstance(result, Mapping):
        return {_key(key): value_of(value, depth + 1) for key, value in result.items()}
    if isinstance(result, list | tuple | set | frozenset):
        return [value_of(one, depth + 1) for one in result]
    raise ToolError(f"it returned a value of type {type(result).__name__}, which Lua does not have")


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, int | float) and not isinstance(key, bool):
        return str(key)
    raise ToolError(f"it returned a table with a key of type {type(key).__name__}: keys are strings")

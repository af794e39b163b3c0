"""Holds the table of docs/ARCHITECTURE.md, "Rooms": who may import whom, and where heavy libraries may appear."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {"llmspell", "llmspell_analysis", "llmspell_kernel", "llmspell_lsp", "llmspell_dap", "llmspell_cli"}

# package -> prefixes of our own modules that it may import (besides itself)
ALLOWED: dict[str, tuple[str, ...]] = {
    "llmspell": (),
    "llmspell_analysis": (),
    "llmspell_kernel": ("llmspell_analysis",),
    "llmspell_lsp": ("llmspell_analysis", "llmspell_kernel.client", "llmspell_kernel.version"),
    "llmspell_dap": ("llmspell_kernel.protocol", "llmspell_kernel.client", "llmspell_kernel.version"),
    "llmspell_cli": ("llmspell_analysis", "llmspell_kernel", "llmspell_lsp", "llmspell_dap"),
}

# third-party module -> prefixes of our modules that alone may import it
CONFINED: dict[str, tuple[str, ...]] = {
    "lsprotocol": ("llmspell_lsp",),
    "pygls": ("llmspell_lsp",),
    "lupa": (
        "llmspell_kernel.worker",
        "llmspell_kernel.runtime",
        "llmspell_kernel.debugger",
        "llmspell_analysis.syntax",
    ),
    "zmq": ("llmspell_kernel.service", "llmspell_kernel.client"),
}

# floors of llmspell_analysis, lowest first: a floor imports only floors that are not above it
FLOORS = (("catalogue", "syntax"), ("analysis",), ("rules", "features"))


def modules() -> Iterator[tuple[str, Path]]:
    for folder in ("kernel", "server", "adapter", "cli"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT / folder).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path


def imports_of(name: str, path: Path) -> set[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parent, base]).rstrip(".")
            found.update(f"{base}.{alias.name}" for alias in node.names)
    return found


def within(module: str, prefixes: tuple[str, ...]) -> bool:
    return any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes)


MODULES = list(modules())


@pytest.mark.parametrize(("name", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_module_imports_only_what_its_room_allows(name: str, path: Path) -> None:
    top = name.split(".")[0]
    for imported in sorted(imports_of(name, path)):
        imported_top = imported.split(".")[0]
        if imported_top in OURS and imported_top != top:
            assert within(imported, ALLOWED[top]), f"{name} imports {imported}"
        if imported_top in CONFINED:
            assert within(name, CONFINED[imported_top]), f"{name} imports {imported}"


def floor_of(module: str) -> int | None:
    parts = module.split(".")
    if len(parts) < 2 or parts[0] != "llmspell_analysis":
        return None
    return next((index for index, rooms in enumerate(FLOORS) if parts[1] in rooms), None)


@pytest.mark.parametrize(
    ("name", "path"),
    [entry for entry in MODULES if floor_of(entry[0]) is not None],
    ids=[name for name, _ in MODULES if floor_of(name) is not None],
)
def test_analysis_floor_does_not_import_a_floor_above(name: str, path: Path) -> None:
    own = floor_of(name)
    assert own is not None
    for imported in sorted(imports_of(name, path)):
        floor = floor_of(imported)
        assert floor is None or floor <= own, f"{name} imports {imported}"
